"""Posts to what Bluesky gets, and what it holds back to what we compare.

Sources: https://docs.bsky.app/docs/advanced-guides/posts, and the lexicon ``app.bsky.feed.post``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from threadsync.model.facts import ObservedPost
from threadsync.model.ids import Json, RemoteId
from threadsync.model.journal import Rendered
from threadsync.model.post import Card, Publication, Segment
from threadsync.providers.base import Permalinks
from threadsync.providers.bluesky import tids
from threadsync.providers.bluesky.api_feeds import PostView
from threadsync.providers.bluesky.api_repo import Record
from threadsync.providers.bluesky.preparing import PLANNED, UNTIL
from threadsync.providers.bluesky.publishing import CID
from threadsync.providers.bluesky.records import (
    CAPTIONS,
    CARD,
    FACETS,
    GATE,
    LABELS,
    LANGS,
    QUOTES,
    REPOST,
    SIZES,
    TAGS,
    TYPES,
    WEIGHTS,
    card_of,
    is_film,
    kept_facets,
    types_of,
)
from threadsync.providers.bluesky.richtext import RichText, rich_text
from threadsync.providers.bluesky.uris import AtUri, permalink_of

MIME: Mapping[str, str] = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "HEIC": "image/heic",
    "MP4": "video/mp4",
    "MOV": "video/quicktime",
    "WEBM": "video/webm",
}
HIDING = frozenset({"!hide", "!takedown"})
COVERING = ("porn", "sexual", "nudity", "graphic-media")
"""Labels that blur the pictures of a post (docs.bsky.app/docs/advanced-guides/moderation#labels)."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def said(publication: Publication, index: int, links: Permalinks) -> RichText:
    """Return the text of a segment with its facets, its number in a chain behind it."""
    rich = rich_text(publication.segments[index].spans, links)
    number = publication.numbering(index)
    if not number:
        return rich
    return RichText(f"{rich.text}\n\n{number}" if rich.text else number, rich.facets)


def records_of(publication: Publication, index: int) -> int:
    """Return how many records a segment is: the post, and who may reply to it and quote it."""
    own = {**publication.options, **publication.segments[index].options}
    is_gated = index == 0 and publication.who_can_reply not in {None, "everyone"}
    return 1 + is_gated + (own.get("quotes") == "nobody")


def rendered(publication: Publication, segment: Segment, index: int, links: Permalinks) -> Rendered:
    """Return *segment* as it is kept on record: enough to make it and to find it again."""
    rich = said(publication, index, links)
    options: dict[str, Json] = {}
    if rich.facets:
        options[FACETS] = kept_facets(rich.facets)
    if publication.langs:
        options[LANGS] = list(publication.langs)
    if publication.tags:
        options[TAGS] = list(publication.tags)
    own = {**publication.options, **segment.options}
    if own.get("labels"):
        options[LABELS] = own["labels"]
    if index == 0 and publication.who_can_reply not in {None, "everyone"}:
        options[GATE] = publication.who_can_reply
    if own.get("quotes") == "nobody":
        options[QUOTES] = "nobody"
    if segment.media:
        options[SIZES] = [[item.sent.width, item.sent.height] for item in segment.media]
        types = [MIME.get(item.sent.format, "") for item in segment.media]
        options[TYPES] = list(types)
        if any(map(is_film, types)):
            options[WEIGHTS] = [item.sent.size_bytes for item in segment.media]
    captions: list[Json] = [
        [each.lang, each.facts.digest] for item in segment.media for each in item.captions
    ]
    if captions:
        options[CAPTIONS] = captions
    if segment.link is not None:
        options[CARD] = _card(segment.card or Card(segment.link, segment.link))
    schedule = publication.control.publish
    if schedule is not None:
        options[PLANNED] = schedule.at.astimezone(UTC).isoformat()
        options[UNTIL] = (schedule.at + schedule.window).astimezone(UTC).isoformat()
    return Rendered(
        index,
        segment.digest,
        rich.text,
        tuple(item.sent.digest for item in segment.media),
        tuple(item.alt for item in segment.media),
        options,
    )


def _card(card: Card) -> dict[str, Json]:
    kept: dict[str, Json] = {"uri": card.url, "title": card.title, "description": card.description}
    if card.thumb is not None:
        kept |= {"thumb": card.thumb.facts.digest, "thumb_type": MIME[card.thumb.facts.format]}
    return kept


def observed(record: Record) -> ObservedPost | None:
    """Return a record as planning and matching see it; None where it is no post.

    Its time is that of its key, which says when it was written; ``createdAt`` may say anything.
    """
    uri = AtUri.parse(record.uri)
    if uri is None:
        return None
    value = record.value
    embed, quoted = _embedded(value.get("embed"))
    pictures = embed.get("images") or embed.get("items")
    count = len(pictures) if isinstance(pictures, Sequence) else 0
    carries = {CID: record.cid or "", **({"quotes": quoted} if quoted else {})}
    external = embed.get("external")
    if isinstance(external, Mapping):
        carries["card"] = str(external.get("uri", ""))
    if uri.collection == REPOST:
        carries["reposts"] = _uri_of(value.get("subject"))
    return ObservedPost(
        RemoteId(record.uri),
        "repost" if uri.collection == REPOST else _kind(embed, count),
        str(value.get("text") or ""),
        time_of(uri.rkey, value),
        permalink_of(uri, carries.get("reposts")),
        parent_of(value),
        count if count > 1 else 0,
        carries=carries,
        author=uri.repo,
    )


def parent_of(value: Mapping[str, Json]) -> RemoteId | None:
    """Return what a post, by its record, replies to."""
    reply = value.get("reply")
    parent = _uri_of(reply.get("parent")) if isinstance(reply, Mapping) else ""
    return RemoteId(parent) if parent else None


def matches(what: Rendered, parent: RemoteId | None, post: ObservedPost) -> bool:
    """Whether *post* may be what publishing *what* under *parent* made."""
    if post.kind == "repost":
        return what.reposts is not None and post.carries.get("reposts") == what.reposts
    kind = "text" if not what.media else "image" if len(what.media) == 1 else "carousel"
    if any(map(is_film, types_of(what))):
        kind = "video"
    return (
        what.reposts is None
        and post.kind == kind
        and post.parent == parent
        and post.text == what.text
        and (kind != "carousel" or post.children == len(what.media))
        and post.carries.get("quotes") == what.quotes
        and post.carries.get("card") == card_of(what).get("uri")
    )


def _kind(embed: Mapping[str, Json], pictures: int) -> str:
    match str(embed.get("$type", "")).removeprefix("app.bsky.embed."):
        case "images" | "gallery":
            return "image" if pictures == 1 else "carousel"
        case "video":
            return "video"
        case "" | "external" | "record":
            return "text"
        case _:
            return "other"


def _embedded(embed: Json) -> tuple[Mapping[str, Json], str]:
    """Return the media of an embed, and what it quotes."""
    if not isinstance(embed, Mapping):
        return {}, ""
    match embed.get("$type"):
        case "app.bsky.embed.record":
            return embed, _uri_of(embed.get("record"))
        case "app.bsky.embed.recordWithMedia":
            inner, media = embed.get("record"), embed.get("media")
            quoted = _uri_of(inner.get("record")) if isinstance(inner, Mapping) else ""
            return (media if isinstance(media, Mapping) else {}), quoted
        case _:
            return embed, ""


def _uri_of(reference: Json) -> str:
    return str(reference.get("uri", "")) if isinstance(reference, Mapping) else ""


def cover(what: Rendered) -> str:
    """Return the labels that cover the pictures of *what* in readers' apps; empty where none does."""
    labels = what.options.get(LABELS)
    found = [each for each in COVERING if isinstance(labels, list) and each in labels]
    return ", ".join(found) if what.media else ""


def is_hidden(view: PostView) -> bool:
    """Whether moderators keep a post from readers; https://docs.bsky.app/docs/advanced-guides/moderation#labels."""
    labels = view.more.get("labels")
    return isinstance(labels, list) and any(
        isinstance(label, dict) and label.get("val") in HIDING and label.get("src") != view.author
        for label in labels
    )


def time_of(rkey: str, value: Mapping[str, Json]) -> datetime:
    """Return when a record was made: what its key tells, or else what it says itself."""
    try:
        return tids.time_of(rkey)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(str(value.get("createdAt"))).astimezone(UTC)
    except (ValueError, OverflowError):
        return EPOCH
