"""The plain driver: one flow, one endpoint, no journal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.execution.servers import Peer, Server, answering
from tests.execution.worlds import PUBLISH, staged
from threadsync.errors import Unanswered, UsageError
from threadsync.execution.drivers import run
from threadsync.execution.transport import Endpoint, Transport
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
        hosted = yield from host(MediaDigest("abc"))
        return began, (later - began).total_seconds(), statuses, hosted.url

    clock = FakeClock()
    with Server(answering()) as server, Transport(clock) as transport:
        assert run(flow(), transport, endpoint(server.url), clock) == (START, 90.0, (200, 200), None)
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
        run(publish(), transport, endpoint(server.url), clock)
    assert len(server.requests) == 1


def test_without_a_journal_nothing_can_be_put_on_record() -> None:
    closed: list[str] = []

    def flow() -> Flow[object]:
        try:
            return (yield from record(staged("container")))
        finally:
            closed.append("flow")

    clock = FakeClock()
    with Transport(clock) as transport, pytest.raises(UsageError, match="a client has no journal"):
        run(flow(), transport, endpoint("http://127.0.0.1"), clock)
    assert closed == ["flow"]


def test_with_a_journal_notes_are_put_on_record() -> None:
    notes: list[tuple[Note, ...]] = []

    def flow() -> Flow[str]:
        yield from record(staged("container"))
        return "done"

    clock = FakeClock()
    with Transport(clock) as transport:
        assert run(flow(), transport, endpoint("http://127.0.0.1"), clock, journal=notes.append) == "done"
    assert notes == [(staged("container"),)]
