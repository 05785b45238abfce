"""The store: the state file, its journal and its lock, kept together.

Readers need no write permission and overlay the journal in memory. A writer opens a *session*: it takes
the lock, folds a journal that an earlier run left behind, appends notes, and folds them when it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from threadsync.errors import StateDamaged, StateError, StateForeign
from threadsync.model.ids import Address
from threadsync.model.journal import Note
from threadsync.model.ledger import Ledger
from threadsync.model.state import Lineage, State
from threadsync.statefile.codec import Document, open_document
from threadsync.statefile.disk import Disk
from threadsync.statefile.files import Files
from threadsync.statefile.folding import Copy, overlaid, put_back, refuse_foreign
from threadsync.statefile.lock import Clock, Holder, Lock, LockInfo, read_lock
from threadsync.statefile.machine import Machine
from threadsync.statefile.session import FileSession
from threadsync.statefile.tables import FileTable, Table, file_of
from threadsync.statefile.unread import unread

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
        """Return when everything appended so far is durable in the store's sense.

        For a file: synced. For a shared store: pushed, if an intent is among it; what happened may wait for
        the next push, because the next run finds it out from its intent.

        Raises:
            StateLocked, StateOutdated: the state is no longer ours to write.
            StateUnwritable, StateUnreachable: the place refused, or did not answer; what was appended since
                the last barrier may be lost.
        """
        ...

    @property
    def linger_seconds(self) -> float:
        """How long an intent may wait for those of other publications, to share a barrier with them."""
        ...

    @property
    def renews_at_seconds(self) -> float:
        """When ``idle`` is to be called at the latest, whatever is under way, so that the lock is kept.

        On the clock that the store waits by; infinite where the lock needs no renewing.
        """
        ...

    def idle(self) -> None:
        """Make what barriers have left pending durable: nothing else is to be done just now.

        Raises:
            StateError: as ``barrier``.
        """
        ...

    def hurry(self, seconds: float) -> None:
        """Let all that still has to be written be over in *seconds*; safe in a signal handler."""
        ...

    def check_lease(self) -> None:
        """Return if the state is still ours to write, as far as that can be told at once.

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


class Snapshot(Struct, frozen=True):
    """What a reader sees: the state with the journal overlaid; *state* is None before the first note."""

    state: State | None
    journal_records: int
    """How many notes are not folded into the file yet."""
    where: str
    lock: LockInfo | None
    durable: str
    source: str = ""
    """The digests of the bytes that the state was read from."""


def source_of(*files: bytes | None) -> str:
    """Return what tells the bytes of *files* from all others; None: there is no such file."""
    return " ".join("-" if data is None else sha256(data).hexdigest() for data in files)


class HistoryEntry(Struct, frozen=True):
    """One copy of the state: the one in use (*current*), or a backup that can be put back in its place."""

    serial: int
    sequence: int
    when: datetime | None
    run: str
    bindings: int
    file: Path | str
    """Where it is: a file, or for git what ``git show`` takes."""
    current: bool = False
    problem: str = ""
    """Why the file cannot be read; the other fields then say nothing."""
    restore: str = ""
    """The command for a shell that puts a backup back in its place; empty where that cannot be done."""


class Store(Protocol):
    """Where a state lives."""

    @property
    def where(self) -> str:
        """The name of the place in messages."""
        ...

    @property
    def durable(self) -> str:
        """What the place is safe against, and what not."""
        ...

    def read(self, known: Snapshot | None = None) -> Snapshot:
        """Read the state and overlay the journal; needs no write permission.

        *known* is what this store gave before: its state is given again where not a byte has changed.

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

    def history(self, backups_max: int | None = None) -> tuple[HistoryEntry, ...]:
        """Return the copies there are, the one in use first, then the newest *backups_max* (None: all)."""
        ...

    def copy(self, name: str) -> bytes | None:
        """Return the copy whose file ``history`` calls *name*, byte for byte; None where there is none.

        Raises:
            StateError: it cannot be read.
        """
        ...

    def force_unlock(self, seen: LockInfo, holder: Holder) -> None:
        """Break the lock that a person was shown as *seen*.

        Raises:
            StateLocked: it is another one by now.
        """
        ...

    def put(self, copy: Copy, holder: Holder, lock_timeout_seconds: float) -> None:
        """Put *copy* in the place of the state, under the lock; what was there stays in the history.

        Raises:
            UsageError: it is of another lineage, and nobody said that this is meant.
            StateError: it is no state that can be used here, or another run holds the lock.
        """
        ...

    def table(self, name: str) -> Table:
        """Return the table *name*, which is kept where the state is, and is no part of it."""
        ...


class FileStore(Struct, frozen=True):
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

    @property
    def where(self) -> str:
        """See ``Store.where``."""
        return str(self.path)

    def read(self, known: Snapshot | None = None) -> Snapshot:
        """See ``Store.read``."""
        files = self._files()
        for attempt in range(READ_AGAIN_MAX):
            # The journal first: a state read later can only hold more of it, never less.
            journal = self.disk.read(files.journal)
            try:
                encoded = files.encoded(self.disk)
                source = source_of(encoded, journal)
                if known is not None and known.source == source:
                    return replace(known, lock=read_lock(self.disk, files.lock))
                document = self._document(files, encoded)
                state, records = overlaid(document, journal, str(files.journal))
            except (StateForeign, StateDamaged):
                if attempt + 1 < READ_AGAIN_MAX and self.disk.read(files.journal) != journal:
                    continue  # a writer has folded it meanwhile
                raise
            break
        lock = read_lock(self.disk, files.lock)
        return Snapshot(state, records, str(files.state), lock, self.durable, source)

    def unread(self) -> State | None:
        """Return what ``read`` would, with bindings that are read when they are asked for.

        None where it has to be read as a whole; what is wrong with it is told then.
        """
        files = self._files()
        try:
            # The journal first, as when it is read.
            encoded = files.encoded(self.disk) if self.disk.read(files.journal) is None else None
        except StateError:
            return None
        document = unread(encoded) if encoded is not None else None
        if document is None or not document.state.sequence or document.state.project != self.project:
            return None
        return document.state

    @contextmanager
    def open(self, holder: Holder, lock_timeout_seconds: float) -> Iterator[Session]:
        """See ``Store.open``."""
        files = self._files()
        lease = self._lock(files).acquire(holder, lock_timeout_seconds)
        try:
            files.sweep(self.disk)
            document = self._document(files, files.encoded(self.disk))
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

    def history(self, backups_max: int | None = None) -> tuple[HistoryEntry, ...]:
        """See ``Store.history``."""
        files = self._files()
        entries = [] if self.disk.identity(files.state) is None else [self._entry(files.state, current=True)]
        backups = files.backups(self.disk)[:backups_max]
        entries += [self._entry(path, current=False, restore=files.restoring(path)) for path in backups]
        return tuple(entries)

    def copy(self, name: str) -> bytes | None:
        """See ``Store.copy``; the last part of its path will do."""
        named = [each for each in self._files().backups(self.disk) if each.name == Path(name).name]
        return self.disk.read(named[0]) if named else None

    def force_unlock(self, seen: LockInfo, holder: Holder) -> None:
        """See ``Store.force_unlock``."""
        self._lock(self._files()).force(seen, holder)

    def put(self, copy: Copy, holder: Holder, lock_timeout_seconds: float) -> None:
        """See ``Store.put``."""
        files = self._files()
        lease = self._lock(files).acquire(holder, lock_timeout_seconds)
        try:
            files.sweep(self.disk)
            here, journal = self.disk.read(files.state), self.disk.read(files.journal)
            files.exchange(self.disk, put_back(copy, here, journal, self.project, str(files.state)))
        finally:
            lease.release()

    def table(self, name: str) -> Table:
        """See ``Store.table``."""
        state = self.disk.resolve(self.path)
        path = state.with_name(file_of(state.name, name))
        return FileTable(path, self.disk, self.clock, self.machine, self.new_id)

    def _files(self) -> Files:
        return Files(self.disk.resolve(self.path), self.history_dir)

    def _lock(self, files: Files) -> Lock:
        return Lock(files.lock, self.disk, self.clock, self.machine, self.new_id)

    def _document(self, files: Files, encoded: bytes | None) -> Document | None:
        document = files.opened(encoded)
        refuse_foreign(document, self.project, str(files.state))
        return document

    def _entry(self, path: Path, *, current: bool, restore: str = "") -> HistoryEntry:
        try:
            data = self.disk.read(path)
            if data is None:
                return HistoryEntry(0, 0, None, "", 0, path, current, "it vanished while it was read")
        except StateError as error:
            return HistoryEntry(0, 0, None, "", 0, path, current, error.problem)
        return entry_of(data, path, current=current, restore=restore)


def entry_of(data: bytes, file: Path | str, *, current: bool, restore: str) -> HistoryEntry:
    """Return what there is to say of one copy of the state."""
    try:
        document = open_document(data, str(file))
    except StateError as error:
        return HistoryEntry(0, 0, None, "", 0, file, current, error.problem)
    state, run = document.state, document.written_by.run
    when, bindings = state.written_at, len(state.bindings)
    return HistoryEntry(state.serial, state.sequence, when, run, bindings, file, current, restore=restore)
