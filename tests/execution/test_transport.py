"""The transports against real sockets: what goes out, and what comes back."""

from __future__ import annotations

import errno
import gzip
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from msgspec.structs import replace

from tests.execution.servers import Peer, Server, answering, body_of, header, target_of
from tests.execution.transports import MEDIA, TOKEN, AnyTransport, Open, endpoint, perform, post
from threadsync import __version__
from threadsync.errors import ContentError, ProjectError
from threadsync.execution.clock import SystemClock
from threadsync.execution.transport import HEAD_BYTES, Fetched, Transport
from threadsync.execution.wire import Endpoint
from threadsync.flows.effects import (
    BytesBody,
    FilePart,
    FormBody,
    JsonBody,
    MultipartBody,
    NoResponse,
    Request,
    Response,
    Secret,
)
from threadsync.model.ids import MAIN, Role
from threadsync.model.secret import HIDDEN, SecretText

# What goes out, and what comes back


def test_an_answer_is_status_body_and_lower_case_headers(transport: AnyTransport) -> None:
    with Server(
        answering(b'{"id": 7}', "X-Usage: 3", "x-twice: a", "X-Twice: b", status="201 Created")
    ) as server:
        answer = perform(transport, server.url, Request("GET", "/me"))
    assert isinstance(answer, Response)
    assert (answer.status, answer.json) == (201, {"id": 7})
    assert answer.headers["x-usage"] == "3"
    assert answer.headers["x-twice"] == "a, b"
    assert 0 <= answer.duration_seconds < 5


def test_a_long_header_is_read(transport: AnyTransport) -> None:
    usage = "x" * 60_000
    with Server(answering(b"{}", f"X-Usage: {usage}")) as server:
        answer = perform(transport, server.url, Request("GET", "/me"))
    assert isinstance(answer, Response)
    assert answer.headers["x-usage"] == usage


def test_a_read_goes_out_with_its_params_and_our_name(transport: AnyTransport) -> None:
    with Server(answering()) as server:
        base = f"{server.url}/v1.0/"
        perform(transport, base, Request("GET", "/me?a=1", {"fields": "id,text", "q": "ü & x"}))
    (request,) = server.requests
    assert target_of(request) == "GET /v1.0/me?a=1&fields=id%2Ctext&q=%C3%BC+%26+x"
    assert header(request, "user-agent") == f"threadsync/{__version__}"
    assert header(request, "authorization") is None


def test_a_param_of_several_values_is_repeated_and_further_headers_are_sent(transport: AnyTransport) -> None:
    with Server(answering()) as server:
        request = Request(
            "GET", "/posts", {"uris": ("at://a", "at://b")}, headers={"Atproto-Proxy": "did:web:c"}
        )
        perform(transport, server.url, request)
    (request_sent,) = server.requests
    assert target_of(request_sent) == "GET /posts?uris=at%3A%2F%2Fa&uris=at%3A%2F%2Fb"
    assert header(request_sent, "atproto-proxy") == "did:web:c"


def test_a_request_goes_to_the_host_that_it_names(transport: AnyTransport) -> None:
    with Server(answering(b"main")) as main, Server(answering(b"video")) as video:
        both = replace(endpoint(main.url), hosts={"video": f"{video.url}/xrpc/"})
        answers = [transport.perform(both, Request("GET", "/limits", host=name)) for name in ("", "video")]
    assert [each.body for each in answers if isinstance(each, Response)] == [b"main", b"video"]
    assert target_of(video.requests[0]) == "GET /xrpc/limits"


def test_bytes_at_hand_are_sent_as_what_they_are(transport: AnyTransport) -> None:
    with Server(answering()) as server:
        perform(transport, server.url, post(BytesBody(b"\x89PNG", "image/png")))
    assert (header(server.requests[0], "content-type"), body_of(server.requests[0])) == (
        "image/png",
        b"\x89PNG",
    )


def test_secrets_are_put_in_where_they_stand_and_nowhere_else(transport: AnyTransport) -> None:
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


def test_a_secret_of_an_earlier_answer_opens_what_it_is_for(transport: AnyTransport) -> None:
    with Server(answering()) as server:
        perform(transport, server.url, Request("GET", "/limits", auth=SecretText("of-an-answer")))
    assert header(server.requests[0], "authorization") == "Bearer of-an-answer"


def test_secrets_of_an_answer_are_taken_out_of_its_text(transport: AnyTransport) -> None:
    """What a flow declares as secret comes as a handle; the body, which may be logged, has none of it."""
    request = Request("GET", "/refresh", answer_secrets=("access_token",))
    body = f'{{"access_token": "{TOKEN}", "expires_in": 60}}'.encode()
    with Server(answering(body)) as server:
        answer = perform(transport, server.url, request)
    assert isinstance(answer, Response)
    assert answer.json == {"access_token": HIDDEN, "expires_in": 60}
    assert answer.secrets == {"access_token": SecretText(TOKEN)}
    assert "CANARY" not in repr(answer)


@pytest.mark.parametrize("status", ["400 Bad Request", "200 OK"])
@pytest.mark.parametrize("said", [TOKEN, TOKEN.replace("/", r"\/"), quote(TOKEN, safe="")])
def test_a_refusal_does_not_repeat_the_secret_that_it_refuses(
    transport: AnyTransport, status: str, said: str
) -> None:
    """Graph says ``Malformed access token …``; what is shown, planned and reported is made of that text."""
    body = f'{{"error": {{"message": "Malformed access token {said}", "code": 190}}}}'.encode()
    with Server(answering(body, status=status)) as server:
        answer = perform(transport, server.url, Request("GET", "/me", auth=MAIN))
    assert isinstance(answer, Response)
    assert answer.json == {"error": {"message": f"Malformed access token {HIDDEN}", "code": 190}}


def test_a_refusal_that_is_no_json_does_not_repeat_the_secret_either(transport: AnyTransport) -> None:
    with Server(answering(f"<p>no {TOKEN}".encode(), status="502 Bad Gateway")) as server:
        answer = perform(transport, server.url, Request("GET", "/me", auth=MAIN))
    assert isinstance(answer, Response)
    assert answer.body == f"<p>no {HIDDEN}".encode()


@pytest.mark.parametrize("body", [f'{{"access_token": "{TOKEN}"', f'["{TOKEN}"]', "[" * 100_000])
def test_an_answer_with_secrets_that_cannot_be_read_is_not_kept(transport: AnyTransport, body: str) -> None:
    request = Request("GET", "/refresh", answer_secrets=("access_token",))
    with Server(answering(body.encode())) as server:
        answer = perform(transport, server.url, request)
    assert isinstance(answer, Response)
    assert (answer.body, answer.secrets) == (b"", {})


def test_a_missing_credential_is_said_before_anything_is_sent(transport: AnyTransport) -> None:
    def credentials(_: Role) -> SecretText:
        raise ProjectError("the environment has no TOKEN")

    with Server(answering()) as server, pytest.raises(ProjectError):
        transport.perform(Endpoint(server.url, credentials, Path), post())
    assert server.connections == 0


def test_json(transport: AnyTransport) -> None:
    with Server(answering()) as server:
        perform(transport, server.url, post(JsonBody({"text": "grüß", "tags": ("a", None)})))
    (request,) = server.requests
    assert header(request, "content-type") == "application/json"
    assert body_of(request).decode() == '{"text": "grüß", "tags": ["a", null]}'


def test_no_body_has_no_length_but_a_post_says_so(transport: AnyTransport) -> None:
    with Server(answering()) as server:
        perform(transport, server.url, post())
    assert header(server.requests[0], "content-length") == "0"
    assert header(server.requests[0], "content-type") is None


def test_a_slice_of_a_file(transport: AnyTransport, tmp_path: Path) -> None:
    media = tmp_path / "lift.jpg"
    media.write_bytes(bytes(range(256)))
    with Server(answering()) as server:
        perform(transport, server.url, post(FilePart(MEDIA, "image/jpeg", offset=10, length=5)), media)
        perform(transport, server.url, post(FilePart(MEDIA, "image/jpeg", offset=250)), media)
    assert [body_of(request) for request in server.requests] == [bytes(range(10, 15)), bytes(range(250, 256))]
    assert header(server.requests[0], "content-type") == "image/jpeg"
    assert header(server.requests[0], "content-length") == "5"


def test_the_same_request_sends_the_same_bytes_again(transport: AnyTransport, tmp_path: Path) -> None:
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
    transport: AnyTransport, tmp_path: Path
) -> None:
    short = tmp_path / "short.jpg"
    short.write_bytes(b"123")
    with Server(answering()) as server:
        with pytest.raises(ContentError, match="cannot be read"):
            perform(transport, server.url, post(FilePart(MEDIA, "image/jpeg")), tmp_path / "gone.jpg")
        with pytest.raises(ContentError, match="has 3 bytes, fewer"):
            perform(transport, server.url, post(FilePart(MEDIA, "image/jpeg", offset=2, length=2)), short)
    assert server.connections == 0


def test_one_connection_serves_many_requests(transport: AnyTransport) -> None:
    with Server(answering()) as server:
        for _ in range(3):
            assert isinstance(perform(transport, server.url, Request("GET", "/me")), Response)
    assert (server.connections, len(server.requests)) == (1, 3)


def test_an_answer_without_a_body_keeps_its_connection_too(transport: AnyTransport) -> None:
    for status in ("200 OK", "204 No Content"):
        with Server(answering(b"", status=status)) as server:
            for _ in range(3):
                assert isinstance(perform(transport, server.url, Request("DELETE", "/7")), Response)
        assert server.connections == 1


def test_cookies_are_not_kept(transport: AnyTransport) -> None:
    with Server(answering(b"{}", "Set-Cookie: session=1")) as server:
        url = server.url.replace("127.0.0.1", "localhost")  # some keep none of a bare address
        perform(transport, url, Request("GET", "/1"))
        perform(transport, url, Request("GET", "/2"))
    assert header(server.requests[1], "cookie") is None


def test_a_compressed_answer_is_unpacked(transport: AnyTransport) -> None:
    with Server(answering(gzip.compress(b'{"id": 1}'), "Content-Encoding: gzip")) as server:
        answer = perform(transport, server.url, Request("GET", "/me"))
    assert isinstance(answer, Response)
    assert answer.json == {"id": 1}


def test_nothing_is_taken_from_the_environment(
    transport: AnyTransport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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


# Proxy and certificates


def test_a_proxy_is_used_where_it_is_said_and_not_for_this_machine(opened: Open) -> None:
    with (
        Server(answering(b'{"by": "proxy"}')) as proxy,
        Server(answering(b'{"by": "server"}')) as server,
        opened(proxy=proxy.url) as transport,
    ):
        far = perform(transport, "http://far.example", Request("GET", "/me"))
        near = perform(transport, server.url, Request("GET", "/me"))
    assert isinstance(far, Response)
    assert isinstance(near, Response)
    assert (far.json, near.json) == ({"by": "proxy"}, {"by": "server"})
    assert target_of(proxy.requests[0]) == "GET http://far.example/me"


def test_what_a_proxy_is_told_to_get_through_is_not_the_request(opened: Open) -> None:
    """It refuses the tunnel: the network was sent nothing."""
    with (
        Server(answering(b"", status="403 Forbidden")) as proxy,
        opened(proxy=proxy.url) as transport,
    ):
        answer = perform(transport, "https://far.example", post())
    assert isinstance(answer, NoResponse)
    assert not answer.sent
    assert target_of(proxy.requests[0].replace(b"1.0", b"1.1")).startswith("CONNECT far.example:443")


def test_a_certificate_nobody_trusts_sent_nothing_and_one_that_is_named_is_trusted(opened: Open) -> None:
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
        with opened() as transport:
            refused = perform(transport, url, post())
        with opened(ca_file=pem) as transport:
            answer = perform(transport, url, post())
    assert isinstance(refused, NoResponse)
    assert not refused.sent
    assert "its certificate is not trusted: self" in refused.reason
    assert isinstance(answer, Response)
    assert answer.json == {"id": 1}
    assert len(server.requests) == 1


# Public addresses


def test_fetch_counts_and_hashes_what_an_address_serves() -> None:
    with Server(answering(b"abc")) as server, Transport(SystemClock()) as transport:
        fetched = transport.fetch(f"{server.url}/x.jpg", bytes_max=10, timeout_seconds=5)
    sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert fetched == Fetched(200, 3, sha256)
    assert header(server.requests[0], "authorization") is None


def test_fetch_reads_no_more_than_it_is_told() -> None:
    with Server(answering(b"abc")) as server, Transport(SystemClock()) as transport:
        fetched = transport.fetch(server.url, bytes_max=2, timeout_seconds=5)
    assert fetched == NoResponse(f"127.0.0.1:{server.port}: its answer is longer than 2 bytes", sent=True)


def test_fetch_leaves_what_need_not_be_whole_unread_and_keeps_its_beginning() -> None:
    with (
        Server(answering(b"abc" * 100_000, "Content-Type: image/png")) as server,
        Transport(SystemClock()) as transport,
    ):
        fetched = transport.fetch(
            f"{server.url}/x.png", bytes_max=0, timeout_seconds=5, agent="a-crawler/1", whole=False
        )
    assert isinstance(fetched, Fetched)
    assert fetched.size < 300_000
    assert fetched.head == (b"abc" * HEAD_BYTES)[:HEAD_BYTES]
    assert fetched.headers["content-type"] == "image/png"
    assert header(server.requests[0], "user-agent") == "a-crawler/1"
    assert header(server.requests[0], "accept-encoding") == "identity"


def test_fetch_follows_no_redirect() -> None:
    """Whether the fetcher of a network would is not ours to hope."""
    with (
        Server(answering(b"", "Location: /y.jpg", status="302 Found")) as server,
        Transport(SystemClock()) as transport,
    ):
        fetched = transport.fetch(f"{server.url}/x.jpg", bytes_max=10, timeout_seconds=5)
    assert isinstance(fetched, Fetched)
    assert (fetched.status, fetched.headers["location"]) == (302, "/y.jpg")
    assert len(server.requests) == 1


def test_a_signed_address_is_asked_once_and_never_shown() -> None:
    """What is redirected to would be given the signature, and who reads a message could use it."""

    class Content:
        def __len__(self) -> int:
            return 6

        def __iter__(self) -> Iterator[bytes]:
            yield from (b"abc", b"def")

    with (
        Server(answering(b"moved", "Location: /other", status="307 Moved")) as server,
        Transport(SystemClock()) as transport,
    ):
        url = SecretText(f"{server.url}/a%20b.jpg?sig=CANARY")
        answer = transport.exchange(
            "PUT", url, headers={"If-None-Match": "*"}, content=Content(), timeout_seconds=5
        )
    assert isinstance(answer, Response)
    assert (answer.status, answer.body) == (307, b"moved")
    (request,) = server.requests
    assert target_of(request) == "PUT /a%20b.jpg?sig=CANARY"
    assert (header(request, "content-length"), header(request, "if-none-match")) == ("6", "*")
    assert body_of(request) == b"abcdef"
    gone = transport.exchange("GET", url, headers={}, content=None, timeout_seconds=5)
    assert isinstance(gone, NoResponse)
    assert gone.reason == f"127.0.0.1:{server.port}: it refused the connection"


def test_a_content_that_cannot_be_read_to_its_end_says_why() -> None:
    class Content:
        def __len__(self) -> int:
            return 6

        def __iter__(self) -> Iterator[bytes]:
            yield b"abc"
            raise OSError(errno.EIO, "film.mp4 became shorter while it was sent")

    with Server(answering()) as server, Transport(SystemClock()) as transport:
        url = SecretText(f"{server.url}/a.mp4")
        answer = transport.exchange("PUT", url, headers={}, content=Content(), timeout_seconds=5)
    assert isinstance(answer, NoResponse)
    assert answer.reason.endswith("film.mp4 became shorter while it was sent")
