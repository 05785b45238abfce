"""A session that the caller brings: what is used of it, what is not, and that it stays open."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from tests.execution.servers import Peer, Script, Server, answering, header, target_of
from tests.execution.transports import SOON, TOKEN, endpoint, post, redirecting
from threadsync.errors import UsageError
from threadsync.execution.async_transport import AsyncTransport
from threadsync.execution.clock import SystemClock
from threadsync.execution.transport import Transport
from threadsync.flows.effects import NoResponse, Request, Response, Visibility
from threadsync.model.ids import MAIN

ANSWER = answering(b'{"id": 1}')
DELETE = Request("DELETE", "/7", auth=MAIN, visibility=Visibility.VISIBLE)


def closing(peer: Peer) -> None:
    peer.request()


def with_requests(
    server: Server, *sent: Request, change: Callable[[requests.Session], object] = lambda _: None
) -> list[Response | NoResponse]:
    """Send on a session of requests, which *change* prepares."""
    with requests.Session() as session:
        session.trust_env = False
        change(session)
        with Transport(SystemClock(), session=session) as transport:
            found = [transport.perform(endpoint(server.url), each) for each in sent]
        assert session.get(server.url).status_code == 200, "it is still open"
        return found


def with_aiohttp(server: Server, *sent: Request, **settings: object) -> list[Response | NoResponse]:
    """Send on a session of aiohttp, made with *settings*."""

    async def main() -> list[Response | NoResponse]:
        async with aiohttp.ClientSession(**settings) as session:  # type: ignore[arg-type]
            async with AsyncTransport(SystemClock(), session=session) as transport:
                found = [await transport.perform(endpoint(server.url), each) for each in sent]
            async with session.get(server.url) as answer:
                assert answer.status == 200, "it is still open"
            return found

    return asyncio.run(main())


def test_its_connections_are_used_and_it_is_not_closed() -> None:
    """One connection serves the client's requests and the caller's own."""
    for send in (with_requests, with_aiohttp):
        with Server(ANSWER) as server:
            answers = send(server, Request("GET", "/1"), Request("GET", "/2"))
        assert [each.json for each in answers if isinstance(each, Response)] == [{"id": 1}] * 2
        assert (server.connections, len(server.requests)) == (1, 3)


def test_its_headers_go_out_under_ours_and_to_no_other_origin() -> None:
    theirs = {"X-Team": "desk", "authorization": "Bearer theirs", "User-Agent": "theirs"}
    read = Request("GET", "/here", auth=MAIN)

    def of_requests(server: Server) -> list[Response | NoResponse]:
        return with_requests(server, read, change=lambda session: session.headers.update(theirs))

    def of_aiohttp(server: Server) -> list[Response | NoResponse]:
        return with_aiohttp(server, read, headers=theirs)

    for send in (of_requests, of_aiohttp):
        with Server(ANSWER) as other, Server(redirecting(f"{other.url}/there"), ANSWER) as server:
            send(server)
        first, elsewhere = server.requests[0], other.requests[0]
        assert header(first, "x-team") == "desk"
        assert header(first, "authorization") == f"Bearer {TOKEN}"
        assert str(header(first, "user-agent")).startswith("threadsync/")
        assert header(elsewhere, "x-team") is None
        assert header(elsewhere, "authorization") is None


def test_its_cookies_do_not_go_out_and_are_not_kept() -> None:
    def jar(session: requests.Session) -> None:
        session.cookies.set("session", "1")

    setting = answering(b"{}", "Set-Cookie: more=1")
    with Server(setting) as server:
        with_requests(server, Request("GET", "/1"), Request("GET", "/2"), change=jar)
    assert [header(each, "cookie") for each in server.requests] == [None, None, "session=1"]
    with Server(setting) as server:
        with_aiohttp(server, Request("GET", "/1"), Request("GET", "/2"), cookies={"session": "1"})
    assert [header(each, "cookie") for each in server.requests] == [None, None, "session=1"]


def test_one_of_requests_that_sends_again_by_itself_is_refused_before_anything_is_sent() -> None:
    for retries in (3, Retry(total=None, connect=0), Retry(1)):
        with requests.Session() as session, Server(ANSWER) as server:
            session.mount("http://", HTTPAdapter(max_retries=retries))
            with (
                Transport(SystemClock(), session=session) as transport,
                pytest.raises(UsageError, match="sends requests again by itself"),
            ):
                transport.perform(endpoint(server.url), Request("GET", "/me"))
        assert server.connections == 0


def test_an_adapter_of_the_callers_own_is_used() -> None:
    class Signing(HTTPAdapter):
        def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
            request.headers["X-Signed"] = "by the adapter"
            return super().send(request, stream=True)

    with Server(ANSWER) as server:
        with_requests(server, DELETE, change=lambda session: session.mount("http://", Signing()))
    assert header(server.requests[0], "x-signed") == "by the adapter"


@pytest.mark.parametrize("script", [closing, lambda peer: peer.sock.recv(1)])
def test_what_was_lost_on_it_may_have_acted_and_was_sent_once(script: Script) -> None:
    for send in (with_requests, with_aiohttp):
        with Server(script, ANSWER) as server:
            (answer,) = send(server, DELETE)
        assert isinstance(answer, NoResponse)
        assert answer.sent
        assert TOKEN not in answer.reason
        assert [target_of(each) for each in server.requests].count("DELETE /7") <= 1
        assert server.connections == 2


def test_what_could_not_be_connected_was_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    refused = NoResponse(f"127.0.0.1:{port}: it refused the connection", sent=False)
    with requests.Session() as session, Transport(SystemClock(), session=session) as transport:
        assert transport.perform(endpoint(f"http://127.0.0.1:{port}"), DELETE) == refused

    async def main() -> Response | NoResponse:
        async with (
            aiohttp.ClientSession() as session,
            AsyncTransport(SystemClock(), session=session) as transport,
        ):
            return await transport.perform(endpoint(f"http://127.0.0.1:{port}"), DELETE)

    assert asyncio.run(main()) == refused


def test_an_address_that_is_none_and_a_proxy_that_lets_nothing_through_sent_nothing() -> None:
    with (
        Server(answering(b"", status="403 Forbidden")) as proxy,
        requests.Session() as session,
        Transport(SystemClock(), session=session) as transport,
    ):
        session.trust_env, session.proxies = False, {"https": proxy.url}
        none = transport.perform(endpoint("http://127.0.0.1:port"), post())
        refused = transport.perform(endpoint("https://far.example"), post())
    assert isinstance(none, NoResponse)
    assert isinstance(refused, NoResponse)
    assert (none.sent, refused.sent) == (False, False)


def test_a_proxy_of_the_client_is_used_with_it_but_not_for_this_machine() -> None:
    with (
        Server(answering(b'{"by": "proxy"}')) as proxy,
        Server(answering(b'{"by": "server"}')) as server,
        requests.Session() as session,
        Transport(SystemClock(), session=session, proxy=proxy.url) as transport,
    ):
        session.trust_env = False
        far = transport.perform(endpoint("http://far.example"), Request("GET", "/me"))
        near = transport.perform(endpoint(server.url), Request("GET", "/me"))
    assert isinstance(far, Response)
    assert isinstance(near, Response)
    assert (far.json, near.json) == ({"by": "proxy"}, {"by": "server"})


def test_a_name_that_leads_nowhere_and_a_certificate_nobody_trusts_sent_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).with_name("loopback.pem"))

    def tls(peer: Peer) -> None:
        with context.wrap_socket(peer.sock, server_side=True) as peer.sock:
            peer.request()

    with (
        Server(tls) as server,
        requests.Session() as session,
        Transport(SystemClock(), session=session) as transport,
    ):
        untrusted = transport.perform(endpoint(server.url.replace("http:", "https:")), post())

        def unknown(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        nowhere = transport.perform(endpoint("http://nowhere.invalid"), post())
    assert isinstance(untrusted, NoResponse)
    assert "not trusted" in untrusted.reason
    assert isinstance(nowhere, NoResponse)
    assert "leads nowhere" in nowhere.reason
    assert (untrusted.sent, nowhere.sent) == (False, False)


def test_its_certificates_are_used() -> None:
    pem = Path(__file__).with_name("loopback.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    def tls(peer: Peer) -> None:
        with context.wrap_socket(peer.sock, server_side=True) as peer.sock:
            ANSWER(peer)

    async def main(url: str) -> Response | NoResponse:
        connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=pem))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            AsyncTransport(SystemClock(), session=session) as transport,
        ):
            return await transport.perform(endpoint(url), post())

    with Server(tls) as server:
        url = server.url.replace("http:", "https:")
        with requests.Session() as session, Transport(SystemClock(), session=session) as transport:
            session.trust_env, session.verify = False, str(pem)
            assert isinstance(transport.perform(endpoint(url), post()), Response)
        assert isinstance(asyncio.run(main(url)), Response)


def test_its_proxies_are_used_with_requests() -> None:
    with requests.Session() as session, Server(answering(b'{"by": "proxy"}')) as proxy:
        session.trust_env = False
        session.proxies = {"http": proxy.url}
        with Transport(SystemClock(), session=session) as transport:
            answer = transport.perform(endpoint("http://far.example"), Request("GET", "/me"))
    assert isinstance(answer, Response)
    assert answer.json == {"by": "proxy"}


def test_an_answer_that_drips_on_it_ends_between_two_reads() -> None:
    def dripping(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not peer._server.over.wait(SOON / 10):
            peer.send(b"1\r\n.\r\n")

    with Server(dripping, ANSWER) as server:
        (answer,) = with_requests(server, Request("GET", "/me", timeout_seconds=SOON))
    assert answer == NoResponse(f"127.0.0.1:{server.port}: nothing came within 0.2 s", sent=True)


def test_settings_of_one_of_aiohttp_that_would_change_what_comes_back_do_not() -> None:
    """It does not unpack, raises for an error, and gives up at once: the client does as always."""
    settings = {
        "auto_decompress": False,
        "raise_for_status": True,
        "timeout": aiohttp.ClientTimeout(total=0.000001),
    }
    packed = answering(gzip.compress(b'{"id": 1}'), "Content-Encoding: gzip", status="404 Gone")

    async def main(server: Server) -> Response | NoResponse:
        async with (
            aiohttp.ClientSession(**settings) as session,  # type: ignore[arg-type]
            AsyncTransport(SystemClock(), session=session) as transport,
        ):
            return await transport.perform(endpoint(server.url), Request("GET", "/me"))

    with Server(packed) as server:
        answer = asyncio.run(main(server))
    assert isinstance(answer, Response)
    assert (answer.status, answer.json) == (404, {"id": 1})


def test_one_of_aiohttp_that_is_closed_is_said_before_anything_is_sent() -> None:
    async def main() -> None:
        async with aiohttp.ClientSession() as session:
            transport = AsyncTransport(SystemClock(), session=session)
        with pytest.raises(UsageError, match="is closed"):
            await transport.perform(endpoint("http://127.0.0.1:1"), post())

    asyncio.run(main())
