"""What the pages show of each kind of post, and of its text."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.page_reader import carousel, everything, picture, spoiler, texts, video
from threadsync.sandbox import pages
from threadsync.sandbox.threads import Profile, Vote, add_profile, apply


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
