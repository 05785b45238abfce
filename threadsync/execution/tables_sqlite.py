"""Tables in SQLite: in a file of ours, for the life of a process, or through a connection of the caller's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from threadsync.execution.tables import BUSY_SECONDS, Row, Value

SAVEPOINT: Final = "threadsync"


class SqliteLink:
    """A connection to a database of SQLite; see ``Link``."""

    identity = "INTEGER PRIMARY KEY AUTOINCREMENT"
    errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base

    def execute(self, statement: str, values: Sequence[Value] = ()) -> list[Row]:
        """See ``Rows.execute``."""
        with closing(self._base.cursor()) as cursor:
            cursor.row_factory = None  # a caller's connection may have one of its own
            return cursor.execute(statement, values).fetchall()

    def execute_many(self, statement: str, rows: Iterable[Sequence[Value]]) -> None:
        """See ``Rows.execute_many``."""
        with closing(self._base.cursor()) as cursor:
            cursor.executemany(statement, rows)

    @contextmanager
    def transaction(self, *, writes: bool) -> Iterator[bool]:
        """See ``Link.transaction``."""
        ours = not self._base.in_transaction
        begin, end, undo = (
            ("BEGIN IMMEDIATE" if writes else "BEGIN", "COMMIT", "ROLLBACK")
            if ours
            else (f"SAVEPOINT {SAVEPOINT}", f"RELEASE {SAVEPOINT}", f"ROLLBACK TO {SAVEPOINT}")
        )
        self.execute(begin)
        try:
            yield ours
            self.execute(end)
        except BaseException:
            with suppress(sqlite3.Error):  # an error of the disk has rolled it back already
                self.execute(undo)
                if not ours:
                    self.execute(end)
            raise

    def has_table(self, name: str) -> bool:
        """See ``Link.has_table``."""
        return bool(self.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)))

    def alone(self, table: str) -> None:
        """See ``Link.alone``: our transaction is alone from its beginning, a savepoint from here on."""
        self.execute(f"DELETE FROM {table} WHERE 0")  # noqa: S608  (our own words)

    def alone_making(self) -> None:
        """See ``Link.alone_making``: who writes first is alone, another one is told and begins anew."""

    def is_lost(self) -> bool:
        """See ``Link.is_lost``."""
        return False

    def close(self) -> None:
        """See ``Link.close``."""
        self._base.close()


def connected(path: Path | None) -> SqliteLink:
    """Open the file at *path*, which is made if need be, or a database of this process alone.

    Raises:
        OSError, sqlite3.Error: it cannot be used.
    """
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    # A lock of ours keeps the threads that share it apart.
    base = sqlite3.connect(
        path or ":memory:", timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None
    )
    try:
        _log_ahead(base)
        # What a power cut takes is told again by the network, or was only a place in a list.
        base.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.Error:
        base.close()
        raise
    return SqliteLink(base)


def _log_ahead(base: sqlite3.Connection) -> None:
    """Let the file be read while it is written; it stays so (https://www.sqlite.org/wal.html)."""
    try:
        base.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        # Who cannot change it at once is not made to wait: another process has just begun to.
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise


@contextmanager
def reading(path: Path) -> Iterator[SqliteLink]:
    """Open the file at *path* in such a way that nothing is written.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    try:
        base = _opened(path, "mode=rw")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}:
            raise
        # Where its folder takes no files, writers cannot be watched out for, and there are none.
        # https://www.sqlite.org/wal.html#readonly
        base = _opened(path, "immutable=1")
    with closing(base):
        yield SqliteLink(base)


def _opened(path: Path, how: str) -> sqlite3.Connection:
    base = sqlite3.connect(
        f"{path.resolve().as_uri()}?{how}", uri=True, timeout=BUSY_SECONDS, isolation_level=None
    )
    try:
        base.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error:
        base.close()
        raise
    return base
