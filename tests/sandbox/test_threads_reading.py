"""Posts, lists and conversations as they are read: docs/threads/reference/media-retrieval and kin."""

from __future__ import annotations

import json

import pytest

GONE = (400, 100, 33)
INVALID = (400, 100, None)


def test_without_fields_there_is_the_id_alone(net):
    """docs/threads/retrieve-and-discover-posts: only the id is returned by default."""
    media = net.post()
    assert net.get(f"/{media}") == {"id": media}
    assert net.get("/me/threads")["data"] == [{"id": media}]


def test_the_fields_of_a_text_post(net):
    """Times look like 2023-10-17T05:42:03+0000; what is empty is left out, never null."""
    media = net.post(
        "Lifts on https://example.org/lifts", topic_tag="transit", reply_control="mentioned_only"
    )
    shown = net.get(
        f"/{media}",
        fields="id,media_product_type,media_type,media_url,permalink,owner,username,text,timestamp,shortcode,"
        "children,is_quote_post,quoted_post,alt_text,link_attachment_url,topic_tag,gif_url,reply_audience,"
        "is_reply,has_replies,root_post,replied_to,hide_status,location_id,text_entities,ghost_post_status",
    )
    assert shown == {
        "id": media,
        "media_product_type": "THREADS",
        "media_type": "TEXT_POST",
        "permalink": f"https://www.threads.com/@lift_report/post/{shown['shortcode']}",
        "owner": {"id": net.get("/me")["id"]},
        "username": "lift_report",
        "text": "Lifts on https://example.org/lifts",
        "timestamp": "2026-09-21T14:15:00+0000",
        "shortcode": shown["shortcode"],
        "is_quote_post": False,
        "link_attachment_url": "https://example.org/lifts",
        "topic_tag": "transit",
        "reply_audience": "MENTIONED_ONLY",
        "is_reply": False,
        "has_replies": False,
    }


@pytest.mark.parametrize(
    "fields",
    ["id,gif_attachment", "children{id,colour}", "root_post{replied_to{nothing}}", "poll_attachment{votes}"],
)
def test_one_unknown_field_fails_the_call(net, fault, fields):
    """Write-only and unknown names, at any depth: HTTP 500, code 100."""
    assert fault(net.call("GET", f"/{net.post()}", fields=fields)) == (500, 100, None)
    assert fault(net.call("GET", "/me/threads", fields=fields)) == (500, 100, None)


@pytest.mark.parametrize("fields", ["children{id", "id}", "children{id}}{"])
def test_fields_without_meaning_are_refused(net, fault, fields):
    """Braces that do not match."""
    assert fault(net.call("GET", f"/{net.post()}", fields=fields))[0] in {400, 500}


def test_a_poll_is_readable_when_expanded(net):
    """docs/threads/create-posts/polls: unused options are left out; shares are fractions."""
    media = net.post(poll_attachment=json.dumps({"option_a": "Yes", "option_b": "No"}))
    wanted = "option_a,option_b,option_c,option_a_votes_percentage,total_votes,expiration_timestamp"
    assert net.get(f"/{media}", fields=f"poll_attachment{{{wanted}}}")["poll_attachment"] == {
        "option_a": "Yes",
        "option_b": "No",
        "option_a_votes_percentage": 0.0,
        "total_votes": 0,
        "expiration_timestamp": "2026-09-22T14:15:00+0000",
    }


def test_attachments_come_back_under_their_read_names(net):
    """gif_url, text_entities, text_attachment, location_id, is_spoiler_media."""
    media = net.post(
        gif_attachment=json.dumps({"gif_id": "abc", "provider": "GIPHY"}),
        text_entities=json.dumps([{"entity_type": "SPOILER", "offset": "0", "length": "2"}]),
        text_attachment=json.dumps({"plaintext": "long"}),
        location_id="123",
    )
    shown = net.get(f"/{media}", fields="gif_url,text_entities,text_attachment,location_id,location{id}")
    assert shown["gif_url"].endswith("abc")
    assert shown["text_entities"] == {"data": [{"entity_type": "SPOILER", "offset": 0, "length": 2}]}
    assert shown["text_attachment"] == {"plaintext": "long"}
    assert shown["location"] == {"id": shown["location_id"]}


def test_ghost_posts_have_a_list_of_their_own(net):
    """docs/threads/create-posts/ghost-posts: ACTIVE for a day, then ARCHIVED."""
    ghost = net.post(is_ghost_post="true")
    assert net.ids() == []
    assert net.ids("/me/ghost_posts") == [ghost]
    assert net.get(f"/{ghost}", fields="ghost_post_status")["ghost_post_status"] == "ACTIVE"
    net.now += 86_400
    assert net.get(f"/{ghost}", fields="ghost_post_status")["ghost_post_status"] == "ARCHIVED"


def test_an_inline_topic_is_read_as_topic_tag(net):
    """The first #word is the topic when no topic_tag was given."""
    media = net.post("On #lifts today")
    assert net.get(f"/{media}", fields="topic_tag,text") == {
        "id": media,
        "topic_tag": "lifts",
        "text": "On #lifts today",
    }
    net.switch(inline_topic_mark_kept=False)
    assert net.get(f"/{media}", fields="text")["text"] == "On lifts today"


def test_posts_of_others_need_advanced_access(net, fault):
    """100/33 for foreign media; with Advanced Access they can be read."""
    media = net.post(who="harbour_desk")
    assert fault(net.call("GET", f"/{media}")) == GONE
    net.switch(advanced_access=True)
    assert net.get(f"/{media}", fields="username,owner") == {"id": media, "username": "harbour_desk"}


def test_the_own_profile(net, fault):
    """docs/threads/reference/user: the own profile only."""
    assert net.get("/me").keys() == {"id"}
    me = net.get("/me", fields="id,username,is_verified,is_eligible_for_geo_gating")
    assert me["username"] == "lift_report"
    assert me["is_verified"] is False
    other = net.get("/me", "harbour_desk")["id"]
    assert fault(net.call("GET", f"/{other}")) == GONE


def test_pages_newest_first_with_opaque_cursors(net):
    """docs/threads/retrieve-and-discover-posts: limit, after, before; no post twice, none missing."""
    made = []
    for n in range(7):
        made.append(net.post(f"{n}"))
        net.now += n % 2  # some share a second
    seen: list[str] = []
    page = net.get("/me/threads", limit="3")
    while page["data"]:
        seen += [row["id"] for row in page["data"]]
        page = net.get("/me/threads", limit="3", after=page["paging"]["cursors"]["after"])
    assert page == {"data": []}
    assert seen == made[::-1]


def test_going_back_with_before(net):
    """`before` gives the page on the newer side, in the same order."""
    made = [net.post(f"{n}") for n in range(6)][::-1]
    first = net.get("/me/threads", limit="2")
    second = net.get("/me/threads", limit="2", after=first["paging"]["cursors"]["after"])
    assert [row["id"] for row in second["data"]] == made[2:4]
    back = net.get("/me/threads", limit="2", before=second["paging"]["cursors"]["before"])
    assert [row["id"] for row in back["data"]] == made[:2]


def test_a_cursor_survives_the_deletion_of_its_post(net):
    """A page can be continued although the post it ended with is gone."""
    made = [net.post(f"{n}") for n in range(4)][::-1]
    page = net.get("/me/threads", limit="2")
    net.call("DELETE", f"/{made[1]}")
    assert net.ids(after=page["paging"]["cursors"]["after"]) == made[2:]


def test_the_last_page_can_come_without_paging(net):
    """Undocumented, so a switch: with it the last page has no cursors."""
    net.post()
    net.switch(last_page_has_cursors=False)
    assert "paging" not in net.get("/me/threads")


def test_since_and_until(net):
    """Unix seconds or a date; since < until <= now."""
    made = []
    for _ in range(4):
        made.append(net.post())
        net.now += 1000
    start = int(net.now) - 4000
    assert net.ids(since=str(start + 1000), until=str(start + 3000)) == made[1:3][::-1]
    assert net.ids(since="2026-09-01", until="2026-09-21T14:30:00+00:00") == made[:1][::-1]


@pytest.mark.parametrize(
    "bad",
    [
        {"since": "1688540399"},
        {"until": "1990000000"},
        {"since": "1789990000", "until": "1789980000"},
        {"since": "soon"},
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "many"},
        {"after": "bad"},
        {"after": "QVFIUbad"},
        {"after": "QVFIU", "before": "QVFIU"},
    ],
    ids=str,
)
def test_ranges_without_sense_are_refused(net, fault, bad):
    """docs/threads/retrieve-and-discover-posts: since >= 1688540400, since < until <= now, limit <= 100."""
    assert fault(net.call("GET", "/me/threads", **bad)) == INVALID


def test_replies_are_in_their_own_lists(net):
    """Own replies are in /me/replies; the ones to a post under it; all depths in the conversation."""
    root = net.post("root")
    first = net.post("1/2", reply_to_id=root)
    second = net.post("2/2", reply_to_id=first)
    foreign = net.post("Thanks", who="harbour_desk", reply_to_id=root)
    assert net.ids() == [root]
    assert net.ids("/me/replies") == [second, first]
    assert net.ids(f"/{root}/replies") == [foreign, first]
    assert net.ids(f"/{root}/replies", reverse="false") == [first, foreign]
    assert net.ids(f"/{root}/conversation") == [foreign, second, first]
    shown = net.get(f"/{second}", fields="is_reply,is_reply_owned_by_me,root_post,replied_to{id,text},owner")
    assert shown == {
        "id": second,
        "is_reply": True,
        "is_reply_owned_by_me": True,
        "root_post": {"id": root},
        "replied_to": {"id": first, "text": "1/2"},
    }
    assert net.get(f"/{root}", fields="has_replies")["has_replies"] is True


def test_a_conversation_is_that_of_a_root_post(net, fault):
    """docs/threads/retrieve-and-manage-replies: /conversation is for root posts."""
    reply = net.post(reply_to_id=net.post())
    assert fault(net.call("GET", f"/{reply}/conversation")) == INVALID


def test_replies_come_in_pages_of_25(net):
    """`limit` is not a parameter of /replies; before and after are."""
    root = net.post()
    made = [net.post(reply_to_id=root) for _ in range(30)][::-1]
    page = net.get(f"/{root}/replies", limit="5")
    assert [row["id"] for row in page["data"]] == made[:25]
    assert net.ids(f"/{root}/replies", after=page["paging"]["cursors"]["after"]) == made[25:]


@pytest.mark.parametrize("edge", ["replies", "conversation", "pending_replies"])
def test_lists_under_a_post_go_both_ways_page_by_page(net, edge):
    """docs/threads/reference/reply-management: `reverse` (true by default: newest first), after, before."""
    root = net.post(**({"enable_reply_approvals": "true"} if edge == "pending_replies" else {}))
    made = [net.post(f"{n}", who="harbour_desk", reply_to_id=root) for n in range(30)]
    for reverse, expected in (("true", made[::-1]), ("false", made)):
        page = net.get(f"/{root}/{edge}", reverse=reverse)
        assert [row["id"] for row in page["data"]] == expected[:25]
        rest = net.get(f"/{root}/{edge}", reverse=reverse, after=page["paging"]["cursors"]["after"])
        assert [row["id"] for row in rest["data"]] == expected[25:]
        back = net.ids(f"/{root}/{edge}", reverse=reverse, before=rest["paging"]["cursors"]["before"])
        assert back == expected[:25]


def test_replies_of_a_foreign_post_are_not_ours_to_read(net, fault):
    """The replies to another's post need Advanced Access."""
    assert fault(net.call("GET", f"/{net.post(who='harbour_desk')}/replies")) == GONE


def test_hiding_a_reply_hides_what_hangs_under_it(net):
    """docs/threads/reply-management: top-level replies; nested ones follow."""
    root = net.post()
    reply = net.post(who="harbour_desk", reply_to_id=root)
    nested = net.post(reply_to_id=reply)
    assert net.call("POST", f"/{reply}/manage_reply", hide="true").body == {"success": True}
    rows = net.get(f"/{root}/conversation", fields="hide_status")["data"]
    assert {row["id"]: row["hide_status"] for row in rows} == {reply: "HIDDEN", nested: "HIDDEN"}
    net.call("POST", f"/{reply}/manage_reply", hide="false")
    rows = net.get(f"/{root}/conversation", fields="hide_status")["data"]
    assert {row["hide_status"] for row in rows} == {"UNHUSHED"}


def test_replies_that_wait_for_approval(net):
    """docs/threads/reply-management: pending_replies, approve, ignore; a later yes is possible."""
    root = net.post(enable_reply_approvals="true")
    reply = net.post(who="harbour_desk", reply_to_id=root)
    own = net.post(reply_to_id=root)
    assert net.ids(f"/{root}/replies") == [own]
    assert net.ids(f"/{root}/pending_replies", approval_status="pending") == [reply]
    net.call("POST", f"/{reply}/manage_pending_reply", approve="false")
    assert net.ids(f"/{root}/pending_replies", approval_status="ignored") == [reply]
    net.call("POST", f"/{reply}/manage_pending_reply", approve="true")
    assert net.ids(f"/{root}/replies") == [own, reply]


def test_replies_outlive_their_parent(net):
    """INVENTED (deleted-parent): they stay, and no longer name it."""
    root = net.post()
    reply = net.post(reply_to_id=root)
    net.call("DELETE", f"/{root}")
    assert net.get("/me/replies", fields="replied_to,root_post")["data"] == [{"id": reply}]
