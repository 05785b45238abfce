"""The order of the boxes in an MP4 or QuickTime file, and its edit lists: headers alone are read.

A box is a size, a name of four letters and a content that may be boxes again (ISO/IEC 14496-12, section 4.2;
Apple's QuickTime File Format calls it an atom). Nothing larger than a header is ever read into memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from msgspec import Struct

BOXES_MAX = 4096
"""How many boxes are looked at: a film has dozens, a fragmented one a few for every second."""

_EDIT_LIST = (b"trak", b"edts", b"elst")
"""The way from ``moov`` down to an edit list (ISO/IEC 14496-12, section 8.6.6)."""


class BoxProblem(Exception):
    """The boxes make no sense; the message says why, in a sentence that follows the file's name."""


class Boxes(Struct, frozen=True):
    """What the boxes of a film say about how it is laid out."""

    moov_first: bool
    """Whether the index (``moov``) stands before the film itself (``mdat``)."""
    has_edit_list: bool


class _Box(Struct, frozen=True):
    name: bytes
    begins: int
    """Where its content begins, in bytes from the start of the file."""
    ends: int


def read_boxes(file: BinaryIO, size_bytes: int) -> Boxes:
    """Return how *file*, which has *size_bytes*, is laid out.

    Raises:
        BoxProblem: the file is cut off or damaged, or has no index.
    """
    budget = iter(range(BOXES_MAX))
    found: Boxes | None = None
    film_seen = False
    # To the end: the size of the last box tells whether the file is whole.
    for box in _boxes(file, 0, size_bytes, budget):
        if box.name == b"mdat":
            film_seen = True
        elif box.name == b"moov" and found is None:
            found = Boxes(not film_seen, _has_edit_list(file, box, budget))
    if found is None:
        raise BoxProblem("the film has no index (moov); it was cut off, or its recording did not end well")
    return found


def _has_edit_list(file: BinaryIO, moov: _Box, budget: Iterator[int]) -> bool:
    within = [moov]
    for name in _EDIT_LIST:
        within = [
            box
            for parent in within
            for box in _boxes(file, parent.begins, parent.ends, budget)
            if box.name == name
        ]
    return any(_entries(file, box) > 0 for box in within)


def _entries(file: BinaryIO, edit_list: _Box) -> int:
    """Return how many edits there are: one byte of version, three of flags, then four that count."""
    file.seek(edit_list.begins + 4)
    return int.from_bytes(file.read(4), "big")


def _boxes(file: BinaryIO, begins: int, ends: int, budget: Iterator[int]) -> Iterator[_Box]:
    """Yield the boxes between two places of the file, in order."""
    at = begins
    # QuickTime ends some lists of boxes with four zero bytes; less than a header is no box.
    while at + 8 <= ends:
        if next(budget, None) is None:
            raise BoxProblem(
                f"it has more than {BOXES_MAX} boxes; it is damaged, or a recording in very many parts"
            )
        file.seek(at)
        header = file.read(16)
        size, name, head = int.from_bytes(header[:4], "big"), header[4:8], 8
        if size == 1:  # a size of 64 bits follows the name
            size, head = int.from_bytes(header[8:16], "big"), 16
        elif size == 0:  # the last box reaches to the end
            size = ends - at
        if size < head:
            raise BoxProblem(f"its box {_shown(name)} says that it has {size} bytes; the file is damaged")
        if at + size > ends:
            raise BoxProblem(
                f"its box {_shown(name)} ends behind the end of the file; it was cut off on its way here"
            )
        yield _Box(name, at + head, at + size)
        at += size


def _shown(name: bytes) -> str:
    return name.decode("ascii", "backslashreplace") if name.isascii() and name.isalnum() else repr(name)[1:]
