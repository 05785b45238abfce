"""A flow on its way through the scheduler: where it stands, and whom it reports to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from heapq import heappop, heappush
from itertools import count
from math import inf

from threadsync.execution.guard import Guard
from threadsync.execution.seams import Ending
from threadsync.flows.core import Raised
from threadsync.flows.effects import Flow, Outcome, Request
from threadsync.model.ids import TargetName


class Place(StrEnum):
    """Where a task stands: what has to happen before its flow goes on."""

    NEW = "new"
    READY = "ready"
    WAITING = "waiting"
    QUEUED = "queued"
    """Its request waits for room in flight."""
    IN_FLIGHT = "in-flight"
    RECORDING = "recording"
    JOINING = "joining"
    """It waits for its children."""
    CLOSED = "closed"


@dataclass(slots=True, eq=False)
class Task:
    """One flow; the children of an ``All`` are tasks of the same name, target and priority."""

    name: str
    target: TargetName
    priority: int
    flow: Flow[object]
    ended: Callable[[Ending[object]], None]
    """Called once, when the flow is over and was not cancelled."""
    place: Place = Place.NEW
    outcome: Outcome | Raised | None = None
    """What the flow is answered next; None starts it."""
    guard: Guard = field(default_factory=Guard)
    children: tuple[Task, ...] = ()

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


@dataclass(slots=True)
class Timers:
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


@dataclass(slots=True)
class Join:
    """The children of one ``All``, as they end."""

    values: list[object]
    left: int
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class QueuedRequest:
    """A request that waits for room in flight; *intent_at_seconds* is set for a visible one."""

    task: Task
    request: Request
    intent_at_seconds: float | None
