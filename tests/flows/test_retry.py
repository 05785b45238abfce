"""Trying again is bounded, and only for what may pass (law 13)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadsync.errors import ApiError, Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import drive, gather, send
from threadsync.flows.effects import (
    Effect,
    Flow,
    NoResponse,
    Outcome,
    Request,
    Response,
    Visibility,
    Wait,
    Waited,
)
from threadsync.flows.retry import PASSING_OR_FRESH, delay_seconds, persistent, poll_seconds, retried
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


# What a client sends again


class Answers:
    """Gives each request the next of *outcomes*; keeps what was sent, and the waits."""

    def __init__(self, *outcomes: Response | NoResponse) -> None:
        self.outcomes = list(outcomes)
        self.sent: list[str] = []
        self.waits: list[float] = []

    def perform(self, effect: Effect) -> Outcome:
        match effect:
            case Wait(seconds=seconds):
                self.waits.append(seconds)
                return Waited()
            case Request(path=path):
                self.sent.append(path)
                return self.outcomes.pop(0)
            case _:
                raise AssertionError(effect)


def classify(response: Response) -> Fault | None:
    """Say which fault an answer carries: its body names the kind, and when to come back."""
    if response.status < 400:
        return None
    kind, _, seconds = response.body.decode().partition(" ")
    later = float(seconds) if seconds else None
    return Fault(FaultClass(kind), "problem", "remedy", "row", retry_after_seconds=later)


def failed(kind: FaultClass, after: str = "") -> Response:
    return Response(500, f"{kind} {after}".strip().encode())


def asked(request: Request, *outcomes: Response | NoResponse) -> tuple[object, list[float]]:
    network = Answers(*outcomes)
    outcome = drive(persistent(send(request), BOUNDS, classify), network.perform)
    assert network.outcomes == []
    return outcome, network.waits


OK = Response(200)
LOST = NoResponse("gone", sent=True)
NEVER_LEFT = NoResponse("refused", sent=False)
READ = Request("GET", "/me")
STAGE = Request("POST", "/threads", visibility=Visibility.STAGE)
VISIBLE = Request("POST", "/publish", visibility=Visibility.VISIBLE)


@pytest.mark.parametrize("request_", [READ, STAGE])
@pytest.mark.parametrize("outcome", [LOST, NEVER_LEFT, failed(FaultClass.TRANSIENT)])
def test_a_read_and_what_nobody_sees_are_sent_again_within_the_bounds(
    request_: Request, outcome: Response | NoResponse
) -> None:
    assert asked(request_, outcome, outcome, OK) == (OK, [2, 6])
    assert asked(request_, *[outcome] * 4) == (outcome, [2, 6, 10])


@pytest.mark.parametrize("outcome", [LOST, NEVER_LEFT, *map(failed, FaultClass)])
def test_what_others_can_see_is_sent_once_whatever_comes_back(outcome: Response | NoResponse) -> None:
    assert asked(VISIBLE, outcome) == (outcome, [])


@pytest.mark.parametrize("kind", [each for each in FaultClass if each is not FaultClass.TRANSIENT])
def test_a_read_that_is_refused_for_good_is_sent_once(kind: FaultClass) -> None:
    assert asked(READ, failed(kind)) == (failed(kind), [])


def test_what_is_made_of_something_fresh_waits_for_it() -> None:
    fresh = failed(FaultClass.NOT_READY)
    assert asked(STAGE, fresh, OK) == (OK, [2])


@pytest.mark.parametrize("kind", [FaultClass.THROTTLED, FaultClass.TRANSIENT])
def test_when_the_network_says_to_come_back_counts_if_it_is_soon(kind: FaultClass) -> None:
    assert asked(READ, failed(kind, "9"), OK) == (OK, [9])
    assert asked(READ, failed(kind, "1"), OK) == (OK, [2]), "not sooner than usual"
    assert asked(READ, failed(kind, "11")) == (failed(kind, "11"), []), "longer than anybody waits"


def test_each_request_of_a_flow_has_attempts_of_its_own_and_so_have_its_children() -> None:
    def flow() -> Flow[tuple[object, ...]]:
        first = yield from send(READ)
        others = yield from gather([send(READ), send(VISIBLE)])
        return first, *others

    network = Answers(LOST, LOST, OK, LOST, OK, LOST)
    assert drive(persistent(flow(), BOUNDS, classify), network.perform) == (OK, OK, LOST)
    assert network.sent == ["/me"] * 5 + ["/publish"]
    assert network.waits == [2, 6, 2]


def test_an_error_of_a_child_comes_to_the_flow_that_waits_for_it() -> None:
    def child() -> Flow[object]:
        yield from send(READ)
        raise LookupError("no such post")

    def flow() -> Flow[str]:
        try:
            yield from gather([child()])
        except LookupError as error:
            return str(error)
        return "nothing"

    assert drive(persistent(flow(), BOUNDS, classify), Answers(OK).perform) == "no such post"
