"""Columns and wrapping: what readers see as one character is never torn, and takes its real room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from threadsync.views.width import cells, graphemes, wrap


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0),
        ("abc", 3),
        ("é", 1),
        ("e\u0301", 1),
        ("駅", 2),
        ("👍", 2),
        ("👩‍🦽", 2),
        ("🇦🇹", 2),
        ("❤️", 2),
        ("ﾊ", 1),
    ],
)
def test_columns_of_known_characters(text: str, width: int) -> None:
    assert cells(text) == width


@given(st.text(alphabet="abc äöü 駅のエレベーター 👍🚇 ½—…", max_size=80))
def test_columns_agree_with_those_of_the_terminal_library(text: str) -> None:
    assert cells(text) == cell_len(text)


@given(st.text(alphabet=st.characters(exclude_characters="\n"), max_size=200), st.integers(2, 60))
def test_wrapping_keeps_every_character_but_spaces_at_row_ends(text: str, width: int) -> None:
    rows = wrap(text, width)
    assert "".join(rows).replace(" ", "") == text.replace(" ", "")
    assert all(cells(row) <= width for row in rows)


@given(st.text(alphabet="👩‍🦽🇦🇹é駅a ", max_size=60), st.integers(2, 20))
def test_wrapping_tears_no_grapheme_apart(text: str, width: int) -> None:
    whole = set(graphemes(text))
    assert all(set(graphemes(row)) <= whole for row in wrap(text, width))


def test_rows_end_after_words() -> None:
    assert wrap("one two three", 8) == ["one two", "three"]
    assert wrap("one abcdefghij", 8) == ["one", "abcdefgh", "ij"]
    assert wrap("one abcdefghij k", 8, whole_words=True) == ["one", "abcdefghij", "k"]
    assert wrap("駅駅駅駅", 5) == ["駅駅", "駅駅"]


@given(st.text("a b-", max_size=40), st.integers(1, 12), st.booleans())
def test_ascii_is_wrapped_like_any_other_text(text: str, width: int, whole_words: bool) -> None:
    """It is parted into words in a way of its own, which is faster."""
    rows = wrap(text.replace("a", "ä"), width, whole_words=whole_words)
    assert wrap(text, width, whole_words=whole_words) == [row.replace("ä", "a") for row in rows]
