"""A limit of calls in a time, shared by the workers of one process: threads, tasks, and several clients."""

from __future__ import annotations

import threading
from collections import deque

from threadsync.errors import RateLimitReached, UsageError
from threadsync.execution.clock import SystemTimes, Times

WAIT_SECONDS_MAX = 60.0
"""How long a call is held back at most, unless the limiter says otherwise."""


class RateLimiter:
    """Lets *calls_max* calls begin in any *per_seconds*; a call that comes too early is given a later time.

    In the order in which they ask; threads and tasks may share one, and so may clients. One that would have
    to wait longer than *wait_seconds_max* is refused instead. The limit holds in this process alone.
    """

    def __init__(
        self,
        calls_max: int,
        *,
        per_seconds: float,
        wait_seconds_max: float = WAIT_SECONDS_MAX,
        clock: Times | None = None,
    ) -> None:
        if calls_max < 1 or per_seconds <= 0:
            raise UsageError(
                f"a limit of {calls_max} calls in {per_seconds:g} s lets nothing through",
                remedy="Give at least one call, and a time: RateLimiter(10, per_seconds=1).",
            )
        self._per_seconds = per_seconds
        self._wait_seconds_max = wait_seconds_max
        self._clock = clock or SystemTimes()
        self._begins: deque[float] = deque(maxlen=calls_max)
        """When the last calls begin, the earliest first."""
        self._lock = threading.Lock()

    def reserve(self) -> float:
        """Take the next place, and return after how many seconds the call may begin.

        Raises:
            RateLimitReached: it would be longer than the limiter lets a call wait; no place is taken.
        """
        with self._lock:
            begins = now = self._clock.monotonic()
            if len(self._begins) == self._begins.maxlen:
                begins = max(now, self._begins[0] + self._per_seconds)
            if begins - now > self._wait_seconds_max:
                raise RateLimitReached(begins - now, self._wait_seconds_max)
            self._begins.append(begins)
            return begins - now
