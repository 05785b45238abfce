"""What Bluesky asks of a film and its captions is found before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from threadsync.model.diagnostic import Location
from threadsync.model.ids import Address, ContentDigest, Json, MediaDigest, PostKey
from threadsync.model.post import (
    AudioFacts,
    Caption,
    Control,
    Media,
    MediaFacts,
    Publication,
    Segment,
    VideoFacts,
)
from threadsync.model.text import Plain
from threadsync.providers.base import ProviderContext
from threadsync.providers.bluesky import convert
from threadsync.providers.bluesky.checks import RULES
from threadsync.providers.bluesky.checks_video import VIDEO_RULES
from threadsync.providers.bluesky.provider import BlueskyProvider
from threadsync.providers.bluesky.records import Materials, post_of
from threadsync.providers.rules import Rule

TARGET = Address.parse("a@bluesky/brand").target
HERE = Location("posts/a.md", 3, 1)
VIDEO = VideoFacts(
    12.0, "h264", 30.0, 8_000_000, "4:2:0", False, False, True, False, AudioFacts("aac", 48_000, 2, 128_000)
)


def captions_of(said: Mapping[str, Any]) -> tuple[Caption, ...]:
    return tuple(
        Caption(
            each["lang"],
            f"posts/{each['lang']}.vtt",
            MediaFacts(
                MediaDigest("c" + each["lang"]),
                each.get("bytes", 90),
                "captions",
                each.get("format", "VTT"),
                0,
                0,
            ),
        )
        for each in said.get("captions", ())
    )


def video_of(said: Mapping[str, Any], number: int) -> Media:
    inside = {name: value for name, value in said.items() if name not in {"bytes", "format", "captions"}}
    size, form = said.get("bytes", 9000), said.get("format", "MP4")
    facts = MediaFacts(
        MediaDigest(f"v{number}"), size, "video", form, 1080, 1920, video=replace(VIDEO, **inside)
    )
    return Media(f"posts/{number}.mp4", facts, "a", HERE, captions=captions_of(said))


def picture_of(said: Mapping[str, Any], number: int) -> Media:
    facts = MediaFacts(
        MediaDigest(f"p{number}"), said["bytes"], "image", said["format"], said["width"], said["height"]
    )
    return Media(f"posts/{number}.png", facts, said["alt"], HERE, captions=captions_of(said))


def publication_of(*media: Media) -> Publication:
    segment = Segment("t", (Plain("t"),), media, location=HERE)
    return Publication(Address(PostKey("a"), TARGET), (segment,), Control(), HERE, ContentDigest(""))


def media_of(sample: Mapping[str, Any]) -> tuple[Media, ...]:
    (part,) = sample["segments"]
    videos = [video_of(said, number) for number, said in enumerate(part.get("videos", ()))]
    return (*videos, *(picture_of(said, number) for number, said in enumerate(part.get("images", ()))))


def found(*media: Media, **settings: Json) -> dict[str, str]:
    provider = BlueskyProvider(ProviderContext(TARGET, settings))
    return {each.rule: each.severity for each in provider.check(publication_of(*media), lambda _: "")}


@pytest.mark.parametrize("rule", VIDEO_RULES, ids=lambda rule: rule.id)
def test_a_rule_finds_its_bad_sample_and_nothing_in_its_good_one(rule: Rule) -> None:
    assert found(*media_of(rule.bad)) == {rule.id: rule.severity}
    assert found(*media_of(rule.good)) == {}
    assert rule in RULES


@pytest.mark.parametrize("form", ["MOV", "WEBM"])
def test_a_server_that_gets_the_file_itself_takes_mp4_alone(form: str) -> None:
    assert found(video_of({"format": form}, 0)) == {}
    assert found(video_of({"format": form}, 0), video="blob").keys() == {"bluesky/video-format"}
    assert found(video_of({}, 0), video="blob") == {}


def test_an_older_server_takes_smaller_films() -> None:
    """@atproto/pds 0.4.217 refuses above 100,000,000 bytes, whoever sent the film to it."""
    for video in ("service", "blob"):
        heavy = video_of({"bytes": 100_000_001}, 0)
        assert found(heavy, video=video) == {}
        assert found(heavy, video=video, server="pds-0.4").keys() == {"bluesky/video-bytes"}
        assert found(video_of({"bytes": 100_000_000}, 0), video=video, server="pds-0.4") == {}


def test_a_gif_that_moves_is_a_film_for_the_service_and_no_picture_without_it() -> None:
    facts = MediaFacts(MediaDigest("g"), 9000, "image", "GIF", 40, 30, animated=True)
    moving = Media("posts/a.gif", facts, "a", HERE)
    assert found(moving) == {}
    assert found(moving, video="blob").keys() == {"bluesky/picture-format"}
    assert found(replace(moving, facts=replace(facts, animated=False))).keys() == {"bluesky/picture-format"}


def test_a_film_is_rendered_with_all_that_its_record_needs() -> None:
    publication = publication_of(video_of({"captions": [{"lang": "de"}, {"lang": "en"}]}, 0))
    what = convert.rendered(publication, publication.segments[0], 0, lambda _: "")
    names: dict[MediaDigest, Mapping[str, Json]] = {
        MediaDigest(each): {"blob": each} for each in ("v0", "cde", "cen")
    }
    record = post_of(what, "k", convert.EPOCH, Materials({}, names))
    assert record.value["embed"] == {
        "$type": "app.bsky.embed.video",
        "video": {"blob": "v0"},
        "captions": [{"lang": "de", "file": {"blob": "cde"}}, {"lang": "en", "file": {"blob": "cen"}}],
        "alt": "a",
        "aspectRatio": {"width": 1080, "height": 1920},
    }


def test_a_film_without_a_known_shape_says_none() -> None:
    film = video_of({}, 0)
    film = replace(film, facts=replace(film.facts, width=0, height=0), alt="")
    publication = publication_of(film)
    what = convert.rendered(publication, publication.segments[0], 0, lambda _: "")
    record = post_of(what, "k", convert.EPOCH, Materials({}, {MediaDigest("v0"): {}}))
    assert record.value["embed"] == {"$type": "app.bsky.embed.video", "video": {}}
