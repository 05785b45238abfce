"""Many flows at once, on one thread and in one order: the same answers always give the same run.

Workers perform one request each; a waiting flow holds none. Each turn of the loop advances every
flow that can go on, hands requests out as long as there is room, puts all waiting notes on record
under one barrier, and only then waits. Within a priority (the lowest number first) flows go on first
come, first served, and what was spawned first asks first. Where a barrier is dear (a push), an intent
waits a moment for those of other flows.

The rules of law 1 are kept here for every provider: see ``guard``. After ``stop`` nothing new goes
out; requests in flight are awaited for a while and what they did is put on record (law 16).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import TypeVar, assert_never, cast

from threadsync.errors import ThreadsyncError
from threadsync.execution.clock import Clock
from threadsync.execution.guard import UnguardedRequest, in_time
from threadsync.execution.recording import QueuedRecord, Recording, Written
from threadsync.execution.seams import (
    UNGATED,
    Completion,
    Ending,
    Finished,
    Gate,
    Interrupted,
    JournalSink,
    Performer,
    Watcher,
)
from threadsync.execution.tasks import Join, Place, QueuedRequest, Requests, Task, Timers
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import Done, Raised, advance
from threadsync.flows.effects import (
    All,
    Effect,
    Flow,
    Host,
    Hosted,
    NoResponse,
    Now,
    Outcome,
    Record,
    Recorded,
    Request,
    Results,
    Taken,
    Time,
    Visibility,
    Wait,
    Waited,
)
from threadsync.model.ids import MediaDigest, TargetName
from threadsync.model.journal import Note

T = TypeVar("T")

GRACE_SECONDS = 2.5
"""How long a stopped run waits for the answers to requests in flight; putting them on record follows."""


class Scheduler:
    """Runs flows to their ends; ``spawn`` them, then ``run``."""

    def __init__(
        self,
        *,
        performer: Performer,
        clock: Clock,
        journal: JournalSink,
        host: Callable[[TargetName, MediaDigest], Hosted],
        bounds_of: Callable[[TargetName], Bounds],
        watcher: Watcher,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._performer = performer
        self.clock = clock
        """The clock that the flows' waits are measured with."""
        self._host = host
        self._bounds_of = bounds_of
        self._watcher = watcher
        self._grace_seconds = grace_seconds
        self._numbers = count(1)
        self._roots: dict[Task, None] = {}
        self._ready: list[tuple[int, int, Task]] = []
        self._timers = Timers()
        self._requests = Requests()
        self._recording = Recording(journal)
        self._in_flight: dict[int, Task] = {}
        self._stop_asked = False
        self._stopping = False
        self._grace_ends_seconds = inf
        self._failure: Exception | None = None

    def spawn(
        self,
        name: str,
        target: TargetName,
        flow: Flow[T],
        done: Callable[[Finished[T]], None],
        priority: int = 0,
        *,
        gate: Gate = UNGATED,
    ) -> Callable[[], None]:
        """Begin *flow*, and call *done* once with how it ended; may be called from another's *done*.

        In a run that is being stopped it ends interrupted, without having begun. What is returned ends it
        so at any moment, and awaits nothing.
        """

        def ended(end: Ending[object]) -> None:
            self._roots.pop(task)
            if isinstance(end, Raised) and not isinstance(end.error, ThreadsyncError):
                end.error.add_note(f"raised by the flow {name}")
                self._fail(end.error)
            with self._stopping_on_error():
                self._watcher.finished(Finished(name, end))
            with self._stopping_on_error():
                done(Finished(name, cast("Ending[T]", end)))  # the value is this very flow's

        task = Task(name, target, priority, next(self._numbers), flow, ended, gate)
        self._roots[task] = None
        self._push(task)
        return partial(self._interrupt, task)

    def run(self) -> None:
        """Advance the flows until none is left.

        An error a person can act on ends the flow that raised it, and the others go on (law 14).

        Raises:
            StateError: the journal can no longer be written, or the lease is lost; everything else
                was stopped, as by ``stop``, and no further request went out.
            Exception: a bug, in a flow or in what it reports to; everything else was stopped likewise.
        """
        try:
            while self._roots or self._recording:
                self._turn()
        finally:
            # Only after something that cannot be awaited, such as a KeyboardInterrupt, are any left.
            for task in tuple(self._roots):
                self._cancel(task)
            self._roots.clear()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Stop the run in good order, the grace counting from now; safe in a signal handler."""
        self._stop_asked = True
        self._grace_ends_seconds = min(self._grace_ends_seconds, self.clock.monotonic() + self._grace_seconds)
        self._performer.wake()

    def _turn(self) -> None:
        self._begin_stop_if_asked()
        for task in self._timers.due(self.clock.monotonic()):
            self._answer(task, Waited())
        for _ in range(len(self._in_flight)):
            completion = self._performer.next(0)
            if completion is None:
                break
            self._deliver(completion)
        while self._ready:
            self._begin_stop_if_asked()
            _, _, task = heappop(self._ready)
            self._advance(task)
        while self._requests and self._performer.free > 0 and not self._stop_asked:
            self._submit(self._requests.next())
        if self._ready or self._stop_asked != self._stopping:
            return
        # While requests are in flight, others may have intents too before a barrier is worth its price.
        at_once = self._stopping or not self._in_flight
        if queued := self._recording.take(self.clock.monotonic(), at_once=at_once):
            self._commit(queued)
        elif self._roots or self._recording:
            self._await_something()

    # Advancing

    def _push(self, task: Task) -> None:
        heappush(self._ready, (task.priority, next(self._numbers), task))

    def _answer(self, task: Task, outcome: Outcome | Raised) -> None:
        task.place = Place.READY
        task.outcome = outcome
        self._push(task)

    def _advance(self, task: Task) -> None:
        if task.place is Place.CLOSED:
            return
        if task.place is Place.NEW and self._stopping:
            self._interrupt(task)
            return
        outcome, task.outcome = task.outcome, None
        try:
            step = advance(task.flow, outcome)
        except Exception as error:  # noqa: BLE001  (handed to the parent, to done, or out of run; never lost)
            self._end(task, Raised(error))
            return
        if isinstance(step, Done):
            self._end(task, step)
        else:
            self._begin_effect(task, step)

    def _begin_effect(self, task: Task, effect: Effect) -> None:
        match effect:
            case Now():
                self._answer(task, Time(self.clock.now()))
            case Record(notes=()):
                self._answer(task, Recorded())
            case Record(notes=notes):
                self._note(task, notes)
            case _ if self._stopping:
                self._interrupt(task)
            case Request():
                self._queue(task, effect)
            case Wait(seconds=seconds, why=why):
                task.place = Place.WAITING
                self._timers.add(self.clock.monotonic() + max(0.0, seconds), task)
                with self._stopping_on_error():
                    self._watcher.waiting(task.name, why, seconds)
            case All(flows=flows):
                self._fork(task, flows)
            case Host(media=media):
                try:
                    self._answer(task, self._host(task.target, media))
                except Exception as error:  # noqa: BLE001  (thrown into the flow that asked)
                    self._answer(task, Raised(error))
            case _:
                assert_never(effect)

    def _end(self, task: Task, end: Ending[object]) -> None:
        task.place = Place.CLOSED
        task.ended(end)

    def _note(self, task: Task, notes: tuple[Note, ...]) -> None:
        def admit() -> None:
            if task.place is Place.HELD:
                self._recording.add(task, notes, at_seconds=self.clock.monotonic())

        task.place = Place.HELD
        with self._stopping_on_error():
            (UNGATED if self._stopping else task.gate).noting(notes, admit)

    def _interrupt(self, task: Task) -> None:
        if task.place is not Place.CLOSED:
            self._cancel(task)
            self._end(task, Interrupted())

    def _cancel(self, task: Task) -> None:
        with self._stopping_on_error():
            task.cancel()

    # Children

    def _fork(self, parent: Task, flows: tuple[Flow[object], ...]) -> None:
        if not flows:
            self._answer(parent, Results(()))
            return
        join = Join([None] * len(flows), left=len(flows))
        parent.place = Place.JOINING
        parent.children = tuple(
            parent.child(flow, partial(self._joined, parent, join, index)) for index, flow in enumerate(flows)
        )
        for child in parent.children:
            self._push(child)

    def _joined(self, parent: Task, join: Join, index: int, end: Ending[object]) -> None:
        outcome = join.take(index, end)
        if outcome is not None:
            for child in parent.children:
                self._cancel(child)
            parent.children = ()
            if isinstance(outcome, Interrupted):
                self._interrupt(parent)
            else:
                self._answer(parent, outcome)

    # Requests

    def _queue(self, task: Task, request: Request) -> None:
        intent_at_seconds: float | None = None
        if request.visibility is Visibility.VISIBLE:
            try:
                intent_at_seconds = task.guard.use(task.name, request)
            except UnguardedRequest as error:
                self._fail(error)  # at once, so that no flow can catch it and go on
                self._cancel(task)
                self._end(task, Raised(error))
                return
        task.place = Place.QUEUED
        self._requests.add(QueuedRequest(task, request, intent_at_seconds))

    def _submit(self, queued: QueuedRequest) -> None:
        task, request = queued.task, queued.request
        if task.place is Place.CLOSED:
            return
        if queued.intent_at_seconds is not None:
            with self._stopping_on_error():
                self._recording.check_lease()
            if self._stop_asked:
                self._interrupt(task)
                return
            age_seconds = self.clock.monotonic() - queued.intent_at_seconds
            checked = in_time(request, self._bounds_of(task.target), age_seconds=age_seconds)
            if isinstance(checked, NoResponse):
                self._answer(task, checked)
                return
            request = checked
        task.place = Place.IN_FLIGHT
        self._in_flight[self._performer.submit(task.target, request)] = task
        with self._stopping_on_error():
            self._watcher.requesting(task.name, request)

    def _deliver(self, completion: Completion) -> None:
        # Another scheduler of the same performer may have left without this answer.
        if (task := self._in_flight.pop(completion.ticket, None)) and task.place is Place.IN_FLIGHT:
            self._answer(task, completion.outcome)

    # Records

    def _commit(self, queued: list[QueuedRecord]) -> None:
        # An intent ages from before its barrier: others may have read it as soon as it was written.
        began_seconds = self.clock.monotonic()
        with self._stopping_on_error():
            for written in self._recording.write(queued, stopping=self._stopping):
                self._wrote(written, began_seconds)
        for record in queued:
            if record.task.place is Place.RECORDING:  # nothing of it was written, or it is not to go on
                self._interrupt(record.task)

    def _wrote(self, written: Written, began_seconds: float) -> None:
        task = written.task
        if written.holder is None:
            task.guard.recorded(written.notes, at_seconds=began_seconds)
            with self._stopping_on_error():
                self._watcher.recorded(task.name, written.notes)
        if task.place is not Place.RECORDING:
            return
        if written.holder is not None:
            self._answer(task, Taken(str(written.holder)))
        elif written.whole:
            self._answer(task, Recorded())

    # Time

    def _await_something(self) -> None:
        now_seconds = self.clock.monotonic()
        until_seconds = min(self._timers.next_seconds, self._recording.lingers_until())
        if self._stopping:
            until_seconds = self._grace_ends_seconds
            if now_seconds >= self._grace_ends_seconds:
                for task in tuple(self._in_flight.values()):
                    if task.place is Place.IN_FLIGHT:
                        self._interrupt(task)
                return
        assert self._in_flight or until_seconds < inf, "every flow left waits for something"
        with self._stopping_on_error():
            self._recording.rest(now_seconds, 0.0 if self._in_flight else until_seconds - now_seconds)
        if self._stop_asked != self._stopping:
            return
        until_seconds = min(until_seconds, self._recording.wakes_at())
        left_seconds = max(0.0, until_seconds - self.clock.monotonic())
        completion = self._performer.next(left_seconds if left_seconds < inf else None)
        if completion is not None:
            self._deliver(completion)

    # Stopping

    def _begin_stop_if_asked(self) -> None:
        if self._stopping or not self._stop_asked:
            return
        self._stopping = True
        self._grace_ends_seconds = min(self._grace_ends_seconds, self.clock.monotonic() + self._grace_seconds)
        for root in tuple(self._roots):
            for task in tuple(root.family()):
                if task.place in {Place.WAITING, Place.QUEUED, Place.HELD}:
                    self._interrupt(task)

    def _fail(self, error: Exception) -> None:
        self._stop_asked = True
        if self._failure is None:
            self._failure = error
        elif self._failure is not error:
            self._failure.add_note(f"while stopping after it: {error!r}")

    @contextmanager
    def _stopping_on_error(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001  (kept, and raised from run)
            self._fail(error)
