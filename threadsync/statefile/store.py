"""The store: the state file, its journal and its lock, kept together.

Readers need no write permission and overlay the journal in memory. A writer opens a *session*: it takes
the lock, folds a journal that an earlier run left behind, appends notes, and folds them when it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from threadsync.errors import StateDamaged, StateError, StateForeign
from threadsync.model.ids import Address
from threadsync.model.journal import Note
from threadsync.model.state import Ledger, Lineage, State, fold
from threadsync.statefile.codec import Document, open_document
from threadsync.statefile.disk import Disk
from threadsync.statefile.files import Files
from threadsync.statefile.journal import read_journal
from threadsync.statefile.lock import Clock, Holder, Lock, LockInfo, Machine, read_lock
from threadsync.statefile.session import FileSession

DURABLE: Final = "safe against process death, not against loss of this disk"
READ_AGAIN_MAX = 5
"""How often a reader starts anew when a writer changes the files between two of its looks."""


class Journal(Protocol):
    """What the executor writes through."""

    def append(self, notes: Sequence[Note]) -> Address | None:
        """Take *notes* in; they are durable after the next ``barrier``.

        Returns the holder where a note claims a remote post that another address of the same target
        holds; then nothing of the call is recorded.
        """
        ...

    def barrier(self) -> None:
        """Return when everything appended so far is durable.

        Raises:
            StateLocked: the lock is no longer ours.
            StateUnwritable: the disk refused; what was appended since the last barrier may be lost.
        """
        ...

    def check_lease(self) -> None:
        """Return if the lock is still ours.

        Raises:
            StateLocked: it is not.
        """
        ...

    @property
    def ledger(self) -> Ledger:
        """The state with everything appended so far; readers must not change it."""
        ...


class Session(Journal, Protocol):
    """A journal that is open for writing, and how it came to be."""

    @property
    def first_run(self) -> bool:
        """Whether nothing was on record when the session began."""
        ...

    @property
    def broken(self) -> LockInfo | None:
        """The lock of a dead process that this session took the place of."""
        ...

    @property
    def recovered(self) -> int:
        """How many notes of an interrupted run were folded in when the session began."""
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a reader sees: the state with the journal overlaid; *state* is None before the first note."""

    state: State | None
    journal_records: int
    """How many notes are not folded into the file yet."""
    path: Path
    lock: LockInfo | None
    durable: str


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One copy of the state: the one in use (*current*), or a backup that can be put back in its place."""

    serial: int
    sequence: int
    when: datetime | None
    run: str
    bindings: int
    file: Path
    current: bool = False
    problem: str = ""
    """Why the file cannot be read; the other fields then say nothing."""


class Store(Protocol):
    """Where a state lives."""

    @property
    def durable(self) -> str:
        """What the place is safe against, and what not."""
        ...

    def read(self) -> Snapshot:
        """Read the state and overlay the journal; needs no write permission.

        Raises:
            StateError: the state or its journal cannot be used.
        """
        ...

    def open(self, holder: Holder, lock_timeout_seconds: float) -> AbstractContextManager[Session]:
        """Open the state for writing, for the length of a ``with`` block.

        Raises:
            StateLocked: another run holds the lock.
            StateError: the state or its journal cannot be used.
        """
        ...

    def history(self) -> tuple[HistoryEntry, ...]:
        """Return the copies there are, the one in use first, then the newest."""
        ...

    def force_unlock(self, seen: LockInfo, holder: Holder) -> None:
        """Break the lock that a person was shown as *seen*.

        Raises:
            StateLocked: it is another one by now.
        """
        ...


@dataclass(frozen=True, slots=True)
class FileStore:
    """A state in a file of this machine.

    *project* is the id in the project file; a state of another project is refused. *new_id* gives a
    fresh text each time it is called, for the lineage and the locks.
    """

    path: Path
    disk: Disk
    clock: Clock
    machine: Machine
    history_dir: Path
    new_id: Callable[[], str]
    project: str = ""
    durable: str = DURABLE

    def read(self) -> Snapshot:
        """See ``Store.read``."""
        files = self._files()
        for attempt in range(READ_AGAIN_MAX):
            # The journal first: a state read later can only hold more of it, never less.
            journal = self.disk.read(files.journal)
            try:
                state, records = self._overlaid(files, journal)
            except (StateForeign, StateDamaged):
                if attempt + 1 < READ_AGAIN_MAX and self.disk.read(files.journal) != journal:
                    continue  # a writer has folded it meanwhile
                raise
            break
        if state is not None and state.sequence == 0:
            state = None  # made by a first run that died before its first note
        return Snapshot(state, records, files.state, read_lock(self.disk, files.lock), self.durable)

    @contextmanager
    def open(self, holder: Holder, lock_timeout_seconds: float) -> Iterator[Session]:
        """See ``Store.open``."""
        files = self._files()
        lease = self._lock(files).acquire(holder, lock_timeout_seconds)
        try:
            files.sweep(self.disk)
            document = self._document(files)
            recovered = 0
            journal = self.disk.read(files.journal)
            if journal is not None:
                document, recovered = files.fold_journal(self.disk, document, journal)
            session = FileSession(
                files,
                self.disk,
                lease,
                document,
                blank=State(Lineage(self.new_id()), serial=1, project=self.project),
                recovered=recovered,
            )
            try:
                yield session
            finally:
                session.close()
        finally:
            lease.release()

    def history(self) -> tuple[HistoryEntry, ...]:
        """See ``Store.history``."""
        files = self._files()
        entries = [] if self.disk.read(files.state) is None else [self._entry(files.state, current=True)]
        entries += [self._entry(path, current=False) for path in files.backups(self.disk)]
        return tuple(entries)

    def force_unlock(self, seen: LockInfo, holder: Holder) -> None:
        """See ``Store.force_unlock``."""
        self._lock(self._files()).force(seen, holder)

    def _files(self) -> Files:
        return Files(self.disk.resolve(self.path), self.history_dir)

    def _lock(self, files: Files) -> Lock:
        return Lock(files.lock, self.disk, self.clock, self.machine, self.new_id)

    def _document(self, files: Files) -> Document | None:
        document = files.document(self.disk)
        if document is not None and self.project and document.state.project not in {"", self.project}:
            raise StateForeign(
                f"it belongs to project {document.state.project}, and this is {self.project}",
                where=str(files.state),
                remedy="Check `state:` in threadsync.yaml. A project started as a copy of another needs a "
                "state of its own: remove the copied one.",
            )
        return document

    def _overlaid(self, files: Files, journal: bytes | None) -> tuple[State | None, int]:
        document = self._document(files)
        if journal is None:
            return (document.state if document is not None else None), 0
        unfolded = read_journal(journal, document, str(files.journal))
        if document is None:
            return None, 0
        return fold(document.state, unfolded.notes), len(unfolded.notes)

    def _entry(self, path: Path, *, current: bool) -> HistoryEntry:
        try:
            data = self.disk.read(path)
            if data is None:
                return HistoryEntry(0, 0, None, "", 0, path, current, "it vanished while it was read")
            document = open_document(data, str(path))
        except StateError as error:
            return HistoryEntry(0, 0, None, "", 0, path, current, error.problem)
        state, run = document.state, document.written_by.run
        when, bindings = state.written_at, len(state.bindings)
        return HistoryEntry(state.serial, state.sequence, when, run, bindings, path, current)
