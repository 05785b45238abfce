"""Rows of a page for a terminal: wrapped, indented, and coloured where that is asked for.

Colour only repeats what signs and words say. What comes from files or networks is made printable
here, so that no view can forget it.
"""

from __future__ import annotations

from enum import Enum

from threadsync.content.escape import printable
from threadsync.views.width import wrap

WIDTH_CELLS_MIN = 40
LINE, CONTINUED = "│ ", "┊ "
"""What stands before a line of an exact text, and before the rest of a line too long for the page."""


class Style(Enum):
    """What a row means; the value is its SGR code (ECMA-48)."""

    GOOD = "32"
    CHANGE = "33"
    BAD = "31"
    MOVE = "36"
    STRONG = "1"
    FAINT = "2"


class Page:
    """Text under construction; *width_cells* is the terminal's."""

    def __init__(self, width_cells: int, *, color: bool) -> None:
        self._width_cells = max(width_cells, WIDTH_CELLS_MIN)
        self._color = color
        self._rows: list[str] = []

    def add(self, text: str, *, indent: int = 0, hang: int = 0, style: Style | None = None) -> None:
        """Add a paragraph; rows after its first are indented by *hang* more."""
        start = indent
        for line in text.split("\n"):
            shown = printable(line)
            first = wrap(shown, self._width_cells - start, whole_words=True)[0]
            self._row(" " * start, first, style)
            start = indent + hang
            rest = shown[len(first) :].lstrip(" ")
            for row in wrap(rest, self._width_cells - start, whole_words=True) if rest else ():
                self._row(" " * start, row, style)

    def exact(self, text: str, *, indent: int) -> None:
        """Add *text* line by line, each marked, so that its own line breaks can be told from ours."""
        for line in text.split("\n"):
            rows = wrap(printable(line), self._width_cells - indent - len(LINE))
            for number, row in enumerate(rows):
                self._row(" " * indent + (CONTINUED if number else LINE), row, None)

    def command(self, text: str, *, indent: int) -> None:
        """Add a command for a shell in one row, however long: it is there to be copied."""
        self._row(" " * indent, printable(text), Style.STRONG)

    def blank(self) -> None:
        """Add an empty row, unless there is one already or the page is empty."""
        if self._rows and self._rows[-1]:
            self._rows.append("")

    def _row(self, before: str, row: str, style: Style | None) -> None:
        painted = f"\x1b[{style.value}m{row}\x1b[0m" if self._color and style is not None and row else row
        self._rows.append((before + painted).rstrip(" "))

    def text(self) -> str:
        """Return the whole, every row ended by a line break."""
        while self._rows and not self._rows[-1]:
            self._rows.pop()
        return "".join(row + "\n" for row in self._rows)
