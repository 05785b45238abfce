"""The preview's server: in the background of ``watch``, on this machine's own address and nowhere else."""

from __future__ import annotations

import errno
import secrets
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from msgspec import Struct

from threadsync.errors import WatchError
from threadsync.web.app import make_app
from threadsync.web.hub import Hub
from threadsync.web.showing import Showing

HOST = "127.0.0.1"
PORT = 8472
"""Where the preview is, unless another port is asked for."""
GRACE_SECONDS = 1
_BACKLOG = 64


class Served(Struct, frozen=True):
    """A running preview."""

    address: str
    showing: Showing


@contextmanager
def served(port: int = PORT) -> Iterator[Served]:
    """Serve a preview for the length of a ``with`` block; the port 0 takes a free one.

    Raises:
        WatchError: the port is taken, or may not be listened on.
    """
    with _listener(port) as listener:
        hub = Hub()
        showing = Showing(secrets.token_hex(8), hub.tell)
        server = uvicorn.Server(
            uvicorn.Config(
                make_app(showing, hub),
                ws="none",
                lifespan="off",
                loop="asyncio",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        worker = threading.Thread(
            target=server.run, args=([listener],), name="threadsync-preview", daemon=True
        )
        worker.start()
        try:
            yield Served(f"http://{HOST}:{listener.getsockname()[1]}/", showing)
        finally:
            hub.tell(None)
            server.should_exit = True
            worker.join()


def _listener(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # A port that was ours a moment ago may be taken again; one that is listened on still may not.
        # Windows says the first by itself, and with SO_REUSEADDR it would allow the second.
        if sys.platform == "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        taken = "it is in use" if error.errno == errno.EADDRINUSE else error.strerror or "the system says no"
        raise WatchError(
            f"the preview cannot listen on port {port}: {taken}.",
            where=f"{HOST}:{port}",
            remedy="Stop what listens there, or choose another port with --port (0 takes a free one).",
        ) from error
    return listener
