"""What sends the requests of one ``publish``: a client that waits, or an event loop beside it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from queue import Empty, SimpleQueue
from typing import TypeAlias, TypeVar

from threadsync.execution.clock import AsyncClock, Clock
from threadsync.execution.seams import Completion
from threadsync.flows.core import Raised
from threadsync.flows.effects import NoResponse, Request, Response
from threadsync.model.ids import TargetName

T = TypeVar("T")

REQUESTS_MAX = 16
"""How many requests of one publish are in flight at once in an event loop."""

Send: TypeAlias = Callable[[Request], Response | NoResponse]
SendAsync: TypeAlias = Callable[[Request], Awaitable[Response | NoResponse]]


class Stopped(BaseException):
    """The call is cancelled: like an interrupt, nothing on the way may catch it."""


class WaitingPerformer:
    """Sends each request where it is submitted, one at a time; a wait passes on *clock*."""

    def __init__(self, send: Send, clock: Clock) -> None:
        self._send = send
        self._clock = clock
        self._tickets = count(1)
        self._done: Completion | None = None

    @property
    def free(self) -> int:
        """How many more requests may be submitted now."""
        return 1 if self._done is None else 0

    def submit(self, target: TargetName, request: Request) -> int:
        """Send *request*, wait for its answer, and return its ticket."""
        ticket = next(self._tickets)
        try:
            self._done = Completion(ticket, self._send(request))
        except Exception as error:  # noqa: BLE001  (thrown into the flow that asked)
            self._done = Completion(ticket, Raised(error))
        return ticket

    def next(self, timeout_seconds: float | None) -> Completion | None:
        """Return the next completion; None when *timeout_seconds* have passed."""
        done, self._done = self._done, None
        if done is None and timeout_seconds:
            self._clock.sleep(timeout_seconds)
        return done

    def wake(self) -> None:
        """Do nothing: nobody but an interrupt stops what waits, and that ends it by itself."""


class LoopPerformer:
    """Sends requests in the event loop *loop*, for a publish that runs in a thread beside it."""

    def __init__(self, send: SendAsync, loop: asyncio.AbstractEventLoop, clock: AsyncClock) -> None:
        self._send = send
        self._loop = loop
        self._clock = clock
        self._tickets = count(1)
        self._under_way: dict[int, Future[None]] = {}
        self._done: SimpleQueue[Completion | None] = SimpleQueue()

    @property
    def free(self) -> int:
        """How many more requests may be submitted now."""
        return REQUESTS_MAX - len(self._under_way)

    def submit(self, target: TargetName, request: Request) -> int:
        """Let the loop send *request*, and return its ticket."""
        ticket = next(self._tickets)
        self._under_way[ticket] = asyncio.run_coroutine_threadsafe(self._perform(ticket, request), self._loop)
        return ticket

    def next(self, timeout_seconds: float | None) -> Completion | None:
        """Return the next completion; None when *timeout_seconds* have passed, or after ``wake``."""
        try:
            return self._taken(self._done.get_nowait())
        except Empty:
            if timeout_seconds is not None and timeout_seconds <= 0:
                return None
        waiting: Future[None] | None = None
        if timeout_seconds is not None:
            waiting = asyncio.run_coroutine_threadsafe(self._wait(timeout_seconds), self._loop)
        done = self._done.get()
        if waiting is not None:
            waiting.cancel()
        return self._taken(done)

    def wake(self) -> None:
        """Make the ``next`` that waits, or else the one called next, return None."""
        self._done.put(None)

    def close(self) -> None:
        """Cancel what is still in flight."""
        for future in self._under_way.values():
            future.cancel()

    def _taken(self, completion: Completion | None) -> Completion | None:
        if completion is not None:
            del self._under_way[completion.ticket]
        return completion

    async def _perform(self, ticket: int, request: Request) -> None:
        outcome: Response | NoResponse | Raised = NoResponse("its event loop ended", sent=True)
        try:
            outcome = await self._send(request)
        except Exception as error:  # noqa: BLE001  (crosses to the other thread, and is thrown there)
            outcome = Raised(error)
        finally:
            self._done.put(Completion(ticket, outcome))

    async def _wait(self, seconds: float) -> None:
        try:
            await self._clock.sleep(seconds)
        finally:
            # Also where the wait is cancelled, as when the loop ends: a None too many is a look too many.
            self._done.put(None)


class LoopClock:
    """The clock of an event loop, for a thread beside it; after ``stop`` a wait ends it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: AsyncClock) -> None:
        self._loop = loop
        self._clock = clock
        self._stopped = threading.Event()
        self.now = clock.now
        self.monotonic = clock.monotonic

    def sleep(self, seconds: float) -> None:
        """Let *seconds* pass.

        Raises:
            Stopped: nothing is to be waited for any more.
        """
        if self._stopped.is_set():
            raise Stopped
        asyncio.run_coroutine_threadsafe(self._clock.sleep(seconds), self._loop).result()

    def stop(self) -> None:
        """Let no further wait begin."""
        self._stopped.set()


class Stopping:
    """Stops a publish that runs in a thread, whatever it is at; *also* is called then."""

    def __init__(self, also: Callable[[], None]) -> None:
        self._also = also
        self._asked = False
        self._stop: Callable[[], None] = _nothing

    def started(self, stop: Callable[[], None]) -> None:
        """Take what stops the stretch of work that begins; it is stopped at once if that was asked for."""
        self._stop = stop
        if self._asked:
            stop()

    def check(self) -> None:
        """Go on only if it was not asked to stop.

        Raises:
            Stopped: it was.
        """
        if self._asked:
            raise Stopped

    def stop(self) -> None:
        """Stop what runs, and all that would begin."""
        self._asked = True
        self._also()
        self._stop()


def _nothing() -> None:
    """Do nothing: nothing has begun."""


async def beside(work: Callable[[], T], stop: Callable[[], None]) -> T:
    """Run *work* in a thread of its own, and return what it returns.

    When the task is cancelled, *stop* is called, and the end of *work* awaited: what it did is on record
    then. What came to its end all the same is told, as nobody could tell later.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="threadsync-publish")
    working = asyncio.get_running_loop().run_in_executor(pool, work)
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        stop()
        await asyncio.wait([working])
        if isinstance(working.exception(), Stopped):
            raise
        return working.result()
    finally:
        pool.shutdown(wait=False)
