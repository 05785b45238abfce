"""The clocks: the real one is aware and in UTC, the virtual one moves only when told to."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC

import pytest

from threadsync.execution.clock import AsyncClock, Clock, SystemAsyncClock, SystemClock
from threadsync.testing.fakes import START, FakeClock


def test_the_systems_time_is_in_utc_and_its_seconds_only_grow() -> None:
    clock: Clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(0)
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() >= before


def test_a_task_lets_time_pass_while_the_others_of_its_loop_go_on() -> None:
    async def main() -> list[str]:
        clock: AsyncClock = SystemAsyncClock()
        done: list[str] = []

        async def other() -> None:
            done.append("other")

        task = asyncio.create_task(other())
        await clock.sleep(0)
        assert done == ["other"]
        await task
        return done

    assert asyncio.run(main()) == ["other"]


def test_virtual_time_moves_by_sleeping() -> None:
    clock = FakeClock()
    clock.sleep(90)
    assert clock.monotonic() == 90
    assert (clock.now() - START).total_seconds() == 90


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a clock that counts the machine's sleep")
def test_the_seconds_go_on_while_the_machine_sleeps() -> None:
    """Law 16: what was meant to be sent before a laptop was closed is not sent when it is opened."""
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before <= SystemClock().monotonic() <= time.clock_gettime(time.CLOCK_BOOTTIME)
