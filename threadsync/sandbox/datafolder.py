"""What a sandbox keeps on disk: the last snapshot, and a journal of every change since.

    network.json        the state as of some moment, its name, and which journal goes on from there
    journal-N.jsonl     one change a line: a call with its time and what it fetched, or a command
    media/              copies of the pictures and films
    lock                held while a sandbox runs

The model is a function, so a change is kept as what caused it and carried out again when the folder is
opened. A line is in the operating system's hands before its call is answered: killing the process loses
nothing that was acknowledged. It is not synced to the disk: pulling the plug may. An append costs the
same whatever the size of the network; the journal is folded into a snapshot when it outgrows it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from threadsync.sandbox.problems import DataInUse, DataUnusable, DataUnwritable
from threadsync.sandbox.threads.values import Json

FORMAT_VERSION = 1
FOLD_BYTES_MIN = 1024 * 1024
_LOCKED_BYTE = 1 << 30
"""On Windows a locked byte cannot be read; this one is far behind the end, and in nobody's way."""

_BINARY = getattr(os, "O_BINARY", 0)  # Windows would turn line ends otherwise


class DataFolder:
    """One folder, held by one process at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | _BINARY, 0o644)
        except OSError as error:
            raise DataUnwritable(folder, error.strerror or str(error)) from error
        try:
            _hold(self._lock)
        except OSError as error:
            os.close(self._lock)
            raise DataInUse(folder) from error
        self._generation = 0
        self._journal: int | None = None
        self._journal_bytes = 0
        self._snapshot_bytes = 0

    @property
    def media(self) -> Path:
        """Where copies of media are kept."""
        return self._folder / "media"

    def load(self) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
        """Return the snapshot and the changes since; ``None`` for a folder that is new."""
        path = self._folder / "network.json"
        if not path.exists():
            return None
        try:
            snapshot = json.loads(path.read_bytes())
        except ValueError as error:
            raise DataUnusable(path, "this is no snapshot of a sandbox") from error
        if not isinstance(snapshot, dict) or snapshot.get("format_version") != FORMAT_VERSION:
            raise DataUnusable(path, f"only format version {FORMAT_VERSION} can be read")
        self._generation = snapshot["journal"]
        return snapshot, list(self._changes())

    def _journal_path(self, generation: int) -> Path:
        return self._folder / f"journal-{generation}.jsonl"

    def _changes(self) -> Iterator[dict[str, Any]]:
        path = self._journal_path(self._generation)
        if not path.exists():
            return
        # What comes after the last line end was cut short by a kill and was never acknowledged.
        lines = path.read_bytes().split(b"\n")[:-1]
        for number, line in enumerate(lines, start=1):
            try:
                yield json.loads(line)
            except ValueError as error:
                raise DataUnusable(path, f"line {number} is damaged") from error

    def fold(self, snapshot: Json) -> None:
        """Make *snapshot* the new beginning; a crash leaves the old one with its journal, or the new."""
        if self._journal is not None:
            os.close(self._journal)
        old = self._journal_path(self._generation)
        self._generation += 1
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | _BINARY
        self._journal = os.open(self._journal_path(self._generation), flags, 0o644)
        content = json.dumps(
            {"format_version": FORMAT_VERSION, "journal": self._generation, **snapshot}, ensure_ascii=False
        ).encode()
        draft = self._folder / "network.json.draft"
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._folder / "network.json")
        old.unlink(missing_ok=True)
        self._journal_bytes, self._snapshot_bytes = 0, len(content)

    def append(self, change: Json, snapshot: Callable[[], Json]) -> None:
        """Write one change down; *snapshot* is asked for when it is time to fold."""
        assert self._journal is not None, "a folder is folded once before the first change"
        line = json.dumps(change, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        left = memoryview(line)
        while left:
            left = left[os.write(self._journal, left) :]
        self._journal_bytes += len(line)
        if self._journal_bytes > max(FOLD_BYTES_MIN, self._snapshot_bytes):
            self.fold(snapshot())

    def close(self) -> None:
        """Let go of the folder."""
        if self._journal is not None:
            os.close(self._journal)
            self._journal = None
        os.close(self._lock)


def _hold(descriptor: int) -> None:
    """Lock an open file until it is closed, or its process ends.

    Raises:
        OSError: another process holds it.
    """
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
