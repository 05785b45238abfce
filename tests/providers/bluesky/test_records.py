"""What a segment shows becomes the one embed that a record has, and is known again by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from tests.live.bluesky.account import ADDRESS, START
from threadsync.model.facts import ObservedPost
from threadsync.model.ids import ContentDigest, Json, MediaDigest, RemoteId
from threadsync.model.journal import Rendered
from threadsync.providers.bluesky import convert
from threadsync.providers.bluesky.api_repo import Record
from threadsync.providers.bluesky.records import Materials, StrongRef, post_of
from threadsync.providers.bluesky.tids import chosen

URI = "at://did:plc:a/app.bsky.feed.post/3l2222222222a"
QUOTED = StrongRef("at://did:plc:b/app.bsky.feed.post/3l2222222222b", "bafyb")
CARD: Mapping[str, Json] = {"uri": "https://example.org/lifts", "title": "Lifts", "description": ""}


def rendered(pictures: int = 0, **options: Json) -> Rendered:
    media = tuple(MediaDigest(str(number)) for number in range(pictures))
    sizes: Json = [[800, 600]] * pictures
    return Rendered(0, ContentDigest(""), "t", media, ("a",) * pictures, {"sizes": sizes, **options})


def embed_of(what: Rendered) -> Any:
    """Return the embed that *what* becomes, with a blob of its own for each file."""
    every = (*what.media, MediaDigest("thumb"))
    materials = Materials(
        {}, {each: {"of": each} for each in every}, None, QUOTED if what.quotes is not None else None
    )
    rkey, at = chosen("p", ADDRESS, 0, 0, START)
    return post_of(what, rkey, at, materials).value.get("embed")


def seen(what: Rendered) -> ObservedPost:
    found = convert.observed(Record(uri=URI, cid="bafya", value={"text": what.text, "embed": embed_of(what)}))
    assert found is not None
    return found


def test_up_to_four_pictures_are_images_and_more_a_gallery_each_with_its_proportions() -> None:
    ratio = {"width": 800, "height": 600}
    for number in (1, 4):
        embed = embed_of(rendered(number))
        assert embed["$type"] == "app.bsky.embed.images"
        pictures = [{"image": {"of": str(n)}, "alt": "a", "aspectRatio": ratio} for n in range(number)]
        assert embed["images"] == pictures
    gallery = embed_of(rendered(5))
    assert gallery["$type"] == "app.bsky.embed.gallery"
    assert gallery["items"][4] == {
        "$type": "app.bsky.embed.gallery#image",
        "image": {"of": "4"},
        "alt": "a",
        "aspectRatio": ratio,
    }


def test_a_card_has_a_picture_only_where_its_page_has_one() -> None:
    plain = {"$type": "app.bsky.embed.external", "external": {**CARD}}
    assert embed_of(rendered(card=dict(CARD))) == plain
    pictured = embed_of(rendered(card={**CARD, "thumb": "thumb", "thumb_type": "image/png"}))
    assert pictured["external"] == {**CARD, "thumb": {"of": "thumb"}}


SHAPES = {
    "text": rendered(),
    "picture": rendered(1),
    "five pictures": rendered(5),
    "card": rendered(card=dict(CARD)),
    "another card": rendered(card={**CARD, "uri": "https://example.org/"}),
    "quote": replace(rendered(), quotes=RemoteId(QUOTED.uri)),
    "quote with a card": replace(rendered(card=dict(CARD)), quotes=RemoteId(QUOTED.uri)),
    "quote with a picture": replace(rendered(1), quotes=RemoteId(QUOTED.uri)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_each_is_known_again_by_what_it_shows_and_taken_for_no_other(name: str) -> None:
    found = seen(SHAPES[name])
    assert [other for other in SHAPES if convert.matches(SHAPES[other], None, found)] == [name]


def test_a_card_is_known_again_whatever_its_page_says_by_then() -> None:
    """The page is no part of what was declared (law 11)."""
    later = rendered(card={**CARD, "title": "Another title"})
    assert convert.matches(later, None, seen(SHAPES["card"]))
