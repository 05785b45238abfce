"""A segment as the records that are written for it: the post, and who may answer or quote it.

Source: https://docs.bsky.app/docs/advanced-guides/posts, and the lexicons ``app.bsky.feed`` and
``app.bsky.embed``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from threadsync.model.ids import Json, MediaDigest
from threadsync.model.journal import Rendered
from threadsync.providers.bluesky.cids import of_record
from threadsync.providers.bluesky.richtext import Facet, Feature, LinkTo, Mentions, Tagged, as_json
from threadsync.providers.bluesky.uris import POST, AtUri

REPOST = "app.bsky.feed.repost"
THREADGATE = "app.bsky.feed.threadgate"
POSTGATE = "app.bsky.feed.postgate"
EMBED = "app.bsky.embed"
IMAGES_MAX = 4
"""More pictures go into a gallery."""

FACETS, LANGS, TAGS, LABELS, SIZES, TYPES, WEIGHTS, CAPTIONS, GATE, QUOTES, CARD = (
    *("facets", "langs", "tags", "labels", "sizes", "types", "bytes", "captions", "who_can_reply", "quotes"),
    "card",
)
"""The options of a rendered segment; sizes, types and bytes are those of its files, one by one."""
GIF = "image/gif"
CAPTIONS_TYPE = "text/vtt"

REPLY_RULES: Mapping[str, tuple[str, ...]] = {
    "nobody": (),
    "followers": ("followerRule",),
    "following": ("followingRule",),
    "mentioned": ("mentionRule",),
}
"""Who may reply, as rules of a threadgate; everyone needs none."""


class StrongRef(Struct, frozen=True):
    """A record in the very words that it has now."""

    uri: str
    cid: str

    def as_json(self) -> dict[str, Json]:
        """Return it as a record names it."""
        return {"uri": self.uri, "cid": self.cid}


class ReplyRef(Struct, frozen=True):
    """What a post replies to, and the post that the conversation began with."""

    root: StrongRef
    parent: StrongRef


class Composed(Struct, frozen=True):
    """One record, ready to be written: the same bytes whenever it is tried."""

    collection: str
    rkey: str
    value: Mapping[str, Json]

    @property
    def cid(self) -> str:
        """What it will be called."""
        return of_record(self.value)

    def ref(self, did: str) -> StrongRef:
        """Return it as other records name it, in the repository of *did*."""
        return StrongRef(str(AtUri(did, self.collection, self.rkey)), self.cid)


class Materials(Struct, frozen=True):
    """What had to be found out or sent before a record can be written."""

    dids: Mapping[str, str]
    """Accounts that are mentioned, by their handles."""
    blobs: Mapping[MediaDigest, Mapping[str, Json]]
    """What the server calls the files that were sent."""
    reply: ReplyRef | None = None
    quoted: StrongRef | None = None


def stamp(at: datetime) -> str:
    """Return *at* as records write it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def post_of(what: Rendered, rkey: str, at: datetime, materials: Materials) -> Composed:
    """Return the record of a post.

    Raises:
        KeyError: *materials* lack an account or a file.
    """
    value: dict[str, Json] = {"$type": POST, "text": what.text, "createdAt": stamp(at)}
    facets = facets_of(what)
    if facets:
        value["facets"] = as_json(facets, materials.dids)
    if materials.reply is not None:
        value["reply"] = {
            "root": materials.reply.root.as_json(),
            "parent": materials.reply.parent.as_json(),
        }
    embed = _embed(what, materials)
    if embed is not None:
        value["embed"] = embed
    for name in (LANGS, TAGS):
        if what.options.get(name):
            value[name] = what.options[name]
    labels = what.options.get(LABELS)
    if isinstance(labels, Sequence) and labels:
        value["labels"] = {
            "$type": "com.atproto.label.defs#selfLabels",
            "values": [{"val": str(each)} for each in labels],
        }
    return Composed(POST, rkey, value)


def repost_of(subject: StrongRef, rkey: str, at: datetime) -> Composed:
    """Return the record of a repost."""
    return Composed(REPOST, rkey, {"$type": REPOST, "subject": subject.as_json(), "createdAt": stamp(at)})


def gates_of(what: Rendered, post: Composed, did: str, at: datetime) -> tuple[Composed, ...]:
    """Return who may reply to *post* and quote it, where that is not everybody; under the key of the post."""
    uri = str(AtUri(did, post.collection, post.rkey))
    found = []
    rules = REPLY_RULES.get(str(what.options.get(GATE, "")))
    if rules is not None:
        allow: Json = [{"$type": f"{THREADGATE}#{rule}"} for rule in rules]
        value = {"$type": THREADGATE, "post": uri, "allow": allow, "createdAt": stamp(at)}
        found.append(Composed(THREADGATE, post.rkey, value))
    if what.options.get(QUOTES) == "nobody":
        embedding: Json = [{"$type": f"{POSTGATE}#disableRule"}]
        value = {"$type": POSTGATE, "post": uri, "embeddingRules": embedding, "createdAt": stamp(at)}
        found.append(Composed(POSTGATE, post.rkey, value))
    return tuple(found)


def facets_of(what: Rendered) -> tuple[Facet, ...]:
    """Return the facets of a rendered segment."""
    kept = what.options.get(FACETS)
    return tuple(map(_facet, kept)) if isinstance(kept, Sequence) and not isinstance(kept, str) else ()


_FEATURES: Mapping[str, Callable[[str], Feature]] = {"link": LinkTo, "mention": Mentions, "tag": Tagged}


def kept_facets(facets: Sequence[Facet]) -> list[Json]:
    """Return *facets* as a rendered segment keeps them."""
    return [[each.start, each.end, *_kept_feature(each)] for each in facets]


def _kept_feature(facet: Facet) -> tuple[str, str]:
    match facet.feature:
        case LinkTo(uri=uri):
            return "link", uri
        case Mentions(handle=handle):
            return "mention", handle
        case Tagged(tag=tag):
            return "tag", tag


def _facet(kept: Json) -> Facet:
    assert isinstance(kept, Sequence), "kept by kept_facets"
    start, end, kind, value = kept
    assert isinstance(start, int), "kept by kept_facets"
    assert isinstance(end, int), "kept by kept_facets"
    return Facet(start, end, _FEATURES[str(kind)](str(value)))


def is_film(content_type: str) -> bool:
    """Whether a file of this type is sent as a film; a GIF is, because it moves."""
    return content_type == GIF or content_type.startswith("video/")


def types_of(what: Rendered) -> tuple[str, ...]:
    """Return the media types of a segment's files."""
    return tuple(map(str, _list(what.options.get(TYPES))))


def weights_of(what: Rendered) -> tuple[int, ...]:
    """Return how many bytes the files of a film's segment have; none for pictures."""
    return tuple(each for each in _list(what.options.get(WEIGHTS)) if isinstance(each, int))


def captions_of(what: Rendered) -> tuple[tuple[str, MediaDigest], ...]:
    """Return the captions of a segment's film, by their languages."""
    kept = [_list(each) for each in _list(what.options.get(CAPTIONS))]
    return tuple((str(lang), MediaDigest(str(digest))) for lang, digest in kept)


def _list(value: Json) -> Sequence[Json]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _embed(what: Rendered, materials: Materials) -> dict[str, Json] | None:
    films = any(map(is_film, types_of(what)))
    media = _film(what, materials) if films else _pictures(what, materials) or _external(what, materials)
    if materials.quoted is None:
        return media
    record: dict[str, Json] = {"$type": f"{EMBED}.record", "record": materials.quoted.as_json()}
    if media is None:
        return record
    return {"$type": f"{EMBED}.recordWithMedia", "record": record, "media": media}


def _pictures(what: Rendered, materials: Materials) -> dict[str, Json] | None:
    if not what.media:
        return None
    pictures: list[Json] = [
        {"image": materials.blobs[digest], "alt": alt, **_ratio(what, index)}
        for index, (digest, alt) in enumerate(zip(what.media, what.alts, strict=True))
    ]
    if len(pictures) <= IMAGES_MAX:
        return {"$type": f"{EMBED}.images", "images": pictures}
    items: list[Json] = [{"$type": f"{EMBED}.gallery#image", **each} for each in pictures]  # type: ignore[dict-item]
    return {"$type": f"{EMBED}.gallery", "items": items}


def _film(what: Rendered, materials: Materials) -> dict[str, Json]:
    """Return the one film of a segment (lexicon ``app.bsky.embed.video``)."""
    (digest,), (alt,), (kind,) = what.media, what.alts, types_of(what)
    made: dict[str, Json] = {"$type": f"{EMBED}.video", "video": materials.blobs[digest]}
    captions: list[Json] = [{"lang": lang, "file": materials.blobs[file]} for lang, file in captions_of(what)]
    if captions:
        made["captions"] = captions
    if alt:
        made["alt"] = alt
    if kind == GIF:
        made["presentation"] = "gif"
    return made | _ratio(what, 0)


def _ratio(what: Rendered, index: int) -> dict[str, Json]:
    """Return the shape of a file, where it is known: no shape is better than a wrong one."""
    sizes = _list(what.options.get(SIZES))
    size = _list(sizes[index]) if index < len(sizes) else ()
    if len(size) != 2 or not all(size):
        return {}
    return {"aspectRatio": {"width": size[0], "height": size[1]}}


def card_of(what: Rendered) -> Mapping[str, Json]:
    """Return the link card of a rendered segment: uri, title, description, thumb with its type if any."""
    kept = what.options.get(CARD)
    return kept if isinstance(kept, Mapping) else {}


def _external(what: Rendered, materials: Materials) -> dict[str, Json] | None:
    """Return the link card; https://docs.bsky.app/docs/advanced-guides/posts#website-card-embeds."""
    card = card_of(what)
    if not card:
        return None
    external: dict[str, Json] = {name: card[name] for name in ("uri", "title", "description")}
    if "thumb" in card:
        external["thumb"] = materials.blobs[MediaDigest(str(card["thumb"]))]
    return {"$type": f"{EMBED}.external", "external": external}
