"""What the pages show of the Bluesky network."""

from __future__ import annotations

import re

import pytest

from tests.sandbox.bluesky_scenes import HARBOUR, LIFTS, Sky, everything, facet, labels, quote
from tests.sandbox.page_reader import ORIGIN, Element, Reader, texts
from threadsync.sandbox import pages
from threadsync.sandbox.bluesky.control import disarm
from threadsync.sandbox.pages.bluesky import BlueskyNetwork


@pytest.fixture
def sky() -> Sky:
    return Sky()


@pytest.fixture
def see(sky):
    """Read the timeline of everybody, or of one account."""

    def read(user: str = "", older: str = "") -> Element:
        page = pages.timeline(BlueskyNetwork(sky.state, sky.now), ORIGIN, user=user, older=older)
        assert page is not None
        return Reader(page).root

    return read


@pytest.fixture
def open_post(sky):
    """Read the page of one post."""

    def read(post: dict[str, str], after: str = "") -> Element:
        network = BlueskyNetwork(sky.state, sky.now)
        return Reader(pages.single(network, ORIGIN, post["uri"], after=after)).root

    return read


class TestText:
    """A text is shown with its facets, and with nothing that is no facet."""

    def test_facets_become_links_mentions_and_tags_whatever_stands_before_them(self, sky, see):
        text = "🚋🏳️‍🌈 ä: the map, @harbour-desk.test and #lifts"
        marks = [
            facet(text, "the map", "link", uri="https://example.org/m"),
            facet(text, "@harbour-desk.test", "mention", did=sky.did(HARBOUR)),
            facet(text, "#lifts", "tag", tag="lifts"),
        ]
        sky.post(text, facets=marks)
        shown = see().one("p", class_="text")
        assert shown.text == text
        assert [(each.text, each.attributes["href"]) for each in shown.all("a")] == [
            ("the map", "https://example.org/m"),
            ("@harbour-desk.test", f"/profile/{HARBOUR}"),
        ]
        assert shown.one("span", class_="word").text == "#lifts"

    def test_an_address_without_a_facet_is_text(self, sky, see):
        """Readers' apps make no link of it either."""
        sky.post("See https://example.org/m")
        assert see().one("p", class_="text").all("a") == []

    @pytest.mark.parametrize("place", [(1, 4), (0, 400), (3, 1), (4, 4)])
    def test_a_range_that_is_none_marks_nothing(self, sky, see, place):
        """It cuts the tram in two, leaves the text, ends before it begins, or holds nothing."""
        marks = facet("🚋 lift", "lift", "link", uri="https://example.org/m")
        marks["index"] = dict(zip(("byteStart", "byteEnd"), place, strict=True))
        sky.post("🚋 lift", facets=[marks])
        assert see().one("p", class_="text").all("a") == []
        assert see().one("p", class_="text").text == "🚋 lift"

    def test_a_link_that_is_no_address_of_the_web_opens_nothing(self, sky, see):
        sky.post("lift", facets=[facet("lift", "lift", "link", uri="javascript:alert(1)")])
        assert see().one("p", class_="text").all("a") == []


class TestKinds:
    """Each kind of post, as a reader sees it."""

    def test_pictures_with_their_alt_text_and_proportions(self, sky, see):
        sky.post(embed=sky.images("A map", ""))
        first, second = see().all("img")
        assert (first.attributes["alt"], first.attributes["width"]) == ("A map", "800")
        assert first.attributes["src"].startswith("/blob/bafkrei")
        assert second.attributes["alt"] == "A picture without a description"
        assert see().one("p", class_="alt").text == "No alt text"

    def test_a_gallery_can_be_scrolled(self, sky, see):
        sky.post(embed=sky.gallery(10))
        assert len(see().one("div", class_="strip").all("img")) == 10

    def test_a_video_with_its_captions(self, sky, see):
        sky.post(embed=sky.video())
        shown = see().one("video")
        assert shown.attributes["aria-label"] == "Video: A lift moves"
        track = shown.one("track")
        assert (track.attributes["srclang"], track.attributes["kind"]) == ("de", "captions")

    def test_a_card_with_what_the_post_says_of_the_link(self, sky, see):
        sky.post(embed=sky.card())
        card = see().one("a", class_="card")
        assert card.text == "All lifts Of 40 stations https://www.example.org/lifts"
        assert card.one("img").attributes["src"].startswith("/blob/")

    def test_a_quote_alone_and_with_pictures(self, sky, see):
        quoted = sky.post("Four ways in", embed=sky.images("a", "b"))
        sky.post("Look", HARBOUR, embed=quote(quoted, sky.images("mine", who=HARBOUR)))
        page = see(HARBOUR)
        assert page.one("blockquote").text == f"LR @{LIFTS} Four ways in 2 pictures"
        assert [each.attributes["alt"] for each in page.all("img")] == ["mine"]
        sky.delete(quoted)
        assert see(HARBOUR).one("blockquote").text == "The quoted post was deleted."

    def test_a_label_covers_the_media_and_is_named(self, sky, see):
        sky.post(embed=sky.images("A wound"), labels=labels("graphic-media"))
        assert see().one("div", class_="veil").one("label").text == "graphic-media"
        assert "Label: graphic-media" in see().one("ul", class_="notes").text

    def test_a_label_of_a_text_covers_nothing(self, sky, see):
        sky.post(labels=labels("!no-unauthenticated"))
        assert see().all("div", class_="veil") == []
        assert see().one("ul", class_="notes").text == "Label: !no-unauthenticated"

    def test_languages_tags_and_gates_are_told(self, sky, see):
        everything(sky)
        notes = [each.text for each in see(LIFTS).all("ul", class_="notes")[-1].all("li")]
        assert notes == [
            "Language: en, de",
            "#transit",
            "Who can reply: followers",
            "Nobody may quote it",
        ]

    def test_a_gate_without_rules_lets_nobody_in_and_one_without_allow_everybody(self, sky, see):
        sky.gate(sky.post("closed"), "app.bsky.feed.threadgate", allow=[])
        sky.gate(sky.post("open"), "app.bsky.feed.threadgate")
        assert [each.text for each in see().all("ul", class_="notes")] == ["Who can reply: nobody"]

    def test_a_repost_shows_the_post_and_who_reposted_it(self, sky, see):
        post = sky.post("Lifts")
        sky.write("app.bsky.feed.repost", {"subject": post}, HARBOUR)
        assert texts(see(HARBOUR)) == ["Lifts"]
        assert f"@{HARBOUR} reposted" in see(HARBOUR).one("p", class_="above").text
        sky.delete(post)
        assert "The reposted post was deleted." in see(HARBOUR).one("article").text


class TestOrder:
    """What stands where."""

    def test_newest_first_and_a_chain_before_the_answers_of_others(self, sky, see, open_post):
        root = sky.post("root")
        sky.post("newer", HARBOUR)
        foreign = sky.reply(root, "thanks", HARBOUR)
        sky.reply(root, "2/2")
        sky.reply(foreign, "welcome", root=root)
        assert texts(see()) == ["newer", "root", "2/2", "thanks", "welcome"]
        assert [each.one("p", class_="text").text for each in see().all("article", class_="goes-on")] == [
            "root"
        ]
        assert texts(open_post(foreign)) == ["root", "thanks", "welcome"]

    def test_what_the_author_hid_is_apart(self, sky, see):
        everything(sky)
        assert see().one("details", class_="held").one("p", class_="text").text == "rude"

    def test_an_answer_outlives_what_it_answers(self, sky, see):
        root = sky.post("root")
        sky.reply(root, "left")
        sky.delete(root)
        assert texts(see()) == ["left"]
        assert see().one("main").one("p", class_="above").text == "Reply to a deleted post"

    def test_many_posts_come_in_pages_each_once(self, sky, see):
        for n in range(50):
            sky.post(f"{n}", HARBOUR if n % 2 else LIFTS)
        page, seen = see(), texts(see())
        while older := page.one("main").all("a", rel="next"):
            page = see(older=older[0].attributes["href"].removeprefix("?older="))
            seen += texts(page)
        assert seen == [f"{n}" for n in reversed(range(50))]

    @pytest.mark.parametrize("place", ["", "-1", "x", "9" * 500, "1790000000000"])
    def test_a_place_that_no_page_gave_out_is_as_none(self, sky, see, place):
        sky.post("root")
        assert texts(see(older=place)) == ["root"]

    def test_accounts_are_found_by_handle_and_by_did(self, sky, see):
        """Receipts name an account by its DID: handles change."""
        post = sky.post("mine")
        sky.post("theirs", HARBOUR)
        assert texts(see(sky.did(HARBOUR))) == texts(see(HARBOUR)) == ["theirs"]
        network = BlueskyNetwork(sky.state, sky.now)
        rkey = post["uri"].rpartition("/")[2]
        assert network.post(sky.did(), rkey) == network.post(LIFTS, rkey) == post["uri"]
        assert network.post(HARBOUR, rkey) is None
        assert pages.timeline(network, ORIGIN, user="nobody.test") is None


class TestPanel:
    """What stands beside the posts."""

    def test_points_and_blobs_are_counted(self, sky, see):
        sky.post(embed=sky.images("A map"))
        rows = see(LIFTS).one("dl")
        assert [row.text for row in rows.all("dt")] == ["Points an hour", "Points a day", "Blobs a day"]
        assert [row.text for row in rows.all("dd")] == ["3 of 5000 3", "3 of 35000 3", "1 of 1000 1"]

    def test_faults_and_what_was_taken_down(self, sky, see):
        everything(sky)
        panel = see().one("aside")
        assert "publish: answer lost from call 3 on" in panel.one("ul", class_="faults").text
        assert panel.one("details", class_="deleted").one("summary").text == "Taken down: 1"
        disarm(sky.state)
        assert "None. Everything works." in see().one("aside").text

    def test_each_network_is_a_step_away(self, see):
        steps = see().one("nav", aria_label="Networks").all("a")
        assert [(each.text, each.attributes["href"]) for each in steps] == [
            ("Threads", "/"),
            ("Bluesky", "/bluesky"),
        ]
        assert [each.attributes.get("aria-current") for each in steps] == [None, "true"]
        assert see().one("nav", aria_label="Profiles").all("a")[0].attributes["href"] == "/bluesky"


class TestAccess:
    """The laws for every page, with one of each kind of post on it."""

    @pytest.fixture(params=["everybody", "profile", "post"])
    def page(self, request, sky, see, open_post):
        root = everything(sky)
        reads = {"everybody": see, "profile": lambda: see(LIFTS), "post": lambda: open_post(root)}
        return reads[request.param]()

    def test_ids_are_unique(self, page):
        ids = [element.attributes["id"] for element in page.all() if "id" in element.attributes]
        assert len(ids) == len(set(ids))
        assert not any(re.search(r"\s", each) for each in ids)

    def test_every_picture_has_an_alt_and_every_control_a_name(self, page):
        for shown in page.all("img"):
            assert shown.attributes["alt"] or shown.parent.attributes["class"] == "cover"
        for control in [*page.all("input"), *page.all("video"), *page.all("meter"), *page.all("nav")]:
            assert control.attributes["aria-label"], control.tag
        for control in [*page.all("button"), *page.all("summary"), *page.all("a")]:
            assert control.text or control.attributes["aria-label"], control.tag

    def test_nothing_leads_to_a_script_or_is_asked_of_another_host(self, page):
        for each in page.all():
            assert not each.attributes.get("href", "").startswith("javascript:")
            assert each.attributes.get("src", "/").startswith("/")
        assert all(each.attributes == {"src": "/sandbox/page.js", "defer": ""} for each in page.all("script"))
