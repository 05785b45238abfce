"""Requests as values, performed over HTTP; the one module that imports requests.

It puts secrets in and takes them out of every text again, sends each request at most once, follows
redirects of plain reads alone (never with a credential to another origin), and says of a request
without an answer whether the network may have acted: no, only if not one byte of it left.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from types import TracebackType
from urllib.parse import urlencode, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from threadsync import __version__
from threadsync.execution.bodies import Content, encode
from threadsync.execution.clock import Clock
from threadsync.execution.connections import Exchange, observed_pools, why
from threadsync.execution.credentials import scrubbed
from threadsync.flows.effects import FieldValue, NoResponse, Request, Response, Secret, Visibility
from threadsync.model.ids import MediaDigest, Role
from threadsync.model.secret import HIDDEN, SecretText
from threadsync.model.urls import is_loopback, origin_of

RESPONSE_BYTES_MAX = 32 * 1024 * 1024
"""The longest answer that is kept, in bytes after decompression."""

CONNECT_SECONDS = 10.0
"""How long making one connection may take; the whole request has its own limit."""

HEAD_BYTES = 1024
"""How much is kept of what a public address serves."""

REDIRECTS_MAX = 5
CHUNK_BYTES = 65536

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TALKATIVE = ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry")
_FAILURES = (requests.RequestException, HTTPError, HTTPException, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the requests of one target go, and with what."""

    base_url: str
    credentials: Callable[[Role], SecretText] = field(repr=False)
    media: Callable[[MediaDigest], Path] = field(repr=False)
    request_seconds: float = 30.0
    """How long a request may take that does not say so itself."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a public address serves; its bytes were only counted and hashed."""

    status: int
    size: int
    sha256: str
    head: bytes = field(default=b"", compare=False)
    """The first ``HEAD_BYTES`` of them."""
    headers: Mapping[str, str] = field(default_factory=dict, compare=False)
    """With lower-case names."""


@dataclass(frozen=True, slots=True, repr=False)
class _Call:
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

    def redirected(self, location: str) -> _Call | None:
        """Return the call that *location* asks for; None where it must not be made."""
        url = urljoin(self.url, location)
        if urlsplit(url).scheme not in {"http", "https"}:
            return None
        headers = _headers() | {
            name: value for name, value in self.headers.items() if name == "Authorization"
        }
        if origin_of(url) != origin_of(self.url):
            if scrubbed(location, self.secrets) != location:
                return None
            headers.pop("Authorization", None)
        return _Call(self.method, url, headers, None, self.secrets, follows=True)


class _Reveal:
    """Puts secrets where ``Secret`` stands, and keeps which ones."""

    def __init__(self, credentials: Callable[[Role], SecretText]) -> None:
        self._credentials = credentials
        self.used: list[SecretText] = []

    def __call__(self, value: FieldValue) -> str:
        if not isinstance(value, Secret):
            return value
        secret = self._credentials(value.role)
        self.used.append(secret)
        return secret.reveal()


class _Adapter(HTTPAdapter):
    """An adapter of one worker, whose connections are observed; it never sends anything again."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._pools = observed_pools(exchange)
        super().__init__(pool_maxsize=1, max_retries=0)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **settings: object) -> object:
        """Return the pools behind *proxy*, observed too."""
        manager = super().proxy_manager_for(proxy, **settings)
        manager.pool_classes_by_scheme = self._pools
        return manager


class Transport:
    """Performs requests; each worker thread that calls it has connections of its own.

    *proxy* is used for every address but those of this machine; *ca_file* holds the certificates to
    trust instead of the usual ones. Neither is ever taken from the environment.
    """

    def __init__(self, clock: Clock, *, proxy: str = "", ca_file: Path | None = None) -> None:
        self._clock = clock
        self._proxies = {"http": proxy, "https": proxy} if proxy else {}
        self._verify: bool | str = True if ca_file is None else str(ca_file)
        self._local = threading.local()
        self._adapters: list[_Adapter] = []
        self._adapters_lock = threading.Lock()
        for name in _TALKATIVE:
            # They log whole addresses, and some networks take the token in the address.
            logging.getLogger(name).addFilter(_unlogged)

    def __enter__(self) -> Transport:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every idle connection."""
        with self._adapters_lock:
            for adapter in self._adapters:
                adapter.close()

    def perform(self, endpoint: Endpoint, request: Request) -> Response | NoResponse:
        """Send *request* once and return what became of it.

        Raises:
            ProjectError: a credential is missing; nothing was sent.
            ContentError: a media file cannot be read; nothing was sent.
        """
        assert request.path.startswith("/"), "a path is relative to the base address"
        began_seconds = self._clock.monotonic()
        call = _call(endpoint, request)
        content = bytearray()
        limit_seconds = request.timeout_seconds
        if limit_seconds is None:
            limit_seconds = endpoint.request_seconds
        answer = self._send(call, limit_seconds, RESPONSE_BYTES_MAX, content.extend)
        if isinstance(answer, NoResponse):
            return answer
        headers = {name.lower(): answer.headers[name] for name in answer.headers}
        took_seconds = self._clock.monotonic() - began_seconds
        body, secrets = _taken_out(bytes(content), request.answer_secrets)
        return Response(answer.status, body, headers, took_seconds, secrets)

    def fetch(
        self,
        url: str,
        *,
        bytes_max: int,
        timeout_seconds: float,
        agent: str = "",
        whole: bool = True,
        public_only: bool = False,
    ) -> Fetched | NoResponse:
        """Read what the address *url* serves, without any credential, and following no redirect.

        More than *bytes_max* is no answer, unless it need not be *whole*: then the rest is left unread.
        *agent* is the name of the program that seems to ask. With *public_only*, an address of this
        machine or of a network of its own is not asked.
        """
        headers = _headers() | {"Accept-Encoding": "identity"} | ({"User-Agent": agent} if agent else {})
        call = _Call("GET", url, headers, None, (), follows=False)
        digest = hashlib.sha256()
        head = bytearray()
        size = 0

        def take(chunk: bytes) -> None:
            nonlocal size
            digest.update(chunk)
            head.extend(chunk[: HEAD_BYTES - len(head)])
            size += len(chunk)

        answer = self._send(call, timeout_seconds, bytes_max, take, whole=whole, public_only=public_only)
        if isinstance(answer, NoResponse):
            return answer
        found = {name.lower(): answer.headers[name] for name in answer.headers}
        return Fetched(answer.status, size, digest.hexdigest(), bytes(head), found)

    def exchange(
        self,
        method: str,
        url: SecretText,
        *,
        headers: Mapping[str, str],
        content: Content | None,
        timeout_seconds: float,
    ) -> Response | NoResponse:
        """Send one request to an address that is a secret itself, because it is signed; never a redirect."""
        call = _Call(method, url.reveal(), _headers() | dict(headers), content, (url,), follows=False)
        answered = bytearray()
        answer = self._send(call, timeout_seconds, RESPONSE_BYTES_MAX, answered.extend)
        if isinstance(answer, NoResponse):
            return answer
        found = {name.lower(): answer.headers[name] for name in answer.headers}
        return Response(answer.status, bytes(answered), found)

    def _send(
        self,
        call: _Call,
        limit_seconds: float,
        bytes_max: int,
        take: Callable[[bytes], object],
        *,
        whole: bool = True,
        public_only: bool = False,
    ) -> BaseHTTPResponse | NoResponse:
        adapter = self._adapter()
        exchange = adapter.exchange
        exchange.begin(limit_seconds, public_only=public_only)
        answer: BaseHTTPResponse | None = None
        try:
            answer = self._open(adapter, call, limit_seconds)
            size = 0
            for chunk in answer.stream(CHUNK_BYTES, decode_content=True):
                size += len(chunk)
                if size > bytes_max and not whole:
                    take(chunk)
                    answer.close()
                    return answer
                if size > bytes_max:
                    answer.close()
                    return NoResponse(f"{call.place}: its answer is longer than {bytes_max} bytes", sent=True)
                take(chunk)
        except _FAILURES as error:
            if answer is not None:
                answer.close()
            reason = f"{call.place}: {why(error, limit_seconds=limit_seconds)}"
            return NoResponse(scrubbed(reason, call.secrets), sent=exchange.sent)
        return answer  # read to its end, it has given its connection back

    def _open(self, adapter: _Adapter, call: _Call, limit_seconds: float) -> BaseHTTPResponse:
        """Send *call* and return its answer, or that of where it redirects to."""
        for _ in range(REDIRECTS_MAX):
            answer = self._open_once(adapter, call, limit_seconds)
            location = answer.headers.get("location")
            onward = call.redirected(location) if location and call.follows else None
            if answer.status not in _REDIRECTS or onward is None:
                return answer
            answer.close()
            call = onward
        return self._open_once(adapter, call, limit_seconds)

    def _open_once(self, adapter: _Adapter, call: _Call, limit_seconds: float) -> BaseHTTPResponse:
        prepared = requests.Request(call.method, call.url, headers=call.headers, data=call.content).prepare()
        answer = adapter.send(
            prepared,
            stream=True,
            timeout=(min(CONNECT_SECONDS, limit_seconds), limit_seconds),
            verify=self._verify,
            proxies={} if is_loopback(call.url) else self._proxies,
        )
        raw: BaseHTTPResponse = answer.raw
        return raw

    def _adapter(self) -> _Adapter:
        adapter: _Adapter | None = getattr(self._local, "adapter", None)
        if adapter is None:
            adapter = self._local.adapter = _Adapter(Exchange(self._clock.monotonic))
            with self._adapters_lock:
                self._adapters.append(adapter)
        return adapter


def _call(endpoint: Endpoint, request: Request) -> _Call:
    reveal = _Reveal(endpoint.credentials)
    body = encode(request, reveal, endpoint.media)
    url = endpoint.base_url.rstrip("/") + request.path
    if request.params:
        query = urlencode({name: reveal(value) for name, value in request.params.items()})
        url += ("&" if "?" in request.path else "?") + query
    headers = _headers()
    if body.content_type:
        headers["Content-Type"] = body.content_type
    if request.auth is not None:
        headers["Authorization"] = f"Bearer {reveal(Secret(request.auth))}"
    follows = request.visibility is Visibility.READ and request.method == "GET"
    return _Call(request.method, url, headers, body.content, tuple(reveal.used), follows)


def _taken_out(content: bytes, names: Collection[str]) -> tuple[bytes, dict[str, SecretText]]:
    """Take the secrets that stand under *names* out of an answer.

    One that is declared to hold secrets and cannot be read so is not kept: they may stand anywhere in it.
    """
    if not names:
        return content, {}
    try:
        whole = json.loads(content)
    except ValueError:
        return b"", {}
    if not isinstance(whole, dict):
        return b"", {}
    secrets = {name: SecretText(whole[name]) for name in names if isinstance(whole.get(name), str)}
    return json.dumps({**whole, **dict.fromkeys(secrets, HIDDEN)}).encode(), secrets


def _headers() -> dict[str, str]:
    return {"User-Agent": f"threadsync/{__version__}", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}


def _unlogged(_: logging.LogRecord) -> bool:
    return False
