"""The transports against real sockets: what no answer means, and that no reason holds a secret."""

from __future__ import annotations

import gc
import gzip
import logging
import socket
import threading
from pathlib import Path

import pytest

from tests.execution.servers import PATIENCE_SECONDS, Peer, Script, Server, answering, target_of
from tests.execution.transports import (
    MEDIA,
    OPEN,
    SOON,
    TOKEN,
    AnyTransport,
    endpoint,
    perform,
    post,
    redirecting,
)
from threadsync.execution.clock import SystemClock
from threadsync.execution.transport import Transport
from threadsync.execution.wire import RESPONSE_BYTES_MAX, Endpoint
from threadsync.flows.effects import FilePart, JsonBody, NoResponse, Request, Response, Secret, Visibility
from threadsync.model.ids import MAIN
from threadsync.model.secret import SecretText
from threadsync.testing.fakes import FakeClock

# No answer, and surely nothing sent


def test_a_refused_connection_sent_nothing(transport: AnyTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    answer = perform(transport, f"http://127.0.0.1:{port}", post())
    assert answer == NoResponse(f"127.0.0.1:{port}: it refused the connection", sent=False)


def test_a_name_that_leads_nowhere_sent_nothing(
    transport: AnyTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    answer = perform(transport, "http://nowhere.invalid", post())
    reason = "nowhere.invalid:80: its name leads nowhere: Name or service not known"
    assert answer == NoResponse(reason, sent=False)


def test_a_name_that_was_looked_up_for_too_long_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking a name up has no limit; what went well after the deadline is not sent any more (law 16)."""
    clock, look_up = FakeClock(), socket.getaddrinfo

    def slow(host: str, port: int, *rest: int) -> object:
        clock.sleep(31)
        return look_up(host, port, *rest)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with Server(answering()) as server, Transport(clock) as transport:
        answer = perform(transport, server.url, post(timeout=30))
    assert answer == NoResponse(f"127.0.0.1:{server.port}: nothing came within 30 s", sent=False)
    assert server.requests == []


def test_a_name_that_is_still_looked_up_when_the_time_is_up_sent_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In an event loop the request ends then; what the name leads to is not asked any more."""
    found, look_up = threading.Event(), socket.getaddrinfo

    def slow(host: str, port: int, *rest: int, **more: int) -> object:
        found.wait(PATIENCE_SECONDS)
        return look_up("127.0.0.1", port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with Server(answering()) as server, OPEN["aiohttp"]() as transport:
        answer = perform(transport, f"http://slow.example:{server.port}", post(timeout=SOON))
        found.set()
    assert answer == NoResponse(f"slow.example:{server.port}: nothing came within 0.2 s", sent=False)
    assert server.requests == []


def test_a_server_that_speaks_no_tls_was_sent_nothing(transport: AnyTransport) -> None:
    def plain(peer: Peer) -> None:
        peer.sock.recv(65536)
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with Server(plain) as server:
        answer = perform(transport, server.url.replace("http:", "https:"), post())
    assert answer == NoResponse(
        f"127.0.0.1:{server.port}: no TLS connection could be made or kept", sent=False
    )


def test_a_tls_handshake_that_never_ends_sent_nothing(transport: AnyTransport) -> None:
    with Server(Peer.hang) as server:
        answer = perform(transport, server.url.replace("http:", "https:"), post(timeout=SOON))
    assert answer == NoResponse(f"127.0.0.1:{server.port}: nothing came within 0.2 s", sent=False)


@pytest.mark.parametrize(
    "url", ["http://[::1", "nonsense", "http://", "http://a..b", "http://127.0.0.1:port"]
)
def test_an_address_that_is_none_sent_nothing(transport: AnyTransport, url: str) -> None:
    answer = perform(transport, url, post())
    assert isinstance(answer, NoResponse)
    assert not answer.sent
    assert "check the address" in answer.reason


def test_a_token_that_fits_no_header_sent_nothing_and_is_not_shown(transport: AnyTransport) -> None:
    with Server(answering()) as server:
        for token in ("CANARY\nX: 1", "CANARY€"):
            answer = transport.perform(endpoint(server.url, token=token), post())
            assert isinstance(answer, NoResponse)
            assert not answer.sent
            assert "CANARY" not in answer.reason
    assert server.requests == []


# No answer, and the network may have acted


def _half_a_status(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 20")


def _half_a_body(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", b"{" * 50)


def _half_a_chunk(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\nhalf")


def _reset(peer: Peer) -> None:
    peer.request()
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


def _garbage(peer: Peer) -> None:
    peer.request()
    peer.send(b"220 mail.example ESMTP\r\n\r\n")


def _broken_gzip(peer: Peer) -> None:
    peer.request()
    peer.answer(b"this is not gzip", "Content-Encoding: gzip")


def _bomb(peer: Peer) -> None:
    peer.request()
    peer.answer(gzip.compress(bytes(RESPONSE_BYTES_MAX + 1), 1), "Content-Encoding: gzip")


def _closing(peer: Peer) -> None:
    peer.request()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (_closing, "it closed the connection without a whole answer"),
        (_reset, "it closed the connection without a whole answer"),
        (_half_a_status, "what it answered is not HTTP|it closed the connection without a whole answer"),
        (_half_a_body, "its answer broke off"),
        (_half_a_chunk, "its answer broke off"),
        (_garbage, "what it answered is not HTTP"),
        (_broken_gzip, "its answer is damaged: it cannot be decompressed"),
        (_bomb, f"its answer is longer than {RESPONSE_BYTES_MAX} bytes"),
    ],
)
def test_after_the_request_went_out_it_may_have_acted_and_is_sent_once(
    transport: AnyTransport, script: Script, reason: str
) -> None:
    with Server(script) as server:
        answer = perform(transport, server.url, post(JsonBody({"a": 1})))
    place = f"127.0.0.1:{server.port}"
    assert answer in [NoResponse(f"{place}: {each}", sent=True) for each in reason.split("|")]
    assert len(server.requests) == 1
    assert server.connections == 1


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
@pytest.mark.parametrize("script", [_closing, _reset])
def test_no_library_sends_again_by_itself_what_it_holds_for_harmless(
    transport: AnyTransport, method: str, script: Script
) -> None:
    """A method that may be repeated by HTTP's rules may still delete a post that was put up meanwhile."""
    with Server(script) as server:
        answer = perform(transport, server.url, Request(method, "/7", visibility=Visibility.VISIBLE))
    place = f"127.0.0.1:{server.port}"
    assert answer == NoResponse(f"{place}: it closed the connection without a whole answer", sent=True)
    assert len(server.requests) == 1


def _dripping_headers(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\n")
    while not peer._server.over.wait(SOON / 10):
        peer.send(b"X-Drip: 1\r\n")


def _dripping_body(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
    while not peer._server.over.wait(SOON / 10):
        peer.send(b".")


def _hanging(peer: Peer) -> None:
    peer.request()
    peer.hang()


@pytest.mark.parametrize("script", [_hanging, _dripping_headers, _dripping_body])
def test_one_deadline_holds_for_all_of_a_request(transport: AnyTransport, script: Script) -> None:
    """Also for a server that keeps sending a little: each single read would be in time."""
    with Server(script) as server:
        answer = perform(transport, server.url, post(timeout=SOON))
    assert answer == NoResponse(f"127.0.0.1:{server.port}: nothing came within 0.2 s", sent=True)


def test_a_server_that_stops_reading_is_not_waited_for(transport: AnyTransport, tmp_path: Path) -> None:
    media = tmp_path / "video.mp4"
    with media.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    with Server(Peer.hang) as server:
        answer = perform(transport, server.url, post(FilePart(MEDIA, "video/mp4"), timeout=SOON), media)
    assert answer == NoResponse(f"127.0.0.1:{server.port}: nothing came within 0.2 s", sent=True)


def test_a_request_takes_the_endpoints_time_if_it_says_none(transport: AnyTransport) -> None:
    with Server(_hanging) as server:
        slow = Endpoint(server.url, lambda _: SecretText(TOKEN), Path, request_seconds=SOON)
        answer = transport.perform(slow, post())
    assert answer == NoResponse(f"127.0.0.1:{server.port}: nothing came within 0.2 s", sent=True)


def test_a_kept_connection_that_the_server_closes_on_the_next_request(transport: AnyTransport) -> None:
    """It may have read the request first; so it is not sent again over a new connection."""

    def one_answer(peer: Peer) -> None:
        peer.request()
        peer.answer()
        peer.request()

    with Server(one_answer) as server:
        assert isinstance(perform(transport, server.url, Request("GET", "/me")), Response)
        answer = perform(transport, server.url, post())
    assert isinstance(answer, NoResponse)
    assert answer.sent
    assert [target_of(request) for request in server.requests] == ["GET /me", "POST /publish"]
    assert server.connections == 1


def test_a_kept_connection_that_was_closed_meanwhile_is_not_used(transport: AnyTransport) -> None:
    def one_answer(peer: Peer) -> None:
        peer.request()
        peer.answer(b"{}", "Connection: close")

    with Server(one_answer) as server:
        for _ in range(2):
            assert isinstance(perform(transport, server.url, post()), Response)
    assert (server.connections, len(server.requests)) == (2, 2)


def test_the_connection_of_a_thread_ends_with_it() -> None:
    """A program may start a thread for every request of its own."""
    ended = threading.Event()

    def script(peer: Peer) -> None:
        answering()(peer)
        ended.set()

    with Server(script) as server, Transport(SystemClock()) as transport:
        worker = threading.Thread(target=perform, args=(transport, server.url, Request("GET", "/me")))
        worker.start()
        worker.join()
        gc.collect()
        assert ended.wait(PATIENCE_SECONDS)


def test_after_a_failure_the_next_request_has_a_connection_of_its_own(transport: AnyTransport) -> None:
    with Server(_half_a_body, answering(b'{"id": 2}')) as server:
        assert isinstance(perform(transport, server.url, Request("GET", "/1")), NoResponse)
        answer = perform(transport, server.url, Request("GET", "/2"))
    assert isinstance(answer, Response)
    assert answer.json == {"id": 2}


# Secrets


def test_no_token_shows_anywhere(transport: AnyTransport, caplog: pytest.LogCaptureFixture) -> None:
    """Law 12: not in a reason, a log, a repr; also where the token stands in the address."""
    caplog.set_level(logging.DEBUG)
    read = Request("GET", "/me", {"access_token": Secret(MAIN)}, auth=MAIN)
    texts = [repr(read), repr(endpoint("http://x")), repr(transport), str(vars(transport))]
    for script in (answering(), _closing, _half_a_body, _garbage, _broken_gzip, redirecting("ftp://x/")):
        with Server(script) as server:
            answer = perform(transport, server.url, read)
            if isinstance(answer, NoResponse):
                texts.append(repr(answer))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    texts.append(repr(perform(transport, f"http://127.0.0.1:{port}", read)))
    texts.append(repr(perform(transport, f"http://{TOKEN}.invalid.", read)))
    assert not any("CANARY" in text for text in (*texts, caplog.text))
    assert any("refused" in text for text in texts)


def test_a_reason_is_scrubbed_whatever_the_secret_is(transport: AnyTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    answer = transport.perform(endpoint(f"http://127.0.0.1:{port}", token="127.0.0.1"), post())
    assert answer == NoResponse(f"[secret]:{port}: it refused the connection", sent=False)


def test_what_is_asked_at_a_signed_address_may_answer_more_if_it_is_a_state() -> None:
    """A state may be larger than any answer of a network."""
    with (
        Server(answering(b"x" * 100), answering(b"x" * 100)) as server,
        Transport(SystemClock()) as transport,
    ):
        url = SecretText(f"{server.url}/a?signature=CANARY")
        more, less = (
            transport.exchange("GET", url, headers={}, content=None, timeout_seconds=20, bytes_max=bytes_max)
            for bytes_max in (100, 99)
        )
    assert isinstance(more, Response)
    assert more.body == b"x" * 100
    assert isinstance(less, NoResponse)
    assert less.reason.endswith("its answer is longer than 99 bytes")
