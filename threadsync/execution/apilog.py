"""The API log: a row for every request of every command; see ``database`` for where it can be.

A row is what a person asks for afterwards: when, which call, on whose behalf, what came of it, and which
row of the provider's table of faults decided. Secrets are never in it (law 12): a credential stands as
``[secret]``, every text is searched for those that were in use, and addresses lose their query, which may
be a signature. Rows go in by batches, without waiting for the disk; what a power cut takes is the log's
end, never a post. A log that cannot be written is told once and ends nothing.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, field

from threadsync.errors import DatabaseError
from threadsync.execution.clock import SystemTimes, Times
from threadsync.execution.database import DatabaseLike, Outage, database_of, opened
from threadsync.execution.tables import Part, Table, Value
from threadsync.model.ids import Json, Role, TargetName

KEPT: Final = timedelta(days=30)
"""How long a call is kept; tables of cursors, ledgers and insights are not pruned."""
BATCH_CALLS: Final = 64
BATCH_SECONDS: Final = 1.0
"""A batch is written when it holds so many calls, or its first one has waited so long."""

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
LOG: Final = Part(
    "log",
    (
        Table(
            "calls",
            (
                "id IDENTITY",
                "at TEXT NOT NULL",
                "run TEXT NOT NULL",
                "command TEXT NOT NULL",
                "target TEXT NOT NULL",
                "operation TEXT NOT NULL",
                "parameters TEXT NOT NULL",
                "visibility TEXT NOT NULL",
                "attempt BIGINT NOT NULL",
                "status BIGINT",
                "reason TEXT NOT NULL",
                "fault_class TEXT NOT NULL",
                "fault_row TEXT NOT NULL",
                "fault_text TEXT NOT NULL",
                "ids TEXT NOT NULL",
                "duration_ms BIGINT NOT NULL",
                "allowances TEXT NOT NULL",
            ),
            index="at",
        ),
    ),
)
RENEWALS: Final = Part(
    "renewals",
    (
        Table(
            "renewals",
            (
                "target TEXT NOT NULL",
                "role TEXT NOT NULL",
                "at TEXT NOT NULL",
                "expires_at TEXT",
                "PRIMARY KEY (target, role)",
            ),
        ),
    ),
)
_NAMES: Final = ", ".join(_COLUMNS)
_INSERT: Final = f"INSERT INTO threadsync_calls ({_NAMES}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608  (our own words)


class ApiLog:
    """The log in a database, open for writing; *tell* is told once if it cannot be written.

    *where* is the path of a file of SQLite, the address of one in PostgreSQL, a connection of yours, or a
    ``Database``. Threads, tasks and clients may share a log.

    Raises:
        UsageError: *where* is none of these, or psycopg is not installed.
    """

    def __init__(
        self, where: DatabaseLike, clock: Times | None = None, tell: Callable[[str], None] = _LOGGER.warning
    ) -> None:
        self._database = database_of(where)
        self._is_given = where is self._database
        self._clock = clock or SystemTimes()
        self._lock = threading.RLock()
        self._outage = Outage(self._clock, tell)
        self._is_pruned = False
        self._batch: list[Call] = []
        self._oldest_seconds = 0.0

    @property
    def is_remote(self) -> bool:
        """Whether writing may take long; see ``Database``."""
        return self._database.is_remote

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
        if not batch or self._outage.lasts:
            return
        try:
            with self._database.using(LOG, writes=True) as rows:
                if not self._is_pruned:
                    oldest = _stamp(self._clock.now() - KEPT)
                    rows.execute("DELETE FROM threadsync_calls WHERE at < ?", (oldest,))
                rows.execute_many(_INSERT, map(_row_of, batch))
            self._is_pruned = True
            self._outage.end()
        except DatabaseError as error:
            self._outage.begin(
                f"The API log cannot be written: {error.problem}. The run goes on without it. {error.remedy}"
            )

    def close(self) -> None:
        """Write what has been taken in, and let go of the database, unless it is one of the caller's."""
        with self._lock:
            self._flush()
            if not self._is_given:
                self._database.close()


def read_calls(
    where: DatabaseLike,
    *,
    target: str | None = None,
    since: datetime | None = None,
    run: str | None = None,
    errors: bool = False,
    limit: int,
) -> tuple[Call, ...]:
    """Return the newest *limit* calls that fit, oldest first; none where there is no log.

    *where* is what an ``ApiLog`` takes.

    Raises:
        DatabaseError: the log is there and cannot be read.
    """
    asked: dict[str, str] = {}
    if target is not None:
        asked["target = ?"] = target
    if since is not None:
        asked["at >= ?"] = _stamp(since)
    if run is not None:
        asked["run = ?"] = run
    words = [*asked, *(["(fault_row <> '' OR status IS NULL)"] if errors else [])]
    among = f"WHERE {' AND '.join(words)}" if words else ""
    query = f"SELECT {_NAMES} FROM threadsync_calls {among} ORDER BY at DESC, id DESC LIMIT ?"  # noqa: S608  (our own words)
    with opened(where) as database:
        rows = database.read(LOG, query, [*asked.values(), limit])
    try:
        return tuple(map(_call_of, reversed(rows)))
    except (ValueError, TypeError) as error:
        raise DatabaseError(
            f"a row of the log in {database.name} is damaged ({error})",
            remedy="Remove the row, or the whole table; nothing else depends on it.",
        ) from error


class Renewal(Struct, frozen=True):
    """When a credential was last made or renewed here, and until when it lives, where that was told."""

    at: datetime
    expires_at: datetime | None


def note_renewal(path: Path, target: TargetName, role: Role, renewal: Renewal) -> None:
    """Keep in the file at *path* when a credential was made or renewed; this is never pruned.

    It is what was done from this machine, so it stays on it.

    Raises:
        DatabaseError: it cannot be written.
    """
    ends = _stamp(renewal.expires_at) if renewal.expires_at is not None else None
    with opened(path) as database, database.using(RENEWALS, writes=True) as rows:
        rows.execute(
            "INSERT INTO threadsync_renewals (target, role, at, expires_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (target, role) DO UPDATE SET at = excluded.at, expires_at = excluded.expires_at",
            (target, role, _stamp(renewal.at), ends),
        )


def forget_renewal(path: Path, target: TargetName, role: Role) -> None:
    """Forget when a credential was renewed: another one stands in its place.

    Raises:
        DatabaseError: it cannot be written.
    """
    if path.exists():
        with opened(path) as database, database.using(RENEWALS, writes=True) as rows:
            rows.execute("DELETE FROM threadsync_renewals WHERE target = ? AND role = ?", (target, role))


def read_renewals(path: Path) -> dict[tuple[TargetName, Role], Renewal]:
    """Return when credentials were last made or renewed here; those of which it is not known are left out.

    Raises:
        DatabaseError: it is there and cannot be read.
    """
    with opened(path) as database:
        rows = database.read(RENEWALS, "SELECT target, role, at, expires_at FROM threadsync_renewals")
    return {
        (TargetName(str(target)), Role(str(role))): Renewal(
            datetime.fromisoformat(str(at)), datetime.fromisoformat(str(ends)) if ends is not None else None
        )
        for target, role, at, ends in rows
    }


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _row_of(call: Call) -> list[Value]:
    found = {name: getattr(call, name) for name in _COLUMNS}
    found |= {name: json.dumps(found[name]) for name in _JSON} | {"at": _stamp(call.at)}
    return [_storable(value) if isinstance(value, str) else value for value in found.values()]


def _storable(text: str) -> str:
    """Return *text* with what a database cannot hold escaped: a server may cut its message anywhere."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def _call_of(row: tuple[Any, ...]) -> Call:
    found = dict(zip(_COLUMNS, row, strict=True))
    found |= {name: json.loads(found[name]) for name in _JSON}
    found |= {"at": datetime.fromisoformat(found["at"]), "ids": tuple(found["ids"])}
    return Call(**found)
