"""One post of Bluesky as a page shows it: its record, read as a reader's app reads it.

A record may be anything that its lexicon lets through, and on this network lexicons are open: what is not
understood is left out, as apps do (atproto.com/specs/lexicon).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import accumulate

from markupsafe import Markup
from msgspec.structs import replace

from threadsync.sandbox.bluesky.lexicons import POSTGATE, THREADGATE, blobs_in
from threadsync.sandbox.bluesky.state import Record, State
from threadsync.sandbox.bluesky.values import Json
from threadsync.sandbox.pages.texts import LINK, PROFILE, WORD, Mark, apart, cut, plain_line
from threadsync.sandbox.pages.times import Moment
from threadsync.sandbox.pages.views import (
    QUOTED_LENGTH,
    AuthorView,
    CaptionView,
    CardView,
    MediaView,
    PostView,
    QuoteView,
)

VEILED = frozenset({"porn", "sexual", "nudity", "graphic-media"})
"""The labels of a post that cover its media (docs.bsky.app/docs/advanced-guides/moderation)."""
_ATTACHED = {"image": "picture", "video": "video"}
_RULES: Mapping[str, str] = {
    "app.bsky.feed.threadgate#mentionRule": "who is mentioned",
    "app.bsky.feed.threadgate#followerRule": "followers",
    "app.bsky.feed.threadgate#followingRule": "who is followed",
    "app.bsky.feed.threadgate#listRule": "a list",
}


def author_view(state: State, did: str) -> AuthorView:
    """Make the author's view of an account."""
    handle = state.accounts[did].handle
    words = [word for word in handle.partition(".")[0].split("-") if word]
    return AuthorView.of(handle, words, list(state.accounts).index(did), f"/profile/{handle}")


def post_path(state: State, post: Record) -> str:
    """Return the path of a post's page: that of bsky.app."""
    return f"/profile/{state.accounts[post.did].handle}/post/{post.rkey}"


def written_at(post: Record) -> float:
    """Return when a post was made: the earlier of what it says and when it came.

    docs.bsky.app/docs/advanced-guides/timestamps
    """
    try:
        said = datetime.fromisoformat(str(post.value.get("createdAt"))).timestamp()
    except ValueError:
        return post.indexed_at  # written with validation waived
    return min(said, post.indexed_at)


def uri_in(value: object, *path: str) -> str:
    """Return the ``uri`` of what stands at *path* in a record; empty where there is none."""
    found = _at(value, *path, "uri")
    return found if isinstance(found, str) else ""


def post_view(state: State, now: float, post: Record) -> PostView:
    """Make the view of one post."""
    embed = post.value.get("embed")
    attached = _at(embed, "media") if _kind(embed) == "app.bsky.embed.recordWithMedia" else embed
    labels = list(_labels(post.value))
    media = tuple(_media(attached))
    return PostView(
        ident=post.uri.removeprefix("at://").replace("/", "-"),
        path=post_path(state, post),
        author=author_view(state, post.did),
        time=Moment.of(written_at(post), now),
        text=_text(state, post.value),
        media=media,
        veil=", ".join(each for each in labels if each in VEILED) if media else "",
        card=_card(attached),
        quote=_quote(state, embed),
        notes=tuple(_notes(state, post, labels)),
    )


def repost_view(state: State, now: float, repost: Record) -> PostView:
    """Make the view of a repost: the original, and who reposted it."""
    original = state.records.get(uri_in(repost.value, "subject"))
    by = author_view(state, repost.did)
    ident = repost.uri.removeprefix("at://").replace("/", "-")
    if original is None:
        moment = Moment.of(written_at(repost), now)
        return PostView(ident, by.path, by, moment, Markup(), reposted_by=by, is_gone=True)
    return replace(post_view(state, now, original), ident=ident, reposted_by=by)


# The text, with its facets.


def _text(state: State, value: Json) -> Markup:
    text = str(value.get("text", ""))
    ends = list(accumulate(len(mark.encode()) for mark in text))
    marks = apart([mark for facet in _list(value.get("facets")) for mark in _marks(state, facet, ends)])
    return Markup("").join(piece for _, piece in cut(text, marks, set()))


def _marks(state: State, facet: object, ends: list[int]) -> Iterator[Mark]:
    """Yield the mark of a facet, whose range is in bytes; none if that cuts a character or leaves the text.

    docs.bsky.app/docs/advanced-guides/post-richtext
    """
    places = [_place(_at(facet, "index", name), ends) for name in ("byteStart", "byteEnd")]
    if places[0] is None or places[1] is None or places[0] >= places[1]:
        return
    for feature in _list(_at(facet, "features"))[:1]:
        around, target = _around(state, feature)
        yield Mark(places[0], places[1], around, target)


def _around(state: State, feature: object) -> tuple[Markup, str]:
    match feature:
        case {"$type": "app.bsky.richtext.facet#link", "uri": str(uri)} if CardView.of(uri) is not None:
            return LINK, uri
        case {"$type": "app.bsky.richtext.facet#mention", "did": str(did)} if did in state.accounts:
            return PROFILE, author_view(state, did).path
    return WORD, ""


def _place(offset: object, ends: list[int]) -> int | None:
    """Turn an offset in bytes into one in code points; None where no character begins or ends there."""
    if not isinstance(offset, int) or offset == 0:
        return 0 if offset == 0 else None
    at = bisect_left(ends, offset)
    return at + 1 if at < len(ends) and ends[at] == offset else None


# What hangs on it.


def _media(embed: object) -> Iterator[MediaView]:
    match embed:
        case {"$type": "app.bsky.embed.images", "images": list(pictures)}:
            yield from (_picture(each) for each in pictures)
        case {"$type": "app.bsky.embed.gallery", "items": list(pictures)}:
            yield from (_picture(each) for each in pictures)
        case {"$type": "app.bsky.embed.video"}:
            width, height = _size(embed)
            captions = (
                CaptionView(str(_at(each, "lang")), _blob(_at(each, "file")))
                for each in _list(_at(embed, "captions"))
            )
            yield MediaView(
                _blob(_at(embed, "video")),
                is_video=True,
                alt_text=str(_at(embed, "alt") or ""),
                width=width,
                height=height,
                captions=tuple(captions),
            )


def _picture(shown: object) -> MediaView:
    width, height = _size(shown)
    return MediaView(
        _blob(_at(shown, "image")),
        is_video=False,
        alt_text=str(_at(shown, "alt") or ""),
        width=width,
        height=height,
    )


def _size(shown: object) -> tuple[int, int]:
    match _at(shown, "aspectRatio"):
        case {"width": int(width), "height": int(height)}:
            return width, height
    return 0, 0


def _blob(reference: object) -> str:
    """Return where the page finds a blob; empty for no reference."""
    found = blobs_in(reference)
    return f"/blob/{found[0].cid}" if found else ""


def _card(embed: object) -> CardView | None:
    match embed:
        case {"$type": "app.bsky.embed.external", "external": {"uri": str(uri)} as card}:
            title, description = (str(card.get(name, "")) for name in ("title", "description"))
            return CardView.of(uri, title=title, description=description, picture=_blob(card.get("thumb")))
    return None


def _quote(state: State, embed: object) -> QuoteView | None:
    match embed:
        case {"$type": "app.bsky.embed.record"}:
            uri = uri_in(embed, "record")
        case {"$type": "app.bsky.embed.recordWithMedia"}:
            uri = uri_in(embed, "record", "record")
        case _:
            return None
    other = state.records.get(uri)
    if other is None:
        return QuoteView(None)
    text = plain_line(str(other.value.get("text", "")), QUOTED_LENGTH)
    kinds = (str(blob.mime_type).partition("/")[0] for blob in blobs_in(other.value.get("embed")))
    found = Counter(_ATTACHED[kind] for kind in kinds if kind in _ATTACHED)
    about = ", ".join(f"{count} {word}{'s' if count > 1 else ''}" for word, count in found.items())
    return QuoteView(author_view(state, other.did), post_path(state, other), text, about)


# What is to be known besides.


def _labels(value: Json) -> Iterator[str]:
    for each in _list(_at(value.get("labels"), "values")):
        yield str(_at(each, "val"))


def _notes(state: State, post: Record, labels: list[str]) -> Iterator[str]:
    if post.value.get("langs"):
        yield f"Language: {', '.join(map(str, _list(post.value.get('langs'))))}"
    for tag in _list(post.value.get("tags")):
        yield f"#{tag}"
    for label in labels:
        yield f"Label: {label}"
    gate = state.records.get(f"at://{post.did}/{THREADGATE}/{post.rkey}")
    if gate is not None and isinstance(allow := gate.value.get("allow"), list):
        yield f"Who can reply: {', '.join(_RULES.get(_kind(rule), 'others') for rule in allow) or 'nobody'}"
    rules = state.records.get(f"at://{post.did}/{POSTGATE}/{post.rkey}")
    if rules is not None and _list(rules.value.get("embeddingRules")):
        yield "Nobody may quote it"


def _at(value: object, *path: str) -> object:
    """Return what stands at *path* in a record; None where nothing does."""
    for name in path:
        match value:
            case {**members}:
                value = members.get(name)
            case _:
                return None
    return value


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _kind(value: object) -> str:
    return str(_at(value, "$type"))
