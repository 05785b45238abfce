"""Tables that are kept beside a state and are no part of it: one file each, exchanged as a whole.

Changing one needs no lock of the state, so it never stands in the way of an apply. What is written is made
from what is there at that moment, so that of two writers at once neither loses what the other wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from msgspec import Struct

from threadsync.errors import StateLocked, StateOutdated
from threadsync.statefile.disk import Disk, is_leftover_of
from threadsync.statefile.lock import Clock, Holder, Lock
from threadsync.statefile.machine import Machine
from threadsync.statefile.remote import Deadline, Remote, Revision, foreign

CHANGES_MAX: Final = 10
"""How often others may be quicker at changing a table before a person has to look."""

WAIT_SECONDS: Final = 5.0
"""How long another process may take to change a table in a file."""

Make: TypeAlias = Callable[[bytes | None], bytes]
"""Makes the new content of a table from the one that is there; may be asked again."""


class Table(Protocol):
    """A file beside a state."""

    @property
    def where(self) -> str:
        """Its name in messages."""
        ...

    def read(self) -> bytes | None:
        """Return its content, None where there is none yet; needs no write permission.

        Raises:
            StateError: it cannot be read.
        """
        ...

    def change(self, make: Make, holder: Holder) -> None:
        """Put what *make* makes of it in its place; nothing is written where that is what it is already.

        Raises:
            StateLocked: another run is changing it.
            StateError: it cannot be written; then it is as it was, or (StateUnreachable) nobody knows.
        """
        ...


def file_of(state: str, name: str) -> str:
    """Return what the table *name* is called beside a state file: ``threadsync.insights.jsonl``."""
    return f"{state.removesuffix('.json')}.{name}.jsonl"


class FileTable(Struct, frozen=True):
    """A table in a file of this machine, with a lock of its own beside it while it is changed."""

    path: Path
    disk: Disk
    clock: Clock
    machine: Machine
    new_id: Callable[[], str]

    @property
    def where(self) -> str:
        """See ``Table.where``."""
        return str(self.path)

    def read(self) -> bytes | None:
        """See ``Table.read``."""
        return self.disk.read(self.path)

    def change(self, make: Make, holder: Holder) -> None:
        """See ``Table.change``."""
        path = self.path.with_name(f"{self.path.name}.lock")
        try:
            lock = Lock(path, self.disk, self.clock, self.machine, self.new_id)
            lease = lock.acquire(holder, WAIT_SECONDS)
        except StateLocked as error:
            raise StateLocked(
                "another process is changing the table",
                where=str(path),
                remedy="That takes milliseconds. If this stays, its process has died: remove that file.",
            ) from error
        try:
            for name in self.disk.list(self.path.parent):
                if is_leftover_of(self.path.name, name):
                    self.disk.remove(self.path.parent / name)
            here = self.disk.read(self.path)
            made = make(here)
            if made != here:
                lease.check()
                self.disk.replace(self.path, made)
        finally:
            lease.release()


class SharedTable(Struct, frozen=True):
    """A table alone in a place that several machines share, where compare-and-set needs no lock."""

    remote: Remote
    file: str
    clock: Clock

    @property
    def where(self) -> str:
        """See ``Table.where``."""
        return f"{self.file} in {self.remote.where}"

    def read(self) -> bytes | None:
        """See ``Table.read``."""
        return self._fetched(Deadline(self.clock)).files.get(self.file)

    def change(self, make: Make, holder: Holder) -> None:
        """See ``Table.change``; nobody holds it, so nobody is waited for."""
        deadline = Deadline(self.clock)
        for number in range(1, CHANGES_MAX + 1):
            revision = self._fetched(deadline)
            here = revision.files.get(self.file)
            made = make(here)
            if made == here:
                return
            try:
                message = f"{holder.command}: keeps what it read\n\nby {holder.user}\n"
                self.remote.replace(revision, {self.file: made}, message, deadline)
            except StateOutdated:
                if number == CHANGES_MAX:
                    raise
            else:
                return

    def _fetched(self, deadline: Deadline) -> Revision:
        revision = self.remote.fetch(deadline)
        for name in sorted(revision.files):
            if name != self.file:
                raise foreign(self.remote.where, name)
        return revision
