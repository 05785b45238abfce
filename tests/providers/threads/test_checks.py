"""Each rule of the table finds its bad sample and leaves its good one alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from threadsync.model.diagnostic import Location
from threadsync.model.ids import Address, ContentDigest, Json, MediaDigest, PostKey, RemoteId
from threadsync.model.post import Control, Media, MediaFacts, PostRef, Publication, RemoteRef, Segment
from threadsync.model.text import Anchor, Hashtag, Mention, PermalinkOf, Plain, Span, Styled, Url
from threadsync.providers.base import ProviderContext
from threadsync.providers.threads import checks, convert
from threadsync.providers.threads.provider import ThreadsProvider

TARGET = Address.parse("a@threads/main").target
HERE = Location("posts/a.md", 3, 1)
PROVIDER = ThreadsProvider(ProviderContext(TARGET))


def spans_of(text: str) -> tuple[Span, ...]:
    """Read just what the samples use; the real reader is content's."""
    found: list[Span] = []
    for word in text.split(" "):
        if word.startswith("**"):
            found.append(Styled("strong", word.strip("*")))
        elif word.startswith("#"):
            found.append(Hashtag(word[1:]))
        elif word.startswith("https://"):
            found.append(Url(word))
        else:
            found.append(Plain(word))
        found.append(Plain(" "))
    return tuple(found[:-1])


def media_of(image: Mapping[str, Any], number: int) -> Media:
    facts = MediaFacts(
        MediaDigest(str(number)), image["bytes"], "image", image["format"], image["width"], image["height"]
    )
    return Media(f"posts/{number}.jpg", facts, image["alt"], HERE)


def publication_of(sample: Mapping[str, Json]) -> Publication:
    segments = []
    for part in cast("list[dict[str, Any]]", sample["segments"]):
        media = tuple(media_of(image, n) for n, image in enumerate(part.get("images", [])))
        segments.append(
            Segment(part["text"], spans_of(part["text"]), media, poll=part.get("poll"), location=HERE)
        )
    return Publication(
        Address(PostKey("a"), TARGET), tuple(segments), Control(), Location("posts/a.md"), ContentDigest("")
    )


def found_in(sample: Mapping[str, Json]) -> dict[str, str]:
    return {f.rule: f.severity for f in PROVIDER.check(publication_of(sample), lambda _: "https://t/x")}


@pytest.mark.parametrize("rule", checks.RULES, ids=lambda rule: rule.id)
def test_a_rule_finds_its_bad_sample_and_not_its_good_one(rule: checks.Rule) -> None:
    assert found_in(rule.bad).get(rule.id) == rule.severity
    assert rule.id not in found_in(rule.good)


def test_every_finding_says_where_and_what_to_do() -> None:
    for rule in checks.RULES:
        for finding in PROVIDER.check(publication_of(rule.bad), lambda _: "https://t/x"):
            assert finding.location == HERE or finding.location.file == "posts/a.md"
            assert finding.remedy.endswith((".", ")"))


@pytest.mark.parametrize(
    "change",
    [
        {"who_can_reply": "everyone"},
        {"tags": ("a",)},
        {"langs": ("de",)},
        {"number": "{i}/{n}"},
        {"options": {"topic": "x"}},
        {"repost": PostRef(PostKey("b"))},
        {"reply_to": RemoteRef(RemoteId("1"))},
    ],
)
def test_nothing_that_is_declared_is_dropped_silently(change: dict[str, Any]) -> None:
    import dataclasses

    plain = publication_of({"segments": [{"text": "t"}]})
    rules = [f.rule for f in PROVIDER.check(dataclasses.replace(plain, **change), lambda _: "")]
    assert rules == ["threads/unsupported"]


@pytest.mark.parametrize(
    ("text", "rule", "length"),
    [
        ("plain", "grapheme-emoji-bytes", 5),
        ("né", "grapheme-emoji-bytes", 2),
        ("né", "bytes", 3),
        ("東京", "grapheme-emoji-bytes", 2),
        ("東京", "bytes", 6),
        ("👍", "grapheme-emoji-bytes", 4),
        ("👍", "codepoints", 1),
        ("👩‍👩‍👧", "grapheme-emoji-bytes", 18),
        ("🇩🇪", "grapheme-emoji-bytes", 8),
        ("1️⃣", "grapheme-emoji-bytes", 7),
    ],
)
def test_the_counting_rule_is_a_setting(text: str, rule: str, length: int) -> None:
    assert convert.count(text, rule) == length


def test_each_construct_becomes_what_threads_can_show() -> None:
    spans = (
        Plain("See "),
        Anchor("the map", "https://e.org/map"),
        Plain(", "),
        Anchor("https://e.org", "https://e.org"),
        Plain(" by "),
        Mention("ana"),
        Plain(": "),
        Styled("strong", "now"),
        Plain(" "),
        PermalinkOf(PostKey("b"), TARGET),
    )
    assert convert.text_of(spans, lambda address: f"<{address}>") == (
        "See the map (https://e.org/map), https://e.org by @ana: now <b@threads/main>"
    )


def test_the_same_link_counts_once_and_a_bare_host_counts() -> None:
    text = "https://a.org/x, www.b.org and https://a.org/x."
    assert convert.links_in(text) == ("https://a.org/x", "www.b.org")


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("id:123", ("123", None)),
        ("123", ("123", None)),
        ("https://www.threads.com/@u/post/C0de", (None, "C0de")),
        ("https://www.threads.net/t/C0de", (None, "C0de")),
        ("https://example.org", (None, None)),
    ],
)
def test_a_post_is_named_by_id_or_permalink(reference: str, found: tuple[str | None, str | None]) -> None:
    assert convert.reference_of(reference) == found


@pytest.mark.parametrize(
    ("form", "says"), [("", "is no picture, and Threads takes JPEG and PNG"), ("HEIC", "is a HEIC file")]
)
def test_what_has_no_size_in_pixels_is_told_once(form: str, says: str) -> None:
    """A file that is no picture is not called 0 pixels wide as well."""
    image = {"format": form, "bytes": 9, "width": 0, "height": 0, "alt": "a"}
    sample: dict[str, Json] = {"segments": [{"text": "t", "images": [cast("Json", image)]}]}
    (found,) = PROVIDER.check(publication_of(sample), lambda _: "https://t/x")
    assert found.rule == "threads/picture-format"
    assert says in found.problem
