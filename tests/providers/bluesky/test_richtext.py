"""Facets cover the bytes of what they mean, whatever stands around it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from threadsync.content.inline import spans_of
from threadsync.model.ids import PostKey, TargetName
from threadsync.model.text import Anchor, Hashtag, Mention, PermalinkOf, Plain, Spans, Styled, Url
from threadsync.providers.bluesky.richtext import (
    Facet,
    LinkTo,
    Mentions,
    RichText,
    Tagged,
    addresses,
    as_json,
    graphemes,
    rich_text,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
SPANS = st.lists(
    st.one_of(
        TEXTS.map(Plain),
        TEXTS.map(lambda text: Styled("strong", text)),
        TEXTS.map(lambda text: Url(f"https://example.org/{text}")),
        TEXTS.map(lambda text: Anchor(text, "https://example.org/map")),
        TEXTS.map(Hashtag),
        st.just(Mention("lifts.test")),
        st.just(PermalinkOf(PostKey("doors"), TargetName("bluesky/brand"))),
    ),
    max_size=8,
).map(tuple)


def shown(spans: Spans) -> RichText:
    return rich_text(spans, lambda address: f"https://bsky.example/{address.key}")


def covered(rich: RichText, facet: Facet) -> str:
    return rich.text.encode()[facet.start : facet.end].decode()


def test_each_construct_is_covered_by_the_facet_of_its_kind() -> None:
    rich = shown(
        (
            Plain("Grüße 👩‍👩‍👧 an "),
            Mention("lifts.test"),
            Plain(": "),
            Anchor("Karte", "https://example.org/map"),
            Styled("strong", " neu "),
            Hashtag("Aufzüge"),
        )
    )
    assert rich.text == "Grüße 👩‍👩‍👧 an @lifts.test: Karte neu #Aufzüge"
    assert [(covered(rich, each), each.feature) for each in rich.facets] == [
        ("@lifts.test", Mentions("lifts.test")),
        ("Karte", LinkTo("https://example.org/map")),
        ("#Aufzüge", Tagged("Aufzüge")),
    ]
    assert rich.handles == ("lifts.test",)


@given(SPANS)
def test_facets_are_in_range_on_borders_of_characters_and_apart(spans: Spans) -> None:
    rich = shown(spans)
    end = 0
    for facet in rich.facets:
        assert end <= facet.start < facet.end <= len(rich.text.encode())
        covered(rich, facet)  # would not decode between the bytes of one character
        end = facet.end


MARKS = st.sampled_from(
    [
        "@lifts.test",
        "#Aufzüge",
        "https://example.org/ä",
        "[Karte](https://example.org)",
        "**",
        "👩‍👩‍👧",
        "e\u0301",
        "\u200f",
        " ",
    ]
)


@given(st.lists(st.one_of(MARKS, TEXTS), max_size=12).map("".join))
def test_what_is_written_is_covered_by_what_it_means_whatever_stands_around_it(text: str) -> None:
    """From the text of a file on: any Unicode, with marks in the middle of it."""
    rich = shown(spans_of(text, PostKey("a"))[0])
    end = 0
    for facet in rich.facets:
        assert end <= facet.start < facet.end <= len(rich.text.encode())
        end = facet.end
        words = covered(rich, facet)
        match facet.feature:
            case Mentions(handle=handle):
                assert words == f"@{handle}"
            case Tagged(tag=tag):
                assert words == f"#{tag}"
            case LinkTo(uri=uri):
                assert words == uri or f"]({uri})" in text


def test_a_link_to_another_post_is_its_permalink() -> None:
    rich = shown((PermalinkOf(PostKey("doors"), TargetName("bluesky/brand")),))
    assert (rich.text, rich.facets[0].feature) == (
        "https://bsky.example/doors",
        LinkTo("https://bsky.example/doors"),
    )


def test_a_record_names_an_account_by_its_did() -> None:
    rich = shown((Plain("ä "), Mention("lifts.test")))
    assert as_json(rich.facets, {"lifts.test": "did:plc:abc"}) == [
        {
            "index": {"byteStart": 3, "byteEnd": 14},
            "features": [{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:abc"}],
        }
    ]


def test_characters_are_counted_as_readers_see_them() -> None:
    assert graphemes("👩‍👩‍👧é🇪🇺") == 3
    assert graphemes("a\r\nb") == 3


def test_the_address_behind_other_words_is_told_and_one_that_is_read_is_not() -> None:
    """A reviewer sees in the plan where readers are sent."""
    spans: Spans = (
        Plain("🚋 "),
        Anchor("the map", "https://example.org/m"),
        Url("https://example.org/lifts"),
        Anchor("the map", "https://example.org/n"),
        Mention("lifts.test"),
    )
    assert addresses(shown(spans)) == {
        "link 1, “the map”": "https://example.org/m",
        "link 2, “the map”": "https://example.org/n",
    }
