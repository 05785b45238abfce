"""Text as Bluesky has it: characters, and apart from them *facets*, which say what of it is more.

A facet covers a range of bytes of the UTF-8 text, its end exclusive
(https://docs.bsky.app/docs/advanced-guides/post-richtext). The server looks neither whether ranges lie in the
text nor whether they overlap, and nothing becomes a link by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, assert_never

import regex
from msgspec import Struct

from threadsync.model.ids import Address, Json
from threadsync.model.text import (
    Anchor,
    Hashtag,
    Mark,
    MarkKind,
    Mention,
    PermalinkOf,
    Plain,
    Spans,
    Styled,
    Url,
)

TEXT_GRAPHEMES_MAX = 300
TEXT_BYTES_MAX = 3_000
TAG_GRAPHEMES_MAX = 64
TAG_BYTES_MAX = 640

_GRAPHEME = regex.compile(r"\X")
_FACET = "app.bsky.richtext.facet"


class LinkTo(Struct, frozen=True):
    """Leads to an address."""

    uri: str


class Mentions(Struct, frozen=True):
    """Names an account, here by its handle; what is sent names it by its DID."""

    handle: str


class Tagged(Struct, frozen=True):
    """Is a tag, here without its ``#``."""

    tag: str


Feature: TypeAlias = LinkTo | Mentions | Tagged


class Facet(Struct, frozen=True):
    """The bytes from *start* to before *end* of a text are *feature*."""

    start: int
    end: int
    feature: Feature


class RichText(Struct, frozen=True):
    """A text with its facets, in order and apart from each other."""

    text: str
    facets: tuple[Facet, ...] = ()

    @property
    def handles(self) -> tuple[str, ...]:
        """The accounts it mentions, each once."""
        named = (each.feature.handle for each in self.facets if isinstance(each.feature, Mentions))
        return tuple(dict.fromkeys(named))


def rich_text(spans: Spans, permalink: Callable[[Address], str]) -> RichText:
    """Return what Bluesky gets for *spans*: no styles, and links, mentions and tags as facets."""
    parts: list[str] = []
    facets: list[Facet] = []
    at = 0
    for span in spans:
        text, feature = _shown(span, permalink)
        parts.append(text)
        end = at + len(text.encode())
        if feature is not None and end > at:
            facets.append(Facet(at, end, feature))
        at = end
    return RichText("".join(parts), tuple(facets))


def addresses(rich: RichText) -> dict[str, str]:
    """Return the addresses that readers open and do not read: those of links that are made of other words."""
    text, found = rich.text.encode(), dict[str, str]()
    for facet in rich.facets:
        words = text[facet.start : facet.end].decode()
        if isinstance(facet.feature, LinkTo) and facet.feature.uri != words:
            found[f"link {len(found) + 1}, “{words}”"] = facet.feature.uri
    return found


def marks(rich: RichText) -> tuple[Mark, ...]:
    """Return what of the text is more than words, in code points."""
    text = rich.text.encode() if rich.facets else b""
    found: list[Mark] = []
    for facet in rich.facets:
        start = len(text[: facet.start].decode())
        end = start + len(text[facet.start : facet.end].decode())
        match facet.feature:
            case LinkTo(uri=uri):
                found.append(Mark(start, end, MarkKind.LINK, uri))
            case Mentions():
                found.append(Mark(start, end, MarkKind.MENTION))
            case Tagged():
                found.append(Mark(start, end, MarkKind.TAG))
            case _:
                assert_never(facet.feature)
    return tuple(found)


def _shown(
    span: Plain | Styled | Url | Anchor | Mention | Hashtag | PermalinkOf, permalink: Callable[[Address], str]
) -> tuple[str, Feature | None]:
    match span:
        case Plain(text=text) | Styled(text=text):
            return text, None
        case Url(url=url):
            return url, LinkTo(url)
        case Anchor(label=label, url=url):
            return label, LinkTo(url)
        case Mention(handle=handle):
            return f"@{handle}", Mentions(handle)
        case Hashtag(tag=tag):
            return f"#{tag}", Tagged(tag)
        case PermalinkOf(key=key, target=target):
            url = permalink(Address(key, target))
            return url, LinkTo(url)
        case _:
            assert_never(span)


def graphemes(text: str) -> int:
    """Return how many characters a reader sees in *text* (extended grapheme clusters)."""
    return len(text) - text.count("\r\n") if text.isascii() else len(_GRAPHEME.findall(text))


def as_json(facets: tuple[Facet, ...], dids: Mapping[str, str]) -> list[Json]:
    """Return *facets* as a record has them, accounts by the *dids* of their handles.

    Raises:
        KeyError: a handle has no DID.
    """
    return [
        {
            "index": {"byteStart": each.start, "byteEnd": each.end},
            "features": [_feature_json(each.feature, dids)],
        }
        for each in facets
    ]


def _feature_json(feature: Feature, dids: Mapping[str, str]) -> Json:
    match feature:
        case LinkTo(uri=uri):
            return {"$type": f"{_FACET}#link", "uri": uri}
        case Mentions(handle=handle):
            return {"$type": f"{_FACET}#mention", "did": dids[handle]}
        case Tagged(tag=tag):
            return {"$type": f"{_FACET}#tag", "tag": tag}
        case _:
            assert_never(feature)
