"""Where lists were left, so that another run goes on from there.

One table of SQLite, which may stand beside others in one file: ``cursors`` has for each account, endpoint and
scope the cursor to go on with, and when it was written (seconds since 1970).
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from threadsync.errors import UsageError
from threadsync.execution.clock import Times
from threadsync.flows.core import advance
from threadsync.flows.effects import Flow, Request
from threadsync.flows.paging import HasAfter

BUSY_SECONDS: Final = 5.0
"""How long another process that writes the file is waited for."""
PAGED_BY: Final = frozenset({"cursor", "after", "before", "limit"})
"""Parameters that say which page of a list is asked for, not which list."""

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS cursors (account TEXT NOT NULL, endpoint TEXT NOT NULL, scope TEXT NOT NULL,"
    " cursor TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (account, endpoint, scope))"
)


class Place(Struct, frozen=True):
    """Which list it is."""

    endpoint: str
    scope: str


def place_of(listing: Callable[[str | None], Flow[HasAfter]], scope: str | None) -> Place:
    """Return which list *listing* reads; without a *scope*, what else it asks is its scope.

    Raises:
        UsageError: it asks the network for nothing at first.
    """
    with closing(listing(None)) as flow:
        request = advance(flow, None)
    if not isinstance(request, Request):
        raise UsageError(
            "this flow reads no list: it begins with something else than a request",
            remedy="Give a function that returns the flow of an endpoint: lambda cursor: list_records(…).",
        )
    if scope is None:
        asked = {name: value for name, value in request.params.items() if name not in PAGED_BY}
        scope = json.dumps([request.host, asked], sort_keys=True, default=repr)
    return Place(request.path, scope)


class Cursors:
    """The cursors of *account*, in the file at *path*, or for as long as the program runs."""

    def __init__(self, path: Path | None, account: str, clock: Times) -> None:
        self._path = path
        self._account = account
        self._clock = clock
        self._lock = threading.Lock()
        self._base: sqlite3.Connection | None = None

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._base is not None:
                self._base.close()
                self._base = None

    def read(self, place: Place) -> str | None:
        """Return where the list was left; None where it begins.

        Raises:
            UsageError: the file cannot be used.
        """
        with self._opened() as base:
            found = base.execute(
                "SELECT cursor FROM cursors WHERE account = ? AND endpoint = ? AND scope = ?",
                (self._account, place.endpoint, place.scope),
            ).fetchone()
        return None if found is None else str(found[0])

    def write(self, place: Place, cursor: str | None) -> None:
        """Remember where the list was left; None forgets it.

        Raises:
            UsageError: the file cannot be used.
        """
        key = (self._account, place.endpoint, place.scope)
        with self._opened() as base, base:
            if cursor is None:
                base.execute("DELETE FROM cursors WHERE account = ? AND endpoint = ? AND scope = ?", key)
            else:
                values = (*key, cursor, self._clock.now().timestamp())
                base.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, ?, ?)", values)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._base = self._base or _connected(self._path)
                yield self._base
            except (sqlite3.Error, OSError) as error:
                raise UsageError(
                    f"the file {self._path} in which places of lists are remembered cannot be used: {error}",
                    remedy="Give another file as memory=…; or remove it, and every list begins anew.",
                ) from error


def _connected(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    # A lock of ours keeps the threads that share it apart.
    base = sqlite3.connect(path or ":memory:", timeout=BUSY_SECONDS, check_same_thread=False)
    try:
        base.execute("PRAGMA journal_mode = WAL")
        base.execute(_TABLE)
    except sqlite3.Error:
        base.close()
        raise
    return base
