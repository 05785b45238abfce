"""The file of SQLite in which clients remember what they read: where lists were left, and answers.

``cursors``  for each account, endpoint and scope: the cursor to go on with, and when it was written
``answers``  for each account, endpoint (its address) and what it was asked (JSON): the answer (JSON), and
             when it came

Times are in seconds since 1970. The ledger's tables (see ``spending``) stand in the same file.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from threadsync.errors import UsageError

BUSY_SECONDS: Final = 5.0
"""How long another process that writes the file is waited for."""

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS cursors (account TEXT NOT NULL, endpoint TEXT NOT NULL, scope TEXT NOT NULL,"
    " cursor TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (account, endpoint, scope))",
    "CREATE TABLE IF NOT EXISTS answers (account TEXT NOT NULL, endpoint TEXT NOT NULL, asked TEXT NOT NULL,"
    " answer TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (account, endpoint, asked))",
)


class Memory:
    """The file at *path*, or what is remembered for as long as the client lives; threads may share it."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._base: sqlite3.Connection | None = None

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._base is not None:
                self._base.close()
                self._base = None

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """Yield the file, which is made if need be.

        Raises:
            UsageError: it cannot be used.
        """
        with self._lock:
            try:
                self._base = self._base or _connected(self._path)
                yield self._base
            except (sqlite3.Error, OSError) as error:
                raise UsageError(
                    f"the file {self._path} in which the client remembers cannot be used: {error}",
                    remedy="Give another file as memory=…; or remove it, and it begins anew.",
                ) from error


def _connected(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    # A lock of ours keeps the threads that share it apart.
    base = sqlite3.connect(path or ":memory:", timeout=BUSY_SECONDS, check_same_thread=False)
    try:
        base.execute("PRAGMA journal_mode = WAL")
        for statement in _TABLES:
            base.execute(statement)
    except sqlite3.Error:
        base.close()
        raise
    return base
