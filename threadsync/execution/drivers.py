"""The plain driver: one flow at a time, for a program that calls one endpoint and waits for it.

It has no journal of its own. A visible request is sent once and never repeated; its error says
whether the network may have acted. ``async_driver`` is the same for an event loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar, assert_never

from threadsync.errors import UsageError
from threadsync.execution.clock import Clock
from threadsync.flows.core import drive
from threadsync.flows.effects import (
    All,
    Effect,
    Flow,
    Host,
    NoResponse,
    Now,
    Outcome,
    Record,
    Recorded,
    Request,
    Response,
    Time,
    Wait,
    Waited,
)
from threadsync.model.journal import Note

T = TypeVar("T")

Journal: TypeAlias = Callable[[tuple[Note, ...]], None]
"""Returns when the notes it is given are durable."""

Perform: TypeAlias = Callable[[Request], Response | NoResponse]
"""Sends one request, once, and returns what became of it."""


def run(flow: Flow[T], perform: Perform, clock: Clock, *, journal: Journal | None = None) -> T:
    """Run *flow* to its end, and return what it returns.

    Raises:
        UsageError: the flow puts notes on record, and there is no *journal*; or it has a file of media
            that needs a public address.
        ThreadsyncError: whatever the flow raises.
    """

    def answer(effect: Effect) -> Outcome:
        match effect:
            case Request():
                return perform(effect)
            case Wait(seconds=seconds):
                clock.sleep(seconds)
                return Waited()
            case Now():
                return Time(clock.now())
            case Record(notes=notes) if journal is not None:
                journal(notes)
                return Recorded()
            case Record() | Host():
                raise refused(effect)
            case All():
                raise AssertionError("drive runs the flows of an All itself")
            case _:
                assert_never(effect)

    return drive(flow, answer)


def refused(effect: Record | Host) -> UsageError:
    """Return the error of a flow that asks a client for what only a whole project has."""
    if isinstance(effect, Host):
        return UsageError(
            f"this flow has a media file ({effect.media[:12]}) that needs a public address, and a client has"
            " no media host",
            remedy="Give the endpoint functions the public address themselves.",
        )
    return UsageError(
        "this flow puts notes on record, and a client has no journal",
        remedy="Call the network's endpoint functions: they put nothing on record.",
    )
