"""The transport against real sockets: who is followed where, and what goes with it."""

from __future__ import annotations

import pytest

from tests.execution.servers import Peer, Server, answering, header, target_of
from tests.execution.transports import TOKEN, AnyTransport, perform, redirecting
from threadsync.flows.effects import Request, Response, Secret, Visibility
from threadsync.model.ids import MAIN


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"])
def test_a_read_is_followed_on_its_own_origin_with_its_credential(
    transport: AnyTransport, status: str
) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.answer(b"", "Location: /there?x=1", "Connection: close", status=status)

    with Server(script, answering(b'{"id": 1}')) as server:
        answer = perform(transport, server.url, Request("GET", "/here", auth=MAIN))
    assert isinstance(answer, Response)
    assert answer.json == {"id": 1}
    assert [target_of(r) for r in server.requests] == ["GET /here", "GET /there?x=1"]
    assert header(server.requests[1], "authorization") == f"Bearer {TOKEN}"


def test_another_origin_gets_no_credential_and_neither_does_who_comes_after_it(
    transport: AnyTransport,
) -> None:
    with (
        Server(answering(b'{"id": 1}')) as last,
        Server(redirecting(f"{last.url}/last")) as other,
        Server(redirecting(f"{other.url}/other")) as server,
    ):
        answer = perform(transport, server.url, Request("GET", "/here", auth=MAIN))
    assert isinstance(answer, Response)
    assert answer.json == {"id": 1}
    assert header(server.requests[0], "authorization") == f"Bearer {TOKEN}"
    assert header(other.requests[0], "authorization") is None
    assert header(last.requests[0], "authorization") is None
    assert f"http://{answer.host}" == server.url, "it names who was asked, whoever answered"


def test_a_redirect_that_would_carry_the_token_elsewhere_is_not_followed(transport: AnyTransport) -> None:
    def echo(peer: Peer) -> None:
        query = target_of(peer.request()).split("?")[1]
        peer.answer(b"", f"Location: {other.url}/steal?{query}", status="302 Found")

    with Server(answering()) as other, Server(echo) as server:
        answer = perform(transport, server.url, Request("GET", "/here", {"access_token": Secret(MAIN)}))
    assert isinstance(answer, Response)
    assert answer.status == 302
    assert other.connections == 0


@pytest.mark.parametrize("visibility", [Visibility.STAGE, Visibility.VISIBLE])
@pytest.mark.parametrize("method", ["POST", "DELETE", "GET"])
def test_nothing_but_a_read_is_followed(transport: AnyTransport, visibility: Visibility, method: str) -> None:
    with Server(redirecting("/there")) as server:
        answer = perform(transport, server.url, Request(method, "/here", visibility=visibility))
    assert isinstance(answer, Response)
    assert answer.status == 302
    assert len(server.requests) == 1


def test_a_post_that_only_reads_is_not_followed_either(transport: AnyTransport) -> None:
    with Server(redirecting("/there")) as server:
        answer = perform(transport, server.url, Request("POST", "/search"))
    assert isinstance(answer, Response)
    assert answer.status == 302
    assert len(server.requests) == 1


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/", "data:,x"])
def test_only_http_is_followed(transport: AnyTransport, location: str) -> None:
    with Server(redirecting(location)) as server:
        answer = perform(transport, server.url, Request("GET", "/here"))
    assert isinstance(answer, Response)
    assert answer.status == 302


def test_redirects_end(transport: AnyTransport) -> None:
    with Server(redirecting("/round")) as server:
        answer = perform(transport, server.url, Request("GET", "/round"))
    assert isinstance(answer, Response)
    assert answer.status == 302
    assert len(server.requests) == 6
