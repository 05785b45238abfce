"""The collections this network knows, and what their records must be (bluesky-social/atproto, lexicons).

Of two server generations: what the older one does not know, it takes unseen.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from threadsync.sandbox.bluesky.cids import is_cid
from threadsync.sandbox.bluesky.shapes import Check, array, blob, boolean, integer, obj, string, union
from threadsync.sandbox.bluesky.tids import is_tid
from threadsync.sandbox.bluesky.values import Generation

POST = "app.bsky.feed.post"
THREADGATE = "app.bsky.feed.threadgate"
POSTGATE = "app.bsky.feed.postgate"
LIKE = "app.bsky.feed.like"
REPOST = "app.bsky.feed.repost"
FOLLOW = "app.bsky.graph.follow"
PROFILE = "app.bsky.actor.profile"

_TEXT = string()
_TIME = string(form="datetime")
_AT_URI = string(form="at-uri")
_STRONG_REF = obj({"uri": _AT_URI, "cid": string(form="cid")})
_RATIO = obj({"width": integer(least=1), "height": integer(least=1)})
_LABELS = union(
    {
        "com.atproto.label.defs#selfLabels": obj(
            {"values": array(obj({"val": string(bytes_max=128)}), most=10)}
        )
    }
)
_FACET = obj(
    {
        "index": obj({"byteStart": integer(), "byteEnd": integer()}),
        "features": array(
            union(
                {
                    "app.bsky.richtext.facet#mention": obj({"did": string(form="did")}),
                    "app.bsky.richtext.facet#link": obj({"uri": string(form="uri")}),
                    "app.bsky.richtext.facet#tag": obj({"tag": string(bytes_max=640, graphemes_max=64)}),
                }
            )
        ),
    }
)
"""Ranges are not looked at: neither that they lie in the text, nor that they do not overlap."""

IMAGE_BYTES_MAX: Mapping[str, int] = {Generation.V0_4: 1_000_000, Generation.V0_5: 2_000_000}
THUMB_BYTES_MAX = 1_000_000
VIDEO_BYTES_MAX: Mapping[str, int] = {Generation.V0_4: 100_000_000, Generation.V0_5: 300_000_000}
VIDEO_ALT: Mapping[str, Check] = {
    Generation.V0_4: string(bytes_max=10_000, graphemes_max=1_000),
    Generation.V0_5: string(),
}


def check_of(collection: str, generation: str) -> Check | None:
    """Return what a record of *collection* must be; None for a collection nobody here knows."""
    if collection == POST:
        return _posts(generation)
    return _OTHERS.get(collection)


def has_tid_keys(collection: str) -> bool:
    """Whether the keys of a collection are TIDs; a gate has the key of its post, which is one."""
    return collection in {POST, LIKE, REPOST, FOLLOW, THREADGATE, POSTGATE}


def wrong_key(collection: str, rkey: str) -> str:
    """Say what is wrong with the key of a record; empty where nothing is."""
    if has_tid_keys(collection) and not is_tid(rkey):
        return f"Invalid record key for {collection}: Invalid TID string (got {rkey!r})"
    if collection == PROFILE and rkey != "self":
        return f'Invalid record key for {collection}: Expected "self" (got {rkey!r})'
    return ""


def unstorable(value: object, path: str) -> str | None:
    """Say what is not of the data model: floats, and links to nothing (atproto.com/specs/data-model)."""
    match value:
        case float():
            return f"Expected a value of the data model (got {value}) at {path}"
        case dict() if "$link" in value and not (len(value) == 1 and is_cid(str(value["$link"]))):
            return f"Expected a link to be a CID at {path}"
        case dict():
            inside = ((each, f"{path}.{name}") for name, each in value.items())
        case list():
            inside = ((each, f"{path}[{number}]") for number, each in enumerate(value))
        case _:
            return None
    return next((wrong for each, where in inside if (wrong := unstorable(each, where)) is not None), None)


class BlobRef(Struct, frozen=True):
    """What a record says of a blob."""

    cid: str
    mime_type: object
    size: object


def blobs_in(value: object) -> list[BlobRef]:
    """Return every reference to a blob in a record, known embed or not."""
    match value:
        case {"$type": "blob", "ref": {"$link": str(cid)}, **rest}:
            return [BlobRef(cid, rest.get("mimeType"), rest.get("size"))]
        case dict():
            return [found for each in value.values() for found in blobs_in(each)]
        case list():
            return [found for each in value for found in blobs_in(each)]
    return []


def _posts(generation: str) -> Check:
    embeds = _embeds(generation)
    return obj(
        {"text": string(bytes_max=3000, graphemes_max=300), "createdAt": _TIME},
        {
            "facets": array(_FACET),
            "reply": obj({"root": _STRONG_REF, "parent": _STRONG_REF}),
            "embed": union(embeds),
            "langs": array(string(form="language"), most=3),
            "labels": _LABELS,
            "tags": array(string(bytes_max=640, graphemes_max=64), most=8),
        },
    )


def _embeds(generation: str) -> dict[str, Check]:
    image_blob = blob("image/*", bytes_max=IMAGE_BYTES_MAX[generation])
    image = obj({"image": image_blob, "alt": _TEXT}, {"aspectRatio": _RATIO})
    card = obj(
        {"uri": string(form="uri"), "title": _TEXT, "description": _TEXT},
        {"thumb": blob("image/*", bytes_max=THUMB_BYTES_MAX)},
    )
    captions = obj({"lang": string(form="language"), "file": blob("text/vtt", bytes_max=20_000)})
    media: dict[str, Check] = {
        "app.bsky.embed.images": obj({"images": array(image, most=4)}),
        "app.bsky.embed.external": obj({"external": card}),
        "app.bsky.embed.video": obj(
            {"video": blob("video/mp4", bytes_max=VIDEO_BYTES_MAX[generation])},
            {
                "alt": VIDEO_ALT[generation],
                "aspectRatio": _RATIO,
                "captions": array(captions, most=20),
            },
        ),
    }
    if generation != Generation.V0_4:
        shown = obj({"image": image_blob, "alt": _TEXT, "aspectRatio": _RATIO})
        one = union({"app.bsky.embed.gallery#image": shown})
        media["app.bsky.embed.gallery"] = obj({"items": array(one, most=20)})
    quote = obj({"record": _STRONG_REF})
    both = obj({"record": quote, "media": union(media)})
    return media | {"app.bsky.embed.record": quote, "app.bsky.embed.recordWithMedia": both}


_ALLOW = union(
    {
        "app.bsky.feed.threadgate#mentionRule": obj({}),
        "app.bsky.feed.threadgate#followerRule": obj({}),
        "app.bsky.feed.threadgate#followingRule": obj({}),
        "app.bsky.feed.threadgate#listRule": obj({"list": _AT_URI}),
    }
)
_SUBJECT = obj({"subject": _STRONG_REF, "createdAt": _TIME})
_OTHERS: Mapping[str, Check] = {
    THREADGATE: obj(
        {"post": _AT_URI, "createdAt": _TIME},
        {"allow": array(_ALLOW, most=5), "hiddenReplies": array(_AT_URI, most=300)},
    ),
    POSTGATE: obj(
        {"post": _AT_URI, "createdAt": _TIME},
        {
            "embeddingRules": array(union({"app.bsky.feed.postgate#disableRule": obj({})}), most=5),
            "detachedEmbeddingUris": array(_AT_URI, most=50),
        },
    ),
    LIKE: _SUBJECT,
    REPOST: _SUBJECT,
    FOLLOW: obj({"subject": string(form="did"), "createdAt": _TIME}),
    PROFILE: obj(
        {},
        {
            "displayName": string(bytes_max=640, graphemes_max=64),
            "description": string(bytes_max=2560, graphemes_max=256),
            "labels": _LABELS,
            "pinnedPost": _STRONG_REF,
            "avatar": blob("image/*", bytes_max=1_000_000),
            "banner": blob("image/*", bytes_max=1_000_000),
        },
    ),
}
INPUTS: Mapping[str, Check] = {
    "com.atproto.repo.createRecord": obj(
        {"repo": _TEXT, "collection": _TEXT, "record": obj({})}, {"rkey": _TEXT, "validate": boolean}
    ),
    "com.atproto.repo.putRecord": obj(
        {"repo": _TEXT, "collection": _TEXT, "rkey": _TEXT, "record": obj({})}, {"validate": boolean}
    ),
    "com.atproto.repo.deleteRecord": obj({"repo": _TEXT, "collection": _TEXT, "rkey": _TEXT}),
    "com.atproto.repo.applyWrites": obj({"repo": _TEXT, "writes": array(obj({}))}, {"validate": boolean}),
    "com.atproto.server.createSession": obj({"identifier": _TEXT, "password_digest": _TEXT}),
}
"""What the JSON bodies must hold; a password has been turned into its digest before."""
