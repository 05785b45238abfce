"""The files of one state, and the order in which they are written.

threadsync.json            the state
threadsync.json.journal    what is not folded into it yet
threadsync.json.lock       who writes
.threadsync/history/       earlier states, as ``SERIAL-SEQUENCE.json``
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from threadsync.errors import StateUnwritable
from threadsync.model.state import State, fold
from threadsync.statefile.codec import STATE_BYTES_MAX, Document, encode, open_document, too_large
from threadsync.statefile.disk import Disk, is_leftover_of
from threadsync.statefile.journal import read_journal

BACKUPS_MAX = 50
"""How many earlier states are kept."""
_BACKUP: Final = re.compile(r"[0-9]+-[0-9]+(-[0-9a-f]{8})?\.json")


@dataclass(frozen=True, slots=True)
class Files:
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

    def document(self, disk: Disk) -> Document | None:
        """Read the state; None where there is none.

        Raises:
            StateError: it cannot be read, is damaged or too new.
        """
        where = str(self.state)
        found = disk.identity(self.state)
        if found is not None and found.size_bytes > STATE_BYTES_MAX:
            raise too_large(found.size_bytes, where)
        data = disk.read(self.state)
        return None if data is None else open_document(data, where)

    def create(self, disk: Disk, state: State) -> Document:
        """Write the first state file.

        Raises:
            StateUnwritable: the disk refused, or gave back something else.
        """
        return self._write(disk, state, journal="")

    def fold_journal(
        self, disk: Disk, document: Document | None, journal: bytes
    ) -> tuple[Document | None, int]:
        """Fold *journal* into the state file and remove it; return the new document and how many notes.

        A crash in between leaves the old state with its journal, or the new one with a journal that it
        names as its own: either way the next reader sees every note once.

        Raises:
            StateError: the journal does not belong to *document*, is damaged, or the disk refused.
        """
        unfolded = read_journal(journal, document, str(self.journal))
        if document is not None and unfolded.notes:
            self._back_up(disk, document)
            state = replace(fold(document.state, unfolded.notes), serial=document.state.serial + 1)
            document = self._write(disk, state, journal=unfolded.journal)
        disk.remove(self.journal)
        disk.sync_dir(self.state.parent)
        return document, len(unfolded.notes)

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

    def _back_up(self, disk: Disk, document: Document) -> None:
        data = disk.read(self.state)
        assert data is not None, "a document was read from this file, under the lock"
        name = f"{document.state.serial}-{document.state.sequence}"
        backup = self.history / f"{name}.json"
        there = disk.read(backup)
        if there == data:
            return
        if there is not None:  # the same numbers in another history: an older state was put back
            backup = self.history / f"{name}-{document.checksum.rpartition(':')[2][:8]}.json"
        disk.replace(backup, data)
        for old in self.backups(disk)[BACKUPS_MAX:]:
            disk.remove(old)

    def _write(self, disk: Disk, state: State, *, journal: str) -> Document:
        encoded = encode(state, journal=journal)
        written = open_document(encoded, str(self.state))
        assert written.state == replace(state, run=None), "what is written reads back as what was meant"
        disk.replace(self.state, encoded)
        if disk.read(self.state) != encoded:
            raise StateUnwritable(
                "the disk gave back something else than was written",
                where=str(self.state),
                remedy="Do not trust that disk. The journal beside the state still holds what this run did: "
                "copy it to a good disk with the newest copy of `threadsync state history`, and apply.",
            )
        return written


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.removesuffix(".json").split("-")[:2])
