"""A clock of an event loop that moves only when it is told to."""

from __future__ import annotations

from threadsync.testing.fakes import FakeClock


class FakeAsyncClock:
    """``FakeClock`` for tasks."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.now = self.clock.now
        self.monotonic = self.clock.monotonic

    async def sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)
