"""Worker threads that perform one request each; the scheduler stays on its own.

Workers are daemons: one that hangs in a system call (a name that never resolves) cannot keep the
program from ending, and what it sent is covered by the journal like any process death.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from queue import Empty, SimpleQueue
from types import TracebackType

from msgspec import Struct

from threadsync.execution.seams import Completion
from threadsync.flows.core import Raised
from threadsync.flows.effects import NoResponse, Request, Response
from threadsync.model.ids import TargetName

CONNECTIONS_MAX = 16
"""How many requests are in flight at once."""

CLOSE_SECONDS = 1.0
"""How long closing waits for each worker to end; one that still waits for an answer is left behind."""


class _Job(Struct, frozen=True):
    ticket: int
    target: TargetName
    request: Request


class PooledPerformer:
    """Performs requests on up to *connections* threads, started as they are needed."""

    def __init__(
        self,
        perform: Callable[[TargetName, Request], Response | NoResponse],
        connections: int = CONNECTIONS_MAX,
    ) -> None:
        self._perform = perform
        self._connections = connections
        self._in_flight = 0
        self._tickets = count(1)
        self._workers: list[threading.Thread] = []
        # SimpleQueue.put may be called from a signal handler while the same thread is inside get
        # (https://docs.python.org/3/library/queue.html#queue.SimpleQueue.put); Queue.put may not.
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._completions: SimpleQueue[Completion | None] = SimpleQueue()

    def __enter__(self) -> PooledPerformer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def free(self) -> int:
        """How many more requests may be submitted now."""
        return self._connections - self._in_flight

    def submit(self, target: TargetName, request: Request) -> int:
        """Give *request* to a worker, and return its ticket."""
        assert self.free > 0, "the scheduler queues what does not fit"
        if self._in_flight == len(self._workers):
            name = f"threadsync-worker-{len(self._workers) + 1}"
            worker = threading.Thread(target=self._work, name=name, daemon=True)
            self._workers.append(worker)
            worker.start()
        self._in_flight += 1
        ticket = next(self._tickets)
        self._jobs.put(_Job(ticket, target, request))
        return ticket

    def next(self, timeout_seconds: float | None) -> Completion | None:
        """Return the next completion; None when *timeout_seconds* have passed, or after ``wake``."""
        try:
            completion = self._completions.get(timeout=timeout_seconds)
        except Empty:
            return None
        if completion is not None:
            self._in_flight -= 1
        return completion

    def wake(self) -> None:
        """Make the ``next`` that waits, or else the one called next, return None."""
        self._completions.put(None)

    def close(self) -> None:
        """Let the idle workers end; one in the middle of a request is not waited for past a bound."""
        for _ in self._workers:
            self._jobs.put(None)
        for worker in self._workers:
            worker.join(0 if self._in_flight else CLOSE_SECONDS)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            outcome: Response | NoResponse | Raised
            try:
                outcome = self._perform(job.target, job.request)
            except Exception as error:  # noqa: BLE001  (crosses to the scheduler's thread, and is thrown there)
                outcome = Raised(error)
            self._completions.put(Completion(job.ticket, outcome))
