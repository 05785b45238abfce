"""Requests as values, performed over HTTP in an event loop; the one module that imports aiohttp.

It keeps what ``transport`` keeps: secrets are put in and taken out of every text again, each request
goes out at most once, redirects are followed of plain reads alone (never with a credential to another
origin), and a request without an answer says whether the network may have acted. When the task that
waits for it is cancelled, so is the request; what it has sent is sent.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Final

import aiohttp
import certifi
from aiohttp import http_exceptions
from msgspec import Struct
from yarl import URL

from threadsync.errors import UsageError
from threadsync.execution import reasons
from threadsync.execution.bodies import Content
from threadsync.execution.clock import Times
from threadsync.execution.reasons import Table, explained
from threadsync.execution.wire import (
    CHUNK_BYTES,
    CONNECT_SECONDS,
    REDIRECTS_MAX,
    RESPONSE_BYTES_MAX,
    Call,
    Endpoint,
    answer_of,
    call_of,
    closed,
)
from threadsync.flows.effects import NoResponse, Request, Response
from threadsync.model.urls import is_loopback

CONNECTIONS_MAX: Final = 16
"""How many requests of one transport are in flight at once; the others wait for their turn."""
HEADER_BYTES_MAX: Final = 65536
"""The longest header of an answer, as of http.client."""

_FAILURES = (aiohttp.ClientError, OSError, ValueError)
_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
"""What aiohttp itself limits; the whole request has its own limit."""
_WHY: Table = (
    ((ssl.SSLError,), reasons.NO_TLS),
    ((ConnectionRefusedError,), reasons.REFUSED),
    ((http_exceptions.ContentEncodingError,), reasons.DAMAGED),
    ((aiohttp.ClientPayloadError,), reasons.BROKE_OFF),
    ((http_exceptions.BadHttpMessage,), reasons.NOT_HTTP),
    ((TimeoutError,), reasons.LATE),
    ((aiohttp.ServerDisconnectedError, ConnectionError), reasons.CLOSED),
)


class _Exchange(Struct):
    """One request on its way."""

    sent: bool = False
    """Whether a byte of the request may have left; never turned back."""


class _Lost(aiohttp.ClientError):
    """The connection was lost: said so that aiohttp does not send the request again by itself."""


class AsyncTransport:
    """Performs requests in one event loop, which is that of its first request.

    *proxy* is used for every address but those of this machine; *ca_file* holds the certificates to
    trust instead of the usual ones. Neither is ever taken from the environment.

    With a *session* of somebody else, its connections and headers are used, and it is not closed.
    """

    def __init__(
        self,
        clock: Times,
        *,
        proxy: str = "",
        ca_file: Path | None = None,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        self._clock = clock
        self._proxy = proxy
        self._ca_file = ca_file
        self._theirs = session
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._turns = asyncio.Semaphore(CONNECTIONS_MAX)

    async def __aenter__(self) -> AsyncTransport:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection of its own, for good."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    async def perform(self, endpoint: Endpoint, request: Request) -> Response | NoResponse:
        """Send *request* once and return what became of it.

        Raises:
            ProjectError: a credential is missing; nothing was sent.
            ContentError: a media file cannot be read; nothing was sent.
            UsageError: it is closed, or belongs to another event loop; nothing was sent.
        """
        async with self._turns:
            session = self._opened()
            began_seconds = self._clock.monotonic()
            call, exchange = call_of(endpoint, request), _Exchange()
            if self._theirs is not None:
                call = call.among(self._theirs.headers)
            limit_seconds = endpoint.limit_seconds(request)
            content = bytearray()
            try:
                async with asyncio.timeout(limit_seconds), self._open(session, call, exchange) as answer:
                    async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
                        if len(content) + len(chunk) > RESPONSE_BYTES_MAX:
                            return call.too_long(RESPONSE_BYTES_MAX)
                        content += chunk
            except _FAILURES as error:
                why = explained(error, _WHY, limit_seconds=limit_seconds)
                return call.unanswered(why, sent=exchange.sent)
            took_seconds = self._clock.monotonic() - began_seconds
            headers = answer.headers.items()
            return answer_of(
                request,
                call,
                answer.status,
                headers,
                bytes(content),
                duration_seconds=took_seconds,
            )

    @asynccontextmanager
    async def _open(
        self, session: aiohttp.ClientSession, call: Call, exchange: _Exchange
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send *call* and return its answer, or that of where it redirects to."""
        for turn in range(REDIRECTS_MAX + 1):
            headers = dict(call.headers)
            for value in headers.values():
                _check(value)
            content: bytes | AsyncIterator[bytes] | None
            if call.content is None or isinstance(call.content, bytes):
                content = call.content
            else:
                headers["Content-Length"] = str(len(call.content))
                content = _read(call.content)
            async with session.request(
                call.method,
                URL(call.url, encoded=True),
                headers=headers,
                data=content,
                allow_redirects=False,
                proxy=None if is_loopback(call.url) else self._proxy or None,
                timeout=_TIMEOUT,
                trace_request_ctx=exchange,
                middlewares=(_once,),
            ) as answer:
                onward = call.onward(answer.status, answer.headers.get("location"))
                if onward is None or turn == REDIRECTS_MAX:
                    yield answer
                    return
            call = onward

    def _opened(self) -> aiohttp.ClientSession:
        """Return a session of its own, made when it is first needed; it may use their connections."""
        theirs, loop = self._theirs, asyncio.get_running_loop()
        if self._closed:
            raise closed()
        if theirs is not None and theirs.closed:
            raise UsageError(
                "the session that the client was given is closed",
                remedy="Keep it open for as long as the client is used.",
            )
        if self._session is None:
            connector = self._connector() if theirs is None else theirs.connector
            others = [] if theirs is None else theirs.trace_configs
            trace = aiohttp.TraceConfig()
            trace.on_request_headers_sent.append(_leaving)
            self._loop = loop
            self._session = aiohttp.ClientSession(
                connector=connector,
                connector_owner=theirs is None,
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("Content-Type",),
                trace_configs=[*others, trace],
                max_line_size=HEADER_BYTES_MAX,
                max_field_size=HEADER_BYTES_MAX,
            )
        if self._loop is not loop:
            raise UsageError(
                "the client belongs to another event loop",
                remedy="Make a client in each loop that needs one.",
            )
        return self._session

    def _connector(self) -> aiohttp.TCPConnector:
        # The certificates that requests trusts too, so that both clients trust the same.
        trusted = ssl.create_default_context(cafile=self._ca_file or certifi.where())
        return aiohttp.TCPConnector(
            limit=CONNECTIONS_MAX, ssl=trusted, resolver=aiohttp.ThreadedResolver(), use_dns_cache=False
        )


async def _leaving(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
    """Take note that the request begins to go out; what is said to a proxy to get through is not traced."""
    context.trace_request_ctx.sent = True


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a request again, as it does with DELETE too when a connection is lost."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Lost from error


async def _read(stream: Content) -> AsyncIterator[bytes]:
    """Read files without holding up the loop."""
    pieces = iter(stream)
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece


def _check(header: str) -> None:
    """Refuse what no header can say, before anything is sent.

    Raises:
        ValueError: it would break out of its line, or is not in the alphabet of headers.
    """
    if any(character in header for character in "\r\n\0"):
        raise ValueError("a line break in a header")
    header.encode("latin-1")
