"""The transports that the same tests run against; what they send, and to where."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from tests.execution.servers import Script, answering
from threadsync.execution.async_transport import AsyncTransport
from threadsync.execution.clock import SystemClock
from threadsync.execution.transport import Transport
from threadsync.execution.wire import Endpoint
from threadsync.flows.effects import Body, NoResponse, Request, Response, Visibility
from threadsync.model.ids import MAIN, MediaDigest
from threadsync.model.secret import SecretText

TOKEN = "CANARY/t0ken+with=signs"
MEDIA = MediaDigest("0" * 64)
SOON = 0.2
"""How long a request may take that is to time out, in seconds."""


class AnyTransport(Protocol):
    """What both transports are to a test that waits for each answer."""

    def perform(self, endpoint: Endpoint, request: Request) -> Response | NoResponse: ...


class Looped:
    """An AsyncTransport with a loop of its own that runs while a request does."""

    def __init__(self, transport: AsyncTransport, runner: asyncio.Runner) -> None:
        self.transport = transport
        self.runner = runner

    def perform(self, endpoint: Endpoint, request: Request) -> Response | NoResponse:
        return self.runner.run(self.transport.perform(endpoint, request))


class Open(Protocol):
    """Opens a transport of one kind."""

    def __call__(
        self, *, proxy: str = "", ca_file: Path | None = None
    ) -> AbstractContextManager[AnyTransport]: ...


def _of_requests(*, proxy: str = "", ca_file: Path | None = None) -> Iterator[AnyTransport]:
    with Transport(SystemClock(), proxy=proxy, ca_file=ca_file) as transport:
        yield transport


def _of_aiohttp(*, proxy: str = "", ca_file: Path | None = None) -> Iterator[AnyTransport]:
    with asyncio.Runner() as runner:
        transport = AsyncTransport(SystemClock(), proxy=proxy, ca_file=ca_file)
        try:
            yield Looped(transport, runner)
        finally:
            runner.run(transport.close())


OPEN: dict[str, Open] = {
    "requests": contextmanager(_of_requests),
    "aiohttp": contextmanager(_of_aiohttp),
}


def endpoint(url: str, media: Path | None = None, token: str = TOKEN) -> Endpoint:
    def path_of(_: MediaDigest) -> Path:
        assert media is not None
        return media

    return Endpoint(url, lambda _: SecretText(token), path_of)


def perform(
    transport: AnyTransport, url: str, request: Request, media: Path | None = None
) -> Response | NoResponse:
    return transport.perform(endpoint(url, media), request)


def post(body: Body = None, *, timeout: float | None = None) -> Request:
    return Request(
        "POST", "/publish", body=body, auth=MAIN, visibility=Visibility.VISIBLE, timeout_seconds=timeout
    )


def redirecting(location: str, status: str = "302 Found") -> Script:
    return answering(b"", f"Location: {location}", status=status)
