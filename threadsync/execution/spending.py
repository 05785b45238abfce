"""A ledger of what was spent of accounts' allowances, for all processes that name its file.

Of a network that tells what is left by its answers alone. A request that would go over is refused before it
is sent: on Bluesky one that is sent all the same uses up what is left (observed). What an answer tells
corrects what was counted, so that what others spend of the account counts too.

Two tables of SQLite, which may stand beside others in one file:

``spent``       what a request took: account, what (``points``), when (seconds since 1970), how much
``allowances``  what an answer told last of a window: its total, what was used of it, when it is free
                again, and the last row of ``spent`` that was counted in
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from threadsync.errors import ApiError
from threadsync.execution.clock import Times
from threadsync.flows.effects import NoResponse, Request, Response
from threadsync.model.facts import Quota
from threadsync.model.fault import Fault, FaultClass
from threadsync.providers.accounts import Spending, Told, Window

WARN_PART: Final = 0.95
"""From which part of a window on it is told how little is left."""
BUSY_SECONDS: Final = 5.0
"""How long another process that writes the file is waited for."""
ROW: Final = "allowance-spent"
"""The row of a fault that the ledger, not the network, decides."""

_LOGGER: Final = logging.getLogger("threadsync")
_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS spent (id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,"
    " what TEXT NOT NULL, at REAL NOT NULL, amount INTEGER NOT NULL)",
    "CREATE INDEX IF NOT EXISTS spent_at ON spent (account, what, at)",
    "CREATE TABLE IF NOT EXISTS allowances (account TEXT NOT NULL, what TEXT NOT NULL, seconds REAL NOT NULL,"
    " total INTEGER NOT NULL, used INTEGER NOT NULL, resets_at REAL NOT NULL, counted INTEGER NOT NULL,"
    " PRIMARY KEY (account, what, seconds))",
)


class Standing(Struct, frozen=True):
    """How a window stands at a moment."""

    window: Window
    used: int
    free_in_seconds: float | None
    """After how long as much as is asked for is free; None where it never is."""

    @property
    def left(self) -> int:
        """How much may still be spent."""
        return max(0, self.window.total - self.used)


class SpendingLedger:
    """The ledger at *path*, or one of this process alone; *tell* is told what runs low, once a window.

    Threads, tasks and clients may share one. A file that cannot be used is told once, and refuses nothing:
    the network keeps its own count.
    """

    def __init__(
        self, path: Path | None, clock: Times, tell: Callable[[str], None] = _LOGGER.warning
    ) -> None:
        self._path = path
        self._clock = clock
        self._tell = tell
        self._lock = threading.Lock()
        self._base: sqlite3.Connection | None = None
        self._is_lost = False
        self._told_at: dict[tuple[str, Window], float] = {}

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._base is not None:
                self._base.close()
                self._base = None

    @contextmanager
    def counted(
        self, spending: Spending, account: str, request: Request
    ) -> Iterator[Callable[[Response | NoResponse], None]]:
        """Count *request* while it is sent; what became of it is told to what is yielded.

        Raises:
            ApiError: the account has not enough left for it; nothing was sent.
        """
        rows = self._reserve(spending, account, request)

        def told(answer: Response | NoResponse) -> None:
            if isinstance(answer, NoResponse):
                if not answer.sent:
                    self._write("DELETE FROM spent WHERE id = ?", [(row,) for row in rows])
            elif rows and (found := spending.told(request, answer)) is not None:
                self._correct(account, found, max(rows))

        yield told

    def quotas(self, spending: Spending, account: str) -> Mapping[str, Quota]:
        """Return how much is left, of each allowance in the window that has least left."""
        found: dict[str, Standing] = {}
        with self._opened() as base:
            if base is not None:
                for window in spending.windows:
                    standing = self._standing(base, account, window, 0)
                    known = found.get(window.what)
                    found[window.what] = min(known or standing, standing, key=lambda each: each.left)
        return {
            what: Quota(each.used, each.window.total, window_seconds=each.window.seconds)
            for what, each in found.items()
        }

    def _reserve(self, spending: Spending, account: str, request: Request) -> list[int]:
        costs = {what: amount for what, amount in spending.cost(request).items() if amount}
        if not costs:
            return []
        low: list[Standing] = []
        rows: list[int] = []
        with self._opened() as base:
            if base is None:
                return rows
            for window in spending.windows:
                amount = costs.get(window.what, 0)
                standing = self._standing(base, account, window, amount)
                if amount > standing.left:
                    raise ApiError(_fault(standing, amount), where=f"{request.method} {request.path}")
                if amount and standing.used + amount >= WARN_PART * standing.window.total:
                    low.append(standing)
            now = self._clock.now().timestamp()
            longest = max(window.seconds for window in spending.windows)
            base.execute("DELETE FROM spent WHERE at < ?", (now - longest,))
            insert = "INSERT INTO spent (account, what, at, amount) VALUES (?, ?, ?, ?)"
            for what, amount in costs.items():
                rows.append(base.execute(insert, (account, what, now, amount)).lastrowid or 0)
        for standing in low:
            self._warn(account, standing, costs[standing.window.what])
        return rows

    def _standing(self, base: sqlite3.Connection, account: str, window: Window, amount: int) -> Standing:
        """Return how *window* stands; what an answer told of it holds until it is free again."""
        now = self._clock.now().timestamp()
        told = base.execute(
            "SELECT total, used, resets_at, counted FROM allowances"
            " WHERE account = ? AND what = ? AND seconds = ?",
            (account, window.what, window.seconds),
        ).fetchone()
        since = now - window.seconds
        if told is not None:
            total, used, resets_at, counted = told
            window = Window(window.what, total, window.seconds)
            if now < resets_at:
                (more,) = base.execute(
                    "SELECT COALESCE(SUM(amount), 0) FROM spent WHERE account = ? AND what = ? AND id > ?",
                    (account, window.what, counted),
                ).fetchone()
                return Standing(window, used + more, resets_at - now if amount <= total else None)
            since = max(since, resets_at)
        rows = base.execute(
            "SELECT at, amount FROM spent WHERE account = ? AND what = ? AND at > ? ORDER BY at",
            (account, window.what, since),
        ).fetchall()
        used = sum(each for _, each in rows)
        return Standing(window, used, _free_in(rows, used + amount - window.total, window, now))

    def _correct(self, account: str, told: Told, row: int) -> None:
        now = self._clock.now().timestamp()
        used, resets_at = max(0, told.total - told.left), now + told.resets_in_seconds
        values = (account, told.what, told.seconds, told.total, used, resets_at, row)
        self._write("INSERT OR REPLACE INTO allowances VALUES (?, ?, ?, ?, ?, ?, ?)", [values])

    def _write(self, statement: str, rows: list[tuple[str | int | float, ...]]) -> None:
        with self._opened() as base:
            if base is not None:
                base.executemany(statement, rows)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection | None]:
        """Yield the file, alone with it, in one transaction; None where it cannot be used."""
        with self._lock:
            base = self._begun()
            try:
                yield base
            except sqlite3.Error as error:
                self._end(base, "ROLLBACK")
                self._lose(str(error))
            except BaseException:
                self._end(base, "ROLLBACK")
                raise
            else:
                self._end(base, "COMMIT")

    def _begun(self) -> sqlite3.Connection | None:
        if self._is_lost:
            return None
        try:
            base = self._base = self._base or _connected(self._path)
            base.execute("BEGIN IMMEDIATE")
        except (sqlite3.Error, OSError) as error:
            self._lose(str(error))
            return None
        return base

    def _end(self, base: sqlite3.Connection | None, how: str) -> None:
        if base is not None:
            with suppress(sqlite3.Error):  # a transaction that could not be ended is rolled back by itself
                base.execute(how)

    def _lose(self, problem: str) -> None:
        self._is_lost = True
        self._tell(
            f"The ledger {self._path} cannot be used: {problem}. The program goes on without it, and the"
            " network alone counts. If the file is damaged, remove it."
        )

    def _warn(self, account: str, standing: Standing, amount: int) -> None:
        window, now = standing.window, self._clock.monotonic()
        at = self._told_at.get((account, window))
        if at is None or now - at >= window.seconds:
            self._told_at[account, window] = now
            self._tell(
                f"{account}: {standing.used + amount} of {window.total} {window.what} in"
                f" {_span(window.seconds)} are used."
            )


def _connected(path: Path | None) -> sqlite3.Connection:
    """Open the file at *path*, which is made if need be, or a ledger of this process alone."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    # A lock of ours keeps the threads that share it apart.
    base = sqlite3.connect(
        path or ":memory:", timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None
    )
    try:
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = OFF")  # what a power cut takes, an answer tells again
        for statement in _TABLES:
            base.execute(statement)
    except sqlite3.Error:
        base.close()
        raise
    return base


def _free_in(rows: list[tuple[float, int]], missing: int, window: Window, now: float) -> float | None:
    """Return after how long *missing* are free: each spending leaves the window when it is old enough."""
    if missing <= 0:
        return 0.0
    for at, amount in rows:
        missing -= amount
        if missing <= 0:
            return max(0.0, at + window.seconds - now)
    return None


def _fault(standing: Standing, amount: int) -> Fault:
    window, wait = standing.window, standing.free_in_seconds
    when = "Ask for less at once." if wait is None else f"Ask again in {_span(max(1.0, wait))}."
    return Fault(
        FaultClass.QUOTA,
        f"the account has {standing.left} of {window.total} {window.what} in {_span(window.seconds)} left,"
        f" and this takes {amount}; it was not sent",
        when,
        ROW,
        allowance=window.what,
        retry_after_seconds=wait,
    )


def _span(seconds: float) -> str:
    if seconds >= 86400 and seconds % 86400 == 0:
        return f"{seconds / 86400:g} days" if seconds > 86400 else "a day"
    if seconds == 3600:
        return "an hour"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
