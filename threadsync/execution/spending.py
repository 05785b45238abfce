"""A ledger of what was spent of accounts' allowances, for all processes that share its database.

Of a network that tells what is left by its answers alone. A request that would go over is refused before it
is sent: on Bluesky one that is sent all the same uses up what is left (observed). What an answer tells
corrects what was counted, so that what others spend of the account counts too.

``threadsync_spent`` has what a request took, ``threadsync_allowances`` what an answer told last of a window.
Who reserves is alone with them: no two processes spend the same. What is under way, or began after the
request whose answer was told, counts on top of what it told (docs/database.md has every column).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TypeVar

from msgspec import Struct

from threadsync.errors import ApiError, DatabaseError
from threadsync.execution.clock import Times
from threadsync.execution.database import DatabaseLike, Outage, database_of
from threadsync.execution.tables import Part, Rows, Table
from threadsync.flows.effects import NoResponse, Request, Response
from threadsync.model.facts import Quota
from threadsync.model.fault import Fault, FaultClass
from threadsync.providers.accounts import Spending, Told, Window

WARN_PART: Final = 0.95
"""From which part of a window on it is told how little is left."""
ROW: Final = "allowance-spent"
"""The row of a fault that the ledger, not the network, decides."""

_LOGGER: Final = logging.getLogger("threadsync")
LEDGER: Final = Part(
    "ledger",
    (
        Table(
            "spent",
            (
                "id IDENTITY",
                "account TEXT NOT NULL",
                "what TEXT NOT NULL",
                "at DOUBLE PRECISION NOT NULL",
                "amount BIGINT NOT NULL",
                # From which row on an answer tells of it; of versions before there was a format, its own.
                "ended BIGINT DEFAULT 0",
            ),
            index="account, what, at",
        ),
        Table(
            "allowances",
            (
                "account TEXT NOT NULL",
                "what TEXT NOT NULL",
                "seconds DOUBLE PRECISION NOT NULL",
                "total BIGINT NOT NULL",
                "used BIGINT NOT NULL",
                "resets_at DOUBLE PRECISION NOT NULL",
                "counted BIGINT NOT NULL",
                "PRIMARY KEY (account, what, seconds)",
            ),
        ),
    ),
    one_at_a_time=True,
)

T = TypeVar("T")


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
    """The ledger in a database; *tell* is told what runs low, once a window.

    Threads, tasks and clients may share one. A database that cannot be used is told once, and refuses
    nothing: the network keeps its own count.
    """

    def __init__(
        self, where: DatabaseLike, clock: Times, tell: Callable[[str], None] = _LOGGER.warning
    ) -> None:
        self._database = database_of(where)
        self._is_given = where is self._database
        self._clock = clock
        self._tell = tell
        self._outage = Outage(clock, tell)
        self._told_at: dict[tuple[str, Window], float] = {}

    def close(self) -> None:
        """Let go of the database, unless it is one of the caller's."""
        if not self._is_given:
            self._database.close()

    @contextmanager
    def counted(
        self, spending: Spending, account: str, request: Request
    ) -> Iterator[Callable[[Response | NoResponse], None]]:
        """Count *request* while it is sent, as ``reserve``; what became of it is told to what is yielded.

        Raises:
            ApiError: the account has not enough left for it; nothing was sent.
        """
        yield self.reserve(spending, account, request)

    def reserve(
        self, spending: Spending, account: str, request: Request
    ) -> Callable[[Response | NoResponse], None]:
        """Count *request*, which is about to be sent; what became of it is told to what is returned.

        Raises:
            ApiError: the account has not enough left for it; nothing is to be sent.
        """
        reserved = self._reserve(spending, account, request)

        def told(answer: Response | NoResponse) -> None:
            if reserved:
                found = spending.told(request, answer) if isinstance(answer, Response) else None
                self._work(lambda rows: self._end(rows, account, reserved, answer, found), None)

        return told

    def quotas(self, spending: Spending, account: str) -> Mapping[str, Quota]:
        """Return how much is left, of each allowance in the window that has least left."""

        def standings(rows: Rows) -> dict[str, Standing]:
            found: dict[str, Standing] = {}
            for window in spending.windows:
                standing = self._standing(rows, account, window, 0)
                known = found.get(window.what)
                found[window.what] = min(known or standing, standing, key=lambda each: each.left)
            return found

        none: dict[str, Standing] = {}
        return {
            what: Quota(each.used, each.window.total, window_seconds=each.window.seconds)
            for what, each in self._work(standings, none).items()
        }

    def _reserve(self, spending: Spending, account: str, request: Request) -> list[int]:
        costs = {what: amount for what, amount in spending.cost(request).items() if amount}
        if not costs:
            return []
        low: list[Standing] = []

        def reserve(rows: Rows) -> list[int]:
            for window in spending.windows:
                amount = costs.get(window.what, 0)
                standing = self._standing(rows, account, window, amount)
                if amount > standing.left:
                    raise ApiError(_fault(standing, amount), where=f"{request.method} {request.path}")
                if amount and standing.used + amount >= WARN_PART * standing.window.total:
                    low.append(standing)
            now = self._clock.now().timestamp()
            longest = max(window.seconds for window in spending.windows)
            rows.execute("DELETE FROM threadsync_spent WHERE at < ?", (now - longest,))
            return [_spend(rows, account, what, now, amount) for what, amount in costs.items()]

        none: list[int] = []
        reserved = self._work(reserve, none)
        for standing in low:
            self._warn(account, standing, costs[standing.window.what])
        return reserved

    def _standing(self, rows: Rows, account: str, window: Window, amount: int) -> Standing:
        """Return how *window* stands; what an answer told of it holds until it is free again."""
        now = self._clock.now().timestamp()
        since = now - window.seconds
        known = _told_of(rows, account, window.what, window.seconds)
        if known is not None:
            window = Window(window.what, known.total, window.seconds)
            if now < known.resets_at:
                (more,) = rows.execute(
                    "SELECT COALESCE(SUM(amount), 0) FROM threadsync_spent"
                    " WHERE account = ? AND what = ? AND at > ? AND (id > ? OR ended IS NULL OR ended > ?)",
                    (account, window.what, since, known.counted, known.counted),
                )[0]
                used = known.used + int(more or 0)
                return Standing(window, used, known.resets_at - now if amount <= known.total else None)
            since = max(since, known.resets_at)
        found = rows.execute(
            "SELECT at, amount FROM threadsync_spent WHERE account = ? AND what = ? AND at > ? ORDER BY at",
            (account, window.what, since),
        )
        spent = [(float(at or 0), int(each or 0)) for at, each in found]
        used = sum(each for _, each in spent)
        return Standing(window, used, _free_in(spent, used + amount - window.total, window, now))

    def _end(
        self,
        rows: Rows,
        account: str,
        reserved: list[int],
        answer: Response | NoResponse,
        told: Told | None,
    ) -> None:
        """Put down what became of a request, and what its answer told."""
        match answer:
            case NoResponse(sent=False):
                change = "DELETE FROM threadsync_spent"
            case NoResponse():
                # What began from now on is answered by one who knows whether it ever arrived.
                change = "UPDATE threadsync_spent SET ended = (SELECT MAX(id) + 1 FROM threadsync_spent)"
            case Response():
                change = "UPDATE threadsync_spent SET ended = id"
        rows.execute_many(f"{change} WHERE id = ?", [(row,) for row in reserved])
        if told is None:
            return
        used, counted, now = max(0, told.total - told.left), max(reserved), self._clock.now().timestamp()
        resets_at = now + told.resets_in_seconds
        known = _told_of(rows, account, told.what, told.seconds)
        if known is not None and now < known.resets_at and resets_at < known.resets_at + told.seconds / 2:
            # Of the same window: answers may come in another order than that in which they were given.
            used, counted = max(used, known.used), max(counted, known.counted)
        rows.execute(
            "INSERT INTO threadsync_allowances (account, what, seconds, total, used, resets_at, counted)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, what, seconds) DO UPDATE SET"
            " total = excluded.total, used = excluded.used, resets_at = excluded.resets_at,"
            " counted = excluded.counted",
            (account, told.what, told.seconds, told.total, used, resets_at, counted),
        )

    def _work(self, what: Callable[[Rows], T], otherwise: T) -> T:
        """Do *what*, alone with the tables; where they cannot be used, it is told, and *otherwise* holds."""
        if self._outage.lasts:
            return otherwise
        try:
            with self._database.using(LEDGER, writes=True) as rows:
                found = what(rows)
        except DatabaseError as error:
            self._outage.begin(
                f"The ledger cannot be used: {error.problem}. The program goes on without it, and the network"
                f" alone counts. {error.remedy}"
            )
            return otherwise
        self._outage.end()
        return found

    def _warn(self, account: str, standing: Standing, amount: int) -> None:
        window, now = standing.window, self._clock.monotonic()
        at = self._told_at.get((account, window))
        if at is None or now - at >= window.seconds:
            self._told_at[account, window] = now
            self._tell(
                f"{account}: {standing.used + amount} of {window.total} {window.what} in"
                f" {_span(window.seconds)} are used."
            )


class _Known(Struct, frozen=True):
    """What an answer told last of a window."""

    total: int
    used: int
    resets_at: float
    counted: int


def _told_of(rows: Rows, account: str, what: str, seconds: float) -> _Known | None:
    found = rows.execute(
        "SELECT total, used, resets_at, counted FROM threadsync_allowances"
        " WHERE account = ? AND what = ? AND seconds = ?",
        (account, what, seconds),
    )
    if not found:
        return None
    total, used, resets_at, counted = (each or 0 for each in found[0])
    return _Known(int(total), int(used), float(resets_at), int(counted))


def _spend(rows: Rows, account: str, what: str, now: float, amount: int) -> int:
    """Put down what a request takes, and return the row of it."""
    rows.execute(
        "INSERT INTO threadsync_spent (account, what, at, amount, ended) VALUES (?, ?, ?, ?, NULL)",
        (account, what, now, amount),
    )
    # The newest is ours: nobody else writes meanwhile. (Not every SQLite in use knows RETURNING.)
    return int(rows.execute("SELECT MAX(id) FROM threadsync_spent")[0][0] or 0)


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
