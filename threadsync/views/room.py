"""A page that has to fit: what matters most is kept, and what is left out is counted, named, and findable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from threadsync.views.markup import code, joined

NOTE_PART: Final = 8
"""Which part of the room telling of what was left out may take: one in so many."""
NOTE_CHARS_MAX: Final = 2_000


class Block(Struct, frozen=True):
    """Lines of a page that stay together."""

    text: str
    rank: int = 0
    """How soon it is left out: the highest first, and 0 never."""
    kind: str = ""
    """What it is, in the plural, where it is left out: ``rows``, ``texts`` …"""
    name: str = ""
    """Which one."""


NOTE: Final = Block("", kind="note")
"""Where it is told what was left out; nothing stands there if nothing was."""


def page(blocks: Sequence[Block], chars_max: int | None, elsewhere: str) -> str:
    """Return *blocks* as a page of at most *chars_max* characters, None for any number.

    What is left out is counted and named where ``NOTE`` stands, with *elsewhere*: where it can be read.
    """
    whole = _page(blocks, "")
    if chars_max is None or len(whole) <= chars_max:
        return whole
    note_chars = min(NOTE_CHARS_MAX, chars_max // NOTE_PART)
    room = chars_max - note_chars - sum(len(each.text) + 2 for each in blocks if not each.rank)
    kept: set[int] = set()
    for place in sorted(range(len(blocks)), key=lambda place: (blocks[place].rank, place)):
        each = blocks[place]
        if not each.rank or len(each.text) + 2 <= room:
            kept.add(place)
            room -= len(each.text) + 2 if each.rank else 0
    left_out = [each for place, each in enumerate(blocks) if place not in kept]
    note = _note(left_out, chars_max, note_chars, elsewhere)
    return _page([each for place, each in enumerate(blocks) if place in kept], note)


def _page(blocks: Sequence[Block], note: str) -> str:
    """Put *blocks* together; one that ends with a line break has an empty line below it."""
    texts = [f"{note}\n" if each is NOTE else each.text for each in blocks]
    return (
        joined([line for text in texts for line in (text.rstrip("\n"), *[""] * text.endswith("\n"))]) + "\n"
    )


def _note(left_out: Sequence[Block], chars_max: int, note_chars: int, elsewhere: str) -> str:
    """Count what is *left_out* by its kind, and name as many as fit."""
    head = f"> **Not all fits** into {chars_max:,} characters. {elsewhere}"
    kinds = dict.fromkeys(each.kind for each in left_out)
    counts = [f"> - {sum(each.kind == kind for each in left_out):,} {kind}" for kind in kinds]
    room = note_chars - len(head) - sum(map(len, counts)) - 8 * len(counts)
    lines = [head, ">"]
    for kind, count in zip(kinds, counts, strict=True):
        names = list(dict.fromkeys(each.name for each in left_out if each.kind == kind and each.name))
        said: list[str] = []
        for name in names:
            if len(code(name)) + 2 > room:
                break
            said.append(code(name))
            room -= len(said[-1]) + 2
        more = " …" if said and len(said) < len(names) else ""
        lines.append(f"{count}{': ' if said else ''}{', '.join(said)}{more}")
    return "\n".join(lines)
