"""What the pages show of each kind of post, and how they are built for people who cannot see or point."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from threadsync.sandbox import pages
from threadsync.sandbox.threads import Profile, Vote, add_profile, apply
from threadsync.sandbox.threads.values import FetchedMedia, MediaKind

VOID = {"meta", "link", "img", "input", "br", "hr"}
ORIGIN = "sandbox:seed-7"


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parent: Element | None
    children: list[Element] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def all(self, tag: str = "", **attributes: str) -> list[Element]:
        """Every element below with this tag, class or attributes, in order."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        found = []
        for child in self.children:
            classes = child.attributes.get("class", "").split()
            fits = all(
                value in classes if name == "class" else child.attributes.get(name) == value
                for name, value in wanted.items()
            )
            if tag in {"", child.tag} and fits:
                found.append(child)
            found += child.all(tag, **attributes)
        return found

    def one(self, tag: str = "", **attributes: str) -> Element:
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{tag} {attributes}: {len(found)}"
        return found[0]

    def within(self, tag: str) -> bool:
        return self.parent is not None and (self.parent.tag == tag or self.parent.within(tag))


class Reader(HTMLParser):
    """Reads a page into a tree, and refuses one whose elements are not closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.root = self._here = Element("", {}, None)
        self.feed(page)
        self.close()
        assert self._here is self.root, f"<{self._here.tag}> is never closed"

    def handle_starttag(self, tag, attrs):
        made = Element(tag, {name: value or "" for name, value in attrs}, self._here)
        self._here.children.append(made)
        if tag not in VOID:
            self._here = made

    def handle_endtag(self, tag):
        assert self._here.tag == tag, f"</{tag}> closes <{self._here.tag}>"
        assert self._here.parent is not None
        self._here = self._here.parent

    def handle_data(self, data):
        above: Element | None = self._here
        while above is not None:
            above.words.append(data)
            above = above.parent


@pytest.fixture
def see(net):
    """Read the timeline of everybody, or of one profile."""

    def read(user: str = "", older: str = "") -> Element:
        page = pages.timeline(net.state, net.now, ORIGIN, user=user, older=older)
        assert page is not None
        return Reader(page).root

    return read


@pytest.fixture
def open_post(net):
    """Read the page of one post."""

    def read(media_id: str, after: str = "") -> Element:
        code = net.state.posts[media_id].shortcode
        page = pages.single(net.state, net.now, ORIGIN, shortcode=code, after=after)
        assert page is not None
        return Reader(page).root

    return read


def texts(page: Element) -> list[str]:
    return [found.text for found in page.one("main").all("p", class_="text")]


def film(net, url="http://127.0.0.1/a.mp4"):
    net.media[url] = FetchedMedia(MediaKind.VIDEO, "MP4", 900, "film.mp4", 720, 900, "still.jpg")
    return url


def carousel(net, count=3, **params):
    """Put up a carousel of pictures and one film."""
    kinds = [("IMAGE", "image_url", net.picture()) for _ in range(count - 1)]
    kinds.insert(1, ("VIDEO", "video_url", film(net)))
    children = [
        net.create(media_type=kind, is_carousel_item="true", alt_text=f"Number {n}", **{name: url})
        for n, (kind, name, url) in enumerate(kinds)
    ]
    net.now += 5
    container = net.create(media_type="CAROUSEL", children=",".join(children), **params)
    net.now += 5
    return net.publish(container).body["id"]


def picture(net, **params):
    container = net.create(media_type="IMAGE", image_url=net.picture(), **params)
    net.now += 5
    return net.publish(container).body["id"]


def video(net, **params):
    container = net.create(media_type="VIDEO", video_url=film(net), **params)
    net.now += 5
    return net.publish(container).body["id"]


HOSTILE = "<script>alert(1)</script>\" onmouseover='x' \u202e& </p></article> javascript:alert(1) {{ 7*7 }}"


def everything(net):
    """Put up one of each kind of post, each with a hostile text; return a root with answers."""
    apply(
        net.state,
        add_profile(Profile("lift_report", is_eligible_for_geo_gating=True, has_instagram=True)),
        net.now,
    )
    root = net.post(f"{HOSTILE} @harbour_desk @nobody https://example.org/?a=1&b= #transit")
    second = net.post("2/2", reply_to_id=root)
    net.post("thanks", who="harbour_desk", reply_to_id=second)
    picture(net, alt_text=HOSTILE, text="picture")
    picture(net, text="no alt", is_spoiler_media="true")
    video(net, alt_text="A lift moves")
    carousel(net, 4, text=HOSTILE)
    carousel(net, is_spoiler_media="true")
    net.post("hidden words here", text_entities=json.dumps([spoiler(7, 5)]))
    net.post("ask", poll_attachment=json.dumps({"option_a": HOSTILE[:25], "option_b": "No"}))
    net.post("gif", gif_attachment=json.dumps({"gif_id": HOSTILE, "provider": "GIPHY"}))
    styled = [{"offset": 0, "length": 4, "styling_info": ["bold"]}]
    attachment = {
        "plaintext": HOSTILE,
        "text_with_styling_info": styled,
        "link_attachment_url": "https://e.org",
    }
    net.post("long", text_attachment=json.dumps(attachment))
    net.post("card", link_attachment="https://example.org/\"'<b>")
    net.post("quote", quote_post_id=root)
    net.post("geo", allowlisted_country_codes="CH", reply_control="followers_only", location_id=HOSTILE)
    net.post("shared", crossreshare_to_ig="true", topic_tag="<b>")
    net.post("ghost", is_ghost_post="true")
    approving = net.post("approving", enable_reply_approvals="true")
    net.post(HOSTILE, who="harbour_desk", reply_to_id=approving)
    net.call("DELETE", f"/{net.post(HOSTILE)}")
    net.call("POST", f"/{root}/repost", "harbour_desk")
    net.arm("publish#3:answer-lost:2", "list:slow:always:2", "any:request-lost:10%")
    net.switch(texts_typeset=True)
    return root


def spoiler(offset, length):
    return {"entity_type": "SPOILER", "offset": offset, "length": length}


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
        assert pages.timeline(net.state, net.now, ORIGIN, user="nobody") is None

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


class TestKinds:
    """Each kind of post, as a reader sees it."""

    def test_pictures_with_their_alt_text(self, net, see):
        picture(net, alt_text='A map "red"')
        shown = see().one("img")
        assert shown.attributes["alt"] == 'A map "red"'
        assert (shown.attributes["width"], shown.attributes["height"]) == ("800", "600")
        assert see().one("details", class_="alt").one("p").text == 'A map "red"'

    def test_a_picture_without_alt_text_says_so(self, net, see):
        picture(net)
        assert see().one("img").attributes["alt"] == "A picture without a description"
        assert see().one("p", class_="alt").text == "No alt text"

    def test_a_carousel_can_be_scrolled_with_the_keyboard(self, net, see):
        carousel(net, 20)
        strip = see().one("div", class_="strip")
        assert strip.attributes["tabindex"] == "0"
        assert strip.attributes["aria-label"] == "Carousel of 20"
        assert len(strip.all("img")) == 19
        assert [place.text for place in strip.all("span", class_="place")][-1] == "20/20"

    def test_a_video_has_a_poster(self, net, see):
        video(net, alt_text="A lift moves")
        shown = see().one("video")
        assert shown.attributes["src"] == "/media/film.mp4"
        assert shown.attributes["poster"] == "/media/still.jpg"
        assert shown.attributes["aria-label"] == "Video: A lift moves"
        assert "autoplay" not in shown.attributes

    def test_a_media_spoiler_is_covered_until_it_is_revealed(self, net, see):
        """The cover tells nothing to who cannot see it: the alt text is behind it."""
        picture(net, alt_text="The winner", is_spoiler_media="true")
        veil = see().one("div", class_="veil")
        box = veil.one("input", type="checkbox")
        assert veil.one("label").attributes["for"] == box.attributes["id"]
        assert "checked" not in box.attributes
        assert veil.one("div", class_="cover").one("img").attributes["alt"] == ""
        assert veil.one("div", class_="veiled").one("img").attributes["alt"] == "The winner"

    def test_a_poll_with_its_votes(self, net, see):
        media = net.post(poll_attachment=json.dumps({"option_a": "Yes", "option_b": "No"}))
        bars = [bar.attributes["value"] for bar in see().one("div", class_="poll").all("meter")]
        assert bars == ["0", "0"]
        apply(net.state, Vote(media, (3, 1)), net.now)
        poll = see().one("div", class_="poll")
        bars = [(bar.attributes["aria-label"], bar.attributes["value"]) for bar in poll.all("meter")]
        assert bars == [("Yes", "75"), ("No", "25")]
        assert "4 votes · ends in 1 d" in poll.text
        net.now += 86_400
        assert "ended just now" in see().one("div", class_="poll").text

    def test_a_gif_is_a_drawing_of_ours(self, net, see):
        net.post(gif_attachment=json.dumps({"gif_id": "a/b", "provider": "GIPHY"}))
        assert see().one("img").attributes["src"] == "/media/gif/a%2Fb"
        assert "<text" in pages.gif_picture("a" * 500)
        assert "a" * 25 not in pages.gif_picture("a" * 500)

    def test_the_first_link_of_a_text_has_a_card_and_an_attached_one_wins(self, net, see):
        net.post("See https://www.example.org/a.")
        card = see().one("a", class_="card")
        assert card.attributes["href"] == "https://www.example.org/a"
        assert card.one("b").text == "example.org"
        net.post("See https://a.org", link_attachment="https://b.org/x")
        assert see().all("a", class_="card")[0].attributes["href"] == "https://b.org/x"

    def test_a_card_does_not_give_a_hidden_link_away(self, net, see):
        net.post("https://a.org", text_entities=json.dumps([spoiler(0, 13)]))
        assert see().all("a", class_="card") == []

    def test_a_quote_shows_what_it_quotes(self, net, see):
        quoted = carousel(net, text="Four ways in")
        net.post("Look", who="harbour_desk", quote_post_id=quoted)
        quote = see("harbour_desk").one("blockquote")
        assert "@lift_report" in quote.text
        assert "Four ways in" in quote.text
        assert "2 pictures, 1 video" in quote.text
        net.call("DELETE", f"/{quoted}")
        assert see("harbour_desk").one("blockquote").text == "The quoted post was deleted."

    def test_a_quote_does_not_give_hidden_words_away(self, net, see):
        quoted = net.post("Hafen wins", text_entities=json.dumps([spoiler(0, 5)]))
        net.post("Oh!", who="harbour_desk", quote_post_id=quoted)
        assert "Hafen" not in see("harbour_desk").one("blockquote").text

    def test_a_repost_shows_the_post_and_who_reposted_it(self, net, see):
        media = net.post("Lifts")
        net.call("POST", f"/{media}/repost", "harbour_desk")
        assert texts(see("harbour_desk")) == ["Lifts"]
        assert "@harbour_desk reposted" in see("harbour_desk").one("p", class_="above").text
        net.call("DELETE", f"/{media}")
        assert "The reposted post was deleted." in see("harbour_desk").one("article").text

    def test_a_long_text_keeps_its_styles(self, net, see):
        rows = [
            {"offset": 0, "length": 2, "styling_info": ["bold", "italic"]},
            {"offset": 3, "length": 3, "styling_info": ["highlight"]},
            {"offset": 7, "length": 5, "styling_info": ["underline"]},
            {"offset": 13, "length": 4, "styling_info": ["strikethrough"]},
        ]
        attachment = {"plaintext": "🚋 two three four", "text_with_styling_info": rows}
        net.post(text_attachment=json.dumps({**attachment, "link_attachment_url": "https://e.org/x"}))
        long = see().one("details", class_="long")
        styled = {tag: long.one(tag).text for tag in ("strong", "em", "mark", "u", "s")}
        assert styled == {"strong": "🚋", "em": "🚋", "mark": "two", "u": "three", "s": "four"}
        assert "16 characters" in long.one("summary").text
        assert long.one("a", class_="card").attributes["href"] == "https://e.org/x"

    def test_a_ghost_post_tells_when_it_leaves(self, net, see):
        net.post(is_ghost_post="true")
        assert "Ghost post, leaves in 1 d" in see().one("p", class_="ghost-sign").text
        net.now += 90_000
        assert "archived 1 h ago" in see().one("p", class_="ghost-sign").text

    def test_answers_that_readers_do_not_see_are_apart(self, net, see):
        root = net.post("root", enable_reply_approvals="true")
        waiting = net.post("may I?", who="harbour_desk", reply_to_id=root)
        held = see().one("details", class_="held")
        assert held.one("summary").text == "1 answer that readers do not see"
        assert "Waits for approval" in held.text
        net.call("POST", f"/{waiting}/manage_pending_reply", approve="false")
        assert "Approval refused" in see().one("details", class_="held").text
        net.call("POST", f"/{waiting}/manage_pending_reply", approve="true")
        assert see().all("details", class_="held") == []
        net.call("POST", f"/{waiting}/manage_reply", hide="true")
        assert "Hidden by the author" in see().one("details", class_="held").text

    @pytest.mark.parametrize(
        ("params", "shown"),
        [
            ({"reply_control": "followers_only"}, "Who can reply: followers only"),
            ({"allowlisted_country_codes": "CH,AT"}, "Only in CH, AT"),
            ({"location_id": "77"}, "Location 77"),
            ({"enable_reply_approvals": "true"}, "Replies wait for approval"),
            ({"crossreshare_to_ig": "true"}, "Instagram story: failed, no account is linked"),
        ],
    )
    def test_what_else_a_reader_should_know(self, net, see, params, shown):
        apply(net.state, add_profile(Profile("lift_report", is_eligible_for_geo_gating=True)), net.now)
        net.post(**params)
        assert see().one("ul", class_="notes").text == shown

    def test_an_instagram_story_in_both_looks(self, net, see):
        apply(net.state, add_profile(Profile("lift_report", has_instagram=True)), net.now)
        net.post(crossreshare_to_ig="true")
        net.post(crossreshare_to_ig_dark_mode="true")
        notes = [found.text for found in see().all("ul", class_="notes")]
        assert notes == ["Instagram story, dark card", "Instagram story"]

    def test_a_post_that_lists_do_not_show_yet_says_so(self, net, see):
        net.switch(listing_lag_seconds=120.0)
        net.post()
        assert see().one("ul", class_="notes").text == "In no list yet: in 2 min"


class TestTexts:
    """What is marked in a text, and that nothing in it becomes markup."""

    def test_links_mentions_and_the_topic(self, net, see):
        net.post("On #lifts: www.a.org/x, @harbour_desk, @nobody.x. Mail me@harbour_desk.org")
        text = see().one("p", class_="text")
        links = [(link.text, link.attributes["href"]) for link in text.all("a")]
        assert links == [("www.a.org/x", "https://www.a.org/x"), ("@harbour_desk", "/@harbour_desk")]
        assert [word.text for word in text.all("span", class_="word")] == ["#lifts", "@nobody.x"]

    def test_a_given_topic_stands_beside_the_name(self, net, see):
        net.post("On #lifts", topic_tag="transit")
        assert see().one("span", class_="topic").text == "› Topic: transit"
        assert see().all("span", class_="word") == []

    def test_offsets_of_spoilers_count_utf16_units(self, net, see):
        """INVENTED (text-offsets): an emoji is two; ranges that touch or overlap hide each letter once."""
        rows = [spoiler(3, 3), spoiler(5, 4), spoiler(40, 5)]
        net.post("🚋 abc def", text_entities=json.dumps(rows))
        found = see().one("p", class_="text").all("span", class_="spoiler")
        assert [hidden.text for hidden in found] == ["abc", "de"]

    def test_a_spoiler_is_a_labelled_box_and_may_hold_a_link(self, net, see):
        net.post("see https://e.org/x now", text_entities=json.dumps([spoiler(2, 10)]))
        hidden = see().one("span", class_="spoiler")
        box = hidden.one("input", type="checkbox")
        assert box.attributes["aria-label"] == "Show the hidden words"
        assert hidden.one("label").attributes["for"] == box.attributes["id"]
        assert see().one("p", class_="text").text == "see https://e.org/x now"
        assert {link.attributes["href"] for link in hidden.all("a")} == {"https://e.org/x"}

    def test_spoilers_follow_when_the_network_takes_the_mark_of_the_topic_out(self, net, see):
        net.switch(inline_topic_mark_kept=False)
        net.post("#lifts and secret", text_entities=json.dumps([spoiler(11, 6)]))
        assert see().one("p", class_="text").text == "lifts and secret"
        assert see().one("span", class_="spoiler").text == "secret"

    def test_nothing_that_people_write_becomes_markup(self, net, see, open_post):
        root = everything(net)
        for page in (see(), see("lift_report"), open_post(root)):
            assert [script.attributes["src"] for script in page.all("script")] == ["/sandbox/page.js"]
            for element in page.all():
                assert not [name for name in element.attributes if name.startswith("on") or name == "style"]
                for name in ("href", "src", "poster"):
                    target = element.attributes.get(name, "/")
                    inside = target.startswith(("/", "?", "#", "data:,"))
                    outside = element.tag == "a" and target.startswith("https://")
                    assert inside or outside, (element.tag, target)
        assert "{{ 7*7 }}" in see().one("main").text


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
