"""What the pages show, in which order, and how they are built for people who cannot see or point."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.sandbox.page_reader import ORIGIN, everything, texts
from threadsync.sandbox import pages
from threadsync.sandbox.pages.threads import ThreadsNetwork


class TestOrder:
    """What stands where."""

    def test_newest_first_and_a_chain_before_the_answers_of_others(self, net, see):
        root = net.post("root")
        net.post("newer", who="harbour_desk")
        foreign = net.post("thanks", who="harbour_desk", reply_to_id=root)
        second = net.post("2/3", reply_to_id=root)
        net.post("3/3", reply_to_id=second)
        net.post("welcome", reply_to_id=foreign)
        page = see()
        assert texts(page) == ["newer", "root", "2/3", "3/3", "thanks", "welcome"]
        levels = [row.attributes["class"] for row in page.one("ol", class_="answers").all("li")]
        assert levels == ["level-0", "level-0", "level-1", "level-2"]
        linked = [post.one("p", class_="text").text for post in page.all("article", class_="goes-on")]
        assert linked == ["root", "2/3"]
        assert "Answers @lift_report" in page.one("li", class_="level-1").text

    def test_each_profile_has_a_tab_that_shows_its_posts(self, net, see):
        net.post("mine")
        net.post("theirs", who="harbour_desk")
        page = see("harbour_desk")
        assert texts(page) == ["theirs"]
        tabs = page.one("nav", aria_label="Profiles").all("a")
        assert [tab.text for tab in tabs] == [
            "Everybody 2 posts",
            "@lift_report 1 post",
            "@harbour_desk 1 post",
        ]
        assert [tab.attributes.get("aria-current") for tab in tabs] == [None, None, "page"]
        assert pages.timeline(ThreadsNetwork(net.state, net.now), ORIGIN, user="nobody") is None

    def test_an_empty_network(self, see):
        assert see().one("p", class_="empty").text == "Nothing posted yet."

    def test_two_thousand_posts_come_in_pages_each_once(self, net, see):
        """A page shows twenty, however many there are."""
        for n in range(2000):
            net.switch(posts_quota=10**6)
            net.post(f"{n}", who="lift_report" if n % 2 else "harbour_desk")
        page, seen = see(), []
        while True:
            assert len(texts(page)) <= pages.ROOTS_ON_PAGE
            seen += texts(page)
            older = page.one("main").all("a", rel="next")
            if not older:
                break
            page = see(older=older[0].attributes["href"].removeprefix("?older="))
        assert seen == [f"{n}" for n in reversed(range(2000))]

    def test_a_long_conversation_comes_in_pages_each_answer_once(self, net, see, open_post):
        root = above = net.post("root")
        for n in range(120):
            above = net.post(f"{n}", reply_to_id=above if n < 110 else root)
        assert texts(see()) == ["root", *(f"{n}" for n in range(10))]
        more = see().one("p", class_="more").one("a")
        assert more.text == "110 more answers"
        seen, after = [], ""
        while True:
            page = open_post(root, after)
            seen += texts(page)[1:]
            rest = page.all("p", class_="more")
            if not rest:
                break
            after = rest[0].one("a").attributes["href"].partition("?after=")[2]
        assert sorted(seen, key=int) == [f"{n}" for n in range(120)]

    def test_the_page_of_an_answer_shows_what_it_answers(self, net, open_post):
        root = net.post("root")
        net.post("other", reply_to_id=root)
        reply = net.post("reply", who="harbour_desk", reply_to_id=root)
        net.post("below", reply_to_id=reply)
        page = open_post(reply)
        assert texts(page) == ["root", "reply", "below"]
        assert page.one("article", aria_current="true").one("p", class_="text").text == "reply"
        assert page.one("nav", aria_label="Profiles").all("a", aria_current="page") == []

    @pytest.mark.parametrize("number", ["", "-1", "x", "9" * 5000, "²"])
    def test_a_number_that_no_page_gave_out_is_as_none(self, net, see, open_post, number):
        media = net.post("root")
        assert texts(see(older=number)) == ["root"]
        assert texts(open_post(media, number)) == ["root"]

    def test_an_answer_outlives_what_it_answers(self, net, see):
        """Whether the root is gone, or a part in the middle."""
        root = net.post("root")
        middle = net.post("middle", reply_to_id=root)
        net.post("left", reply_to_id=middle)
        net.call("DELETE", f"/{middle}")
        page = see()
        assert texts(page) == ["left", "root"]
        assert page.one("main").one("p", class_="above").text == "Reply to a deleted post"

    @pytest.mark.parametrize(
        ("seconds", "shown"),
        [(59, "just now"), (60, "1 min ago"), (7199, "1 h ago"), (200_000, "2 d ago"), (-3600, "in 1 h")],
    )
    def test_times_are_relative_and_exact(self, net, see, seconds, shown):
        net.post()
        net.now += seconds
        when = see().one("a", class_="when")
        assert when.one("time").text == shown
        assert when.one("time").attributes["datetime"] == "2026-09-21T14:15:00+0000"
        assert when.one("span", class_="exact").text == "21 Sep 2026, 14:15 UTC"


class TestPanel:
    """What stands beside the posts."""

    def test_quotas_of_the_profile(self, net, see):
        net.post("reply", reply_to_id=net.post())
        net.call("DELETE", f"/{net.post()}")
        rows = see("lift_report").one("dl")
        assert [row.text for row in rows.all("dt")] == ["Posts", "Replies", "Deletes"]
        assert [row.text for row in rows.all("dd")] == ["2 of 250 2", "1 of 1000 1", "1 of 100 1"]
        assert len(see().all("dl")) == 2

    def test_faults_in_force_and_how_often_they_happened(self, net, see):
        assert "None. Everything works." in see().one("aside").text
        net.arm("create:slow:1:2", "publish#3:answer-lost:2", "any:request-lost:10%")
        net.create(media_type="TEXT", text="x")
        rows = [row.text for row in see().one("ul", class_="faults").all("li")]
        assert rows == [
            "create: slow, 2 s happened: 1 of 1, spent",
            "publish: answer lost from call 3 on happened: 0 of 2",
            "any: request lost in 10% of calls happened: 0",
        ]

    def test_what_was_taken_down_and_what_is_in_preparation(self, net, see):
        net.call("DELETE", f"/{net.post('Bye')}")
        net.create(media_type="TEXT", text="x")
        panel = see().one("aside")
        assert panel.one("details", class_="deleted").one("summary").text == "Taken down: 1"
        assert "Bye" in panel.one("details", class_="deleted").text
        assert "Containers: 1 finished." in panel.text

    def test_switches_that_are_set_and_a_clock_that_was_moved(self, net, see):
        net.switch(posts_quota=3)
        net.state.clock_offset = -3725.0
        panel = see().one("aside").text
        assert "posts quota: 3" in panel
        assert "1 h 2 min 5 s behind this machine" in panel


class TestAccess:
    """Laws for every page, with one of each kind of post on it."""

    @pytest.fixture(params=["everybody", "profile", "post", "empty"])
    def page(self, request, net, see, open_post):
        if request.param == "empty":
            return see()
        root = everything(net)
        reads = {"everybody": see, "profile": lambda: see("lift_report"), "post": lambda: open_post(root)}
        return reads[request.param]()

    def test_the_language_is_said_and_ids_are_unique(self, page):
        assert page.one("html").attributes["lang"] == "en"
        ids = [element.attributes["id"] for element in page.all() if "id" in element.attributes]
        assert len(ids) == len(set(ids))

    def test_every_picture_has_an_alt_and_only_a_cover_an_empty_one(self, page):
        for shown in page.all("img"):
            assert shown.attributes["alt"] or shown.parent.attributes["class"] == "cover"

    def test_every_control_has_a_name(self, page):
        for control in [*page.all("input"), *page.all("video"), *page.all("meter"), *page.all("nav")]:
            assert control.attributes["aria-label"], control.tag
        for control in [*page.all("button"), *page.all("summary"), *page.all("a")]:
            assert control.text or control.attributes["aria-label"], control.tag

    def test_labels_point_at_a_control(self, page):
        controls = {control.attributes["id"] for control in page.all("input")}
        assert {label.attributes["for"] for label in page.all("label")} == controls
        ids = {element.attributes.get("id") for element in page.all()}
        for element in page.all():
            assert element.attributes.get("aria-labelledby") in ids

    def test_headings_are_in_order(self, page):
        levels = [int(found.tag[1]) for found in page.all() if found.tag in {"h1", "h2", "h3", "h4"}]
        assert levels.count(1) == 1
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))

    def test_there_is_a_way_past_the_tabs(self, page):
        skip = page.one("a", class_="skip")
        assert skip.attributes["href"] == "#" + page.one("main").attributes["id"]

    def test_reading_needs_no_script(self, page):
        """Only the buttons of the script are out of sight without it."""
        for hidden in (element for element in page.all() if "hidden" in element.attributes):
            assert hidden.attributes["class"] in {"turn", "live"}
