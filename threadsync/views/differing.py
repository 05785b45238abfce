"""What differs between two texts, word by word."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from enum import StrEnum

import regex
from msgspec import Struct

WORDS_MAX = 500
"""Of either text, between where they begin and end alike: longer ones are shown one after the other, since
comparing what repeats takes more than the square of it."""
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Scripts that are written without spaces between words: each character is compared."""
_WORD = regex.compile(rf"(?V1)(?=[{_UNSPACED}])\X|[[\w\p{{M}}]--[{_UNSPACED}]]+|\s|\X")
"""A word, one white space, or whatever else a reader sees as one character (Unicode UAX #29)."""


class Change(StrEnum):
    """What became of some words."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"


class Stretch(Struct, frozen=True):
    """Words that stand together and share one fate."""

    change: Change
    text: str


def differing(before: str, after: str) -> tuple[Stretch, ...]:
    """Return both texts as one: what stayed, what went and what came, in the order of reading."""
    if before == after:
        return (Stretch(Change.SAME, after),) if after else ()
    return tuple(stretch for stretch in _stretches(_WORD.findall(before), _WORD.findall(after)))


def _stretches(old: list[str], new: list[str]) -> Iterator[Stretch]:
    alike = _alike(old, new)
    behind = _alike(old[alike:][::-1], new[alike:][::-1])
    yield from _stretch(Change.SAME, old[:alike])
    yield from _changes(old[alike : len(old) - behind], new[alike : len(new) - behind])
    yield from _stretch(Change.SAME, old[len(old) - behind :])


def _alike(one: list[str], other: list[str]) -> int:
    """Return how many words both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(one), len(other)))


def _changes(old: list[str], new: list[str]) -> Iterator[Stretch]:
    is_long = max(len(old), len(new)) > WORDS_MAX
    found = [] if is_long else SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    done = begun = 0
    for start, begin, length in found:
        # A lone space between two changes would chop a sentence up.
        if length and "".join(old[start : start + length]).isspace():
            continue
        yield from _stretch(Change.GONE, old[done:start])
        yield from _stretch(Change.NEW, new[begun:begin])
        done, begun = start + length, begin + length
        yield from _stretch(Change.SAME, old[start:done])
    yield from _stretch(Change.GONE, old[done:])
    yield from _stretch(Change.NEW, new[begun:])


def _stretch(change: Change, words: list[str]) -> Iterator[Stretch]:
    if words:
        yield Stretch(change, "".join(words))
