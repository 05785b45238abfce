"""Each rule of the table finds its bad sample and leaves its good one alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from tests.providers.threads.test_checks import HERE, reference, spans_of
from threadsync.model.ids import Address, ContentDigest, Json, MediaDigest, PostKey
from threadsync.model.post import Control, Media, MediaFacts, Publication, Segment
from threadsync.providers.base import ProviderContext
from threadsync.providers.bluesky import checks
from threadsync.providers.bluesky.checks_video import VIDEO_RULES
from threadsync.providers.bluesky.provider import BlueskyProvider
from threadsync.providers.rules import Rule

TARGET = Address.parse("a@bluesky/brand").target


def no_links(address: Address) -> str:
    raise AssertionError(address)


def provider(**settings: Json) -> BlueskyProvider:
    return BlueskyProvider(ProviderContext(TARGET, settings))


def media_of(image: Mapping[str, Any], number: int) -> Media:
    facts = MediaFacts(
        MediaDigest(str(number)),
        image["bytes"],
        "image",
        image["format"],
        image["width"],
        image["height"],
        image.get("animated", False),
    )
    return Media(f"posts/{number}.jpg", facts, image["alt"], HERE)


def publication_of(sample: Mapping[str, Any]) -> Publication:
    """Make a publication of a sample: keys of the post format at its top, and its segments' own."""
    segments = []
    for number, part in enumerate(sample["segments"]):
        keys = {**sample, **part} if number == 0 else part
        media = tuple(media_of(image, n) for n, image in enumerate(part.get("images", [])))
        segments.append(
            Segment(
                part["text"],
                spans_of(part["text"]),
                media,
                keys.get("link"),
                keys.get("poll"),
                reference(keys.get("quote")),
                part.get("bluesky", {}),
                location=HERE,
            )
        )
    return Publication(
        Address(PostKey("a"), TARGET),
        tuple(segments),
        Control(),
        HERE,
        ContentDigest(""),
        reply_to=reference(sample.get("reply_to")),
        repost=reference(sample.get("repost")),
        who_can_reply=sample.get("who_can_reply"),
        tags=tuple(sample.get("tags", ())),
        langs=tuple(sample.get("langs", ())),
        options=sample.get("bluesky", {}),
    )


def rules_found(publication: Publication, **settings: Json) -> dict[str, str]:
    found = provider(**settings).check(publication, no_links)
    return {each.rule: f"{each.problem} {each.remedy}" for each in found}


@pytest.mark.parametrize(
    "rule", [rule for rule in checks.RULES if rule not in VIDEO_RULES], ids=lambda rule: rule.id
)
def test_a_rule_finds_its_bad_sample_alone(rule: Rule) -> None:
    assert rule.id not in rules_found(publication_of(rule.good))
    assert rule.id in rules_found(publication_of(rule.bad))


def pictured(count: int = 1, **image: Json) -> Publication:
    good: dict[str, Json] = {"format": "JPEG", "width": 800, "height": 600, "bytes": 9000, "alt": "a"}
    return publication_of({"segments": [{"text": "t", "images": [{**good, **image}] * count}]})


def test_an_older_server_takes_smaller_and_fewer_pictures() -> None:
    """@atproto/pds 0.4.217 refuses above 1,000,000 bytes, and knows no galleries."""
    assert not rules_found(pictured(10, bytes=2_000_000))
    found = rules_found(pictured(5, bytes=1_000_001), server="pds-0.4")
    assert sorted(found) == ["bluesky/picture-bytes", "bluesky/too-many-pictures"]
    assert "1,000,000" in found["bluesky/picture-bytes"]
    assert "server: pds-0.4 knows no galleries" in found["bluesky/too-many-pictures"]
    assert not rules_found(pictured(4, bytes=1_000_000), server="pds-0.4")
    limits = provider(server="pds-0.4").capabilities.pictures
    assert limits is not None
    assert (limits.bytes_max, limits.bare) == (1_000_000, True)


def test_a_chain_that_an_older_server_does_not_take_in_one_write_is_found() -> None:
    """@atproto/pds 0.4.217 answers 413 above 150 kB, and 0.5.35 above 1 MB."""
    chain = publication_of({"segments": [{"text": "界" * 300}] * 110})
    assert not rules_found(chain)
    (problem,) = rules_found(chain, server="pds-0.4").values()
    assert "one write of about 158 kB" in problem
    assert "pds-0.4) takes 153 kB" in problem


def test_what_fitting_mends_is_no_fault() -> None:
    heavy = pictured(bytes=5_000_000, format="WEBP")
    assert sorted(rules_found(heavy)) == ["bluesky/picture-bytes", "bluesky/picture-format"]
    assert not rules_found(replace(heavy, control=Control(fit=True)))
    unread = replace(pictured(format="HEIC", width=0, height=0), control=Control(fit=True))
    assert list(rules_found(unread)) == ["bluesky/picture-format"]


def test_a_label_covers_pictures_and_is_said_to() -> None:
    """Else the proof sheet shows bare what readers are warned of."""

    def cover(publication: Publication) -> str:
        return provider().render(publication, publication.segments[0], 0, no_links).covers_media

    shown = pictured()
    assert cover(shown) == ""
    assert cover(replace(shown, options={"labels": ["bot"]})) == ""
    assert cover(replace(shown, options={"labels": ["graphic-media", "bot"]})) == "graphic-media"
    assert cover(publication_of({"segments": [{"text": "a"}], "bluesky": {"labels": ["porn"]}})) == ""


def test_a_label_of_one_segment_is_looked_at_and_sent_with_it() -> None:
    chain = publication_of({"segments": [{"text": "a"}, {"text": "b", "bluesky": {"labels": ["nope"]}}]})
    assert list(rules_found(chain)) == ["bluesky/label-unknown"]
    labelled = publication_of(
        {
            "segments": [{"text": "a"}, {"text": "b", "bluesky": {"labels": ["porn"], "quotes": "nobody"}}],
            "bluesky": {"labels": ["nudity"]},
        }
    )
    sent = [
        provider().render(labelled, each, n, no_links).rendered.options
        for n, each in enumerate(labelled.segments)
    ]
    assert [each.get("labels") for each in sent] == [["nudity"], ["porn"]]
    assert [each.get("quotes") for each in sent] == [None, "nobody"]
