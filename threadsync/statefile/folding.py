"""From one state to the next, as bytes: folding a journal in, putting a copy back.

Pure, and used by every store.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from threadsync.errors import StateDamaged, StateError, StateForeign, UsageError
from threadsync.model.ledger import fold
from threadsync.model.state import State
from threadsync.statefile.codec import Document, encode, open_document
from threadsync.statefile.journal import Unfolded, read_journal


class Folded(Struct, frozen=True):
    """A state with its journal folded in; *encoded* is the new file, None where it stays as it is."""

    document: Document | None
    encoded: bytes | None
    notes: int


def rewritten(state: State, where: str, *, journal: str) -> tuple[Document, bytes]:
    """Write *state*, and read it back before anybody relies on it; *journal* was folded into it.

    Raises:
        StateUnwritable: it would be larger than threadsync reads back.
    """
    encoded = encode(state, journal=journal)
    document = open_document(encoded, where)
    assert document.state == replace(state, run=None), "what is written reads back as what was meant"
    return document, encoded


def fold_journal(document: Document | None, journal: bytes, where: str, where_journal: str) -> Folded:
    """Fold *journal* into *document*; the journal is not needed any more once the result is written.

    Raises:
        StateError: it does not belong to *document*, or is damaged.
    """
    unfolded = read_journal(journal, document, where_journal)
    if document is None or not unfolded.notes:
        return Folded(document, None, len(unfolded.notes))
    state = replace(fold(document.state, unfolded.notes), serial=document.state.serial + 1)
    document, encoded = rewritten(state, where, journal=unfolded.journal)
    return Folded(document, encoded, len(unfolded.notes))


def overlaid(
    document: Document | None, journal: bytes | None, where_journal: str
) -> tuple[State | None, int]:
    """Return the state as a reader sees it, and how many notes are not folded in yet.

    Raises:
        StateError: the journal does not belong to *document*, or is damaged.
    """
    unfolded = Unfolded() if journal is None else read_journal(journal, document, where_journal)
    if document is None:
        return None, 0
    state = fold(document.state, unfolded.notes) if unfolded.notes else document.state
    # One with the number 0 was made by a first run that died before its first note.
    return (state if state.sequence else None), len(unfolded.notes)


def refuse_foreign(document: Document | None, project: str, where: str) -> None:
    """Refuse the state of another project than *project*; an empty id is anybody's.

    Raises:
        StateForeign: it is another's.
    """
    if document is None or not project or document.state.project in {"", project}:
        return
    raise StateForeign(
        f"it belongs to project {document.state.project}, and this is {project}",
        where=where,
        remedy="Nothing was published. Check `state:` in threadsync.yaml. A project started as a copy of "
        "another needs a state of its own: remove the copied one.",
    )


class Copy(Struct, frozen=True):
    """A copy of the state that a person puts back; *where* names it in messages."""

    encoded: bytes
    where: str
    replace_lineage: bool = False
    """Whether it may take the place of another lineage's state, or of one that cannot be told."""


def put_back(copy: Copy, here: bytes | None, journal: bytes | None, project: str, where: str) -> bytes:
    """Return the state file that puts *copy* in the place of *here*.

    Its serial is higher than both, so that no journal of another time fits it. A *journal* that goes on
    from the copy is folded in; one that goes on from the state in use is given up with it. Either counts as
    folded from then on, so that a crash before it is removed changes nothing. A freeze and holds stay: no
    copy takes back what a person has said that apply must not do.

    Raises:
        StateError: the copy is damaged, too new, or another project's; or the state in use is too new.
        UsageError: it is of another lineage than the state in use, and nobody said that this is meant; or
            a publish is in doubt, which only the state in use knows how to settle.
    """
    document = _opened(copy)
    refuse_foreign(document, project, copy.where)
    current = _current(here, where, replaceable=copy.replace_lineage)
    given_up, in_use = Unfolded(), None
    if current is not None:
        _refuse_another_lineage(copy, document.state, current.state)
        given_up = _going_on(journal, current, where)
        in_use = fold(current.state, given_up.notes)
        _refuse_doubts(in_use)
    unfolded = _going_on(journal, document, where)
    state = fold(document.state, unfolded.notes)
    if in_use is not None:
        state = _kept_back(state, in_use)
    beside = current.state if current is not None else document.state
    state = replace(
        state,
        serial=max(state.serial, beside.serial) + 1,
        sequence=max(state.sequence, beside.sequence),
        project=state.project or project,
        run=None,
    )
    return rewritten(state, where, journal=unfolded.journal or given_up.journal)[1]


def _opened(copy: Copy) -> Document:
    """Read *copy*, whose damage says nothing of the state in use: that one is not to be moved away for it."""
    try:
        return open_document(copy.encoded, copy.where)
    except StateDamaged as error:
        raise StateDamaged(
            error.problem,
            where=copy.where,
            remedy="Nothing was changed: the state in use is as it was. Make this copy anew where it came "
            "from, or take another one: `threadsync state history` lists those that there are.",
        ) from error


def _kept_back(state: State, in_use: State) -> State:
    """Return *state* with what keeps apply from acting in the one *in_use*, besides what does in its own."""
    ended = tuple(each for each in in_use.lulls if each not in state.lulls)
    return replace(
        state,
        freeze=in_use.freeze or state.freeze,
        holds={**state.holds, **in_use.holds},
        lulls=(*state.lulls, *ended),
    )


def _current(here: bytes | None, where: str, *, replaceable: bool) -> Document | None:
    """Return the state in use; None where there is none, or a damaged one, which is there to be replaced."""
    if here is None:
        return None
    try:
        return open_document(here, where)
    except StateError as error:
        if replaceable or isinstance(error, StateDamaged):
            return None
        raise


def _refuse_another_lineage(copy: Copy, state: State, current: State) -> None:
    if copy.replace_lineage or current.lineage == state.lineage:
        return
    raise UsageError(
        f"{copy.where} is a copy of another state ({state.lineage}) than the one in use ({current.lineage}).",
        remedy="If that is what you mean, add --replace-lineage; the one in use stays in the history.",
    )


def _refuse_doubts(state: State) -> None:
    """Refuse while a publish may still take effect: a copy that does not know of it would publish again."""
    doubts = sorted(str(address) for address, unfinished in state.open.items() if unfinished.in_doubt)
    if doubts:
        raise UsageError(
            f"it is not known yet what became of {', '.join(doubts)}, and the copy knows nothing of it.",
            remedy="Run apply first, which finds out, or say it with threadsync state resolve.",
        )


def _going_on(journal: bytes | None, document: Document, where: str) -> Unfolded:
    """Return what *journal* adds to *document*; nothing where it goes on from another state."""
    if journal is None:
        return Unfolded()
    try:
        return read_journal(journal, document, where)
    except StateError:
        return Unfolded()  # it stays in the history with the state that it belongs to
