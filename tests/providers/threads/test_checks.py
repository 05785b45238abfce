"""Each rule of the table finds its bad sample and leaves its good one alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest
from msgspec.structs import replace

from threadsync.content.references import reference_of
from threadsync.model.diagnostic import Location
from threadsync.model.ids import Address, ContentDigest, Json, MediaDigest, PostKey
from threadsync.model.post import (
    AudioFacts,
    Caption,
    Control,
    Media,
    MediaFacts,
    Publication,
    Reference,
    Segment,
    VideoFacts,
)
from threadsync.model.text import Anchor, Hashtag, Mention, PermalinkOf, Plain, Span, Styled, Url
from threadsync.providers.base import ProviderContext
from threadsync.providers.rules import Rule
from threadsync.providers.threads import checks, convert
from threadsync.providers.threads.provider import ThreadsProvider

TARGET = Address.parse("a@threads/main").target
HERE = Location("posts/a.md", 3, 1)
PROVIDER = ThreadsProvider(ProviderContext(TARGET, account="me"))


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
        elif word.startswith("@"):
            found.append(Mention(word[1:]))
        else:
            found.append(Plain(word))
        found.append(Plain(" "))
    return tuple(found[:-1])


AUDIO = AudioFacts("aac", 48_000, 2, 128_000)
VIDEO = VideoFacts(12.0, "h264", 30.0, 8_000_000, "4:2:0", False, False, True, False, AUDIO)
"""One that Threads has nothing to say against."""


def media_of(image: Mapping[str, Any], number: int) -> Media:
    facts = MediaFacts(
        MediaDigest(str(number)), image["bytes"], "image", image["format"], image["width"], image["height"]
    )
    return Media(f"posts/{number}.jpg", facts, image["alt"], HERE)


def video_of(changes: Mapping[str, Any], number: int) -> Media:
    """A good video of 9:16 with *changes* to the file, to what is in it, or to its sound."""
    inside = dict(changes)
    size, form = inside.pop("bytes", 9000), inside.pop("format", "MP4")
    width, height = inside.pop("width", 1080), inside.pop("height", 1920)
    captions = tuple(
        Caption(each["lang"], "posts/a.vtt", MediaFacts(MediaDigest("c"), 90, "captions", "VTT", 0, 0))
        for each in inside.pop("captions", ())
    )
    audio = replace(AUDIO, **inside.pop("audio", {}))
    video = replace(VIDEO, **inside, audio=audio)
    facts = MediaFacts(MediaDigest(f"v{number}"), size, "video", form, width, height, video=video)
    return Media(f"posts/{number}.mp4", facts, "a", HERE, captions=captions)


def reference(text: object) -> Reference | None:
    return reference_of(text) if isinstance(text, str) else None


def publication_of(sample: Mapping[str, Any]) -> Publication:
    """Make a publication of a sample: keys of the post format at its top, and its segments' own."""
    segments = []
    for number, part in enumerate(sample["segments"]):
        pictures = [media_of(image, n) for n, image in enumerate(part.get("images", []))]
        videos = [video_of(changes, n) for n, changes in enumerate(part.get("videos", []))]
        keys = {**sample, **part} if number == 0 else part
        segments.append(
            Segment(
                part["text"],
                spans_of(part["text"]),
                (*pictures, *videos),
                keys.get("link"),
                keys.get("poll"),
                reference(keys.get("quote")),
                part.get("threads", {}),
                location=HERE,
            )
        )
    return Publication(
        Address(PostKey("a"), TARGET),
        tuple(segments),
        Control(),
        Location("posts/a.md"),
        ContentDigest(""),
        reply_to=reference(sample.get("reply_to")),
        repost=reference(sample.get("repost")),
        who_can_reply=sample.get("who_can_reply"),
        tags=tuple(sample.get("tags", ())),
        langs=tuple(sample.get("langs", ())),
        number=sample.get("number"),
        options=sample.get("threads", {}),
    )


def found_in(sample: Mapping[str, Json]) -> dict[str, str]:
    return {f.rule: f.severity for f in PROVIDER.check(publication_of(sample), lambda _: "https://t/x")}


@pytest.mark.parametrize("rule", checks.RULES, ids=lambda rule: rule.id)
def test_a_rule_finds_its_bad_sample_and_not_its_good_one(rule: Rule) -> None:
    assert found_in(rule.bad).get(rule.id) == rule.severity
    assert rule.id not in found_in(rule.good)


def test_every_finding_says_where_and_what_to_do() -> None:
    for rule in checks.RULES:
        for finding in PROVIDER.check(publication_of(rule.bad), lambda _: "https://t/x"):
            assert finding.location == HERE or finding.location.file == "posts/a.md"
            assert finding.remedy.endswith((".", ")"))


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
    quoted = "»https://a.org/x«, „https://a.org/x“, “https://a.org/x”, [https://a.org/x]…"
    assert convert.links_in(quoted) == ("https://a.org/x",)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("on #Lifts, broken", "Lifts"),
        ("#1 in the list", ""),
        ("#2026report #two", "2026report"),
        ("#1/3", "1/3"),
        ("(#one two)", "one"),
        ("https://e.org/#top and a#b and &#39;", ""),
        (f"#{'x' * 51}", ""),
        ("none", ""),
    ],
)
def test_the_first_word_with_a_sign_becomes_the_topic(text: str, topic: str) -> None:
    assert convert.topic_in(text) == topic


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://example.org/a", True),
        ("https://192.0.2.1/a", False),
        ("https://8.8.8.8/a", True),
        ("http://127.0.0.1:8000", False),
        ("http://10.0.0.7/a", False),
        ("http://[::1]/a", False),
        ("http://desk.local/a", False),
        ("http://intranet/a", False),
        ("https://[abc", False),
        ("https:///a", False),
    ],
)
def test_a_card_leads_to_what_anybody_can_open(url: str, public: bool) -> None:
    for keys in ({"link": url}, {"threads": {"long_text": {"text": "a", "link": url}}}):
        rules = found_in({**_with_text("t"), **keys})
        assert ("threads/link-not-public" not in rules) is public


def test_a_tag_is_told_however_it_was_written_unless_a_topic_is_named() -> None:
    """What Threads gets has the sign, whether it was escaped, stands in code, or comes from number:."""
    plain = publication_of(_with_text("see"))
    for span in (Plain("#C"), Styled("code", "#include"), Hashtag("lifts")):
        segment = replace(plain.segments[0], spans=(span,))
        found = PROVIDER.check(replace(plain, segments=(segment,)), lambda _: "")
        assert "threads/hashtag-is-topic" in {each.rule for each in found}
        named = replace(plain, segments=(segment,), options={"topic": "transit"})
        assert "threads/hashtag-is-topic" not in {each.rule for each in PROVIDER.check(named, lambda _: "")}


def _with_text(text: str) -> dict[str, Json]:
    return {"segments": [{"text": text}]}


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("id:123", ("123", None)),
        ("123", ("123", None)),
        ("https://www.threads.com/@u/post/C0de", (None, "C0de")),
        ("https://www.threads.net/t/C0de", (None, "C0de")),
        ("https://www.threads.com/@u/post/C0de/?xmt=abc#top", (None, "C0de")),
        ("https://example.org", (None, None)),
        ("https://bsky.app/profile/ana.bsky.social/post/3k2a", (None, None)),
        ("https://x.com/ana/status/123", (None, None)),
        ("https://[ana/@u/post/C0de", (None, None)),
        ("id:١٢٣", (None, None)),
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


def picture_of(**changes: object) -> dict[str, Json]:
    image = {"format": "JPEG", "width": 1080, "height": 1080, "bytes": 9000, "alt": "a", **changes}
    return {"segments": [{"text": "t", "images": [cast("Json", image)]}]}


def fitting(sample: Mapping[str, Json]) -> Publication:
    return replace(publication_of(sample), control=Control(fit=True))


@pytest.mark.parametrize(
    "change", [{"format": "WEBP"}, {"bytes": checks.IMAGE_BYTES_MAX + 1}, {"width": 1441}, {"width": 300}]
)
def test_what_fit_mends_is_no_finding_and_without_it_the_remedy_names_it(change: dict[str, object]) -> None:
    sample = picture_of(**change)
    assert PROVIDER.check(fitting(sample), lambda _: "") == []
    (found,) = PROVIDER.check(publication_of(sample), lambda _: "")
    assert "fit: true" in found.remedy


@pytest.mark.parametrize(
    ("change", "rule", "says"),
    [
        (
            {"format": "HEIC", "width": 0, "height": 0},
            "threads/picture-format",
            "fit: true cannot (its pixels",
        ),
        ({"width": 1400, "height": 100}, "threads/picture-ratio", "Crop it."),
    ],
)
def test_what_fit_cannot_mend_stays_a_finding(change: dict[str, object], rule: str, says: str) -> None:
    (found,) = PROVIDER.check(fitting(picture_of(**change)), lambda _: "")
    assert found.rule == rule
    assert says in found.remedy


def test_a_picture_that_moves_is_not_fitted_because_a_still_would_lose_that() -> None:
    publication = fitting(picture_of(format="GIF"))
    (item,) = publication.segments[0].media
    moving = replace(item, facts=replace(item.facts, animated=True))
    publication = replace(publication, segments=(replace(publication.segments[0], media=(moving,)),))
    (found,) = PROVIDER.check(publication, lambda _: "")
    assert (found.rule, "it moves" in found.remedy) == ("threads/picture-format", True)


def test_fit_is_no_remedy_for_what_it_cannot_mend_nor_is_the_width_of_what_is_refused_anyway() -> None:
    publication = publication_of(picture_of(format="GIF", bytes=checks.IMAGE_BYTES_MAX + 1, width=200))
    (item,) = publication.segments[0].media
    moving = replace(item, facts=replace(item.facts, animated=True))
    publication = replace(publication, segments=(replace(publication.segments[0], media=(moving,)),))
    found = {each.rule: each.remedy for each in PROVIDER.check(publication, lambda _: "")}
    assert set(found) == {"threads/picture-format", "threads/picture-bytes"}
    assert not any("With fit" in remedy for remedy in found.values())


def test_what_a_remedy_makes_of_a_video_needs_no_second_one() -> None:
    """Left to itself FFmpeg puts the index last and writes an edit list, which are findings again."""
    commands = [
        finding.remedy
        for rule in checks.RULES
        for finding in PROVIDER.check(publication_of(rule.bad), lambda _: "")
        if "ffmpeg" in finding.remedy
    ]
    assert len(commands) >= 12
    for command in commands:
        assert "-use_editlist 0 -movflags +faststart OUT.mp4" in command


def test_a_silent_video_is_fine() -> None:
    publication = publication_of({"segments": [{"text": "", "videos": [{}]}]})
    (item,) = publication.segments[0].media
    silent = replace(item, facts=replace(item.facts, video=replace(VIDEO, audio=None)))
    publication = replace(publication, segments=(replace(publication.segments[0], media=(silent,)),))
    assert PROVIDER.check(publication, lambda _: "") == []


@pytest.mark.parametrize("rate", [23.976, 24.0, 29.97, 59.94, 60.02])
def test_the_usual_frame_rates_are_within_the_limits_although_no_camera_is_exact(rate: float) -> None:
    assert found_in({"segments": [{"text": "t", "videos": [{"frames_per_second": rate}]}]}) == {}


def test_pictures_and_videos_make_one_carousel_of_up_to_twenty() -> None:
    image = {"format": "JPEG", "width": 1080, "height": 1080, "bytes": 9000, "alt": "a"}
    mixed: dict[str, Any] = {"text": "t", "images": [image] * 10, "videos": [{}] * 10}
    assert found_in({"segments": [mixed]}) == {}
    mixed["videos"] = [{}] * 11
    assert found_in({"segments": [mixed]}) == {"threads/too-many-pictures": "error"}
