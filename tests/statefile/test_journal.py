"""The journal: a torn end was never acknowledged, everything else is kept or refused, never guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.model.strategies import notes as any_notes
from tests.statefile.worlds import folded, published, skipped, started
from threadsync.errors import StateDamaged, StateForeign, StateTooNew
from threadsync.model.journal import Note
from threadsync.model.ledger import fold
from threadsync.model.state import Lineage
from threadsync.statefile import journal as module
from threadsync.statefile.codec import Document, encode, open_document
from threadsync.statefile.journal import header_line, header_of, read_journal, record_line

BASE = open_document(encode(replace(folded(*published(1)), lineage=Lineage("l-1"), serial=5)))
HEADER = header_of(BASE, "j-1")
FIRST = BASE.state.sequence + 1
NOTES: tuple[Note, ...] = (started(), *published(2), skipped("late"))


def lines_of(*notes: Note, first: int = FIRST) -> list[bytes]:
    return [record_line(number, note) for number, note in enumerate(notes, start=first)]


LINES = [header_line(HEADER), *lines_of(*NOTES)]
WHOLE = b"".join(LINES)
NUMBERED = tuple(enumerate(NOTES, start=FIRST))


def document(
    *, lineage: str = "l-1", serial: int = 5, journal: str = "", more: tuple[Note, ...] = ()
) -> Document:
    state = fold(BASE.state, list(enumerate(more, start=FIRST)))
    return open_document(encode(replace(state, lineage=Lineage(lineage), serial=serial), journal=journal))


def test_a_whole_journal_reads_back() -> None:
    found = read_journal(WHOLE, BASE)
    assert found.journal == "j-1"
    assert found.notes == NUMBERED


@given(st.lists(any_notes, max_size=4))
def test_any_note_reads_back(notes: list[Note]) -> None:
    data = b"".join([header_line(HEADER), *lines_of(*notes)])
    assert read_journal(data, BASE).notes == tuple(enumerate(notes, start=FIRST))


@given(st.integers(0, len(WHOLE)), st.integers(0, 9))
def test_cut_anywhere_it_holds_the_lines_that_are_whole(cut: int, zeros: int) -> None:
    """A record counts when its line end is there; zeros are what some file systems leave behind."""
    whole = WHOLE[:cut].count(b"\n")
    found = read_journal(WHOLE[:cut] + b"\0" * zeros, BASE)
    assert found.notes == NUMBERED[: max(0, whole - 1)]


@pytest.mark.parametrize("line", range(len(LINES)))
def test_a_damaged_line_is_dropped_at_the_end_and_refused_before_it(line: int) -> None:
    damaged = [*LINES[:line], LINES[line].replace(b"0", b"1", 1).replace(b"2", b"3", 1), *LINES[line + 1 :]]
    assert damaged != LINES
    assert read_journal(b"".join(damaged[: line + 1]), BASE).notes == NUMBERED[: max(0, line - 1)]
    if line + 1 < len(LINES):
        with pytest.raises(StateDamaged, match=f"line {line + 1} is not what was written") as caught:
            read_journal(b"".join(damaged), BASE, "s.json.journal")
        assert caught.value.where == "s.json.journal"
        assert "keep it" in caught.value.remedy


def test_a_torn_line_does_not_excuse_the_one_before_it() -> None:
    damaged = LINES[-1].replace(b"late", b"soon")
    with pytest.raises(StateDamaged):
        read_journal(b"".join([*LINES[:-1], damaged]) + b'{"n":', BASE)


def test_a_missing_record_is_noticed() -> None:
    with pytest.raises(StateDamaged, match=f"record {FIRST + 1} is missing"):
        read_journal(b"".join([*LINES[:2], *LINES[3:]]), BASE)


def test_an_empty_journal_holds_nothing_whatever_the_state() -> None:
    for state in (BASE, None):
        for data in (b"", LINES[0][:20], b"\0\0\0"):
            assert read_journal(data, state).notes == ()


@pytest.mark.parametrize(
    ("beside", "problem"),
    [
        (document(lineage="l-2"), "belongs to another state"),
        (document(serial=4), "an older copy"),
        (document(more=(skipped("elsewhere"),)), "another copy with the same serial"),
        (document(serial=6, journal="j-2", more=NOTES), "newer"),
        (document(serial=7, journal="", more=(*NOTES, *NOTES[:1])), "newer"),
        (None, "a state that is missing"),
    ],
    ids=["lineage", "older", "twin", "newer with as many notes", "newer with more notes", "none"],
)
def test_a_journal_goes_on_from_its_own_state_only(beside: Document | None, problem: str) -> None:
    """Its receipts are posts no other copy of the state knows: folding or dropping them is a guess."""
    with pytest.raises(StateForeign, match=problem) as caught:
        read_journal(WHOLE, beside, "s.json.journal")
    assert "l-1, serial 5" in caught.value.remedy
    assert "keep it" in caught.value.remedy


def test_a_state_that_was_made_from_it_holds_all_of_it() -> None:
    """A crash between writing the state and removing the journal."""
    found = read_journal(WHOLE, document(serial=6, journal="j-1", more=NOTES))
    assert found.notes == ()


def test_a_later_format_is_refused_as_such() -> None:
    later = replace(HEADER, version=2)
    with pytest.raises(StateTooNew, match="version 2"):
        read_journal(header_line(later), BASE)
    unknown = module._sealed({"n": FIRST, "note": {"note": "celebrated"}})
    with pytest.raises(StateTooNew, match=f"record {FIRST}: note"):
        read_journal(LINES[0] + unknown + LINES[1], BASE)


def test_a_wrong_shape_under_a_good_checksum_is_named() -> None:
    for content, problem in (
        (module._sealed({"n": FIRST, "note": {"note": "erased"}}), f"record {FIRST}: address: it is missing"),
        (module._sealed({"n": FIRST, "note": []}), f"record {FIRST}: expected an object"),
    ):
        with pytest.raises(StateDamaged, match=problem):
            read_journal(LINES[0] + content, BASE)
    with pytest.raises(StateDamaged, match="its first line: lineage: it is missing"):
        read_journal(module._sealed({"version": 1, "journal": "j"}), BASE)


def test_a_line_costs_the_same_however_long_the_journal_is() -> None:
    assert len(record_line(7, NOTES[1])) == len(record_line(9, NOTES[1]))
    assert record_line(7, NOTES[1]).count(b"\n") == 1
