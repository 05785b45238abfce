"""The plain driver: one flow, one endpoint, no journal."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.execution.servers import Peer, Server, answering
from tests.execution.worlds import PUBLISH, staged
from threadsync.errors import Unanswered, UsageError
from threadsync.execution.drivers import run
from threadsync.execution.transport import Transport
from threadsync.execution.wire import Endpoint
from threadsync.flows.core import gather, host, now, record, send, wait
from threadsync.flows.effects import Flow, NoResponse, Request, Response
from threadsync.model.ids import MediaDigest
from threadsync.model.journal import Note
from threadsync.model.secret import SecretText
from threadsync.testing.fakes import START, FakeClock


def endpoint(url: str) -> Endpoint:
    return Endpoint(url, lambda _: SecretText("CANARY"), lambda _: Path("none"))


def get(path: str) -> Flow[int]:
    answer = yield from send(Request("GET", path))
    assert isinstance(answer, Response)
    return answer.status


def test_a_flow_runs_to_its_end() -> None:
    def flow() -> Flow[tuple[object, ...]]:
        began = yield from now()
        yield from wait(90, "")
        later = yield from now()
        statuses = yield from gather([get("/1"), get("/2")])
        return began, (later - began).total_seconds(), statuses

    clock = FakeClock()
    with Server(answering()) as server, Transport(clock) as transport:
        perform = partial(transport.perform, endpoint(server.url))
        assert run(flow(), perform, clock) == (START, 90.0, (200, 200))
    assert len(server.requests) == 2


def test_a_visible_request_is_sent_once_and_its_error_says_whether_it_may_have_acted() -> None:
    def publish() -> Flow[int]:
        answer = yield from send(PUBLISH)
        if isinstance(answer, NoResponse):
            raise Unanswered(answer.reason, sent=answer.sent)
        return answer.status

    def closing(peer: Peer) -> None:
        peer.request()

    clock = FakeClock()
    with (
        Server(closing) as server,
        Transport(clock) as transport,
        pytest.raises(Unanswered, match="may have acted"),
    ):
        run(publish(), partial(transport.perform, endpoint(server.url)), clock)
    assert len(server.requests) == 1


def unasked(request: Request) -> Response:
    raise AssertionError(f"{request} was not to be sent")


@pytest.mark.parametrize(
    ("effect", "problem"),
    [
        (lambda: record(staged("container")), "a client has no journal"),
        (lambda: host(MediaDigest("abc")), "a client has no media host"),
    ],
)
def test_what_only_a_project_has_is_refused(effect: Callable[[], Flow[object]], problem: str) -> None:
    closed: list[str] = []

    def flow() -> Flow[object]:
        try:
            return (yield from effect())
        finally:
            closed.append("flow")

    with pytest.raises(UsageError, match=problem):
        run(flow(), unasked, FakeClock())
    assert closed == ["flow"]


def test_with_a_journal_notes_are_put_on_record() -> None:
    notes: list[tuple[Note, ...]] = []

    def flow() -> Flow[str]:
        yield from record(staged("container"))
        return "done"

    assert run(flow(), unasked, FakeClock(), journal=notes.append) == "done"
    assert notes == [(staged("container"),)]
