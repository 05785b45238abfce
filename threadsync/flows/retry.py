"""Trying again: which outcomes, after how long, how often at most (law 13).

For requests that may be repeated without harm alone: reads, and things nobody sees.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from threadsync.errors import Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import attempt, wait
from threadsync.flows.effects import Flow
from threadsync.model.fault import Fault, FaultClass

T = TypeVar("T")

PASSING = frozenset({FaultClass.TRANSIENT})
"""What a read is tried again after."""
PASSING_OR_FRESH = frozenset({FaultClass.TRANSIENT, FaultClass.NOT_READY})
"""What is tried again where something just made may not be visible everywhere yet."""


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


def poll_seconds(polls: int, bounds: Bounds) -> float:
    """Return how long to wait before the next look, after *polls* looks."""
    return min(bounds.poll_first_seconds * bounds.poll_growth**polls, bounds.poll_longest_seconds)
