"""The clocks: the real one is aware and in UTC, the virtual one moves only when told to."""

from __future__ import annotations

from datetime import UTC

from threadsync.execution.clock import Clock, SystemClock
from threadsync.testing.fakes import START, FakeClock


def test_the_systems_time_is_in_utc_and_its_seconds_only_grow() -> None:
    clock: Clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(0)
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() >= before


def test_virtual_time_moves_by_sleeping() -> None:
    clock = FakeClock()
    clock.sleep(90)
    assert clock.monotonic() == 90
    assert (clock.now() - START).total_seconds() == 90
