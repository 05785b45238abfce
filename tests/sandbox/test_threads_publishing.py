"""Containers, their life, and what becomes of them: docs/threads/posts, .../troubleshooting."""

from __future__ import annotations

import pytest

NOT_FOUND = (400, 24, 4279009)
GONE = (400, 100, 33)


def test_a_container_and_its_post_have_different_ids(net):
    """docs/threads/posts: create returns a container id, publish a media id; both decimal strings."""
    container = net.create(media_type="TEXT", text="40 stations")
    media = net.publish(container).body["id"]
    assert container != media
    assert all(len(found) == 17 and found.isdecimal() for found in (container, media))


def test_a_container_is_in_progress_for_as_long_as_its_kind_takes(net):
    """docs/threads/troubleshooting: IN_PROGRESS, then FINISHED."""
    net.switch(text_delay_seconds=3.0)
    container = net.create(media_type="TEXT", text="wait")
    assert net.status(container) == "IN_PROGRESS"
    net.now += 2.9
    assert net.status(container) == "IN_PROGRESS"
    net.now += 0.1
    assert net.status(container) == "FINISHED"


@pytest.mark.parametrize(("kind", "switch"), [("IMAGE", "image"), ("VIDEO", "video")])
def test_each_kind_of_media_has_its_own_delay(net, kind, switch):
    """The delays are settable by media type."""
    net.switch(**{f"{switch}_delay_seconds": 60.0})
    url = net.picture()
    container = net.create(media_type=kind, **{f"{kind.lower()}_url": url})
    net.now += 59
    assert net.status(container) == "IN_PROGRESS"


def test_publishing_before_finished_is_media_not_found(net, fault):
    """docs/threads/troubleshooting: publish too early gives 24/4279009, and works later."""
    net.switch(text_delay_seconds=5.0)
    container = net.create(media_type="TEXT", text="early")
    refused = net.publish(container)
    assert fault(refused) == NOT_FOUND
    assert refused.body["error"]["error_user_title"] == "Media Not Found"
    assert refused.body["error"]["is_transient"] is False
    net.now += 5
    assert net.publish(container).status == 200


def test_a_published_container_stays_readable_as_published(net):
    """docs/threads/troubleshooting: PUBLISHED is a status of the container."""
    container = net.create(media_type="TEXT", text="up")
    net.publish(container)
    net.now += 30 * 86_400
    assert net.get(f"/{container}") == {"id": container, "status": "PUBLISHED"}


def test_a_published_container_can_be_made_to_vanish(net, fault):
    """The assumption that it stays readable has a switch that breaks it."""
    net.switch(published_readable_seconds=60.0)
    container = net.create(media_type="TEXT", text="up")
    net.publish(container)
    net.now += 60
    assert fault(net.call("GET", f"/{container}")) == GONE


def test_an_unpublished_container_expires_after_a_day(net, fault):
    """docs/threads/troubleshooting: EXPIRED when not published within 24 hours."""
    container = net.create(media_type="TEXT", text="late")
    net.now += 86_399
    assert net.status(container) == "FINISHED"
    net.now += 1
    assert net.status(container) == "EXPIRED"
    assert fault(net.publish(container)) == NOT_FOUND


def test_asking_a_container_for_a_media_field_fails(net, fault):
    """One unknown field fails the whole call with HTTP 500, code 100."""
    container = net.create(media_type="TEXT", text="x")
    assert fault(net.call("GET", f"/{container}", fields="id,status,text")) == (500, 100, None)


def test_asking_a_post_for_its_status_is_a_nonexisting_field(net, fault):
    """`status` belongs to containers; a published post does not have it."""
    answer = net.call("GET", f"/{net.post()}", fields="id,status")
    assert fault(answer) == (500, 100, None)
    assert answer.body["error"]["message"] == "Tried accessing nonexisting field (status)"
    assert answer.body["error"]["type"] == "THApiException"


@pytest.mark.parametrize("again", ["refused", "same-id", "new-post"])
def test_publishing_twice_does_what_the_switch_says(net, fault, again):
    """INVENTED (republish): undocumented, so all three readings can be tried."""
    net.switch(republish=type(net.state.switches.republish)(again))
    container = net.create(media_type="TEXT", text="twice")
    first, second = net.publish(container), net.publish(container)
    if again == "refused":
        assert fault(second) == NOT_FOUND
    else:
        assert (first.body["id"] == second.body["id"]) is (again == "same-id")
    assert len(net.ids()) == (2 if again == "new-post" else 1)


def test_containers_of_others_do_not_exist_for_a_profile(net, fault):
    """A container belongs to the profile that made it."""
    container = net.create(media_type="TEXT", text="mine")
    assert fault(net.call("GET", f"/{container}", "harbour_desk")) == GONE
    assert fault(net.publish(container, "harbour_desk")) == NOT_FOUND


def test_a_stale_user_id_in_the_path_is_media_not_found(net, fault):
    """docs/threads/troubleshooting: 24/4279009, in practice for a wrong id in the path as well."""
    answer = net.call("POST", "/17841400000000001/threads", media_type="TEXT", text="x")
    assert fault(answer) == NOT_FOUND


def test_the_own_id_and_me_are_the_same(net):
    """`me` may replace the user id in every path, with and without the version."""
    me = net.get("/me")["id"]
    container = net.call("POST", f"/v1.0/{me}/threads", media_type="TEXT", text="x").body["id"]
    media = net.call("POST", f"/{me}/threads_publish", creation_id=container).body["id"]
    for own in (me, "me"):
        assert net.ids(f"/{own}/threads") == net.ids(f"/v1.0/{own}/threads") == [media]


def test_auto_publish_text_returns_the_media_id_at_once(net):
    """docs/threads/posts: auto_publish_text publishes in the create call."""
    media = net.create(media_type="TEXT", text="now", auto_publish_text="true")
    assert net.ids() == [media]


def test_carousel_from_children_to_post(net):
    """docs/threads/posts: children, then the carousel, each FINISHED before the next step."""
    net.switch(image_delay_seconds=0.0, carousel_delay_seconds=2.0)
    children = [
        net.create(
            media_type="IMAGE",
            image_url=net.picture(f"http://h/{n}"),
            is_carousel_item="true",
            alt_text=f"{n}",
        )
        for n in range(3)
    ]
    carousel = net.create(media_type="CAROUSEL", children=",".join(children), text="three")
    assert net.status(carousel) == "IN_PROGRESS"
    net.now += 2
    media = net.publish(carousel).body["id"]
    post = net.get(f"/{media}", fields="media_type,text,children{id,media_type,media_url,alt_text}")
    assert post["media_type"] == "CAROUSEL_ALBUM"
    assert [child["alt_text"] for child in post["children"]["data"]] == ["0", "1", "2"]
    assert all(child["media_type"] == "IMAGE" for child in post["children"]["data"])
    assert net.ids() == [media], "children are in no list"


def test_bad_children_are_refused(net, fault):
    """docs/threads/troubleshooting: 100/4279004 for children that are no items, not FINISHED or unknown."""
    net.switch(image_delay_seconds=0.0)
    url = net.picture()
    good = net.create(media_type="IMAGE", image_url=url, is_carousel_item="true")
    plain = net.create(media_type="IMAGE", image_url=url)
    net.switch(image_delay_seconds=9.0)
    slow = net.create(media_type="IMAGE", image_url=url, is_carousel_item="true")
    for bad in (plain, slow, "18000000000000000"):
        answer = net.call("POST", "/me/threads", media_type="CAROUSEL", children=f"{good},{bad}")
        assert fault(answer) == (400, 100, 4279004)
        assert bad in answer.body["error"]["error_user_msg"]
    net.now += 86_400
    assert net.refused(media_type="CAROUSEL", children=f"{good},{slow}") == (400, 100, 4279004)


@pytest.mark.parametrize("count", [1, 21])
def test_a_carousel_has_two_to_twenty_children(net, count):
    """docs/threads/posts: 2 to 20 children."""
    net.switch(image_delay_seconds=0.0)
    url = net.picture()
    children = [net.create(media_type="IMAGE", image_url=url, is_carousel_item="true") for _ in range(count)]
    assert net.refused(media_type="CAROUSEL", children=",".join(children)) == (400, 100, None)


def test_a_carousel_child_cannot_be_published_alone(net, fault):
    """A child is published with its carousel."""
    net.switch(image_delay_seconds=0.0)
    child = net.create(media_type="IMAGE", image_url=net.picture(), is_carousel_item="true")
    assert fault(net.publish(child)) == NOT_FOUND


def test_deleting_an_own_post(net, fault):
    """docs/threads/posts/delete-posts: success and the deleted id; then the post is gone."""
    media = net.post()
    assert net.call("DELETE", f"/{media}").body == {"success": True, "deleted_id": media}
    assert net.ids() == []
    assert fault(net.call("GET", f"/{media}")) == GONE
    assert fault(net.call("DELETE", f"/{media}")) == GONE


def test_only_own_posts_can_be_deleted(net, fault):
    """docs/threads/posts/delete-posts: posts of the caller only."""
    media = net.post()
    assert fault(net.call("DELETE", f"/{media}", "harbour_desk")) == GONE
    assert net.ids() == [media]


def test_deleting_a_carousel_takes_its_children_down(net, fault):
    """The children of a carousel have no life of their own."""
    net.switch(image_delay_seconds=0.0, carousel_delay_seconds=0.0)
    url = net.picture()
    children = [net.create(media_type="IMAGE", image_url=url, is_carousel_item="true") for _ in range(2)]
    media = net.publish(net.create(media_type="CAROUSEL", children=",".join(children))).body["id"]
    child = net.get(f"/{media}", fields="children")["children"]["data"][0]["id"]
    assert net.get(f"/{child}", fields="media_type")["media_type"] == "IMAGE"
    net.call("DELETE", f"/{media}")
    assert fault(net.call("GET", f"/{child}")) == GONE


def test_a_repost_is_immediate_and_happens_once(net, fault):
    """docs/threads/posts/reposts: no container; the second one is refused with 4279050."""
    media = net.post(who="harbour_desk")
    repost = net.call("POST", f"/{media}/repost").body["id"]
    shown = net.get(f"/{repost}", fields="media_type,reposted_post")
    assert shown == {"id": repost, "media_type": "REPOST_FACADE", "reposted_post": {"id": media}}
    assert fault(net.call("POST", f"/{media}/repost")) == (400, 100, 4279050)
    net.call("DELETE", f"/{repost}")
    assert net.call("POST", f"/{media}/repost").status == 200


@pytest.mark.parametrize(
    ("kind", "total", "act"),
    [
        ("posts_quota", 3, lambda net: net.publish(net.create(media_type="TEXT", text="x"))),
        (
            "replies_quota",
            3,
            lambda net: net.publish(net.create(media_type="TEXT", text="x", reply_to_id=net.ids()[-1])),
        ),
        ("deletes_quota", 2, lambda net: net.call("DELETE", f"/{net.ids()[0]}")),
    ],
)
def test_quotas_roll_over_a_day_and_count_at_the_act(net, fault, kind, total, act):
    """docs/threads/troubleshooting: 250 posts, 1000 replies, 100 deletions in 24 rolling hours."""
    for _ in range(4):
        net.post()
    net.now += 86_400
    net.switch(**{kind: total})
    for _ in range(total):
        assert act(net).status == 200
        net.now += 10
    assert fault(act(net)) == (400, 9, 2207042)
    net.now += 86_400 - 10 * total
    assert act(net).status == 200, "the first use has left the window"


def test_creating_containers_costs_no_quota(net):
    """docs/threads/overview: the quota is counted at publish."""
    net.switch(posts_quota=1)
    containers = [net.create(media_type="TEXT", text="x") for _ in range(5)]
    assert net.publish(containers[0]).status == 200
    assert net.publish(containers[1]).status == 400


def test_a_carousel_counts_as_one_post(net):
    """docs/threads/posts: a carousel is a single post in the quota."""
    net.switch(image_delay_seconds=0.0, carousel_delay_seconds=0.0)
    url = net.picture()
    children = [net.create(media_type="IMAGE", image_url=url, is_carousel_item="true") for _ in range(5)]
    net.publish(net.create(media_type="CAROUSEL", children=",".join(children)))
    assert net.get("/me/threads_publishing_limit") == {"data": [{"quota_usage": 1}]}


def test_publishing_limit_shows_what_is_asked_for(net):
    """docs/threads/troubleshooting: a list of one; by default quota_usage alone."""
    media = net.post()
    net.post(reply_to_id=media)
    shown = net.get(
        "/me/threads_publishing_limit", fields="quota_usage,config,reply_quota_usage,reply_config"
    )
    assert shown == {
        "data": [
            {
                "quota_usage": 1,
                "config": {"quota_total": 250, "quota_duration": 86_400},
                "reply_quota_usage": 1,
                "reply_config": {"quota_total": 1000, "quota_duration": 86_400},
            }
        ]
    }


def test_replies_can_be_made_to_count_as_posts(net):
    """Whether they do is not documented, so it is a switch."""
    net.switch(replies_count_as_posts=True)
    net.post(reply_to_id=net.post())
    assert net.get("/me/threads_publishing_limit") == {"data": [{"quota_usage": 2}]}


def test_sharing_to_instagram_reports_its_own_status(net):
    """docs/threads/create-posts/share-to-ig-stories: the post is up whether or not the share works."""
    container = net.create(media_type="TEXT", text="x", crossreshare_to_ig="true")
    assert net.publish(container).body["crossreshare_to_ig_status"] == "FAILED"
    assert len(net.ids()) == 1
