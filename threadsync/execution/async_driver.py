"""The plain driver of an event loop: as ``drivers``, with the flows of an ``All`` side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import TypeAlias, TypeVar, assert_never

from threadsync.execution.clock import AsyncClock
from threadsync.execution.drivers import refused
from threadsync.flows.core import Done, Raised, advance
from threadsync.flows.effects import (
    All,
    Effect,
    Flow,
    Host,
    NoResponse,
    Now,
    Outcome,
    Record,
    Request,
    Response,
    Results,
    Time,
    Wait,
    Waited,
)

T = TypeVar("T")

AsyncPerform: TypeAlias = Callable[[Request], Awaitable[Response | NoResponse]]
"""Sends one request, once, and returns what became of it."""


async def run(flow: Flow[T], perform: AsyncPerform, clock: AsyncClock) -> T:
    """Run *flow* to its end, and return what it returns; when it is cancelled, so is what it waits for.

    Raises:
        UsageError: the flow puts notes on record, or has a file of media that needs a public address.
        ThreadsyncError: whatever the flow raises.
    """
    outcome: Outcome | Raised | None = None
    with closing(flow):
        while True:
            step = advance(flow, outcome)
            if isinstance(step, Done):
                return step.value
            outcome = await _answer(step, perform, clock)


async def _answer(effect: Effect, perform: AsyncPerform, clock: AsyncClock) -> Outcome | Raised:
    match effect:
        case Request():
            return await perform(effect)
        case Wait(seconds=seconds):
            await clock.sleep(seconds)
            return Waited()
        case Now():
            return Time(clock.now())
        case Record() | Host():
            raise refused(effect)
        case All(flows=flows):
            return await _side_by_side(flows, perform, clock)
        case _:
            assert_never(effect)


async def _side_by_side(
    flows: tuple[Flow[object], ...], perform: AsyncPerform, clock: AsyncClock
) -> Results | Raised:
    """Run *flows* at once; the first error cancels the others, and is handed to who waits for them."""
    failed: Exception | None = None
    tasks: list[asyncio.Task[object]] = []
    try:
        async with asyncio.TaskGroup() as group:
            tasks.extend(group.create_task(run(each, perform, clock)) for each in flows)
    except* Exception as errors:  # noqa: BLE001  (handed on to the flow that waits for the children)
        failed = errors.exceptions[0]
    return Results(tuple(task.result() for task in tasks)) if failed is None else Raised(failed)
