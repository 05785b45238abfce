"""A flow on its way through the scheduler: where it stands, and whom it reports to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import assert_never

from msgspec import Struct, field

from threadsync.execution.guard import Guard
from threadsync.execution.seams import Ending, Gate, Interrupted
from threadsync.flows.core import Done, Raised
from threadsync.flows.effects import Flow, Outcome, Request, Results
from threadsync.model.ids import TargetName


class Place(StrEnum):
    """Where a task stands: what has to happen before its flow goes on."""

    NEW = "new"
    READY = "ready"
    WAITING = "waiting"
    QUEUED = "queued"
    """Its request waits for room in flight."""
    IN_FLIGHT = "in-flight"
    HELD = "held"
    """Its notes may not go on record yet."""
    RECORDING = "recording"
    JOINING = "joining"
    """It waits for its children."""
    CLOSED = "closed"


class Task(Struct, eq=False):
    """One flow; the children of an ``All`` are tasks of the same name, target, priority and number."""

    name: str
    target: TargetName
    priority: int
    number: int
    """The lower, the earlier it was spawned."""
    flow: Flow[object]
    ended: Callable[[Ending[object]], None]
    """Called once, when the flow is over and was not cancelled."""
    gate: Gate
    place: Place = Place.NEW
    outcome: Outcome | Raised | None = None
    """What the flow is answered next; None starts it."""
    guard: Guard = field(default_factory=Guard)
    children: tuple[Task, ...] = ()

    def child(self, flow: Flow[object], ended: Callable[[Ending[object]], None]) -> Task:
        """Return the task of *flow*, which this one waits for."""
        return Task(self.name, self.target, self.priority, self.number, flow, ended, self.gate)

    def family(self) -> Iterator[Task]:
        """Yield this task and all that it waits for, parents first."""
        yield self
        for child in self.children:
            yield from child.family()

    def cancel(self) -> None:
        """Close the flow and those it waits for, if they are not over yet; nobody is told."""
        if self.place is Place.CLOSED:
            return
        self.place = Place.CLOSED
        for child in self.children:
            child.cancel()
        self.children = ()
        self.flow.close()


class Timers(Struct):
    """The tasks that wait for a time, by the monotonic clock."""

    _coming: list[tuple[float, int, Task]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    def add(self, due_seconds: float, task: Task) -> None:
        """Let *task* wait until *due_seconds*."""
        heappush(self._coming, (due_seconds, next(self._numbers), task))

    @property
    def next_seconds(self) -> float:
        """When the next one is due; infinite where none waits."""
        return self._coming[0][0] if self._coming else inf

    def due(self, now_seconds: float) -> Iterator[Task]:
        """Yield those that are due and still wait; what was closed meanwhile is dropped."""
        while self._coming and (
            self._coming[0][0] <= now_seconds or self._coming[0][2].place is Place.CLOSED
        ):
            _, _, task = heappop(self._coming)
            if task.place is Place.WAITING:
                yield task


class Join(Struct):
    """The children of one ``All``, as they end."""

    values: list[object]
    left: int
    interrupted: bool = False

    def take(self, index: int, end: Ending[object]) -> Results | Raised | Interrupted | None:
        """Take in how a child ended, and return what that is for its parent; None while others run."""
        match end:
            case Raised():
                return end
            case Done(value=value):
                self.values[index] = value
            case Interrupted():
                self.interrupted = True
            case _:
                assert_never(end)
        self.left -= 1
        if self.left:
            return None
        return Interrupted() if self.interrupted else Results(tuple(self.values))


class QueuedRequest(Struct, frozen=True):
    """A request that waits for room in flight; *intent_at_seconds* is set for a visible one."""

    task: Task
    request: Request
    intent_at_seconds: float | None


class Requests(Struct):
    """The requests that wait for room: by priority, then by when their flow was spawned.

    Where a network hangs, those that asked first go on asking, and fail soon; were others to take their
    place at each pause, the more there are, the longer it would take to see that it is down.
    """

    _waiting: list[tuple[int, int, int, QueuedRequest]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, queued: QueuedRequest) -> None:
        """Let *queued* wait."""
        heappush(self._waiting, (queued.task.priority, queued.task.number, next(self._numbers), queued))

    def next(self) -> QueuedRequest:
        """Return the one that goes out next."""
        return heappop(self._waiting)[-1]
