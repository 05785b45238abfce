"""The styles of a long text, as an author writes them: ``**bold**``, ``*italic*``, ``__underlined__`` …

A style begins and ends in one line, styles may stand inside each other, and a backslash takes the meaning
from the sign after it. A sign without a partner is literal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

STYLES: Mapping[str, tuple[str, ...]] = {
    "***": ("bold", "italic"),
    "**": ("bold",),
    "*": ("italic",),
    "_": ("italic",),
    "__": ("underline",),
    "~~": ("strikethrough",),
    "==": ("highlight",),
}
"""What each sign means (developers.facebook.com/docs/threads/create-posts/text-attachments)."""

OPEN_MAX = 16
"""How deep styles may stand inside each other."""

_SIGN = re.compile(r"\\([\\*_~=])|\*{1,3}|_{1,2}|~~|==")


class Stretch(Struct, frozen=True):
    """A part of a text, *start* to *end* in code points, with the styles it has."""

    start: int
    end: int
    styles: tuple[str, ...]


class LongText(Struct, frozen=True):
    """A text without its signs; *stretches* are in order and do not overlap."""

    text: str
    stretches: tuple[Stretch, ...]


def read(source: str) -> LongText:
    """Read *source* as an author wrote it."""
    text, stretches = "", []
    for line in source.splitlines(keepends=True):
        for piece, styles in _pieces(line):
            if styles:
                stretches.append(Stretch(len(text), len(text) + len(piece), styles))
            text += piece
    return LongText(text, tuple(stretches))


def _pieces(line: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the pieces of *line* between its signs, each with the styles it has."""
    signs = list(_SIGN.finditer(line))
    partners = _partners(line, signs)
    active: dict[int, tuple[str, ...]] = {}
    piece, done = "", 0
    for index, sign in enumerate(signs):
        piece += line[done : sign.start()]
        done = sign.end()
        if index not in partners:
            piece += sign[1] or sign.group()
            continue
        if piece:
            yield piece, _together(active)
        piece = ""
        if partners[index] > index:
            active[index] = STYLES[sign.group()]
        else:
            del active[partners[index]]
    if piece + line[done:]:
        yield piece + line[done:], _together(active)


def _together(active: Mapping[int, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({style for styles in active.values() for style in styles}))


def _partners(line: str, signs: list[re.Match[str]]) -> dict[int, int]:
    """Return which signs make pairs, each way; those that are left out are literal."""
    found: dict[int, int] = {}
    open_: list[int] = []
    for index, sign in enumerate(signs):
        if sign[1]:
            continue
        before, after = line[max(0, sign.start() - 1) : sign.start()], line[sign.end() : sign.end() + 1]
        inside_word = sign.group()[0] == "_" and before.isalnum() and after.isalnum()
        if inside_word:
            continue
        # Each sign is taken off the stack once, so that no text makes this slow.
        closes = before.strip() and any(signs[each].group() == sign.group() for each in open_[-OPEN_MAX:])
        if closes:
            start = open_.pop()
            while signs[start].group() != sign.group():
                start = open_.pop()
            if signs[start].end() < sign.start():
                found |= {start: index, index: start}
        elif after.strip():
            open_.append(index)
    return found
