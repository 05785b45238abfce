"""Text as an author meant it: literal characters, and the few constructs that have a meaning.

Each network shows what it can (a link is a facet here, ``text (url)`` there); the spans are what a
provider renders from. Line breaks are characters of the literal text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from threadsync.model.ids import PostKey, TargetName


@dataclass(frozen=True, slots=True)
class Plain:
    """Characters that mean themselves."""

    text: str


@dataclass(frozen=True, slots=True)
class Styled:
    """Bold, italic or code; *style* is ``strong``, ``emphasis`` or ``code``."""

    style: str
    text: str


@dataclass(frozen=True, slots=True)
class Url:
    """A bare address that readers can follow."""

    url: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """Words that lead to an address: ``[label](url)``."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Mention:
    """``@handle``, without the ``@``."""

    handle: str


@dataclass(frozen=True, slots=True)
class Hashtag:
    """``#tag``, without the ``#``."""

    tag: str


@dataclass(frozen=True, slots=True)
class PermalinkOf:
    """``{{ links['KEY@TARGET'] }}``: the permalink of another publication, known after apply."""

    key: PostKey
    target: TargetName


Span: TypeAlias = Plain | Styled | Url | Anchor | Mention | Hashtag | PermalinkOf
Spans: TypeAlias = tuple[Span, ...]
