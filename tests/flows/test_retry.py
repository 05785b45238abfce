"""Trying again is bounded, and only for what may pass (law 13)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadsync.errors import ApiError, Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import drive
from threadsync.flows.effects import Effect, Flow, Outcome, Request, Response, Wait, Waited
from threadsync.flows.retry import PASSING_OR_FRESH, delay_seconds, poll_seconds, retried
from threadsync.model.fault import Fault, FaultClass

BOUNDS = Bounds(retry_attempts_max=4, retry_first_seconds=2, retry_growth=3, retry_longest_seconds=10)


def fault(kind: FaultClass) -> Fault:
    return Fault(kind, "problem", "remedy", "row")


class Network:
    """Fails as told, then succeeds; counts the calls and keeps the waits."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0
        self.waits: list[Wait] = []

    def call(self) -> Flow[str]:
        yield Request("GET", "/me")
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"

    def perform(self, effect: Effect) -> Outcome:
        if isinstance(effect, Wait):
            self.waits.append(effect)
            return Waited()
        return Response(200)


def test_what_passes_is_tried_again_after_growing_waits() -> None:
    network = Network(ApiError(fault(FaultClass.TRANSIENT)), Unanswered("gone", sent=True))
    assert drive(retried(network.call, BOUNDS, why="the profile"), network.perform) == "answer"
    assert [wait.seconds for wait in network.waits] == [2, 6]
    assert network.waits[0].why == "the profile: trying again"


def test_attempts_are_bounded_and_the_last_error_is_the_value() -> None:
    network = Network(*(ApiError(fault(FaultClass.TRANSIENT)) for _ in range(9)))
    assert drive(retried(network.call, BOUNDS, why=""), network.perform) == fault(FaultClass.TRANSIENT)
    assert network.calls == 4
    assert [wait.seconds for wait in network.waits] == [2, 6, 10]


@pytest.mark.parametrize("kind", [kind for kind in FaultClass if kind is not FaultClass.TRANSIENT])
def test_what_does_not_pass_is_not_tried_again(kind: FaultClass) -> None:
    network = Network(ApiError(fault(kind)))
    assert drive(retried(network.call, BOUNDS, why=""), network.perform) == fault(kind)
    assert network.calls == 1


def test_what_is_fresh_may_be_asked_for_again() -> None:
    network = Network(ApiError(fault(FaultClass.NOT_READY)))
    again = retried(network.call, BOUNDS, why="", on=PASSING_OR_FRESH)
    assert drive(again, network.perform) == "answer"


@given(
    st.integers(1, 40),
    st.floats(0.1, 10),
    st.floats(1, 4),
    st.floats(0.1, 60),
)
def test_no_wait_is_longer_than_its_bound(number: int, first: float, growth: float, longest: float) -> None:
    bounds = Bounds(
        retry_first_seconds=first,
        retry_growth=growth,
        retry_longest_seconds=longest,
        poll_first_seconds=first,
        poll_growth=growth,
        poll_longest_seconds=longest,
    )
    for seconds in (delay_seconds, poll_seconds):
        assert 0 < seconds(number, bounds) <= longest
        assert seconds(number, bounds) <= seconds(number + 1, bounds)


def test_a_targets_bounds_replace_the_providers_and_counts_stay_whole() -> None:
    bounds = Bounds().overridden({"settle_looks_max": 2.0, "request_seconds": 5})
    assert bounds == Bounds(settle_looks_max=2, request_seconds=5)
    assert isinstance(bounds.settle_looks_max, int)
