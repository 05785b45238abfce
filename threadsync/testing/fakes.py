"""A clock, a network, a journal and a watcher in virtual time: whole runs take no time at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import TypeAlias

from msgspec import Struct, field

from threadsync.execution.seams import Completion, Finished
from threadsync.flows.core import Raised
from threadsync.flows.effects import NoResponse, Request, Response
from threadsync.model.ids import Address, TargetName
from threadsync.model.journal import Note

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class FakeClock:
    """A clock that moves only when it is told to; sleeping moves it."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self.seconds = 0.0
        self.ahead_seconds = 0.0
        """How far somebody has set the wall clock ahead; nobody else's clock, and no wait, knows of it."""

    def now(self) -> datetime:
        """Return the virtual wall clock's time."""
        return self._start + timedelta(seconds=self.seconds + self.ahead_seconds)

    def true(self) -> datetime:
        """Return the time that everybody else's clock shows."""
        return self._start + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Return the virtual seconds since the start."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Move on by *seconds*."""
        self.seconds += max(0.0, seconds)


class Answered(Struct, frozen=True):
    """What a request is answered, *seconds* after it went out."""

    outcome: Response | NoResponse | Raised
    seconds: float = 0.0


Answering: TypeAlias = Callable[[TargetName, Request], Answered]


class FakePerformer:
    """Answers requests from a function, in virtual time: waiting for an answer moves the clock."""

    def __init__(self, clock: FakeClock, answer: Answering, capacity: int = 16) -> None:
        self._clock = clock
        self._answer = answer
        self._capacity = capacity
        self._numbers = count()
        self._coming: list[tuple[float, int, Completion | Callable[[], None]]] = []
        self._in_flight = 0
        self._woken = False
        self.sent: list[tuple[float, TargetName, Request]] = []
        """Every request, with the virtual second it went out."""

    @property
    def free(self) -> int:
        """How many more requests may be submitted now."""
        return self._capacity - self._in_flight

    def at(self, seconds: float, call: Callable[[], None]) -> None:
        """Call *call* when the clock says *seconds*, as a signal would."""
        heappush(self._coming, (seconds, next(self._numbers), call))

    def submit(self, target: TargetName, request: Request) -> int:
        """Ask for the answer now, and deliver it when its seconds have passed; return its ticket."""
        assert self.free > 0, "more requests than there is room for"
        self._in_flight += 1
        self.sent.append((self._clock.seconds, target, request))
        answered = self._answer(target, request)
        due_seconds = self._clock.seconds + answered.seconds
        ticket = next(self._numbers)
        heappush(self._coming, (due_seconds, ticket, Completion(ticket, answered.outcome)))
        return ticket

    def next(self, timeout_seconds: float | None) -> Completion | None:
        """Move the clock to the next completion, or by *timeout_seconds*, whichever comes first."""
        until_seconds = None if timeout_seconds is None else self._clock.seconds + timeout_seconds
        while not self._woken and self._coming:
            if until_seconds is not None and self._coming[0][0] > until_seconds:
                break
            due_seconds, _, coming = heappop(self._coming)
            self._clock.seconds = max(self._clock.seconds, due_seconds)
            if isinstance(coming, Completion):
                self._in_flight -= 1
                return coming
            coming()
        if self._woken:
            self._woken = False
        else:
            assert until_seconds is not None, "this would wait for ever"
            self._clock.seconds = max(self._clock.seconds, until_seconds)
        return None

    def wake(self) -> None:
        """Make ``next`` return."""
        self._woken = True


class FakeJournal(Struct):
    """A journal in memory; *fails* may raise before what it is told of: append, barrier, lease."""

    holder_of: Callable[[tuple[Note, ...]], Address | None] = lambda _: None
    fails: Callable[[str], None] = lambda _: None
    barrier_seconds: float = 0.0
    clock: FakeClock | None = None
    """Moved on by *barrier_seconds* at each barrier."""
    linger_seconds: float = 0.0
    lease_seconds: float = inf
    """How long after it was idle it is to be idle again."""
    durable: list[Note] = field(default_factory=list)
    """Every note that a barrier has made durable, in order."""
    pending: list[Note] = field(default_factory=list)
    barriers: int = 0
    idles: list[float] = field(default_factory=list)
    """When it was told that nothing else is to be done, by *clock*."""
    hurried: list[float] = field(default_factory=list)
    """In how many seconds it was told to be done."""

    def append(self, notes: tuple[Note, ...]) -> Address | None:
        """Keep *notes* for the next barrier, unless what they claim is taken."""
        self.fails("append")
        holder = self.holder_of(notes)
        if holder is None:
            self.pending.extend(notes)
        return holder

    def barrier(self) -> None:
        """Make all that was appended durable."""
        self.fails("barrier")
        self.barriers += 1
        if self.clock is not None:
            self.clock.sleep(self.barrier_seconds)
        self.durable.extend(self.pending)
        self.pending.clear()

    @property
    def renews_at_seconds(self) -> float:
        """See ``JournalSink.renews_at_seconds``."""
        return (self.idles[-1] if self.idles else 0.0) + self.lease_seconds

    def idle(self) -> None:
        """Keep the moment."""
        self.fails("idle")
        self.idles.append(self.clock.monotonic() if self.clock is not None else 0.0)

    def hurry(self, seconds: float) -> None:
        """Keep what it was told."""
        self.hurried.append(seconds)

    def check_lease(self) -> None:
        """Do nothing, unless told to fail."""
        self.fails("lease")


class EventLog(Struct):
    """A watcher that keeps everything it is told, with the virtual second."""

    clock: FakeClock
    events: list[tuple[object, ...]] = field(default_factory=list)

    def waiting(self, name: str, why: str, seconds: float) -> None:
        """Keep a wait."""
        self.events.append((self.clock.seconds, "waiting", name, why, seconds))

    def requesting(self, name: str, request: Request) -> None:
        """Keep a request."""
        self.events.append((self.clock.seconds, "requesting", name, request.method, request.path))

    def recorded(self, name: str, notes: tuple[Note, ...]) -> None:
        """Keep notes that became durable."""
        self.events.append((self.clock.seconds, "recorded", name, notes))

    def finished(self, finished: Finished[object]) -> None:
        """Keep an ending."""
        self.events.append((self.clock.seconds, "finished", finished))
