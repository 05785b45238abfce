"""A state that several machines share: the same files as ``FileStore`` has, in a ``Remote``.

Opening takes the lock by one compare-and-set, which folds what an interrupted run left. From then on each
write of the session expects to find its own last one: whoever breaks the lock makes the next write fail.
Where the remote has a clock of its own, the lock is a lease: it lapses if its holder writes nothing for
``LEASE_SECONDS``. That only frees what a lost run left; what keeps two writers apart is the compare-and-set.
The revisions of the remote are the history; nothing is kept beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from math import inf
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from threadsync.errors import (
    StateDamaged,
    StateError,
    StateForeign,
    StateOutdated,
    StateUnreachable,
)
from threadsync.model.state import Lineage, State
from threadsync.statefile.codec import Document, open_document
from threadsync.statefile.folding import Copy, fold_journal, overlaid, put_back, refuse_foreign
from threadsync.statefile.lock import (
    Clock,
    Holder,
    LockInfo,
    changed,
    is_dead,
    lock_bytes,
    locked,
    parse_lock,
)
from threadsync.statefile.machine import Machine
from threadsync.statefile.remote import Deadline, Remote, Revision, foreign
from threadsync.statefile.shared_session import LEASE_SECONDS, Names, Opened, SharedSession, said, without
from threadsync.statefile.store import HistoryEntry, Session, Snapshot, entry_of, source_of
from threadsync.statefile.tables import SharedTable, Table, file_of

POLL_SECONDS = 2.0
"""How often a held lock is looked at: each look is a call to the remote."""
TAKES_MAX = 10
"""How often others may be quicker at changing the state before a person has to look."""
GIVE_BACK_SECONDS = 3.0
"""How long it may take to look whether a lock was taken after all, and to give it back."""
HISTORY_MAX = 50
"""How many earlier states are listed."""

_BACK: Final = (
    "Nothing was published. `threadsync state history` lists the older revisions and the command that puts "
    "one back. The newest good one is best, and an older one is safe too: what was published since is "
    "blocked by an apply five minutes after the last run (looks-published); bind it with `threadsync import`."
)


class SharedStore(Struct, frozen=True):
    """A state in the file *file* of *remote*; *project* and *new_id* as in ``FileStore``."""

    remote: Remote
    file: str
    clock: Clock
    machine: Machine
    new_id: Callable[[], str]
    project: str = ""

    @property
    def where(self) -> str:
        """See ``Store.where``."""
        return self.remote.where

    @property
    def durable(self) -> str:
        """See ``Store.durable``."""
        return self.remote.durable

    @property
    def _names(self) -> Names:
        return Names(self.file, self.remote.where)

    def read(self, known: Snapshot | None = None) -> Snapshot:
        """See ``Store.read``; needs the right to read the remote, and no other."""
        names, revision = self._names, self._fetched(Deadline(self.clock))
        encoded, journal = revision.files.get(names.state), revision.files.get(names.journal)
        lock = parse_lock(revision.files.get(names.lock))
        source = source_of(encoded, journal)
        if known is not None and known.source == source:
            return replace(known, lock=lock)
        document = self._document(revision)
        with _of_a_remote():
            state, records = overlaid(document, journal, names.where_journal)
        return Snapshot(state, records, self.where, lock, self.durable, source)

    @contextmanager
    def open(self, holder: Holder, lock_timeout_seconds: float) -> Iterator[Session]:
        """See ``Store.open``."""
        session = self._taken(holder, lock_timeout_seconds)
        try:
            yield session
        except KeyboardInterrupt:
            session.hurry(GIVE_BACK_SECONDS)  # whoever ends it does not want to wait for a slow remote
            raise
        finally:
            session.close()

    def history(self, backups_max: int | None = None) -> tuple[HistoryEntry, ...]:
        """See ``Store.history``; the remote keeps every revision, and the newest ones are listed."""
        listed_max = 1 + (HISTORY_MAX if backups_max is None else backups_max)
        revisions = self._revisions(listed_max)
        return tuple(
            entry_of(
                revision.files[self.file],
                f"{revision.id}:{self.file}",
                current=number == 0,
                restore=f"{self.remote.restoring(revision, self.file)} | threadsync state push -"
                if number
                else "",
            )
            for number, revision in enumerate(revisions)
            if self.file in revision.files
        )

    def copy(self, name: str) -> bytes | None:
        """See ``Store.copy``; what stands before the colon will do."""
        named = [each for each in self._revisions(1 + HISTORY_MAX) if each.id == name.partition(":")[0]]
        return named[0].files.get(self.file) if named else None

    def force_unlock(self, seen: LockInfo, holder: Holder) -> None:
        """See ``Store.force_unlock``."""
        deadline, name = Deadline(self.clock), self._names.lock
        for _ in range(TAKES_MAX):
            revision = self._fetched(deadline)
            found = parse_lock(revision.files.get(name))
            if found is None or found.nonce != seen.nonce:
                raise changed(found, self.where)
            files = without(revision.files, name)
            with suppress(StateOutdated):  # the holder lives and has just written: look again
                self.remote.replace(revision, files, said(holder, "breaks the lock"), deadline)
                return
        raise locked(seen, self.machine, self.where)

    def put(self, copy: Copy, holder: Holder, lock_timeout_seconds: float) -> None:
        """See ``Store.put``; one compare-and-set while nobody holds the lock is as good as holding it."""
        names, deadline = self._names, Deadline(self.clock)

        def made(revision: Revision) -> dict[str, bytes]:
            here, journal = revision.files.get(names.state), revision.files.get(names.journal)
            encoded = put_back(copy, here, journal, self.project, names.where_state)
            return {**without(revision.files, names.journal, names.lock), names.state: encoded}

        self._written(made, said(holder, "puts a copy back"), lock_timeout_seconds, deadline)

    def table(self, name: str) -> Table:
        """See ``Store.table``; beside the place of the state: an apply neither reads it nor waits for it."""
        return SharedTable(self.remote.beside(name), file_of(self.file, name), self.clock)

    # The lock.

    def _taken(self, holder: Holder, lock_timeout_seconds: float) -> SharedSession:
        names, deadline, nonce = self._names, Deadline(self.clock), self.new_id()
        lock = lock_bytes(self.machine, nonce, holder)
        document: Document | None = None
        recovered = 0

        def made(revision: Revision) -> dict[str, bytes]:
            nonlocal document, recovered
            files, recovered = {**without(revision.files, names.journal), names.lock: lock}, 0
            document = self._document(revision)
            journal = revision.files.get(names.journal)
            if journal is not None:
                with _of_a_remote():
                    folded = fold_journal(document, journal, names.where_state, names.where_journal)
                document, recovered = folded.document, folded.notes
                if folded.encoded is not None:
                    files[names.state] = folded.encoded
            return files

        try:
            revision, broken = self._written(
                made, said(holder, "takes the lock"), lock_timeout_seconds, deadline
            )
        except (KeyboardInterrupt, StateUnreachable):
            self._give_back(nonce, said(holder, "gives the lock back"))
            raise
        blank = State(Lineage(self.new_id()), serial=1, project=self.project)
        opened = Opened(nonce, revision, document, blank, broken, recovered)
        return SharedSession(self.remote, names, deadline, holder, opened)

    def _written(
        self,
        made: Callable[[Revision], Mapping[str, bytes]],
        message: str,
        lock_timeout_seconds: float,
        deadline: Deadline,
    ) -> tuple[Revision, LockInfo | None]:
        """Write what *made* makes of the newest revision, once nobody holds the lock.

        Returns the new revision, and the lock of a dead or lost process that it took the place of.
        """
        until = self.clock.monotonic() + lock_timeout_seconds
        takes = 0
        while True:
            revision = self._fetched(deadline)
            found = parse_lock(revision.files.get(self._names.lock))
            left_seconds = _lease_left(revision)
            if found is None or left_seconds <= 0 or is_dead(self.machine, found):
                takes += 1
                try:
                    return self.remote.replace(revision, made(revision), message, deadline), found
                except StateOutdated:
                    if takes == TAKES_MAX:
                        raise
                continue
            left = until - self.clock.monotonic()
            if left <= 0:
                raise locked(found, self.machine, self.where, left_seconds)
            self.clock.sleep(min(POLL_SECONDS, left))

    def _give_back(self, nonce: str, message: str) -> None:
        """Take the lock away again if it came to be ours: nobody else could know that it is nobody's."""
        deadline = Deadline(self.clock)
        deadline.hurry(GIVE_BACK_SECONDS)
        with suppress(StateError):  # what is told is why the lock could not be taken
            revision = self.remote.fetch(deadline)
            found = parse_lock(revision.files.get(self._names.lock))
            if found is not None and found.nonce == nonce:
                files = without(revision.files, self._names.lock)
                self.remote.replace(revision, files, message, deadline)

    # Reading.

    def _revisions(self, revisions_max: int) -> tuple[Revision, ...]:
        return self.remote.history(self.file, revisions_max, Deadline(self.clock))

    def _fetched(self, deadline: Deadline) -> Revision:
        revision = self.remote.fetch(deadline)
        names = self._names
        for name in sorted(revision.files):
            if name not in {names.state, names.journal, names.lock}:
                raise foreign(self.where, name)
        return revision

    def _document(self, revision: Revision) -> Document | None:
        names = self._names
        data = revision.files.get(names.state)
        with _of_a_remote():
            document = None if data is None else open_document(data, names.where_state)
        refuse_foreign(document, self.project, names.where_state)
        return document


def _lease_left(revision: Revision) -> float:
    """Return how many seconds a lock in *revision* still holds, whatever becomes of its holder."""
    return inf if revision.age_seconds is None else LEASE_SECONDS - revision.age_seconds


@contextmanager
def _of_a_remote() -> Iterator[None]:
    """Let errors about the state say how one comes back that lives in a remote."""
    try:
        yield
    except (StateDamaged, StateForeign) as error:
        raise type(error)(error.problem, where=error.where, remedy=_BACK) from error
