"""A state that is open for writing: notes are appended to the journal, and folded when it ends."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from threadsync.errors import StateUnwritable
from threadsync.model.ids import Address
from threadsync.model.journal import Note
from threadsync.model.ledger import Ledger
from threadsync.model.state import State
from threadsync.statefile.codec import Document
from threadsync.statefile.disk import AppendHandle, Disk
from threadsync.statefile.files import Files
from threadsync.statefile.journal import header_line, header_of
from threadsync.statefile.lock import Lease, LockInfo
from threadsync.statefile.pending import Pending


class FileSession:
    """A session of ``FileStore``.

    Nothing is written before the first barrier, so a run that records nothing leaves no trace. An
    append costs the same whatever the size of the state: the state file is rewritten only at the end.
    """

    def __init__(
        self,
        files: Files,
        disk: Disk,
        lease: Lease,
        document: Document | None,
        *,
        blank: State,
        recovered: int,
    ) -> None:
        self._files = files
        self._disk = disk
        self._lease = lease
        self._document = document
        self._handle: AppendHandle | None = None
        self._recorded: list[bytes] = []
        self._writing = False
        self._recovered = recovered
        self._start = blank if document is None else document.state
        self._pending = Pending(self._start)

    @property
    def ledger(self) -> Ledger:
        """See ``Journal.ledger``."""
        return self._pending.ledger

    @property
    def first_run(self) -> bool:
        """See ``Session.first_run``."""
        return self._pending.first_run

    @property
    def broken(self) -> LockInfo | None:
        """See ``Session.broken``."""
        return self._lease.broken

    @property
    def recovered(self) -> int:
        """See ``Session.recovered``."""
        return self._recovered

    def check_lease(self) -> None:
        """See ``Journal.check_lease``."""
        self._lease.check()

    def append(self, notes: Sequence[Note]) -> Address | None:
        """See ``Journal.append``."""
        self._refuse_after_a_failure()
        return self._pending.append(notes)

    def barrier(self) -> None:
        """See ``Journal.barrier``."""
        self._refuse_after_a_failure()
        if not self._pending:
            return
        self._lease.check()
        self._writing = True
        handle, header = self._opened()
        group = header + self._pending.lines
        handle.append(group)
        handle.sync()
        if header:
            self._disk.sync_dir(self._files.journal.parent)
        # Looked at again: had the lock been taken away in between, whoever took it may have folded the
        # journal without these notes, and they would be on a file that is gone.
        self._lease.check()
        self._writing = False
        self._recorded.append(group)
        self._pending.clear()

    @property
    def linger_seconds(self) -> float:
        """See ``Journal.linger_seconds``: a write to a disk costs little, so nothing waits for another."""
        return 0.0

    @property
    def renews_at_seconds(self) -> float:
        """See ``Journal.renews_at_seconds``: the file of a lock stays as long as nobody removes it."""
        return inf

    def idle(self) -> None:
        """See ``Journal.idle``: every barrier has made everything durable."""

    def hurry(self, seconds: float) -> None:
        """See ``Journal.hurry``: a write to a disk takes no time that could be bounded."""

    def close(self) -> None:
        """Make what was appended durable, fold the journal into the state file and remove it.

        After a write that failed nothing is folded: the next session reads what the disk kept.

        Raises:
            StateLocked, StateUnwritable: as ``barrier``; the journal stays for the next session.
        """
        try:
            if not self._writing:
                self.barrier()
        finally:
            handle, self._handle = self._handle, None
            if handle is not None:
                handle.close()
        if handle is None or self._writing:
            return
        self._lease.check()
        self._files.fold_journal(self._disk, self._document, b"".join(self._recorded))

    def _opened(self) -> tuple[AppendHandle, bytes]:
        """Return the journal, and its header where it is still to be written."""
        if self._handle is not None:
            return self._handle, b""
        if self._document is None:
            self._document = self._files.create(self._disk, self._start)
        self._handle = self._disk.open_append(self._files.journal)
        return self._handle, header_line(header_of(self._document, self._lease.nonce))

    def _refuse_after_a_failure(self) -> None:
        if self._writing:
            raise StateUnwritable(
                "an earlier write of this run failed, so nothing more is recorded",
                where=str(self._files.journal),
                remedy="Check the disk, then run the same command again: it settles what was under way.",
            )
