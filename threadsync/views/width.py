"""How much room text takes on a terminal, and wrapping it there without tearing a character apart."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import regex

_WORD = regex.compile("[^ ]+ *| +")
"""A word of ASCII, where no character is wide."""
_GRAPHEME = regex.compile(r"\X")
_EMOJI_STYLE = "\ufe0f"
_REGIONAL = range(0x1F1E6, 0x1F200)


def graphemes(text: str) -> list[str]:
    """Part *text* into what readers see as single characters (Unicode UAX #29)."""
    return list(text) if text.isascii() else _GRAPHEME.findall(text)


def cells_of(grapheme: str) -> int:
    """Return how many columns one grapheme takes: two for East Asian wide ones and emoji (UAX #11)."""
    if len(grapheme) == 1:
        return _cells_of_one(grapheme)
    if _EMOJI_STYLE in grapheme or all(ord(each) in _REGIONAL for each in grapheme):
        return 2
    return max(_cells_of_one(each) for each in grapheme)


def _cells_of_one(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def cells(text: str) -> int:
    """Return how many columns *text* takes in a row of its own."""
    return len(text) if text.isascii() else sum(cells_of(each) for each in graphemes(text))


def wrap(text: str, width_cells: int, *, whole_words: bool = False) -> list[str]:
    """Part *text*, which has no line breaks, into rows of at most *width_cells* columns.

    A row ends after a space where it can, and the space at its end is dropped. A word longer than a
    row is broken, or with *whole_words* left whole in a row that is too long, so that an address or a
    command can still be copied.
    """
    if cells(text) <= width_cells:
        return [text.rstrip(" ")]
    rows: list[str] = []
    row, used = "", 0
    for word in _words(text):
        size = cells(word.rstrip(" "))
        if row and used + size > width_cells:
            rows.append(row.rstrip(" "))
            row, used = "", 0
        if size > width_cells and not whole_words:
            *full, word = _broken(word, width_cells)  # noqa: PLW2901  (the rest goes on as the word)
            rows += full
        row += word
        used += cells(word)
    rows.append(row.rstrip(" "))
    return rows


def _words(text: str) -> Iterator[str]:
    """Part *text* where a row may end: after spaces, and beside wide characters, which need none."""
    if text.isascii():
        yield from _WORD.findall(text)
        return
    word = ""
    for grapheme in graphemes(text):
        wide = cells_of(grapheme) == 2
        if word and grapheme != " " and (word[-1] == " " or wide):
            yield word
            word = ""
        word += grapheme
        if wide:
            yield word
            word = ""
    if word:
        yield word


def _broken(word: str, width_cells: int) -> list[str]:
    rows, row, used = [], "", 0
    for grapheme in graphemes(word):
        size = cells_of(grapheme)
        if row and used + size > width_cells:
            rows.append(row)
            row, used = "", 0
        row += grapheme
        used += size
    return [*rows, row]
