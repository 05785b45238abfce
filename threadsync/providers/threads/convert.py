"""Posts to what Threads gets, and what Threads shows back to what we compare.

Sources: developers.facebook.com/docs/threads/posts (text, media, links), and
developers.facebook.com/docs/threads/reference/media-retrieval (what is read back).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from typing import assert_never
from urllib.parse import urlsplit

import regex

from threadsync.model.facts import ObservedPost
from threadsync.model.ids import Address, RemoteId
from threadsync.model.journal import Rendered
from threadsync.model.post import Segment
from threadsync.model.text import Anchor, Hashtag, Mention, PermalinkOf, Plain, Spans, Styled, Url
from threadsync.providers.threads.api import MediaObject

TEXT_MAX = 500
COUNTS = ("grapheme-emoji-bytes", "codepoints", "bytes")
"""How Threads counts is not settled by its documentation, so the rule is a setting (``text_count``)."""

_GRAPHEME = regex.compile(r"\X")
_EMOJI = regex.compile(r"\p{Extended_Pictographic}|\p{Regional_Indicator}|⃣")
_LINK = regex.compile(r"(?:https?://|www\.)[^\s<>\"]+", regex.IGNORECASE)
_KINDS = {"TEXT_POST": "text", "IMAGE": "image", "VIDEO": "video", "CAROUSEL_ALBUM": "carousel"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def text_of(spans: Spans, permalink: Callable[[Address], str]) -> str:
    """Return the text Threads gets: no styles, and links as ``label (url)``."""
    parts: list[str] = []
    for span in spans:
        match span:
            case Plain(text=text) | Styled(text=text):
                parts.append(text)
            case Url(url=url):
                parts.append(url)
            case Anchor(label=label, url=url):
                parts.append(url if label == url else f"{label} ({url})")
            case Mention(handle=handle):
                parts.append(f"@{handle}")
            case Hashtag(tag=tag):
                parts.append(f"#{tag}")
            case PermalinkOf(key=key, target=target):
                parts.append(permalink(Address(key, target)))
            case _:
                assert_never(span)
    return "".join(parts)


def count(text: str, rule: str) -> int:
    """Return the length of *text* as *rule* counts it.

    ``grapheme-emoji-bytes``: what a reader sees as one character counts one, an emoji as many as it
    has UTF-8 bytes. Source: developers.facebook.com/docs/threads/posts ("Emojis are counted as the
    number of UTF-8 bytes"), read together with accepted posts in scripts of several bytes a letter.
    """
    match rule:
        case "codepoints":
            return len(text)
        case "bytes":
            return len(text.encode())
        case _:
            if text.isascii():
                return len(text) - text.count("\r\n")
            return sum(
                len(cluster.encode()) if _EMOJI.search(cluster) else 1 for cluster in _GRAPHEME.findall(text)
            )


def links_in(text: str) -> tuple[str, ...]:
    """Return the different links of *text*; a host without a scheme counts as one (``www.…``)."""
    found = (match.group().rstrip(".,;:!?)'") for match in _LINK.finditer(text))
    return tuple(dict.fromkeys(found))


def rendered(segment: Segment, index: int, text: str) -> Rendered:
    """Return *segment* as it is kept on record: enough to make it and to find it again."""
    media = tuple(item.digest for item in segment.media)
    return Rendered(index, segment.digest, text, media, tuple(item.alt for item in segment.media))


def kind_of(what: Rendered) -> str:
    """Return ``text``, ``image`` or ``carousel``."""
    if not what.media:
        return "text"
    return "image" if len(what.media) == 1 else "carousel"


def observed(media: MediaObject) -> ObservedPost:
    """Return a post as planning and matching see it."""
    return ObservedPost(
        RemoteId(media.id),
        _KINDS.get(media.media_type or "", "other"),
        media.text or "",
        media.timestamp or EPOCH,
        media.permalink or "",
        RemoteId(media.replied_to) if media.replied_to is not None else None,
        len(media.children),
    )


def same_text(sent: str, shown: str) -> bool:
    """Whether *shown* is what Threads makes of *sent*.

    White space at line ends does not survive, and a tag that became the topic may lose its ``#``
    (developers.facebook.com/docs/threads/posts, topic tags).
    """
    return _plain(sent) == _plain(shown)


def _plain(text: str) -> str:
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("#", "").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def matches(what: Rendered, parent: RemoteId | None, post: ObservedPost) -> bool:
    """Whether *post* may be what publishing *what* under *parent* made (kind, parent, text, children)."""
    kind = kind_of(what)
    return (
        post.kind == kind
        and post.parent == parent
        and same_text(what.text, post.text)
        and (kind != "carousel" or post.children == len(what.media))
    )


def reference_of(text: str) -> tuple[str | None, str | None]:
    """Read ``id:…``, a bare id or a permalink; return (id, shortcode), one of them None.

    Permalinks: ``https://www.threads.com/@user/post/CODE`` (also threads.net, and ``/t/CODE``).
    """
    bare = text.removeprefix("id:")
    if bare.isdecimal():
        return bare, None
    parts = [part for part in urlsplit(text).path.split("/") if part]
    if len(parts) >= 2 and parts[-2] in {"post", "t"}:
        return None, parts[-1]
    return None, None
