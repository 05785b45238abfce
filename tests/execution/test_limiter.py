"""The limit of calls that the workers of one process share."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadsync.errors import RateLimitReached, UsageError
from threadsync.execution.limiter import RateLimiter
from threadsync.testing.fakes import FakeClock


def test_as_many_as_allowed_begin_at_once_and_the_next_when_there_is_room_again() -> None:
    clock = FakeClock()
    limiter = RateLimiter(2, per_seconds=10, clock=clock)
    assert [limiter.reserve(), limiter.reserve()] == [0, 0]
    clock.sleep(3)
    assert limiter.reserve() == 7
    clock.sleep(7)
    assert limiter.reserve() == 0
    assert limiter.reserve() == 10


@given(st.integers(1, 5), st.lists(st.floats(0, 3), max_size=40))
def test_no_window_holds_more_than_its_calls_and_their_order_is_kept(calls: int, pauses: list[float]) -> None:
    clock = FakeClock()
    limiter = RateLimiter(calls, per_seconds=2, wait_seconds_max=1e9, clock=clock)
    begins = []
    for pause in pauses:
        clock.sleep(pause)
        begins.append(clock.monotonic() + limiter.reserve())
    assert begins == sorted(begins)
    for first, after in zip(begins, begins[calls:], strict=False):
        assert after - first >= 2 - 1e-9


def test_a_call_that_would_wait_for_too_long_is_refused_and_takes_no_place() -> None:
    clock = FakeClock()
    limiter = RateLimiter(1, per_seconds=100, wait_seconds_max=60, clock=clock)
    limiter.reserve()
    with pytest.raises(RateLimitReached, match="begin in 100 s; nothing was sent") as caught:
        limiter.reserve()
    assert caught.value.seconds == 100
    clock.sleep(50)
    assert limiter.reserve() == 50


def test_workers_at_once_get_different_places() -> None:
    limiter = RateLimiter(1, per_seconds=1, wait_seconds_max=1000, clock=FakeClock())
    places: list[float] = []
    workers = [
        threading.Thread(target=lambda: places.extend(limiter.reserve() for _ in range(50))) for _ in range(8)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(places) == [float(each) for each in range(400)]


@pytest.mark.parametrize(("calls", "seconds"), [(0, 1), (1, 0)])
def test_a_limit_that_lets_nothing_through_is_refused(calls: int, seconds: float) -> None:
    with pytest.raises(UsageError, match="lets nothing through"):
        RateLimiter(calls, per_seconds=seconds)
