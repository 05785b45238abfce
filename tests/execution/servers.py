"""Little servers on this machine that answer as they are told to, also badly."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import TypeAlias

PATIENCE_SECONDS = 5.0
"""How long a server waits for a client before the test counts as broken."""


class Peer:
    """One accepted connection, as its script sees it."""

    def __init__(self, server: Server, sock: socket.socket) -> None:
        self._server = server
        self.sock = sock
        self._buffer = b""

    def request(self) -> bytes:
        """Read one whole request (with its body, if it has a Content-Length); empty at the end."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return b""
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        while len(rest) < length and self._more():
            rest = self._buffer.partition(b"\r\n\r\n")[2]
        whole, self._buffer = head + b"\r\n\r\n" + rest[:length], rest[length:]
        self._server.requests.append(whole)
        return whole

    def _more(self) -> bool:
        received = self.sock.recv(65536)
        self._buffer += received
        return bool(received)

    def send(self, *parts: bytes) -> None:
        self.sock.sendall(b"".join(parts))

    def answer(self, body: bytes = b"{}", *headers: str, status: str = "200 OK") -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
        self.send("\r\n".join(lines).encode(), b"\r\n\r\n", body)

    def hang(self) -> None:
        """Say nothing until the test is over."""
        self._server.over.wait(PATIENCE_SECONDS)


Script: TypeAlias = Callable[[Peer], None]


class Server:
    """Serves each connection with the next of *scripts*; the last one serves all further ones."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = list(scripts)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.requests: list[bytes] = []
        """Every request that came in whole."""
        self.connections = 0
        self.over = threading.Event()
        self._accepted: list[socket.socket] = []
        self._workers = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Server:
        self._workers[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._accepted:
            with suppress(OSError):  # it is closed already
                sock.shutdown(socket.SHUT_RDWR)
        for worker in self._workers:
            worker.join(PATIENCE_SECONDS)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self.connections += 1
            self._accepted.append(sock)
            sock.settimeout(PATIENCE_SECONDS)
            worker = threading.Thread(target=self._serve, args=(script, sock))
            self._workers.append(worker)
            worker.start()

    def _serve(self, script: Script, sock: socket.socket) -> None:
        with sock:
            try:
                script(Peer(self, sock))
            except OSError:
                return  # the client went away, as some tests want it to


def answering(body: bytes = b"{}", *headers: str, status: str = "200 OK") -> Script:
    """Answer every request of a connection in the same way."""

    def script(peer: Peer) -> None:
        while peer.request():
            peer.answer(body, *headers, status=status)

    return script


def header(request: bytes, name: str) -> str | None:
    """Return a header of a request as it came in."""
    for line in request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
        key, _, value = line.decode().partition(": ")
        if key.lower() == name:
            return value
    return None


def target_of(request: bytes) -> str:
    """Return method and path of a request as it came in."""
    return request.partition(b" HTTP/1.1\r\n")[0].decode()


def body_of(request: bytes) -> bytes:
    """Return the body of a request as it came in."""
    return request.partition(b"\r\n\r\n")[2]
