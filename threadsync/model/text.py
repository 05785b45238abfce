"""Text as an author meant it: literal characters, and the few constructs that have a meaning.

Each network shows what it can (a link is a facet here, ``text (url)`` there); the spans are what a
provider renders from. Line breaks are characters of the literal text.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from threadsync.model.ids import PostKey, TargetName


class Plain(Struct, frozen=True):
    """Characters that mean themselves."""

    text: str


class Styled(Struct, frozen=True):
    """Bold, italic or code; *style* is ``strong``, ``emphasis`` or ``code``."""

    style: str
    text: str


class Url(Struct, frozen=True):
    """A bare address that readers can follow."""

    url: str


class Anchor(Struct, frozen=True):
    """Words that lead to an address: ``[label](url)``."""

    label: str
    url: str


class Mention(Struct, frozen=True):
    """``@handle``, without the ``@``."""

    handle: str


class Hashtag(Struct, frozen=True):
    """``#tag``, without the ``#``."""

    tag: str


class PermalinkOf(Struct, frozen=True):
    """``{{ links['KEY@TARGET'] }}``: the permalink of another publication, known after apply."""

    key: PostKey
    target: TargetName


Span: TypeAlias = Plain | Styled | Url | Anchor | Mention | Hashtag | PermalinkOf
Spans: TypeAlias = tuple[Span, ...]


class MarkKind(StrEnum):
    """What readers of a network see some words as."""

    LINK = "link"
    MENTION = "mention"
    TAG = "tag"
    HIDDEN = "hidden"
    """Covered until a tap."""


class Mark(Struct, frozen=True):
    """The characters (code points) from *start* to before *end* of a rendered text are more than words."""

    start: int
    end: int
    kind: MarkKind
    url: str = ""
    """Where a link leads."""
