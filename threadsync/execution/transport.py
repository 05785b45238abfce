"""Requests as values, performed over HTTP; the one module that imports requests.

It puts secrets in and takes them out of every text again, sends each request at most once, follows
redirects of plain reads alone (never with a credential to another origin), and says of a request
without an answer whether the network may have acted: no, only if not one byte of it left.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from types import TracebackType
from typing import Protocol
from weakref import WeakSet

import requests
from msgspec import field
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from threadsync.errors import UsageError
from threadsync.execution.bodies import Content
from threadsync.execution.clock import Clock
from threadsync.execution.connections import Exchange, observed_pools, surely_unsent, why
from threadsync.execution.wire import (
    CHUNK_BYTES,
    CONNECT_SECONDS,
    REDIRECTS_MAX,
    RESPONSE_BYTES_MAX,
    Call,
    Endpoint,
    answer_of,
    call_of,
    own_headers,
)
from threadsync.flows.effects import NoResponse, Request, Response
from threadsync.model.secret import SecretText
from threadsync.model.urls import is_loopback
from threadsync.values import Besides

HEAD_BYTES = 1024
"""How much is kept of what a public address serves."""

_TALKATIVE = ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry")
_FAILURES = (requests.RequestException, HTTPError, HTTPException, OSError, ValueError)


class Fetched(Besides, frozen=True):
    """What a public address serves; its bytes were only counted and hashed."""

    hidden = frozenset({"head", "headers"})

    status: int
    size: int
    sha256: str
    head: bytes = b""
    """The first ``HEAD_BYTES`` of them."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """With lower-case names."""


class Sink(Protocol):
    """Takes what is read, piece by piece; a file open for writing is one."""

    def write(self, data: bytes, /) -> object:
        """Take *data*."""
        ...


class _Line(Protocol):
    """What one worker sends with: an adapter of ours, or the session of somebody else."""

    exchange: Exchange

    def open(self, prepared: requests.PreparedRequest, limit_seconds: float) -> requests.Response:
        """Send *prepared* once, and return its answer, unread."""
        ...

    def may_have_sent(self, error: BaseException) -> bool:
        """Whether a byte of the request that ended with *error* may have left."""
        ...


class _Adapter(HTTPAdapter):
    """An adapter of one worker, whose connections are observed; it never sends anything again."""

    def __init__(self, exchange: Exchange, proxy: str, verify: bool | str) -> None:
        self.exchange = exchange
        self._pools = observed_pools(exchange)
        self._proxies = {"http": proxy, "https": proxy} if proxy else {}
        self._verify = verify
        super().__init__(pool_maxsize=1, max_retries=0)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **settings: object) -> object:
        """Return the pools behind *proxy*, observed too."""
        manager = super().proxy_manager_for(proxy, **settings)
        manager.pool_classes_by_scheme = self._pools
        return manager

    def open(self, prepared: requests.PreparedRequest, limit_seconds: float) -> requests.Response:
        """See ``_Line.open``."""
        return self.send(
            prepared,
            stream=True,
            timeout=_timeouts(limit_seconds),
            verify=self._verify,
            proxies={} if is_loopback(prepared.url or "") else self._proxies,
        )

    def may_have_sent(self, error: BaseException) -> bool:
        """See ``_Line.may_have_sent``: it was observed."""
        return self.exchange.sent


class _Borrowed:
    """Somebody else's session: what its connections do is not observed, so it may have sent what failed."""

    def __init__(self, exchange: Exchange, session: requests.Session, proxy: str) -> None:
        self.exchange = exchange
        self._session = session
        self._proxies = {"http": proxy, "https": proxy} if proxy else {}

    def open(self, prepared: requests.PreparedRequest, limit_seconds: float) -> requests.Response:
        """See ``_Line.open``.

        Raises:
            UsageError: the session would send it again by itself.
        """
        url = prepared.url or ""
        adapter = self._session.get_adapter(url)
        if isinstance(adapter, HTTPAdapter) and adapter.max_retries.total != 0:
            raise UsageError(
                "the session sends requests again by itself (max_retries), also those that publish",
                remedy="Mount requests.adapters.HTTPAdapter(max_retries=0); the client has attempts_max.",
            )
        proxies = {} if is_loopback(url) else dict(self._proxies)
        settings = self._session.merge_environment_settings(url, proxies, True, None, None)
        self.exchange.sent = True
        return adapter.send(
            prepared,
            stream=True,
            timeout=_timeouts(limit_seconds),
            verify=settings["verify"] or False,
            cert=settings["cert"],
            proxies=settings["proxies"],
        )

    def may_have_sent(self, error: BaseException) -> bool:
        """See ``_Line.may_have_sent``."""
        return self.exchange.sent and not surely_unsent(error)


def _timeouts(limit_seconds: float) -> tuple[float, float]:
    return min(CONNECT_SECONDS, limit_seconds), limit_seconds


class Transport:
    """Performs requests; each worker thread that calls it has connections of its own.

    *proxy* is used for every address but those of this machine; *ca_file* holds the certificates to
    trust instead of the usual ones. Neither is ever taken from the environment.

    With a *session* of somebody else, its adapters, headers, proxies and certificates are used, and it
    is not closed. Its connections are not observed: then what failed may have been sent unless no
    connection was made, and the time limit holds for each read and between them.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        proxy: str = "",
        ca_file: Path | None = None,
        session: requests.Session | None = None,
    ) -> None:
        self._clock = clock
        self._proxy = proxy
        self._verify: bool | str = True if ca_file is None else str(ca_file)
        self._session = session
        self._local = threading.local()
        self._adapters: WeakSet[_Adapter] = WeakSet()  # the connections of a thread end with it
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
        began_seconds = self._clock.monotonic()
        call = call_of(endpoint, request)
        if self._session is not None:
            call = call.among(self._session.headers)
        content = bytearray()
        answer = self._send(call, endpoint.limit_seconds(request), RESPONSE_BYTES_MAX, content.extend)
        if isinstance(answer, NoResponse):
            return answer
        took_seconds = self._clock.monotonic() - began_seconds
        return answer_of(
            request,
            call,
            answer.status,
            answer.headers.items(),
            bytes(content),
            duration_seconds=took_seconds,
        )

    def fetch(
        self,
        url: str,
        *,
        bytes_max: int,
        timeout_seconds: float,
        agent: str = "",
        whole: bool = True,
        public_only: bool = False,
        into: Sink | None = None,
    ) -> Fetched | NoResponse:
        """Read what the address *url* serves, without any credential, and following no redirect.

        More than *bytes_max* is no answer, unless it need not be *whole*: then the rest is left unread.
        *agent* is the name of the program that seems to ask. With *public_only*, an address of this
        machine or of a network of its own is not asked. What is read is written *into* a file too.
        """
        headers = own_headers() | {"Accept-Encoding": "identity"} | ({"User-Agent": agent} if agent else {})
        call = Call("GET", url, headers, None, (), follows=False)
        digest = hashlib.sha256()
        head = bytearray()
        size = 0

        def take(chunk: bytes) -> None:
            nonlocal size
            digest.update(chunk)
            head.extend(chunk[: HEAD_BYTES - len(head)])
            size += len(chunk)
            if into is not None:
                into.write(chunk)

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
        bytes_max: int = RESPONSE_BYTES_MAX,
    ) -> Response | NoResponse:
        """Send one request to an address that is a secret itself, because it is signed; never a redirect.

        An answer of more than *bytes_max* is none.
        """
        call = Call(method, url.reveal(), own_headers() | dict(headers), content, (url,), follows=False)
        answered = bytearray()
        answer = self._send(call, timeout_seconds, bytes_max, answered.extend)
        if isinstance(answer, NoResponse):
            return answer
        found = {name.lower(): answer.headers[name] for name in answer.headers}
        return Response(answer.status, bytes(answered), found)

    def _send(
        self,
        call: Call,
        limit_seconds: float,
        bytes_max: int,
        take: Callable[[bytes], object],
        *,
        whole: bool = True,
        public_only: bool = False,
    ) -> BaseHTTPResponse | NoResponse:
        line = self._line()
        line.exchange.begin(limit_seconds, public_only=public_only)
        answer: BaseHTTPResponse | None = None
        try:
            answer = self._open(line, call, limit_seconds)
            size = 0
            for chunk in answer.stream(CHUNK_BYTES, decode_content=True):
                line.exchange.left_seconds()
                size += len(chunk)
                if size > bytes_max and not whole:
                    take(chunk)
                    answer.close()
                    return answer
                if size > bytes_max:
                    answer.close()
                    return call.too_long(bytes_max)
                take(chunk)
        except _FAILURES as error:
            if answer is not None:
                answer.close()
            return call.unanswered(why(error, limit_seconds=limit_seconds), sent=line.may_have_sent(error))
        return answer  # read to its end, it has given its connection back

    def _open(self, line: _Line, call: Call, limit_seconds: float) -> BaseHTTPResponse:
        """Send *call* and return its answer, or that of where it redirects to."""
        for _ in range(REDIRECTS_MAX):
            answer = self._open_once(line, call, limit_seconds)
            onward = call.onward(answer.status, answer.headers.get("location"))
            if onward is None:
                return answer
            answer.close()
            call = onward
        return self._open_once(line, call, limit_seconds)

    def _open_once(self, line: _Line, call: Call, limit_seconds: float) -> BaseHTTPResponse:
        prepared = requests.Request(call.method, call.url, headers=call.headers, data=call.content).prepare()
        raw: BaseHTTPResponse = line.open(prepared, limit_seconds).raw
        return raw

    def _line(self) -> _Line:
        line: _Line | None = getattr(self._local, "line", None)
        if line is None:
            exchange = Exchange(self._clock.monotonic)
            if self._session is not None:
                line = _Borrowed(exchange, self._session, self._proxy)
            else:
                line = adapter = _Adapter(exchange, self._proxy, self._verify)
                with self._adapters_lock:
                    self._adapters.add(adapter)
            self._local.line = line
        return line


def _unlogged(_: logging.LogRecord) -> bool:
    return False
