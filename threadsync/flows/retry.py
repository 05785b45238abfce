"""Trying again: which outcomes, after how long, how often at most (law 13).

For requests that may be repeated without harm alone: reads, and things nobody sees.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import TypeAlias, TypeVar

from threadsync.errors import Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import Done, Raised, advance, attempt, send, wait
from threadsync.flows.effects import All, Flow, NoResponse, Outcome, Request, Response, Visibility
from threadsync.model.fault import Fault, FaultClass

T = TypeVar("T")

PASSING = frozenset({FaultClass.TRANSIENT})
"""What a read is tried again after."""
PASSING_OR_FRESH = frozenset({FaultClass.TRANSIENT, FaultClass.NOT_READY})
"""What is tried again where something just made may not be visible everywhere yet."""

POLL_AGAIN_PART = 1 / 3
"""The pause after the first look at media, as a part of ``poll_first_seconds``."""

Classify: TypeAlias = Callable[[Response], Fault | None]
"""Says which error an answer carries; None where it carries none."""


def delay_seconds(attempt_number: int, bounds: Bounds) -> float:
    """Return how long to wait after the given failed attempt (the first is 1)."""
    grown = bounds.retry_first_seconds * bounds.retry_growth ** (attempt_number - 1)
    return min(grown, bounds.retry_longest_seconds)


def retried(
    make: Callable[[], Flow[T]], bounds: Bounds, *, why: str, on: frozenset[FaultClass] = PASSING
) -> Flow[T | Fault | Unanswered]:
    """Run the flow that *make* returns until it succeeds or fails for good; the last error is a value."""
    for number in range(1, bounds.retry_attempts_max + 1):
        result = yield from attempt(make())
        again = isinstance(result, Unanswered) or (isinstance(result, Fault) and result.kind in on)
        if not again or number == bounds.retry_attempts_max:
            return result
        yield from wait(delay_seconds(number, bounds), f"{why}: trying again")
    raise AssertionError("a bound of at least one attempt ends the loop")


def wait_left_seconds(intended_at: datetime, at: datetime, there: datetime | None, bounds: Bounds) -> float:
    """Return how long what an earlier run intended may still take effect.

    By the clock that is further behind: one that was set ahead must not shorten the wait. One that was
    set back must not lengthen it beyond its bound.
    """
    passed = (min(at, there or at) - intended_at).total_seconds()
    return bounds.publish_doubt_seconds - max(0.0, passed)


def persistent(flow: Flow[T], bounds: Bounds, classify: Classify) -> Flow[T]:
    """Run *flow*, and send its reads and what it stages again where that may help; the rest goes out once.

    For a program that runs endpoints one by one. A provider's own flows decide that themselves.
    """
    outcome: Outcome | Raised | None = None
    with closing(flow):
        while True:
            step = advance(flow, outcome)
            if isinstance(step, Done):
                return step.value
            try:
                if isinstance(step, Request):
                    outcome = yield from _repeated(step, bounds, classify)
                elif isinstance(step, All):
                    outcome = yield All(tuple(persistent(each, bounds, classify) for each in step.flows))
                else:
                    outcome = yield step
            except Exception as error:  # noqa: BLE001  (handed on to the flow that waits for it)
                outcome = Raised(error)


def _repeated(request: Request, bounds: Bounds, classify: Classify) -> Flow[Response | NoResponse]:
    for number in range(1, bounds.retry_attempts_max + 1):
        outcome = yield from send(request)
        seconds = _pause_seconds(request, outcome, delay_seconds(number, bounds), classify)
        if seconds is None or seconds > bounds.retry_longest_seconds or number == bounds.retry_attempts_max:
            return outcome
        yield from wait(seconds, f"{request.method} {request.path}: trying again")
    raise AssertionError("a bound of at least one attempt ends the loop")


def _pause_seconds(
    request: Request, outcome: Response | NoResponse, usual_seconds: float, classify: Classify
) -> float | None:
    """Return after how long *request* may be sent again; None where it must not be."""
    if request.visibility is Visibility.VISIBLE:
        return None
    if isinstance(outcome, NoResponse):
        return usual_seconds
    fault = classify(outcome)
    if fault is None:
        return None
    if fault.kind is FaultClass.THROTTLED:
        if fault.retry_after_seconds is None:
            return None  # without a word on when, it is minutes: longer than somebody waits for one call
    elif fault.kind not in (PASSING if request.visibility is Visibility.READ else PASSING_OR_FRESH):
        return None
    return max(usual_seconds, fault.retry_after_seconds or 0.0)


def poll_seconds(polls: int, bounds: Bounds) -> float:
    """Return how long to wait before the next look, when *polls* pauses were made before.

    The first is short beside what was waited before anybody looked, or most would be seen late.
    """
    first_seconds = bounds.poll_first_seconds * POLL_AGAIN_PART
    return min(first_seconds * bounds.poll_growth**polls, bounds.poll_longest_seconds)
