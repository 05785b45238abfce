"""The files of one state, and the order in which they are written.

threadsync.json            the state
threadsync.json.journal    what is not folded into it yet
threadsync.json.lock       who writes
.threadsync/history/       earlier states, as ``SERIAL-SEQUENCE.json``
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from shlex import quote
from typing import Final

from msgspec import Struct

from threadsync.errors import StateError, StateUnwritable
from threadsync.model.state import State
from threadsync.statefile.codec import STATE_BYTES_MAX, Document, open_document, too_large
from threadsync.statefile.disk import Disk, is_leftover_of
from threadsync.statefile.folding import fold_journal, rewritten

BACKUPS_MAX = 50
"""How many earlier states are kept."""
_BACKUP: Final = re.compile(r"[0-9]+-[0-9]+(-[0-9a-f]{8})?\.json")


class Files(Struct, frozen=True):
    """Where the state, its journal, its lock and its earlier copies are."""

    state: Path
    history: Path

    @property
    def journal(self) -> Path:
        """The journal beside the state."""
        return self.state.with_name(f"{self.state.name}.journal")

    @property
    def lock(self) -> Path:
        """The lock beside the state."""
        return self.state.with_name(f"{self.state.name}.lock")

    def encoded(self, disk: Disk) -> bytes | None:
        """Return the state file as it is; None where there is none.

        Raises:
            StateError: it cannot be read, or is too large.
        """
        found = disk.identity(self.state)
        if found is not None and found.size_bytes > STATE_BYTES_MAX:
            raise too_large(found.size_bytes, str(self.state))
        return disk.read(self.state)

    def document(self, disk: Disk) -> Document | None:
        """Read the state; None where there is none.

        Raises:
            StateError: it cannot be read, is damaged or too new.
        """
        return self.opened(self.encoded(disk))

    def opened(self, encoded: bytes | None) -> Document | None:
        """Return what the state file says, which is *encoded*; None where there is none.

        Raises:
            StateError: it is damaged or too new.
        """
        return None if encoded is None else open_document(encoded, str(self.state))

    def create(self, disk: Disk, state: State) -> Document:
        """Write the first state file.

        Raises:
            StateUnwritable: the disk refused, or gave back something else.
        """
        document, encoded = rewritten(state, str(self.state), journal="")
        self._write(disk, encoded)
        return document

    def fold_journal(
        self, disk: Disk, document: Document | None, journal: bytes
    ) -> tuple[Document | None, int]:
        """Fold *journal* into the state file and remove it; return the new document and how many notes.

        A crash in between leaves the old state with its journal, or the new one with a journal that it
        names as its own: either way the next reader sees every note once.

        Raises:
            StateError: the journal does not belong to *document*, is damaged, or the disk refused.
        """
        folded = fold_journal(document, journal, str(self.state), str(self.journal))
        if document is not None and folded.encoded is not None:
            self._back_up(disk, document)
            self._write(disk, folded.encoded)
        disk.remove(self.journal)
        disk.sync_dir(self.state.parent)
        return folded.document, folded.notes

    def exchange(self, disk: Disk, encoded: bytes) -> None:
        """Put *encoded* in the place of the state; what lay there, a journal too, stays in the history.

        A crash in between leaves the old state with its journal, or the new one.

        Raises:
            StateUnwritable: the disk refused, or gave back something else.
        """
        journal = disk.read(self.journal)
        if journal is not None:
            disk.replace(self.history / f"{self.journal.name}-{_digest(journal)[:8]}", journal)
        if disk.identity(self.state) is not None:
            self._back_up(disk, self._readable(disk))
        self._write(disk, encoded)
        if disk.remove(self.journal):
            disk.sync_dir(self.state.parent)

    def sweep(self, disk: Disk) -> None:
        """Remove temporary files that crashes left; only for the holder of the lock."""
        for folder, of in ((self.state.parent, self.state.name), (self.history, "")):
            for name in disk.list(folder):
                if is_leftover_of(of, name):
                    disk.remove(folder / name)

    def backups(self, disk: Disk) -> tuple[Path, ...]:
        """Return the earlier states, the newest first."""
        dated = [
            (found.modified_ns, _numbers(name), self.history / name)
            for name in disk.list(self.history)
            if _BACKUP.fullmatch(name) and (found := disk.identity(self.history / name)) is not None
        ]
        return tuple(path for _, _, path in sorted(dated, reverse=True))

    def restoring(self, backup: Path) -> str:
        """Return the command for a shell that puts *backup* in the place of the state."""
        return f"cp {quote(str(backup))} {quote(str(self.state))}"

    def _readable(self, disk: Disk) -> Document | None:
        try:
            return self.document(disk)
        except StateError:
            return None

    def _back_up(self, disk: Disk, document: Document | None) -> None:
        """Keep the state in use, which is *document*, or damaged (None)."""
        data = disk.read(self.state)
        assert data is not None, "a state was found in this file, under the lock"
        name = "0-0" if document is None else f"{document.state.serial}-{document.state.sequence}"
        backup = self.history / f"{name}.json"
        there = disk.read(backup)
        if there == data:
            return
        if there is not None:  # the same numbers in another history: an older state was put back
            checksum = _digest(data) if document is None else document.checksum.rpartition(":")[2]
            backup = self.history / f"{name}-{checksum[:8]}.json"
        disk.replace(backup, data)
        for old in self.backups(disk)[BACKUPS_MAX:]:
            disk.remove(old)

    def _write(self, disk: Disk, encoded: bytes) -> None:
        disk.replace(self.state, encoded)
        if disk.read(self.state) != encoded:
            raise StateUnwritable(
                "the disk gave back something else than was written",
                where=str(self.state),
                remedy="Do not trust that disk. The journal beside the state still holds what this run did: "
                "copy it to a good disk with the newest copy of `threadsync state history`, and apply.",
            )


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.removesuffix(".json").split("-")[:2])
