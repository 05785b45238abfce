"""What goes over the wire for a request, and what is made of its answer: shared by every transport.

Nothing here opens a connection. A ``Call`` is a request with its secrets put in; ``answer_of`` takes
secrets out of what came back. What a transport adds is the sending alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

from msgspec import field
from msgspec.structs import replace

from threadsync import __version__
from threadsync.errors import UsageError
from threadsync.execution.bodies import Content, encode
from threadsync.execution.credentials import scrubbed
from threadsync.flows.effects import FieldValue, NoResponse, Request, Response, Secret, Visibility
from threadsync.model.ids import MediaDigest, Role
from threadsync.model.secret import HIDDEN, SecretText
from threadsync.model.urls import origin_of
from threadsync.values import Discreet

RESPONSE_BYTES_MAX = 32 * 1024 * 1024
"""The longest answer that is kept, in bytes after decompression."""

CONNECT_SECONDS = 10.0
"""How long making one connection may take; the whole request has its own limit."""

REDIRECTS_MAX = 5
CHUNK_BYTES = 65536

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Endpoint(Discreet, frozen=True):
    """Where the requests of one target go, and with what."""

    hidden = frozenset({"credentials", "media"})

    base_url: str
    credentials: Callable[[Role], SecretText]
    media: Callable[[MediaDigest], Path]
    request_seconds: float = 30.0
    """How long a request may take that does not say so itself."""
    hosts: Mapping[str, str] = field(default_factory=dict)
    """The base addresses of the network's further hosts, by the provider's names for them."""

    def base_of(self, request: Request) -> str:
        """Return the base address that the path of *request* is relative to."""
        if "://" in request.host:
            return request.host.rstrip("/")
        return (self.hosts[request.host] if request.host else self.base_url).rstrip("/")

    def limit_seconds(self, request: Request) -> float:
        """Return how long *request* may take."""
        return self.request_seconds if request.timeout_seconds is None else request.timeout_seconds


class Call(Discreet, frozen=True):
    """A request with its secrets put in; it shows nothing of itself."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | Content | None
    secrets: tuple[SecretText, ...]
    follows: bool
    """Whether redirects are followed."""

    @property
    def place(self) -> str:
        """Where it goes, for messages."""
        try:
            _, host, port = origin_of(self.url)
        except ValueError:
            return "the address"
        return f"{host}:{port}"

    def among(self, theirs: Mapping[str, str | bytes]) -> Call:
        """Return it with the headers of somebody else's session; its own win."""
        others = {
            name: value.decode("latin-1") if isinstance(value, bytes) else value
            for name, value in theirs.items()
        }
        return replace(self, headers={**others, **self.headers})

    def onward(self, status: int, location: str | None) -> Call | None:
        """Return the call that an answer redirects to; None where the answer is the last one.

        Raises:
            ValueError: *location* is no address.
        """
        if status not in _REDIRECTS or not location or not self.follows:
            return None
        url = urljoin(self.url, location)
        if urlsplit(url).scheme not in {"http", "https"}:
            return None
        headers = own_headers() | {
            name: value for name, value in self.headers.items() if name == "Authorization"
        }
        if origin_of(url) != origin_of(self.url):
            if scrubbed(location, self.secrets) != location:
                return None
            headers.pop("Authorization", None)
        return Call(self.method, url, headers, None, self.secrets, follows=True)

    def unanswered(self, why: str, *, sent: bool) -> NoResponse:
        """Return that no answer came, and *why*, without a secret."""
        return NoResponse(scrubbed(f"{self.place}: {why}", self.secrets), sent=sent)

    def too_long(self, bytes_max: int) -> NoResponse:
        """Return that its answer is not read any further."""
        return self.unanswered(f"its answer is longer than {bytes_max} bytes", sent=True)


class _Reveal:
    """Puts secrets where they stand, by role or as they are, and keeps which ones."""

    def __init__(self, credentials: Callable[[Role], SecretText]) -> None:
        self._credentials = credentials
        self.used: list[SecretText] = []

    def __call__(self, value: FieldValue | SecretText) -> str:
        if isinstance(value, str):
            return value
        secret = value if isinstance(value, SecretText) else self._credentials(value.role)
        self.used.append(secret)
        return secret.reveal()


def call_of(endpoint: Endpoint, request: Request) -> Call:
    """Return *request* as it goes to *endpoint*.

    Raises:
        ProjectError: a credential is missing.
        ContentError: a media file cannot be read.
    """
    assert request.path.startswith("/"), "a path is relative to the base address"
    reveal = _Reveal(endpoint.credentials)
    body = encode(request, reveal, endpoint.media)
    url = endpoint.base_of(request) + request.path
    if request.params:
        query = urlencode(
            [
                (name, reveal(each))
                for name, value in request.params.items()
                for each in (value if isinstance(value, tuple) else (value,))
            ]
        )
        url += ("&" if "?" in request.path else "?") + query
    headers = {**own_headers(), **request.headers}
    if body.content_type:
        headers["Content-Type"] = body.content_type
    if request.auth is not None:
        auth = request.auth if isinstance(request.auth, SecretText) else Secret(request.auth)
        headers["Authorization"] = f"Bearer {reveal(auth)}"
    follows = request.visibility is Visibility.READ and request.method == "GET"
    return Call(request.method, url, headers, body.content, tuple(reveal.used), follows)


def answer_of(
    request: Request,
    call: Call,
    status: int,
    headers: Iterable[tuple[str, str]],
    content: bytes,
    *,
    duration_seconds: float,
) -> Response:
    """Return what answered *request*; the secrets it declared are taken out, repeated headers are joined.

    A refusal may repeat what it refuses (Graph: "Malformed access token …"), so what was sent is taken out.
    """
    joined: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        joined[key] = f"{joined[key]}, {value}" if key in joined else value
    if status >= 400 or b'"error"' in content:  # Threads refuses with 200 too
        content = _unrepeated(content, call.secrets)
    body, secrets = _taken_out(content, request.answer_secrets)
    return Response(status, body, joined, duration_seconds, secrets, call.place)


def _unrepeated(content: bytes, secrets: Collection[SecretText]) -> bytes:
    """Return a refusal without *secrets*; read first, since a slash may be written ``\\/`` in JSON."""
    try:
        whole = json.loads(content)
        unsaid = _without(whole, secrets)
    except (ValueError, RecursionError):
        return scrubbed(content.decode("utf-8", "replace"), secrets).encode()
    return content if unsaid == whole else json.dumps(unsaid).encode()


def _without(value: object, secrets: Collection[SecretText]) -> object:
    match value:
        case str():
            return scrubbed(value, secrets)
        case list():
            return [_without(each, secrets) for each in value]
        case dict():
            return {scrubbed(name, secrets): _without(each, secrets) for name, each in value.items()}
        case _:
            return value


def _taken_out(content: bytes, names: Collection[str]) -> tuple[bytes, dict[str, SecretText]]:
    """Take the secrets that stand under *names* out of an answer.

    One that is declared to hold secrets and cannot be read so is not kept: they may stand anywhere in it.
    """
    if not names:
        return content, {}
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError):
        return b"", {}
    if not isinstance(whole, dict):
        return b"", {}
    secrets = {name: SecretText(whole[name]) for name in names if isinstance(whole.get(name), str)}
    return json.dumps({**whole, **dict.fromkeys(secrets, HIDDEN)}).encode(), secrets


def closed() -> UsageError:
    """Return the error of a client that is used after its end."""
    return UsageError("the client is closed; nothing was sent", remedy="Run flows before it is closed.")


def own_headers() -> dict[str, str]:
    """Return what every call says of us."""
    return {"User-Agent": f"threadsync/{__version__}", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
