"""The journal: one JSON line a note, appended beside the state and folded into it later.

    {"journal":"…","lineage":"…","sequence":12,"serial":3,"state":"sha256:…","version":1,"sum":"…"}
    {"n":13,"note":{"note":"run-started",…},"sum":"…"}

The first line says which state the notes go on from: its lineage, serial, sequence and checksum. A
state that was made by folding this journal names the journal's id, which is how a crash between the
fold and the removal of the journal is told from a state that came from elsewhere.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from threadsync.errors import StateDamaged, StateForeign, StateTooNew
from threadsync.model.ids import Json
from threadsync.model.journal import Note
from threadsync.model.state import Lineage
from threadsync.statefile.codec import Document
from threadsync.statefile.notes import read_note, write_note
from threadsync.statefile.shapes import (
    TEXT,
    WHOLE,
    Field,
    MisfitError,
    Shape,
    as_object,
    compact,
    parsed,
    to_bytes,
)

VERSION = 1
_SUM_DIGITS = 16
_LINE = re.compile(rb'(?P<content>\{.*),"sum":"(?P<sum>[0-9a-f]{16})"\}', re.DOTALL)


class Header(Struct, frozen=True):
    """Which journal this is, and the state file it goes on from."""

    journal: str
    lineage: Lineage
    serial: int
    sequence: int
    state: str
    """The checksum of that file."""
    version: int = VERSION


_HEADER: Final = Shape(
    Header,
    Field("version", WHOLE),
    Field("journal", TEXT),
    Field("lineage", TEXT),
    Field("serial", WHOLE),
    Field("sequence", WHOLE),
    Field("state", TEXT),
)


def header_of(document: Document, journal: str) -> Header:
    """Return the header of a journal that goes on from *document*; *journal* is its id."""
    state = document.state
    return Header(journal, state.lineage, state.serial, state.sequence, document.checksum)


def header_line(header: Header) -> bytes:
    """Return the first line of a journal."""
    return _sealed(_HEADER.write(header))


def record_line(sequence: int, note: Note) -> bytes:
    """Return the line of one note."""
    return _sealed({"n": sequence, "note": write_note(note)})


def _sealed(content: dict[str, Json]) -> bytes:
    inside = to_bytes(compact(content))[:-1]
    return b'%b,"sum":"%b"}\n' % (inside, _sum(inside))


def _sum(inside: bytes) -> bytes:
    return hashlib.sha256(inside).hexdigest()[:_SUM_DIGITS].encode()


class Unfolded(Struct, frozen=True):
    """The numbered notes of a journal that its state does not hold yet, and the journal's id."""

    journal: str = ""
    notes: tuple[tuple[int, Note], ...] = ()


def read_journal(data: bytes, document: Document | None, where: str = "the journal") -> Unfolded:
    """Return the notes that *document* (None: there is no state) does not hold yet.

    A last line that is torn was never acknowledged, and is left out.

    Raises:
        StateDamaged: a line before the last is not what was written.
        StateTooNew: a later threadsync wrote it.
        StateForeign: it goes on from another state than *document*.
    """
    lines = _lines(data, where)
    first = next(lines, None)
    if first is None:
        return Unfolded()
    header = _header(first, where)
    if document is None:
        raise _foreign(
            "it goes on from a state that is missing", f"{header.lineage}, serial {header.serial}", where
        )
    if _folded(header, document, where):
        return Unfolded(header.journal)
    notes: list[tuple[int, Note]] = []
    for expected, content in enumerate(lines, start=header.sequence + 1):
        try:
            found = as_object(content)
            if found.get("n") != expected:
                raise _damaged(f"record {expected} is missing", where)
            notes.append((expected, read_note(found.get("note"))))
        except MisfitError as error:
            raise _misfit(error, f"record {expected}", where) from error
    return Unfolded(header.journal, tuple(notes))


def _folded(header: Header, document: Document, where: str) -> bool:
    """Whether *document* was made by folding this journal; raises where it is another state altogether."""
    state = document.state
    wanted = f"{header.lineage}, serial {header.serial}"
    if header.lineage != state.lineage:
        raise _foreign(f"it belongs to another state (this one is {state.lineage})", wanted, where)
    if header.serial > state.serial:
        raise _foreign(f"the state beside it is an older copy (serial {state.serial})", wanted, where)
    if header.serial == state.serial:
        if header.state != document.checksum:
            raise _foreign("the state beside it is another copy with the same serial", wanted, where)
        return False
    if header.journal != document.written_by.journal:
        raise _foreign(
            f"the state beside it is newer (serial {state.serial}) and was made without it", wanted, where
        )
    return True


def _header(content: Json, where: str) -> Header:
    try:
        found = as_object(content)
        version = found.get("version")
        if isinstance(version, int) and version > VERSION:
            raise _too_new(
                f"its format is version {version}, and this threadsync reads up to {VERSION}", where
            )
        return _HEADER.read(found)
    except MisfitError as error:
        raise _misfit(error, "its first line", where) from error


def _lines(data: bytes, where: str) -> Iterator[Json]:
    """Yield the content of each line; one that was cut off, or is damaged at the very end, ends them."""
    *lines, cut_off = data.split(b"\n")
    for index, line in enumerate(lines):
        content = _opened(line.removesuffix(b"\r"))  # git may have changed the line ends: no damage
        if content is None:
            if index == len(lines) - 1 and not cut_off:
                return
            raise _damaged(f"line {index + 1} is not what was written", where)
        yield content


def _opened(line: bytes) -> Json:
    """Return the content of a line, or None where its checksum does not fit."""
    found = _LINE.fullmatch(line)
    if found is None or _sum(found["content"]) != found["sum"]:
        return None
    try:
        return parsed(found["content"] + b"}")
    except ValueError:
        return None


_AWAY: Final = (
    "move the journal out of the way (keep it: it names posts that the state does not), and apply five "
    "minutes after the run that wrote it at the earliest: what it had sent shows in the account by then. "
    "Posts that are live and unknown to the state are blocked (looks-published), not sent; bind them with "
    "`threadsync import`."
)


def _damaged(problem: str, where: str) -> StateDamaged:
    return StateDamaged(
        problem,
        where=where,
        remedy="Nothing was published. Restore the journal from a copy of this disk if there is one. "
        f"Otherwise {_AWAY}",
    )


def _foreign(problem: str, wanted: str, where: str) -> StateForeign:
    return StateForeign(
        problem,
        where=where,
        remedy=f"Nothing was published. Put back the state it goes on from ({wanted}; `threadsync state "
        f"history` lists the copies) and apply. If that state is lost, {_AWAY}",
    )


def _too_new(problem: str, where: str) -> StateTooNew:
    return StateTooNew(
        problem,
        where=where,
        remedy="Nothing was published. A later threadsync wrote it: install that version here too "
        "(`threadsync --version` there).",
    )


def _misfit(error: MisfitError, at: str, where: str) -> StateDamaged | StateTooNew:
    problem = f"{at}: {error}"
    return _too_new(problem, where) if error.unknown else _damaged(problem, where)
