"""The one place where the time is read and time is spent.

Due-ness uses ``now`` (the local wall clock), waits use ``monotonic`` (law 15).
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import Protocol

if sys.platform == "linux":

    def _seconds() -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)

else:
    _seconds = time.monotonic


class Times(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the local wall clock's time, aware and in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only ever grow, from an unnamed start."""
        ...


class Clock(Times, Protocol):
    """Tells the time and lets it pass."""

    def sleep(self, seconds: float) -> None:
        """Let *seconds* pass."""
        ...


class AsyncClock(Times, Protocol):
    """Tells the time and lets it pass for one task, while the others of its loop go on."""

    async def sleep(self, seconds: float) -> None:
        """Let *seconds* pass."""
        ...


class SystemTimes:
    """The clock of this machine, as it is read."""

    def now(self) -> datetime:
        """Return the local wall clock's time, aware and in UTC."""
        return datetime.now(UTC)  # noqa: TID251  (this is the seam)

    def monotonic(self) -> float:
        """Return the seconds of the machine's monotonic clock, on Linux of the one that counts its sleep too.

        A laptop that was asleep must not send what it meant to send an hour ago: intents age by this clock
        (law 16; https://man7.org/linux/man-pages/man2/clock_gettime.2.html).
        """
        return _seconds()


class SystemClock(SystemTimes):
    """The clock of this machine."""

    def sleep(self, seconds: float) -> None:
        """Let *seconds* pass."""
        time.sleep(seconds)  # noqa: TID251  (this is the seam)


class SystemAsyncClock(SystemTimes):
    """The clock of this machine, for the tasks of an event loop."""

    async def sleep(self, seconds: float) -> None:
        """Let *seconds* pass."""
        import asyncio  # the commands of threadsync do without it

        await asyncio.sleep(seconds)
