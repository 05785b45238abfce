"""The transport against real sockets: what goes out, what comes back, and what no answer means."""

from __future__ import annotations

import gzip
import logging
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.execution.servers import Peer, Script, Server, answering, body_of, header, target_of
from threadsync import __version__
from threadsync.errors import ContentError, ProjectError
from threadsync.execution.clock import SystemClock
from threadsync.execution.transport import RESPONSE_BYTES_MAX, Endpoint, Fetched, Transport
from threadsync.flows.effects import (
    Body,
    FilePart,
    FormBody,
    JsonBody,
    MultipartBody,
    NoResponse,
    Request,
    Response,
    Secret,
    Visibility,
)
from threadsync.model.ids import MAIN, MediaDigest, Role
from threadsync.model.secret import HIDDEN, SecretText
from threadsync.testing.fakes import FakeClock

TOKEN = "CANARY/t0ken+with=signs"
MEDIA = MediaDigest("0" * 64)
SOON = 0.2
"""How long a request may take that is to time out, in seconds."""


@pytest.fixture
def transport() -> Iterator[Transport]:
    with Transport(SystemClock()) as transport:
        yield transport


def endpoint(url: str, media: Path | None = None, token: str = TOKEN) -> Endpoint:
    def path_of(_: MediaDigest) -> Path:
        assert media is not None
        return media

    return Endpoint(url, lambda _: SecretText(token), path_of)


def perform(
    transport: Transport, url: str, request: Request, media: Path | None = None
) -> Response | NoResponse:
    return transport.perform(endpoint(url, media), request)


def post(body: Body = None, *, timeout: float | None = None) -> Request:
    return Request(
        "POST", "/publish", body=body, auth=MAIN, visibility=Visibility.VISIBLE, timeout_seconds=timeout
    )


# What goes out, and what comes back


def test_an_answer_is_status_body_and_lower_case_headers(transport: Transport) -> None:
    with Server(
        answering(b'{"id": 7}', "X-Usage: 3", "x-twice: a", "X-Twice: b", status="201 Created")
    ) as server:
        answer = perform(transport, server.url, Request("GET", "/me"))
    assert isinstance(answer, Response)
    assert (answer.status, answer.json) == (201, {"id": 7})
    assert answer.headers["x-usage"] == "3"
    assert answer.headers["x-twice"] == "a, b"
    assert 0 <= answer.duration_seconds < 5


def test_a_read_goes_out_with_its_params_and_our_name(transport: Transport) -> None:
    with Server(answering()) as server:
        base = f"{server.url}/v1.0/"
        perform(transport, base, Request("GET", "/me?a=1", {"fields": "id,text", "q": "ü & x"}))
    (request,) = server.requests
    assert target_of(request) == "GET /v1.0/me?a=1&fields=id%2Ctext&q=%C3%BC+%26+x"
    assert header(request, "user-agent") == f"threadsync/{__version__}"
    assert header(request, "authorization") is None


def test_secrets_are_put_in_where_they_stand_and_nowhere_else(transport: Transport) -> None:
    """By its role, as a bearer token, in the address, and in a form."""

    def credentials(role: Role) -> SecretText:
        return SecretText(f"{TOKEN}-{role}")

    with Server(answering()) as server:
        request = Request(
            "POST",
            "/exchange",
            {"access_token": Secret(MAIN)},
            FormBody({"client_secret": Secret(Role("app_secret")), "grant": "x"}),
            auth=Role("other"),
        )
        transport.perform(Endpoint(server.url, credentials, Path), request)
    (received,) = server.requests
    assert header(received, "authorization") == f"Bearer {TOKEN}-other"
    assert parse_qs(urlsplit(target_of(received).split()[1]).query) == {"access_token": [f"{TOKEN}-main"]}
    assert parse_qs(body_of(received).decode()) == {"client_secret": [f"{TOKEN}-app_secret"], "grant": ["x"]}


def test_secrets_of_an_answer_are_taken_out_of_its_text(transport: Transport) -> None:
    """What a flow declares as secret comes as a handle; the body, which may be logged, has none of it."""
    request = Request("GET", "/refresh", answer_secrets=("access_token",))
    body = f'{{"access_token": "{TOKEN}", "expires_in": 60}}'.encode()
    with Server(answering(body)) as server:
        answer = perform(transport, server.url, request)
    assert isinstance(answer, Response)
    assert answer.json == {"access_token": HIDDEN, "expires_in": 60}
    assert answer.secrets == {"access_token": SecretText(TOKEN)}
    assert "CANARY" not in repr(answer)


@pytest.mark.parametrize("body", [f'{{"access_token": "{TOKEN}"', f'["{TOKEN}"]'])
def test_an_answer_with_secrets_that_cannot_be_read_is_not_kept(transport: Transport, body: str) -> None:
    request = Request("GET", "/refresh", answer_secrets=("access_token",))
    with Server(answering(body.encode())) as server:
        answer = perform(transport, server.url, request)
    assert isinstance(answer, Response)
    assert (answer.body, answer.secrets) == (b"", {})


def test_a_missing_credential_is_said_before_anything_is_sent(transport: Transport) -> None:
    def credentials(_: Role) -> SecretText:
        raise ProjectError("the environment has no TOKEN")

    with Server(answering()) as server, pytest.raises(ProjectError):
        transport.perform(Endpoint(server.url, credentials, Path), post())
    assert server.connections == 0


def test_json(transport: Transport) -> None:
    with Server(answering()) as server:
        perform(transport, server.url, post(JsonBody({"text": "grüß", "tags": ("a", None)})))
    (request,) = server.requests
    assert header(request, "content-type") == "application/json"
    assert body_of(request).decode() == '{"text": "grüß", "tags": ["a", null]}'


def test_no_body_has_no_length_but_a_post_says_so(transport: Transport) -> None:
    with Server(answering()) as server:
        perform(transport, server.url, post())
    assert header(server.requests[0], "content-length") == "0"


def test_a_slice_of_a_file(transport: Transport, tmp_path: Path) -> None:
    media = tmp_path / "lift.jpg"
    media.write_bytes(bytes(range(256)))
    with Server(answering()) as server:
        perform(transport, server.url, post(FilePart(MEDIA, "image/jpeg", offset=10, length=5)), media)
        perform(transport, server.url, post(FilePart(MEDIA, "image/jpeg", offset=250)), media)
    assert [body_of(request) for request in server.requests] == [bytes(range(10, 15)), bytes(range(250, 256))]
    assert header(server.requests[0], "content-type") == "image/jpeg"
    assert header(server.requests[0], "content-length") == "5"


def test_the_same_request_sends_the_same_bytes_again(transport: Transport, tmp_path: Path) -> None:
    """A flow that tries again finds the file rewound."""
    media = tmp_path / "lift.jpg"
    media.write_bytes(b"picture" * 40_000)
    request = post(MultipartBody({"type": "photo"}, {"file": FilePart(MEDIA, "image/jpeg", "lift.jpg")}))
    with Server(answering()) as server:
        perform(transport, server.url, request, media)
        perform(transport, server.url, request, media)
    assert server.requests[0] == server.requests[1]
    assert b"picture" * 40_000 in server.requests[0]


def test_a_missing_or_shortened_file_is_said_before_anything_is_sent(
    transport: Transport, tmp_path: Path
) -> None:
    short = tmp_path / "short.jpg"
    short.write_bytes(b"123")
    with Server(answering()) as server:
        with pytest.raises(ContentError, match="cannot be read"):
            perform(transport, server.url, post(FilePart(MEDIA, "image/jpeg")), tmp_path / "gone.jpg")
        with pytest.raises(ContentError, match="has 3 bytes, fewer"):
            perform(transport, server.url, post(FilePart(MEDIA, "image/jpeg", offset=2, length=2)), short)
    assert server.connections == 0


def test_one_connection_serves_many_requests(transport: Transport) -> None:
    with Server(answering()) as server:
        for _ in range(3):
            assert isinstance(perform(transport, server.url, Request("GET", "/me")), Response)
    assert (server.connections, len(server.requests)) == (1, 3)


def test_an_answer_without_a_body_keeps_its_connection_too(transport: Transport) -> None:
    for status in ("200 OK", "204 No Content"):
        with Server(answering(b"", status=status)) as server:
            for _ in range(3):
                assert isinstance(perform(transport, server.url, Request("DELETE", "/7")), Response)
        assert server.connections == 1


def test_cookies_are_not_kept(transport: Transport) -> None:
    with Server(answering(b"{}", "Set-Cookie: session=1")) as server:
        perform(transport, server.url, Request("GET", "/1"))
        perform(transport, server.url, Request("GET", "/2"))
    assert header(server.requests[1], "cookie") is None


def test_a_compressed_answer_is_unpacked(transport: Transport) -> None:
    with Server(answering(gzip.compress(b'{"id": 1}'), "Content-Encoding: gzip")) as server:
        answer = perform(transport, server.url, Request("GET", "/me"))
    assert isinstance(answer, Response)
    assert answer.json == {"id": 1}


def test_nothing_is_taken_from_the_environment(
    transport: Transport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a proxy nor a .netrc password."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password CANARY\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with Server(answering()) as server, Server(answering()) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        perform(transport, server.url, Request("GET", "/me"))
    assert proxy.connections == 0
    assert header(server.requests[0], "authorization") is None


# No answer, and surely nothing sent


def test_a_refused_connection_sent_nothing(transport: Transport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    answer = perform(transport, f"http://127.0.0.1:{port}", post())
    assert answer == NoResponse(f"127.0.0.1:{port}: it refused the connection", sent=False)


def test_a_name_that_leads_nowhere_sent_nothing(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
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


def test_a_server_that_speaks_no_tls_was_sent_nothing(transport: Transport) -> None:
    def plain(peer: Peer) -> None:
        peer.sock.recv(65536)
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with Server(plain) as server:
        answer = perform(transport, server.url.replace("http:", "https:"), post())
    assert answer == NoResponse(
        f"127.0.0.1:{server.port}: no TLS connection could be made or kept", sent=False
    )


def test_a_tls_handshake_that_never_ends_sent_nothing(transport: Transport) -> None:
    with Server(Peer.hang) as server:
        answer = perform(transport, server.url.replace("http:", "https:"), post(timeout=SOON))
    assert answer == NoResponse(f"127.0.0.1:{server.port}: nothing came within 0.2 s", sent=False)


@pytest.mark.parametrize(
    "url", ["http://[::1", "nonsense", "http://", "http://a..b", "http://127.0.0.1:port"]
)
def test_an_address_that_is_none_sent_nothing(transport: Transport, url: str) -> None:
    answer = perform(transport, url, post())
    assert isinstance(answer, NoResponse)
    assert not answer.sent
    assert "check the address" in answer.reason


def test_a_token_that_fits_no_header_sent_nothing_and_is_not_shown(transport: Transport) -> None:
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
        (_half_a_status, "what it answered is not HTTP"),
        (_half_a_body, "its answer broke off"),
        (_half_a_chunk, "its answer broke off"),
        (_garbage, "what it answered is not HTTP"),
        (_broken_gzip, "its answer is damaged: it cannot be decompressed"),
        (_bomb, f"its answer is longer than {RESPONSE_BYTES_MAX} bytes"),
    ],
)
def test_after_the_request_went_out_it_may_have_acted_and_is_sent_once(
    transport: Transport, script: Script, reason: str
) -> None:
    with Server(script) as server:
        answer = perform(transport, server.url, post(JsonBody({"a": 1})))
    assert answer == NoResponse(f"127.0.0.1:{server.port}: {reason}", sent=True)
    assert len(server.requests) == 1
    assert server.connections == 1


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
def test_one_deadline_holds_for_all_of_a_request(transport: Transport, script: Script) -> None:
    """Also for a server that keeps sending a little: each single read would be in time."""
    with Server(script) as server:
        answer = perform(transport, server.url, post(timeout=SOON))
    assert answer == NoResponse(f"127.0.0.1:{server.port}: nothing came within 0.2 s", sent=True)


def test_a_server_that_stops_reading_is_not_waited_for(transport: Transport, tmp_path: Path) -> None:
    media = tmp_path / "video.mp4"
    with media.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    with Server(Peer.hang) as server:
        answer = perform(transport, server.url, post(FilePart(MEDIA, "video/mp4"), timeout=SOON), media)
    assert answer == NoResponse(f"127.0.0.1:{server.port}: nothing came within 0.2 s", sent=True)


def test_a_request_takes_the_endpoints_time_if_it_says_none(transport: Transport) -> None:
    with Server(_hanging) as server:
        slow = Endpoint(server.url, lambda _: SecretText(TOKEN), Path, request_seconds=SOON)
        answer = transport.perform(slow, post())
    assert answer == NoResponse(f"127.0.0.1:{server.port}: nothing came within 0.2 s", sent=True)


def test_a_kept_connection_that_the_server_closes_on_the_next_request(transport: Transport) -> None:
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


def test_a_kept_connection_that_was_closed_meanwhile_is_not_used(transport: Transport) -> None:
    def one_answer(peer: Peer) -> None:
        peer.request()
        peer.answer(b"{}", "Connection: close")

    with Server(one_answer) as server:
        for _ in range(2):
            assert isinstance(perform(transport, server.url, post()), Response)
    assert (server.connections, len(server.requests)) == (2, 2)


def test_after_a_failure_the_next_request_has_a_connection_of_its_own(transport: Transport) -> None:
    with Server(_half_a_body, answering(b'{"id": 2}')) as server:
        assert isinstance(perform(transport, server.url, Request("GET", "/1")), NoResponse)
        answer = perform(transport, server.url, Request("GET", "/2"))
    assert isinstance(answer, Response)
    assert answer.json == {"id": 2}


# Redirects


def _redirecting(location: str, status: str = "302 Found") -> Script:
    return answering(b"", f"Location: {location}", status=status)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"])
def test_a_read_is_followed_on_its_own_origin_with_its_credential(transport: Transport, status: str) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.answer(b"", "Location: /there?x=1", "Connection: close", status=status)

    with Server(script, answering(b'{"id": 1}')) as server:
        answer = perform(transport, server.url, Request("GET", "/here", auth=MAIN))
    assert isinstance(answer, Response)
    assert answer.json == {"id": 1}
    assert [target_of(r) for r in server.requests] == ["GET /here", "GET /there?x=1"]
    assert header(server.requests[1], "authorization") == f"Bearer {TOKEN}"


def test_another_origin_gets_no_credential_and_neither_does_who_comes_after_it(transport: Transport) -> None:
    with (
        Server(answering(b'{"id": 1}')) as last,
        Server(_redirecting(f"{last.url}/last")) as other,
        Server(_redirecting(f"{other.url}/other")) as server,
    ):
        answer = perform(transport, server.url, Request("GET", "/here", auth=MAIN))
    assert isinstance(answer, Response)
    assert answer.json == {"id": 1}
    assert header(server.requests[0], "authorization") == f"Bearer {TOKEN}"
    assert header(other.requests[0], "authorization") is None
    assert header(last.requests[0], "authorization") is None


def test_a_redirect_that_would_carry_the_token_elsewhere_is_not_followed(transport: Transport) -> None:
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
def test_nothing_but_a_read_is_followed(transport: Transport, visibility: Visibility, method: str) -> None:
    with Server(_redirecting("/there")) as server:
        answer = perform(transport, server.url, Request(method, "/here", visibility=visibility))
    assert isinstance(answer, Response)
    assert answer.status == 302
    assert len(server.requests) == 1


def test_a_post_that_only_reads_is_not_followed_either(transport: Transport) -> None:
    with Server(_redirecting("/there")) as server:
        answer = perform(transport, server.url, Request("POST", "/search"))
    assert isinstance(answer, Response)
    assert answer.status == 302
    assert len(server.requests) == 1


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/", "data:,x"])
def test_only_http_is_followed(transport: Transport, location: str) -> None:
    with Server(_redirecting(location)) as server:
        answer = perform(transport, server.url, Request("GET", "/here"))
    assert isinstance(answer, Response)
    assert answer.status == 302


def test_redirects_end(transport: Transport) -> None:
    with Server(_redirecting("/round")) as server:
        answer = perform(transport, server.url, Request("GET", "/round"))
    assert isinstance(answer, Response)
    assert answer.status == 302
    assert len(server.requests) == 6


# Secrets


def test_no_token_shows_anywhere(transport: Transport, caplog: pytest.LogCaptureFixture) -> None:
    """Law 12: not in a reason, a log, a repr; also where the token stands in the address."""
    caplog.set_level(logging.DEBUG)
    read = Request("GET", "/me", {"access_token": Secret(MAIN)}, auth=MAIN)
    texts = [repr(read), repr(endpoint("http://x")), repr(transport), str(vars(transport))]
    for script in (answering(), _closing, _half_a_body, _garbage, _broken_gzip, _redirecting("ftp://x/")):
        with Server(script) as server:
            answer = perform(transport, server.url, read)
            if isinstance(answer, NoResponse):
                texts.append(repr(answer))
    texts.append(repr(perform(transport, server.url, read)))
    texts.append(repr(perform(transport, f"http://{TOKEN}.invalid.", read)))
    assert not any("CANARY" in text for text in (*texts, caplog.text))
    assert any("refused" in text for text in texts)


def test_a_reason_is_scrubbed_whatever_the_secret_is(transport: Transport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    answer = transport.perform(endpoint(f"http://127.0.0.1:{port}", token="127.0.0.1"), post())
    assert answer == NoResponse(f"[secret]:{port}: it refused the connection", sent=False)


# Proxy and certificates


def test_a_proxy_is_used_where_it_is_said_and_not_for_this_machine() -> None:
    with (
        Server(answering(b'{"by": "proxy"}')) as proxy,
        Server(answering(b'{"by": "server"}')) as server,
        Transport(SystemClock(), proxy=proxy.url) as transport,
    ):
        far = perform(transport, "http://far.example", Request("GET", "/me"))
        near = perform(transport, server.url, Request("GET", "/me"))
    assert isinstance(far, Response)
    assert isinstance(near, Response)
    assert (far.json, near.json) == ({"by": "proxy"}, {"by": "server"})
    assert target_of(proxy.requests[0]) == "GET http://far.example/me"


def test_what_a_proxy_is_told_to_get_through_is_not_the_request() -> None:
    """It refuses the tunnel: the network was sent nothing."""
    with (
        Server(answering(b"", status="403 Forbidden")) as proxy,
        Transport(SystemClock(), proxy=proxy.url) as transport,
    ):
        answer = perform(transport, "https://far.example", post())
    assert isinstance(answer, NoResponse)
    assert not answer.sent
    assert target_of(proxy.requests[0].replace(b"1.0", b"1.1")).startswith("CONNECT far.example:443")


def test_a_certificate_nobody_trusts_sent_nothing_and_one_that_is_named_is_trusted() -> None:
    """loopback.pem was made for these tests alone: a key and its own certificate for 127.0.0.1."""
    pem = Path(__file__).with_name("loopback.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    def script(peer: Peer) -> None:
        with context.wrap_socket(peer.sock, server_side=True) as peer.sock:
            peer.request()
            peer.answer(b'{"id": 1}')

    with Server(script) as server:
        url = server.url.replace("http:", "https:")
        with Transport(SystemClock()) as transport:
            refused = perform(transport, url, post())
        with Transport(SystemClock(), ca_file=pem) as transport:
            answer = perform(transport, url, post())
    assert isinstance(refused, NoResponse)
    assert not refused.sent
    assert "its certificate is not trusted: self" in refused.reason
    assert isinstance(answer, Response)
    assert answer.json == {"id": 1}
    assert len(server.requests) == 1


# Public addresses


def test_fetch_counts_and_hashes_what_an_address_serves(transport: Transport) -> None:
    with Server(answering(b"abc")) as server:
        fetched = transport.fetch(f"{server.url}/x.jpg", bytes_max=10, timeout_seconds=5)
    sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert fetched == Fetched(200, 3, sha256)
    assert header(server.requests[0], "authorization") is None


def test_fetch_reads_no_more_than_it_is_told(transport: Transport) -> None:
    with Server(answering(b"abc")) as server:
        fetched = transport.fetch(server.url, bytes_max=2, timeout_seconds=5)
    assert fetched == NoResponse(f"127.0.0.1:{server.port}: its answer is longer than 2 bytes", sent=True)
