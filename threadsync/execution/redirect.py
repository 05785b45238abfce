"""Taking the answer of an authorization: the browser is sent to a port of this machine, and is met there.

One answer is waited for, on the loopback interface alone, and what was asked for is handed on as it is. The
page that answers it says the same whatever came, and nothing of the request. A thread of its own waits: a
browser in the terminal (lynx, w3m) is used and left before the command that opened it goes on.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Final
from urllib.parse import parse_qs, urlsplit

from threadsync.errors import ProjectError, ProviderError
from threadsync.execution.clock import Times
from threadsync.model.urls import is_loopback, port_of

WAIT_SECONDS: Final = 600.0
"""How long the browser is waited for: a person logs in, looks for a second factor, reads what is asked."""
LOOK_SECONDS: Final = 0.5
"""How often it is looked whether that time is over."""
READ_SECONDS: Final = 5.0
"""How long whoever connects may take to say what it wants."""

PAGE: Final = (
    b"<!doctype html><meta charset=utf-8><title>threadsync</title>"
    b"<p>Go back to the terminal: threadsync has the answer. This page can be closed."
)


def can_be_met(redirect_uri: str) -> bool:
    """Whether a browser that is sent to *redirect_uri* comes to this machine, and without a certificate."""
    return redirect_uri.startswith("http://") and is_loopback(redirect_uri)


class Meeting:
    """A port of this machine that waits for the browser."""

    def __init__(self, server: _Server) -> None:
        self._server = server

    def answer(self, clock: Times, *, stuck: str, wait_seconds: float = WAIT_SECONDS) -> str:
        """Return the whole address that the browser was sent to.

        *stuck* says what to look at where the browser shows an error instead.

        Raises:
            ProviderError: it did not come in time.
        """
        until_seconds = clock.monotonic() + wait_seconds
        while not self._server.came.wait(LOOK_SECONDS) and clock.monotonic() < until_seconds:
            pass
        if not self._server.answer:
            raise ProviderError(
                f"the browser was not sent back within {wait_seconds / 60:.0f} minutes; nothing was stored",
                remedy=f"If it shows an error: {stuck} Then run this again; with --no-browser the text of "
                "the "
                "page can be pasted here, and is explained.",
            )
        return self._server.answer


@contextmanager
def meeting(redirect_uri: str) -> Iterator[Meeting]:
    """Wait at *redirect_uri*, an address of this machine, for the length of a block.

    Raises:
        ProjectError: the port cannot be had.
    """
    parts = urlsplit(redirect_uri)
    host = "127.0.0.1" if parts.hostname in {None, "localhost"} else str(parts.hostname)
    try:
        server = (_Server6 if ":" in host else _Server)(host, port_of(parts), redirect_uri)
    except OSError as error:
        raise ProjectError(
            f"the redirect URI is {redirect_uri}, and that port cannot be had: {error.strerror}",
            remedy="End what holds the port, or log in with --no-browser: then the address that the browser "
            "ends "
            "on is pasted here.",
        ) from error
    with server:
        waiting = threading.Thread(target=server.serve_forever, args=(LOOK_SECONDS,), daemon=True)
        waiting.start()
        try:
            yield Meeting(server)
        finally:
            server.shutdown()
            waiting.join()


class _Server(HTTPServer):
    # On Windows, reusing an address would let another program take the port from under us.
    allow_reuse_address = os.name == "posix"

    def __init__(self, host: str, port: int, redirect_uri: str) -> None:
        self.redirect_uri = redirect_uri
        self.answer = ""
        self.came = threading.Event()
        super().__init__((host, port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a browser that goes away; what it asked for, it asks for again."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # just what it was given


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(BaseHTTPRequestHandler):
    timeout = READ_SECONDS
    server: _Server

    def do_GET(self) -> None:
        """Take the answer; what else a browser asks for (an icon) is not there."""
        expected, came = urlsplit(self.server.redirect_uri), urlsplit(self.path)
        said = parse_qs(came.query, keep_blank_values=True)
        is_answer = (came.path or "/") == (expected.path or "/") and bool({"code", "error"} & said.keys())
        self.send_response(200 if is_answer else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Connection", "close")
        # The address of this page holds the code: it goes to nobody, and into no cache.
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(PAGE if is_answer else b"")
        if is_answer:
            self.server.answer = f"{expected.scheme}://{expected.netloc}{self.path}"
            self.server.came.set()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is the library's)
        """Say nothing: the address holds the code."""
