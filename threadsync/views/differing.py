"""What differs between two texts, word by word."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from enum import StrEnum

import regex
from msgspec import Struct

WORDS_MAX = 2_000
"""Of either text: longer ones are shown one after the other, since comparing takes the square of it."""
_WORD = regex.compile(r"[\w\p{M}]+|\s|\X")
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
    whole = ("replace", 0, len(old), 0, len(new))
    is_long = max(len(old), len(new)) > WORDS_MAX
    found = [whole] if is_long else SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for what, start, end, begins, ends in found:
        if what == "equal":
            yield Stretch(Change.SAME, "".join(old[start:end]))
            continue
        if end > start:
            yield Stretch(Change.GONE, "".join(old[start:end]))
        if ends > begins:
            yield Stretch(Change.NEW, "".join(new[begins:ends]))
