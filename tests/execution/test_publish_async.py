"""``publish`` of ``AsyncClient``: beside a loop that goes on, several at once, and cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.execution.clocks import FakeAsyncClock
from threadsync import AsyncClient
from threadsync.errors import StateLocked
from threadsync.execution.publish_performers import (
    REQUESTS_MAX,
    LoopClock,
    LoopPerformer,
    Stopped,
    Stopping,
    beside,
)
from threadsync.flows.effects import NoResponse, Request, Response
from threadsync.model.ids import TargetName
from threadsync.sandbox.server import Sandbox, running
from threadsync.sandbox.settings import SandboxSettings
from threadsync.sandbox.threads import Fault, FaultKind
from threadsync.testing.shape import picture

TARGET = TargetName("threads/client")
ASK = Request("GET", "/me")


def texts(sandbox: Sandbox) -> list[str]:
    ledger: Any = sandbox.ledger()
    return [post["text"] for post in ledger["posts"] if post["text"]]


class ClockAskedAt(FakeAsyncClock):
    """A clock that calls *asked* before a wait passes."""

    def __init__(self, asked: Callable[[], None]) -> None:
        super().__init__()
        self.asked = asked

    async def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.asked()
        await asyncio.sleep(0)
        await super().sleep(seconds)


def test_tasks_that_share_a_journal_wait_for_each_other_and_all_are_published(tmp_path: Path) -> None:
    async def main(base_url: str) -> None:
        async with AsyncClient(token="sandbox-lift_report", base_url=base_url) as client:
            posts = await asyncio.gather(
                *(client.publish(f"Lift {n} is broken", journal=tmp_path / "posts.json") for n in range(3))
            )
        assert len({post.id for post in posts}) == 3

    with running(SandboxSettings(seed=7)) as sandbox:
        asyncio.run(main(sandbox.base_url))
        assert sorted(texts(sandbox)) == [f"Lift {n} is broken" for n in range(3)]


def test_a_journal_that_stays_locked_is_told_after_the_time_that_was_given(tmp_path: Path) -> None:
    async def main(sandbox: Sandbox) -> None:
        held, go_on = asyncio.Event(), asyncio.Event()

        class Waiting(FakeAsyncClock):
            async def sleep(self, seconds: float) -> None:
                if seconds > 0:
                    held.set()
                    await go_on.wait()
                await super().sleep(seconds)

        async with (
            AsyncClient(token="sandbox-lift_report", base_url=sandbox.base_url, clock=Waiting()) as one,
            AsyncClient(
                token="sandbox-lift_report", base_url=sandbox.base_url, clock=FakeAsyncClock()
            ) as other,
        ):
            first = asyncio.create_task(
                one.publish(
                    "A picture",
                    [picture("red")],
                    media_host={"kind": "loopback"},
                    journal=tmp_path / "posts.json",
                )
            )
            await held.wait()
            with pytest.raises(StateLocked):
                await other.publish("Words", journal=tmp_path / "posts.json", lock_timeout_seconds=3)
            go_on.set()
            await first

    with running(SandboxSettings(seed=7)) as sandbox:
        sandbox.switch(image_delay_seconds=0.0)
        asyncio.run(main(sandbox))
        assert texts(sandbox) == ["A picture"]


def test_a_cancelled_publish_is_on_record_and_the_next_call_goes_on(tmp_path: Path) -> None:
    journal = tmp_path / "posts.json"
    tasks: list[asyncio.Task[Any]] = []

    async def main(sandbox: Sandbox) -> None:
        def cancel() -> None:
            for task in tasks:
                task.cancel()

        clock = ClockAskedAt(cancel)
        async with AsyncClient(token="sandbox-lift_report", base_url=sandbox.base_url, clock=clock) as client:
            sandbox.arm(Fault("publish", FaultKind.ANSWER_LOST))
            tasks.append(asyncio.create_task(client.publish("12 lifts", journal=journal)))
            with pytest.raises(asyncio.CancelledError):
                await tasks[0]
            tasks.clear()
            assert not list(tmp_path.glob("*.lock"))
            sandbox.advance(100.0)
            post = await client.publish("12 lifts", journal=journal)
            assert post.segments[0].text == "12 lifts"

    with running(SandboxSettings(seed=7)) as sandbox:
        sandbox.switch(listing_lag_seconds=1.0)  # so that it waits before it has settled
        asyncio.run(main(sandbox))
        assert texts(sandbox) == ["12 lifts"]


def test_a_publish_that_is_cancelled_while_it_fetches_media_reads_no_further() -> None:
    """Nothing was sent yet; a large video from a slow address would otherwise be read to its end."""
    pieces: list[int] = []

    async def main(base_url: str) -> None:
        asked, gone = asyncio.Event(), asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 900000000\r\n\r\n")
            asked.set()
            try:
                while len(pieces) < 3000:
                    pieces.append(1)
                    writer.write(bytes(256 * 1024))
                    await writer.drain()
            except ConnectionError:
                pass
            writer.close()
            gone.set()

        server = await asyncio.start_server(serve, "127.0.0.1")
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/lift.mp4"
        async with server, AsyncClient(token="sandbox-lift_report", base_url=base_url) as client:
            task = asyncio.create_task(client.publish("A video", [address]))
            await asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await gone.wait()

    with running(SandboxSettings(seed=7)) as sandbox:
        asyncio.run(main(sandbox.base_url))
        assert sandbox.requests() == ()
    assert len(pieces) < 1000


def test_what_came_to_its_end_in_spite_of_a_cancellation_is_told() -> None:
    async def main() -> str:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None

        def work() -> str:
            loop.call_soon_threadsafe(task.cancel)
            return asyncio.run_coroutine_threadsafe(said(), loop).result()

        async def said() -> str:
            await asyncio.sleep(0)
            return "published"

        return await beside(work, lambda: None)

    assert asyncio.run(main()) == "published"


def test_what_is_stopped_before_a_stretch_of_work_begins_stops_it_too() -> None:
    calls: list[str] = []
    stopping = Stopping(lambda: calls.append("locks"))
    stopping.started(lambda: calls.append("first"))
    stopping.stop()
    stopping.started(lambda: calls.append("second"))
    assert calls == ["locks", "first", "second"]


def test_a_stopped_clock_of_a_thread_lets_nothing_be_waited_for() -> None:
    async def main() -> float:
        clock = LoopClock(asyncio.get_running_loop(), FakeAsyncClock())
        await asyncio.to_thread(clock.sleep, 3)
        clock.stop()
        with pytest.raises(Stopped):
            await asyncio.to_thread(clock.sleep, 3)
        return clock.monotonic()

    assert asyncio.run(main()) == 3


def test_a_request_whose_loop_ends_may_have_acted() -> None:
    """The thread beside the loop always gets an answer, so that it comes to its end."""

    async def main() -> None:
        sent = asyncio.Event()

        async def never(_: Request) -> Response | NoResponse:
            sent.set()
            await asyncio.Event().wait()
            raise AssertionError("it waits for ever")

        performer = LoopPerformer(never, asyncio.get_running_loop(), FakeAsyncClock())
        assert performer.next(0) is None
        ticket = performer.submit(TARGET, ASK)
        await sent.wait()
        performer.close()
        completion = await asyncio.to_thread(performer.next, None)
        assert completion is not None
        assert completion.ticket == ticket
        assert completion.outcome == NoResponse("its event loop ended", sent=True)
        performer.wake()
        assert performer.next(None) is None
        assert await asyncio.to_thread(performer.next, 5.0) is None

    asyncio.run(main())


def test_requests_of_one_publish_are_in_flight_at_once() -> None:
    """The children of a carousel are made side by side."""

    async def main() -> set[int]:
        together = asyncio.Barrier(3)

        async def sent(_: Request) -> Response | NoResponse:
            async with together:
                return Response(200)

        performer = LoopPerformer(sent, asyncio.get_running_loop(), FakeAsyncClock())
        tickets = {performer.submit(TARGET, ASK) for _ in range(3)}
        assert performer.free == REQUESTS_MAX - 3
        done = [await asyncio.to_thread(performer.next, None) for _ in range(3)]
        assert tickets == {each.ticket for each in done if each is not None}
        return tickets

    assert len(asyncio.run(main())) == 3
