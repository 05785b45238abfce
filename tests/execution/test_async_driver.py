"""The plain driver of an event loop: one flow, whose children run side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.execution.clocks import FakeAsyncClock
from tests.execution.worlds import staged
from threadsync.errors import UsageError
from threadsync.execution.async_driver import run
from threadsync.flows.core import gather, host, now, record, send, wait
from threadsync.flows.effects import Flow, NoResponse, Request, Response
from threadsync.model.ids import MediaDigest
from threadsync.testing.fakes import START


class Network:
    """Answers a request when the test lets it; knows which are under way and which were cancelled."""

    def __init__(self) -> None:
        self.doors: dict[str, asyncio.Event] = {}
        self.cancelled: list[str] = []

    async def perform(self, request: Request) -> Response | NoResponse:
        door = self.doors[request.path] = asyncio.Event()
        try:
            await door.wait()
        except asyncio.CancelledError:
            self.cancelled.append(request.path)
            raise
        return Response(200)

    async def until(self, *paths: str) -> None:
        while not self.doors.keys() >= set(paths):
            await asyncio.sleep(0)


async def at_once(_: Request) -> Response:
    return Response(200)


def get(path: str, closed: list[str]) -> Flow[str]:
    try:
        yield from send(Request("GET", path))
        return path
    finally:
        closed.append(path)


def failing() -> Flow[str]:
    yield from send(Request("GET", "/bad"))
    raise LookupError("bad")


def test_a_flow_runs_to_its_end() -> None:
    def flow() -> Flow[tuple[object, ...]]:
        began = yield from now()
        yield from wait(90, "")
        later = yield from now()
        found = yield from gather([get("/1", []), get("/2", [])])
        return began, (later - began).total_seconds(), found

    assert asyncio.run(run(flow(), at_once, FakeAsyncClock())) == (START, 90.0, ("/1", "/2"))


def test_the_flows_of_an_all_run_side_by_side_and_their_results_keep_their_order() -> None:
    async def main() -> tuple[str, ...]:
        network = Network()
        task = asyncio.create_task(
            run(gather([get("/1", []), get("/2", [])]), network.perform, FakeAsyncClock())
        )
        await network.until("/1", "/2")
        network.doors["/2"].set()
        await asyncio.sleep(0)
        network.doors["/1"].set()
        return await task

    assert asyncio.run(main()) == ("/1", "/2")


def test_one_error_cancels_the_others_and_comes_to_the_flow_that_waits_for_them() -> None:
    closed: list[str] = []

    def flow() -> Flow[str]:
        try:
            yield from gather([get("/1", closed), failing()])
        except LookupError as error:
            return f"caught {error}"
        return "nothing"

    async def main() -> str:
        network = Network()
        task = asyncio.create_task(run(flow(), network.perform, FakeAsyncClock()))
        await network.until("/1", "/bad")
        network.doors["/bad"].set()
        said = await task
        assert network.cancelled == ["/1"]
        return said

    assert asyncio.run(main()) == "caught bad"
    assert closed == ["/1"]


def test_cancelling_the_task_cancels_what_it_waits_for_and_closes_every_flow() -> None:
    closed: list[str] = []

    async def main() -> None:
        network = Network()
        flows = gather([get("/1", closed), get("/2", closed)])
        task = asyncio.create_task(run(flows, network.perform, FakeAsyncClock()))
        await network.until("/1", "/2")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert sorted(network.cancelled) == ["/1", "/2"]

    asyncio.run(main())
    assert sorted(closed) == ["/1", "/2"]


@pytest.mark.parametrize(
    ("effect", "problem"),
    [
        (lambda: record(staged("container")), "a client has no journal"),
        (lambda: host(MediaDigest("abc")), "a client has no media host"),
    ],
)
def test_what_only_a_project_has_is_refused(effect: Callable[[], Flow[object]], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        asyncio.run(run(effect(), at_once, FakeAsyncClock()))
