"""The API log: a row for every request of every command, in ``.threadsync/log.sqlite3``.

A row is what a person asks for afterwards: when, which call, on whose behalf, what came of it, and which
row of the provider's table of faults decided. Secrets are never in it (law 12): a credential stands as
``[secret]``, every text is searched for those that were in use, and addresses lose their query, which may
be a signature. Rows go in by batches, without waiting for the disk; what a power cut takes is the log's
end, never a post. A log that cannot be written is told once and ends nothing.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, field

from threadsync.execution.clock import SystemTimes, Times
from threadsync.model.ids import Json, Role, TargetName

FORMAT: Final = 1
"""The version of the tables, in the file's ``user_version``."""
KEPT: Final = timedelta(days=30)
"""How long a call is kept; tables of cursors, ledgers and insights are not pruned."""
BATCH_CALLS: Final = 64
BATCH_SECONDS: Final = 1.0
"""A batch is written when it holds so many calls, or its first one has waited so long."""
BUSY_SECONDS: Final = 0.5
"""How long another process that writes the log is waited for."""


_LOGGER: Final = logging.getLogger("threadsync")


class Call(Struct, frozen=True):
    """One request and what became of it; texts are shortened and hold no secrets."""

    at: datetime
    run: str
    command: str
    target: str
    operation: str
    """The method and the path, ids taken out of it: ``GET /v1.0/{id}``."""
    parameters: Mapping[str, Json]
    visibility: str
    attempt: int
    """How often this very call had been made in its run, this time included."""
    status: int | None = None
    """None where no answer came."""
    reason: str = ""
    """Why no answer came."""
    fault_class: str = ""
    fault_row: str = ""
    """The row of the provider's table of faults that decided."""
    fault_text: str = ""
    ids: tuple[str, ...] = ()
    duration_ms: int = 0
    allowances: Mapping[str, str] = field(default_factory=dict)
    """What the answer's headers tell of limits and usage."""


_COLUMNS: Final = Call.__struct_fields__
_JSON: Final = frozenset({"parameters", "ids", "allowances"})
"""Columns that hold JSON."""
_TABLES: Final = f"""
CREATE TABLE IF NOT EXISTS calls (
    at TEXT NOT NULL, run TEXT NOT NULL, command TEXT NOT NULL, target TEXT NOT NULL,
    operation TEXT NOT NULL, parameters TEXT NOT NULL, visibility TEXT NOT NULL, attempt INTEGER NOT NULL,
    status INTEGER, reason TEXT NOT NULL, fault_class TEXT NOT NULL, fault_row TEXT NOT NULL,
    fault_text TEXT NOT NULL, ids TEXT NOT NULL, duration_ms INTEGER NOT NULL, allowances TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS calls_at ON calls (at);
CREATE TABLE IF NOT EXISTS renewals (
    target TEXT NOT NULL, role TEXT NOT NULL, at TEXT NOT NULL, expires_at TEXT,
    PRIMARY KEY (target, role)
);
PRAGMA user_version = {FORMAT};
"""
_INSERT: Final = f"INSERT INTO calls VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608  (our own words)


class ApiLog:
    """The log at *path*, open for writing; *tell* is told once if it cannot be written.

    Threads, tasks and clients may share one.
    """

    def __init__(
        self, path: Path, clock: Times | None = None, tell: Callable[[str], None] = _LOGGER.warning
    ) -> None:
        self._path = path
        self._clock = clock or SystemTimes()
        self._tell = tell
        self._lock = threading.RLock()
        self._base: sqlite3.Connection | None = None
        self._is_lost = False
        self._is_pruned = False
        self._batch: list[Call] = []
        self._oldest_seconds = 0.0

    def add(self, call: Call) -> None:
        """Take *call* into the batch, and write that if it is full or has waited long enough."""
        with self._lock:
            if not self._batch:
                self._oldest_seconds = self._clock.monotonic()
            self._batch.append(call)
            waited = self._clock.monotonic() - self._oldest_seconds
            if len(self._batch) >= BATCH_CALLS or waited >= BATCH_SECONDS:
                self._flush()

    def flush(self) -> None:
        """Write what has been taken in."""
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        if not batch or self._is_lost:
            return
        try:
            base = self._base = self._base or opened(self._path)
            if not self._is_pruned:
                self._prune(base)
            with base:
                base.executemany(_INSERT, map(_row_of, batch))
        except (sqlite3.Error, OSError) as error:
            self._lose(str(error))

    def close(self) -> None:
        """Write what has been taken in, and let go of the file."""
        with self._lock:
            self._flush()
            if self._base is not None:
                with suppress(sqlite3.Error):  # every row is in by now
                    self._base.close()
                self._base = None

    def _prune(self, base: sqlite3.Connection) -> None:
        with base:
            base.execute("DELETE FROM calls WHERE at < ?", (_stamp(self._clock.now() - KEPT),))
        self._is_pruned = True

    def _lose(self, problem: str) -> None:
        self._is_lost = True
        self._tell(
            f"The API log {self._path} cannot be written: {problem}. The run goes on without it. "
            "If the file is damaged, remove it."
        )


def opened(path: Path) -> sqlite3.Connection:
    """Open the log at *path* for writing; it is made if need be.

    Raises:
        OSError, sqlite3.Error: it cannot be written, or a newer threadsync wrote it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A lock of ours keeps the threads that share it apart.
    base = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
    try:
        (version,) = base.execute("PRAGMA user_version").fetchone()
        if version > FORMAT:
            raise sqlite3.DatabaseError(f"a newer threadsync wrote it (format {version})")
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = OFF")  # what a power cut takes may go
        if version < FORMAT:
            base.executescript(_TABLES)
    except sqlite3.Error:
        base.close()
        raise
    return base


def read_calls(
    path: Path,
    *,
    target: str | None = None,
    since: datetime | None = None,
    run: str | None = None,
    errors: bool = False,
    limit: int,
) -> tuple[Call, ...]:
    """Return the newest *limit* calls that fit, oldest first; none where there is no log.

    Raises:
        sqlite3.Error: the log is there and cannot be read.
    """
    if not path.exists():
        return ()
    asked: dict[str, str] = {}
    if target is not None:
        asked["target = ?"] = target
    if since is not None:
        asked["at >= ?"] = _stamp(since)
    if run is not None:
        asked["run = ?"] = run
    words = [*asked, *(["(fault_row <> '' OR status IS NULL)"] if errors else [])]
    where = f"WHERE {' AND '.join(words)}" if words else ""
    query = f"SELECT * FROM calls {where} ORDER BY at DESC, rowid DESC LIMIT ?"  # noqa: S608  (our own words)
    rows = _read(path, query, [*asked.values(), limit])
    try:
        return tuple(map(_call_of, reversed(rows)))
    except (ValueError, TypeError) as error:
        raise sqlite3.DatabaseError(f"a row of it is damaged ({error})") from error


def _read(path: Path, query: str, values: Sequence[str | int]) -> list[tuple[Any, ...]]:
    """Ask the log at *path*, and write nothing; one whose writer was killed before its tables is empty.

    Raises:
        sqlite3.Error: it cannot be read, or a newer threadsync wrote it.
    """
    try:
        return _asked(path, "mode=rw", query, values)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}:
            raise
        # Where its folder takes no files, writers cannot be watched out for, and there are none.
        # https://www.sqlite.org/wal.html#readonly
        return _asked(path, "immutable=1", query, values)


def _asked(path: Path, how: str, query: str, values: Sequence[str | int]) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?{how}", uri=True, timeout=BUSY_SECONDS)) as base:
        (version,) = base.execute("PRAGMA user_version").fetchone()
        if version > FORMAT:
            raise sqlite3.DatabaseError(f"a newer threadsync wrote it (format {version})")
        return base.execute(query, values).fetchall() if version else []


class Renewal(Struct, frozen=True):
    """When a credential was last made or renewed here, and until when it lives, where that was told."""

    at: datetime
    expires_at: datetime | None


def note_renewal(path: Path, target: TargetName, role: Role, renewal: Renewal) -> None:
    """Keep when a credential was made or renewed; this is never pruned.

    Raises:
        OSError, sqlite3.Error: the log cannot be written.
    """
    ends = _stamp(renewal.expires_at) if renewal.expires_at is not None else None
    with closing(opened(path)) as base, base:
        base.execute("REPLACE INTO renewals VALUES (?, ?, ?, ?)", (target, role, _stamp(renewal.at), ends))


def forget_renewal(path: Path, target: TargetName, role: Role) -> None:
    """Forget when a credential was renewed: another one stands in its place.

    Raises:
        OSError, sqlite3.Error: the log cannot be written.
    """
    if path.exists():
        with closing(opened(path)) as base, base:
            base.execute("DELETE FROM renewals WHERE target = ? AND role = ?", (target, role))


def read_renewals(path: Path) -> dict[tuple[TargetName, Role], Renewal]:
    """Return when credentials were last made or renewed here; those of which it is not known are left out.

    Raises:
        sqlite3.Error: the log is there and cannot be read.
    """
    if not path.exists():
        return {}
    rows = _read(path, "SELECT target, role, at, expires_at FROM renewals", ())
    return {
        (TargetName(target), Role(role)): Renewal(
            datetime.fromisoformat(at), datetime.fromisoformat(ends) if ends is not None else None
        )
        for target, role, at, ends in rows
    }


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _row_of(call: Call) -> list[object]:
    found = {name: getattr(call, name) for name in _COLUMNS}
    found |= {name: json.dumps(found[name]) for name in _JSON} | {"at": _stamp(call.at)}
    return [_storable(value) if isinstance(value, str) else value for value in found.values()]


def _storable(text: str) -> str:
    """Return *text* with what UTF-8 cannot say escaped: a server may cut its message within a character."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _call_of(row: tuple[Any, ...]) -> Call:
    found = dict(zip(_COLUMNS, row, strict=True))
    found |= {name: json.loads(found[name]) for name in _JSON}
    found |= {"at": datetime.fromisoformat(found["at"]), "ids": tuple(found["ids"])}
    return Call(**found)
