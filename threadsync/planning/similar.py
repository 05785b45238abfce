"""Whether two texts are so alike that one may be the other, renamed and touched up."""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher

import regex

ALIKE = 0.8
WORDS_MIN = 4
"""Shorter texts are compared as a whole: two greetings are not one post."""

_WORD = regex.compile(r"\w+")


def alike(one: str, other: str) -> bool:
    """Whether *one* and *other* share most of their words, in much the same order."""
    mine, theirs = _WORD.findall(one.casefold()), _WORD.findall(other.casefold())
    if min(len(mine), len(theirs)) < WORDS_MIN:
        return bool(mine) and mine == theirs
    shared = sum((Counter(mine) & Counter(theirs)).values())
    # A cheap upper bound first: most pairs of posts share few words.
    if 2 * shared / (len(mine) + len(theirs)) < ALIKE:
        return False
    return SequenceMatcher(None, mine, theirs, autojunk=False).ratio() >= ALIKE
