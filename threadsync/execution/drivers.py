"""The plain driver: one flow at a time, for a program that calls one endpoint and waits for it.

It has no journal of its own. A visible request is sent once and never repeated; its error says
whether the network may have acted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, TypeVar, assert_never

from threadsync.errors import UsageError
from threadsync.execution.clock import Clock
from threadsync.flows.core import drive
from threadsync.flows.effects import (
    All,
    Effect,
    Flow,
    Host,
    Hosted,
    Now,
    Outcome,
    Record,
    Recorded,
    Request,
    Time,
    Wait,
    Waited,
)
from threadsync.model.journal import Note

if TYPE_CHECKING:
    from threadsync.execution.transport import Endpoint, Transport

T = TypeVar("T")

Journal: TypeAlias = Callable[[tuple[Note, ...]], None]
"""Returns when the notes it is given are durable."""


def run(
    flow: Flow[T], transport: Transport, endpoint: Endpoint, clock: Clock, *, journal: Journal | None = None
) -> T:
    """Run *flow* to its end, and return what it returns.

    Raises:
        UsageError: the flow puts notes on record, and there is no *journal*.
        ThreadsyncError: whatever the flow raises.
    """

    def perform(effect: Effect) -> Outcome:
        match effect:
            case Request():
                return transport.perform(endpoint, effect)
            case Wait(seconds=seconds):
                clock.sleep(seconds)
                return Waited()
            case Now():
                return Time(clock.now())
            case Host():
                return Hosted(None, "a client has no media host; give the public address yourself")
            case Record(notes=notes):
                if journal is None:
                    raise UsageError(
                        "this flow puts notes on record, and a client has no journal",
                        remedy="Call the network's endpoint functions, or give run() a journal.",
                    )
                journal(notes)
                return Recorded()
            case All():
                raise AssertionError("drive runs the flows of an All itself")
            case _:
                assert_never(effect)

    return drive(flow, perform)
