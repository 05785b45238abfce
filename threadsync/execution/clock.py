"""The one place where the time is read and time is spent.

Due-ness uses ``now`` (the local wall clock), waits use ``monotonic`` (law 15).
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time and lets it pass."""

    def now(self) -> datetime:
        """Return the local wall clock's time, aware and in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only ever grow, from an unnamed start."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let *seconds* pass."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the local wall clock's time, aware and in UTC."""
        return datetime.now(UTC)  # noqa: TID251  (this is the seam)

    def monotonic(self) -> float:
        """Return the seconds of the machine's monotonic clock."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let *seconds* pass."""
        time.sleep(seconds)  # noqa: TID251  (this is the seam)
