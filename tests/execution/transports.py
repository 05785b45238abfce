"""What the tests of the transport send, and to where."""

from __future__ import annotations

from pathlib import Path

from tests.execution.servers import Script, answering
from threadsync.execution.transport import Endpoint, Transport
from threadsync.flows.effects import Body, NoResponse, Request, Response, Visibility
from threadsync.model.ids import MAIN, MediaDigest
from threadsync.model.secret import SecretText

TOKEN = "CANARY/t0ken+with=signs"
MEDIA = MediaDigest("0" * 64)
SOON = 0.2
"""How long a request may take that is to time out, in seconds."""


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


def redirecting(location: str, status: str = "302 Found") -> Script:
    return answering(b"", f"Location: {location}", status=status)
