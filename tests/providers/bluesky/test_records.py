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
from threadsync.providers.bluesky.records import Materials, StrongRef, gates_of, post_of
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


# Who may reply and quote, and what is said of the post.


@pytest.mark.parametrize(
    ("who", "rules"),
    [
        ("nobody", []),
        ("followers", ["followerRule"]),
        ("following", ["followingRule"]),
        ("mentioned", ["mentionRule"]),
    ],
)
def test_who_can_reply_is_a_gate_under_the_key_of_the_post(who: str, rules: list[str]) -> None:
    rkey, at = chosen("p", ADDRESS, 0, 0, START)
    what = rendered(who_can_reply=who)
    post = post_of(what, rkey, at, Materials({}, {}))
    (gate,) = gates_of(what, post, "did:plc:a", at)
    assert (gate.collection, gate.rkey) == ("app.bsky.feed.threadgate", rkey)
    assert gate.value == {
        "$type": "app.bsky.feed.threadgate",
        "post": f"at://did:plc:a/app.bsky.feed.post/{rkey}",
        "allow": [{"$type": f"app.bsky.feed.threadgate#{rule}"} for rule in rules],
        "createdAt": post.value["createdAt"],
    }


def test_everyone_needs_no_gate_and_quotes_have_one_of_their_own() -> None:
    rkey, at = chosen("p", ADDRESS, 0, 0, START)
    open_to_all, unquoted = rendered(), rendered(quotes="nobody")
    assert gates_of(open_to_all, post_of(open_to_all, rkey, at, Materials({}, {})), "did:plc:a", at) == ()
    post = post_of(unquoted, rkey, at, Materials({}, {}))
    (gate,) = gates_of(unquoted, post, "did:plc:a", at)
    assert (gate.collection, gate.rkey) == ("app.bsky.feed.postgate", rkey)
    assert gate.value["embeddingRules"] == [{"$type": "app.bsky.feed.postgate#disableRule"}]


def test_languages_tags_and_self_labels_stand_in_the_record() -> None:
    rkey, at = chosen("p", ADDRESS, 0, 0, START)
    said = post_of(
        rendered(langs=["de", "en"], tags=["lifts"], labels=["porn"]), rkey, at, Materials({}, {})
    ).value
    assert (said["langs"], said["tags"]) == (["de", "en"], ["lifts"])
    assert said["labels"] == {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "porn"}]}
    assert {"langs", "tags", "labels"}.isdisjoint(post_of(rendered(), rkey, at, Materials({}, {})).value)


@pytest.mark.parametrize("created", ["0001-01-01T00:00:00+01:00", "once", None])
def test_a_record_whose_time_cannot_be_told_is_of_no_time_at_all(created: str | None) -> None:
    """Other programs choose other keys, and write what they like into ``createdAt``."""
    assert convert.time_of("no-tid", {"createdAt": created}) == convert.EPOCH
