"""``advance`` and the narrow helpers flows are written with; every driver is a loop over ``advance``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from typing import Generic, TypeVar, cast

from msgspec import Struct

from threadsync.errors import ApiError, Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.effects import (
    All,
    Effect,
    Flow,
    Host,
    Hosted,
    NoResponse,
    Now,
    Outcome,
    Record,
    Recorded,
    Request,
    Response,
    Results,
    Taken,
    Time,
    Wait,
    Waited,
)
from threadsync.model.fault import Fault
from threadsync.model.ids import MediaDigest
from threadsync.model.journal import Note

T = TypeVar("T")

HOSTING_LOOK_FIRST_SECONDS = 0.1
"""After how long a flow looks whether an upload is done, for the first time."""
HOSTING_LOOK_GROWTH = 1.4
HOSTING_LOOK_LONGEST_SECONDS = 2.0


class Done(Struct, Generic[T], frozen=True):
    """A flow has ended with *value*."""

    value: T


class Raised(Struct, frozen=True):
    """What is sent to a flow when one of the flows it waits for raised *error*."""

    error: Exception


def advance(flow: Flow[T], outcome: Outcome | Raised | None) -> Effect | Done[T]:
    """Move *flow* to its next effect, or to its end; None starts it.

    Raises:
        Exception: whatever the flow raises.
    """
    try:
        if isinstance(outcome, Raised):
            return flow.throw(outcome.error)
        return next(flow) if outcome is None else flow.send(outcome)
    except StopIteration as finished:
        return Done(cast("T", finished.value))


def drive(flow: Flow[T], perform: Callable[[Effect], Outcome]) -> T:
    """Run *flow* to its end, answering each effect with *perform*; ``All`` runs one after the other."""
    outcome: Outcome | Raised | None = None
    with closing(flow):
        while True:
            step = advance(flow, outcome)
            if isinstance(step, Done):
                return step.value
            outcome = _drive_all(step, perform) if isinstance(step, All) else perform(step)


def _drive_all(effect: All, perform: Callable[[Effect], Outcome]) -> Outcome | Raised:
    values: list[object] = []
    try:
        for child in effect.flows:
            values.append(drive(child, perform))  # noqa: PERF401  (a comprehension would hide which one raised)
    except Exception as error:  # noqa: BLE001  (handed on to the flow that waits for the children)
        for child in effect.flows:
            child.close()
        return Raised(error)
    return Results(tuple(values))


def send(request: Request) -> Flow[Response | NoResponse]:
    """Yield *request* and return what came back."""
    outcome = yield request
    assert isinstance(outcome, Response | NoResponse), "a Request is answered by a Response or NoResponse"
    return outcome


def record(*notes: Note) -> Flow[Recorded | Taken]:
    """Put *notes* on record and return when they are durable."""
    outcome = yield Record(notes)
    assert isinstance(outcome, Recorded | Taken), "a Record is answered by Recorded or Taken"
    return outcome


def wait(seconds: float, why: str) -> Flow[None]:
    """Let *seconds* pass."""
    outcome = yield Wait(seconds, why)
    assert isinstance(outcome, Waited), "a Wait is answered by Waited"


def now() -> Flow[datetime]:
    """Return the time, in UTC."""
    outcome = yield Now()
    assert isinstance(outcome, Time), "a Now is answered by Time"
    return outcome.now


def host(media: MediaDigest, bounds: Bounds | None = None) -> Flow[Hosted]:
    """Return a public address of *media*, or why there is none.

    An upload goes on beside the flow, which looks at it now and then (``hosting_seconds`` in all), so
    that nobody else has to wait for it.
    """
    seconds_max = (bounds or Bounds()).hosting_seconds
    pause, waited = HOSTING_LOOK_FIRST_SECONDS, 0.0
    while True:
        outcome = yield Host(media)
        assert isinstance(outcome, Hosted), "a Host is answered by Hosted"
        if not outcome.underway:
            return outcome
        if waited >= seconds_max:
            return Hosted(
                None,
                f"{outcome.underway} was not done after {waited:.0f} s",
                "Run apply again; or raise hosting_seconds under bounds.",
            )
        yield from wait(pause, outcome.underway)
        waited, pause = waited + pause, min(pause * HOSTING_LOOK_GROWTH, HOSTING_LOOK_LONGEST_SECONDS)


def gather(flows: Sequence[Flow[T]]) -> Flow[tuple[T, ...]]:
    """Run *flows* side by side and return their results in order."""
    outcome = yield All(tuple(flows))
    assert isinstance(outcome, Results), "an All is answered by Results"
    return cast("tuple[T, ...]", outcome.values)


def attempt(flow: Flow[T]) -> Flow[T | Fault | Unanswered]:
    """Run *flow* and return its error as a value, for flows that must decide."""
    try:
        return (yield from flow)
    except ApiError as error:
        return error.fault
    except Unanswered as error:
        return error
