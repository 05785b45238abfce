"""Connections that know two things of the request they carry: did it begin to go out, and is it late.

Whether a failed request may have acted decides whether it must be settled, so it is observed where
bytes are written, not guessed from the kind of an exception. And one deadline holds for all of a
request: sockets alone limit only single reads, which a server that drips can stretch for ever.
"""

from __future__ import annotations

import errno
import io
import socket
import ssl
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from http.client import IncompleteRead as BodyBrokenOff
from typing import TYPE_CHECKING

from msgspec import Struct
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from threadsync.execution import reasons
from threadsync.execution.reasons import Table
from threadsync.model.urls import is_public

if TYPE_CHECKING:
    from http.client import _DataType

    from _typeshed import WriteableBuffer


class Exchange(Struct):
    """One request on its way, and its answer; a worker has one at a time."""

    monotonic: Callable[[], float]
    deadline_seconds: float = 0.0
    sent: bool = False
    """Whether a byte of the request may have left; never turned back."""
    connecting: bool = False
    public_only: bool = False
    """Whether nothing may be asked of this machine or of a network of its own."""

    def begin(self, timeout_seconds: float, *, public_only: bool = False) -> None:
        """Begin anew, with *timeout_seconds* for everything."""
        self.deadline_seconds = self.monotonic() + timeout_seconds
        self.public_only = public_only
        self.sent = False
        self.connecting = False

    def left_seconds(self) -> float:
        """Return how much time is left.

        Raises:
            TimeoutError: none.
        """
        left = self.deadline_seconds - self.monotonic()
        if left <= 0:
            raise TimeoutError("the time for this request is up")
        return left


class _PunctualReader(io.RawIOBase):
    """What comes out of a socket, each read within what is left of the exchange's time."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, exchange: Exchange) -> None:
        self._raw = raw
        self._sock = sock
        self._exchange = exchange

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        self._sock.settimeout(self._exchange.left_seconds())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def observed_pools(exchange: Exchange) -> dict[str, type[HTTPConnectionPool]]:
    """Return connection pools, by scheme, whose connections report to *exchange* and obey its deadline."""

    class PunctualResponse(HTTPResponse):
        def __init__(
            self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None
        ) -> None:
            super().__init__(sock, debuglevel, method, url)
            self.fp = io.BufferedReader(_PunctualReader(self.fp.detach(), sock, exchange))

    class ObservedConnection(HTTPConnection):
        response_class = PunctualResponse

        def connect(self) -> None:
            exchange.connecting = True
            try:
                super().connect()
            finally:
                exchange.connecting = False

        def _new_conn(self) -> socket.socket:
            # Before TLS begins, which would tell a private server of the name that led to it.
            sock = super()._new_conn()
            if exchange.public_only:
                try:
                    _refuse_private(sock)
                except OSError:
                    sock.close()
                    raise
            return sock

        def send(self, data: _DataType | str) -> None:
            if self.sock is None:
                self.connect()
            if exchange.public_only:  # one that was open already, too
                _refuse_private(self.sock)
            # Looking a name up has no limit of its own: what went well too late is not sent.
            self.sock.settimeout(exchange.left_seconds())
            if not exchange.connecting:  # what is said to a proxy to get through is not the request
                exchange.sent = True
            super().send(data)

    class ObservedTlsConnection(ObservedConnection, HTTPSConnection):
        pass

    class Pool(HTTPConnectionPool):
        ConnectionCls = ObservedConnection

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = ObservedTlsConnection

    return {"http": Pool, "https": TlsPool}


def _refuse_private(sock: socket.socket) -> None:
    """Refuse to say a word to what is not on the public internet, whatever its name is.

    Asked of the connection itself: what a name led to a moment ago says nothing of where it leads now.

    Raises:
        OSError: it is not.
    """
    address = str(sock.getpeername()[0])
    if not is_public(address):
        raise OSError(errno.EACCES, f"it is at {address}, which the public internet does not reach")


_WHY: Table = (
    ((ssl.SSLError, SSLError), reasons.NO_TLS),
    ((ConnectionRefusedError,), reasons.REFUSED),
    ((BodyBrokenOff,), reasons.BROKE_OFF),
    ((DecodeError,), reasons.DAMAGED),
    ((ConnectionError,), reasons.CLOSED),
    ((TimeoutError, ReadTimeoutError), reasons.LATE),
    ((HTTPException,), reasons.NOT_HTTP),
)


def why(error: BaseException, *, limit_seconds: float) -> str:
    """Say in our own words why there is no answer."""
    return reasons.explained(error, _WHY, limit_seconds=limit_seconds)


def surely_unsent(error: BaseException) -> bool:
    """Whether *error* tells by itself that no connection was made, where nobody observed it."""
    return any(isinstance(each, _UNCONNECTED) for each in reasons.causes(error))


_UNCONNECTED = (ConnectTimeoutError, ProxyError, ssl.SSLCertVerificationError)
"""Also a refused connection and an unknown name are the first of them; the second is not getting through a
proxy; and a certificate is verified before anything is sent."""
