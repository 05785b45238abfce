"""Worker threads: one request each, never more than there is room for, and nothing lost between threads."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable

import pytest

from tests.execution.servers import Server, answering
from tests.execution.worlds import PUBLISH, TARGET, hosted, intent
from threadsync.execution.clock import SystemClock
from threadsync.execution.performer import PooledPerformer
from threadsync.execution.scheduler import Scheduler
from threadsync.execution.seams import Completion, Ending, Finished, Interrupted, Unwatched
from threadsync.execution.transport import Endpoint, Transport
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import Done, Raised, record, send, wait
from threadsync.flows.effects import Flow, Request, Response
from threadsync.model.ids import MediaDigest, TargetName
from threadsync.model.secret import SecretText
from threadsync.testing.fakes import FakeJournal

PATIENCE_SECONDS = 5.0
READ = Request("GET", "/me")


def echo(_: TargetName, request: Request) -> Response:
    return Response(200, request.path.encode())


def test_a_request_is_performed_and_completed() -> None:
    with PooledPerformer(echo) as performer:
        ticket = performer.submit(TARGET, READ)
        assert performer.next(PATIENCE_SECONDS) == Completion(ticket, Response(200, b"/me"))


def test_requests_run_side_by_side_up_to_the_number_of_connections() -> None:
    """All three meet at a barrier: they could not if one waited for another."""
    meeting = threading.Barrier(3)

    def meet(_: TargetName, request: Request) -> Response:
        meeting.wait(PATIENCE_SECONDS)
        return Response(200)

    with PooledPerformer(meet, connections=3) as performer:
        tickets = set()
        for number in range(3):
            assert performer.free == 3 - number
            tickets.add(performer.submit(TARGET, READ))
        assert performer.free == 0
        done = [performer.next(PATIENCE_SECONDS) for _ in range(3)]
        assert performer.free == 3
    assert {each.ticket for each in done if each is not None} == tickets
    assert len(tickets) == 3


def test_an_idle_worker_is_used_again() -> None:
    names: set[str] = set()

    def named(_: TargetName, request: Request) -> Response:
        names.add(threading.current_thread().name)
        return Response(200)

    with PooledPerformer(named) as performer:
        for _ in range(5):
            performer.submit(TARGET, READ)
            assert performer.next(PATIENCE_SECONDS) is not None
    assert len(names) == 1


def test_what_goes_wrong_in_a_worker_is_handed_over() -> None:
    bug = ZeroDivisionError()

    def broken(_: TargetName, request: Request) -> Response:
        raise bug

    with PooledPerformer(broken) as performer:
        ticket = performer.submit(TARGET, READ)
        assert performer.next(PATIENCE_SECONDS) == Completion(ticket, Raised(bug))


def test_nothing_comes_when_nothing_was_asked() -> None:
    with PooledPerformer(echo) as performer:
        assert performer.next(0) is None


def test_waking_ends_the_next_wait() -> None:
    with PooledPerformer(echo) as performer:
        performer.wake()
        assert performer.next(None) is None


def test_closing_does_not_wait_for_an_answer_that_does_not_come() -> None:
    release = threading.Event()

    def hang(_: TargetName, request: Request) -> Response:
        release.wait(PATIENCE_SECONDS)
        return Response(200)

    performer = PooledPerformer(hang)
    ticket = performer.submit(TARGET, READ)
    performer.close()
    assert not release.is_set()
    release.set()
    assert performer.next(PATIENCE_SECONDS) == Completion(ticket, Response(200))
    performer.close()


# Together with the scheduler


def scheduler(performer: PooledPerformer, journal: FakeJournal) -> Scheduler:
    return Scheduler(
        performer=performer,
        clock=SystemClock(),
        journal=journal,
        host=hosted,
        bounds_of=lambda _: Bounds(),
        watcher=Unwatched(),
    )


def test_flows_run_over_real_sockets_and_workers() -> None:
    def path_of(_: MediaDigest) -> None:
        raise AssertionError("no media here")

    def publish() -> Flow[int]:
        yield from record(intent())
        answer = yield from send(PUBLISH)
        assert isinstance(answer, Response)
        return answer.status

    statuses: list[Ending[int]] = []
    journal = FakeJournal()
    with Server(answering(b"{}", status="201 Created")) as server, Transport(SystemClock()) as transport:
        endpoint = Endpoint(server.url, lambda _: SecretText("CANARY"), path_of)  # type: ignore[arg-type]
        with PooledPerformer(lambda _, request: transport.perform(endpoint, request), 4) as performer:
            run = scheduler(performer, journal)
            for number in range(20):
                run.spawn(f"flow{number}", TARGET, publish(), lambda finished: statuses.append(finished.end))
            run.run()
    assert statuses == [Done(201)] * 20
    assert len(server.requests) == 20
    assert len(journal.durable) == 20


@pytest.mark.skipif(
    sys.platform == "win32", reason="not tested without interval timers: a signal wakes a run"
)
def test_a_signal_wakes_a_run_that_only_waits() -> None:
    """A wait of an hour ends at once."""
    ended: list[Finished[None]] = []

    def waiting() -> Flow[None]:
        yield from wait(3600, "")

    with PooledPerformer(echo) as performer:
        run = scheduler(performer, FakeJournal())
        run.spawn("a", TARGET, waiting(), ended.append)
        _signalled(run.stop, run.run)
    assert ended == [Finished("a", Interrupted())]


def _signalled(stop: Callable[[], None], run: Callable[[], None]) -> None:
    before = signal.signal(signal.SIGALRM, lambda *_: stop())
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        run()
    finally:
        signal.signal(signal.SIGALRM, before)
