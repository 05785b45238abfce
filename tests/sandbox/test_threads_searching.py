"""Posts of others, found: docs/threads/keyword-search, docs/threads/threads-mentions."""

from __future__ import annotations

import pytest

from threadsync.sandbox.threads import SCOPES, About, PostAs, Profile, Read, add_profile, apply

INVALID = (400, 100, None)
TIER = (400, 10, 4279067)


@pytest.fixture
def open_net(net):
    """A network that lets the app see everybody's posts."""
    net.switch(advanced_access=True)
    return net


def find(net, q, **params):
    return [row["id"] for row in net.get("/keyword_search", q=q, **params)["data"]]


class TestSearch:
    """``GET /keyword_search``."""

    def test_a_keyword_is_found_in_texts_of_everybody(self, open_net):
        own = open_net.post("The LIFT at Hafen")
        open_net.post("A ferry")
        foreign = open_net.post("Lifts again", who="harbour_desk")
        reply = open_net.post("my lift", reply_to_id=own)
        assert find(open_net, "lift", search_type="RECENT") == [reply, foreign, own]

    def test_without_advanced_access_own_posts_alone_are_looked_through(self, net, fault):
        own = net.post("lift")
        net.post("lift", who="harbour_desk")
        assert find(net, "lift") == [own]
        net.switch(standard_access_refuses=True)
        assert fault(net.call("GET", "/keyword_search", q="lift")) == TIER

    def test_what_nobody_can_see_is_not_found(self, open_net):
        """Private profiles, replies that wait, ghosts, reposts, what is not listed yet."""
        root = open_net.post("harbour", enable_reply_approvals="true")
        open_net.post("lift", who="harbour_desk", reply_to_id=root)
        open_net.post("lift", is_ghost_post="true")
        open_net.call("POST", f"/{open_net.post('ferry')}/repost")
        shy = Profile("shy", about=About(is_private=True))
        apply(open_net.state, add_profile(shy), open_net.now)
        hidden = open_net.post("lift", who="shy")
        open_net.switch(listing_lag_seconds=60)
        open_net.post("lift")
        assert find(open_net, "lift") == []
        assert [row["id"] for row in open_net.get("/keyword_search", "shy", q="lift")["data"]] == [hidden]

    def test_top_is_by_likes_and_recent_by_time(self, open_net):
        """TOP is the default."""
        first, second, third = (open_net.post(f"lift {n}") for n in range(3))
        apply(open_net.state, Read(post_id=second, likes=3), open_net.now)
        assert find(open_net, "lift") == [second, third, first]
        assert find(open_net, "lift", search_type="RECENT") == [third, second, first]

    def test_a_tag_is_the_topic_of_a_post(self, open_net):
        given = open_net.post("x", topic_tag="Transit Notes")
        inline = open_net.post("on #lifts")
        open_net.post("lifts, transit notes")
        assert find(open_net, "transit notes", search_mode="TAG") == [given]
        assert find(open_net, "#lifts", search_mode="TAG") == [inline]

    def test_kind_author_time_and_number(self, open_net):
        text = open_net.post("lift")
        picture = {"media_type": "IMAGE", "image_url": open_net.picture()}
        open_net.switch(image_delay_seconds=0)
        image = open_net.publish(open_net.create(text="lift", **picture)).body["id"]
        open_net.now += 1000
        foreign = open_net.post("lift", who="harbour_desk")
        assert find(open_net, "lift", media_type="IMAGE") == [image]
        assert find(open_net, "lift", media_type="TEXT") == [foreign, text]
        assert find(open_net, "lift", author_username="harbour_desk") == [foreign]
        assert find(open_net, "lift", author_username="harbour") == []
        assert find(open_net, "lift", limit="1") == [foreign]
        open_net.now += 1
        later = str(int(open_net.now) - 1)
        assert find(open_net, "lift", since=later) == [foreign]
        assert find(open_net, "lift", until=later) == [image, text]

    def test_an_answer_has_the_fields_asked_for_and_no_cursors(self, open_net, fault):
        """The page's sample has no paging; the field `owner` is not there."""
        open_net.post("lift")
        asked = "id,text,media_type,permalink,timestamp,username,has_replies,is_quote_post,is_reply"
        found = open_net.get("/keyword_search", q="lift", fields=asked)
        assert found.keys() == {"data"}
        assert found["data"][0].keys() == set(asked.split(","))
        assert fault(open_net.call("GET", "/keyword_search", q="lift", fields="id,owner")) == (500, 100, None)

    @pytest.mark.parametrize(
        "bad",
        [
            {},
            {"q": " "},
            {"q": "x", "search_type": "BEST"},
            {"q": "x", "search_mode": "tag"},
            {"q": "x", "media_type": "CAROUSEL"},
            {"q": "x", "limit": "101"},
            {"q": "x", "since": "1688540399"},
        ],
        ids=str,
    )
    def test_what_cannot_be_asked(self, open_net, fault, bad):
        assert fault(open_net.call("GET", "/keyword_search", **bad)) == INVALID

    def test_finds_count_for_a_day_and_misses_do_not(self, open_net, fault):
        """2,200 queries in 24 hours; queries without results do not count."""
        open_net.post("lift")
        open_net.switch(searches_quota=2)
        for _ in range(5):
            assert find(open_net, "ferry") == []
        find(open_net, "lift")
        find(open_net, "lift")
        assert fault(open_net.call("GET", "/keyword_search", q="lift")) == (400, 9, 2207042)
        open_net.now += 86_400
        assert len(find(open_net, "lift")) == 1

    def test_the_profile_shows_what_was_searched_for(self, open_net):
        """recently_searched_keywords, times in milliseconds; absent before the first search."""
        asked = {"fields": "recently_searched_keywords"}
        assert open_net.get("/me", **asked).keys() == {"id"}
        for n in range(11):
            find(open_net, f"word {n}")
        recent = open_net.get("/me", **asked)["recently_searched_keywords"]
        assert recent[0] == {"query": "word 10", "timestamp": int(open_net.now * 1000)}
        assert [row["query"] for row in recent] == [f"word {n}" for n in range(10, 0, -1)]


class TestQuota:
    """docs/threads/troubleshooting: the publishing limit shows searches for places."""

    def test_of_places(self, net):
        net.get("/location_search", q="Menlo Park")
        shown = net.get(
            "/me/threads_publishing_limit", fields="location_search_quota_usage,location_search_config"
        )
        assert shown["data"] == [
            {
                "location_search_quota_usage": 1,
                "location_search_config": {"quota_total": 500, "quota_duration": 86_400},
            }
        ]

    def test_of_keywords_by_a_switch(self, net, fault):
        """INVENTED (search-quota)."""
        asked = {"fields": "search_quota_usage,search_config"}
        assert fault(net.call("GET", "/me/threads_publishing_limit", **asked)) == (500, 100, None)
        net.switch(search_quota_shown=True)
        (shown,) = net.get("/me/threads_publishing_limit", **asked)["data"]
        assert shown["search_config"] == {"quota_total": 2200, "quota_duration": 86_400}

    @pytest.mark.parametrize(
        ("field", "scope"),
        [
            ("location_search_quota_usage", "threads_location_tagging"),
            ("search_quota_usage", "threads_keyword_search"),
        ],
    )
    def test_each_needs_its_scope(self, net, fault, field, scope):
        net.switch(search_quota_shown=True)
        others = tuple(name for name in SCOPES if name != scope)
        apply(net.state, add_profile(Profile("narrow", scopes=others)), net.now)
        answer = net.call("GET", "/me/threads_publishing_limit", "narrow", fields=field)
        assert fault(answer) == (400, 10, None)


class TestMentions:
    """``GET /{user}/mentions``."""

    def test_posts_and_replies_of_others_that_name_me(self, net):
        said = [
            net.post("Thanks @lift_report.", who="harbour_desk"),
            net.post("see (@Lift_Report)", who="harbour_desk"),
        ]
        net.post("@lift_report2, a@lift_report.org, @lift", who="harbour_desk")
        net.post("I, @lift_report")
        said.append(net.post("@lift_report?", who="harbour_desk", reply_to_id=net.post()))
        assert net.ids("/me/mentions") == said[::-1]
        assert net.ids("/me/mentions", limit="1") == said[:1:-1]
        page = net.get("/me/mentions", limit="2", fields="username,text")
        assert page["data"][0]["username"] == "harbour_desk"
        assert net.ids("/me/mentions", after=page["paging"]["cursors"]["after"]) == said[:1]

    def test_testers_alone_without_advanced_access_and_never_private_profiles(self, net, fault):
        apply(net.state, add_profile(Profile("guest", about=About(is_tester=False))), net.now)
        apply(net.state, add_profile(Profile("shy", about=About(is_private=True))), net.now)
        apply(net.state, PostAs("shy", {"text": "@lift_report"}), net.now)
        seen = apply(net.state, PostAs("guest", {"text": "@lift_report"}), net.now)
        assert net.ids("/me/mentions") == []
        net.switch(standard_access_refuses=True)
        assert fault(net.call("GET", "/me/mentions")) == TIER
        net.switch(advanced_access=True)
        assert net.ids("/me/mentions") == [seen]

    def test_a_time_before_threads_is_refused(self, net, fault):
        assert fault(net.call("GET", "/me/mentions", since="1688540399")) == INVALID
