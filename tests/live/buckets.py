"""Buckets that keep conditions, on real servers, and a proxy before them that breaks off what it is to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests

from tests.live.stores import ACCESS_KEY, SECRET_KEY, free_port, make_bucket, serving
from threadsync.execution.clock import SystemClock

BUCKET = "states"
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account that the emulator has, and its key
(https://learn.microsoft.com/en-us/azure/storage/common/storage-use-azurite)."""
KEYS = {"STATE_ACCESS": ACCESS_KEY, "STATE_SECRET": SECRET_KEY, "STATE_ACCOUNT": ACCOUNT_KEY}
"""The environment of whoever uses one."""


@dataclass(frozen=True)
class Place:
    """A server with a bucket for states."""

    endpoint: str
    is_azure: bool = False
    is_quick: bool = False
    """Whether every case is played on it, and not some."""

    def state(self, prefix: str, endpoint: str = "") -> str:
        """Return what ``state:`` of a project says that keeps its state below *prefix*."""
        at = endpoint or self.endpoint
        if self.is_azure:
            at = f"{at}/{ACCOUNT}"
            keys = "account: devstoreaccount1, credentials: {account_key: env:STATE_ACCOUNT}"
            return f"{{bucket: 'az://{BUCKET}/{prefix}', endpoint: '{at}', {keys}}}"
        keys = "region: us-east-1, credentials: {access_key: env:STATE_ACCESS, secret_key: env:STATE_SECRET}"
        return f"{{bucket: 's3://{BUCKET}/{prefix}', endpoint: '{at}', {keys}}}"


@contextmanager
def moto(folder: Path) -> Iterator[Place]:
    """Serve S3 as moto has it."""
    port = free_port()
    with serving(sys.executable, "-m", "moto.server", "-p", str(port), port=port, log=folder / "moto.log"):
        place = Place(f"http://127.0.0.1:{port}", is_quick=True)
        requests.put(f"{place.endpoint}/{BUCKET}", timeout=10).raise_for_status()
        yield place


def program(name: str) -> str | None:
    """Return where a server's program is: beside this Python, or on the path."""
    return shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


@contextmanager
def seaweed(folder: Path) -> Iterator[Place]:
    """Serve S3 as SeaweedFS has it, which checks signatures."""
    words, keys = program("weed"), {"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}
    assert words is not None
    rights = {"identities": [{"name": "live", "credentials": [keys], "actions": ["Admin"]}]}
    (folder / "s3.json").write_text(json.dumps(rights))
    (folder / "weed").mkdir()
    ports = {name: free_port() for name in ("s3", "master", "volume", "filer")}
    flags = [f"-{name}.port={port}" for name, port in ports.items()]
    flags += [f"-{name}.port.grpc={free_port()}" for name in ports]
    flags += [f"-dir={folder / 'weed'}", "-ip=127.0.0.1", "-s3", f"-s3.config={folder / 's3.json'}"]
    with serving(words, "server", *flags, port=ports["s3"], log=folder / "weed.log"):
        place = Place(f"http://127.0.0.1:{ports['s3']}")
        make_bucket(place.endpoint, BUCKET)
        yield place


@contextmanager
def azurite(folder: Path) -> Iterator[Place]:
    """Serve Azure's blobs as Microsoft's emulator does."""
    words, port = program("azurite-blob"), free_port()
    assert words is not None
    flags = (
        "--blobPort",
        str(port),
        "--location",
        str(folder),
        "--disableTelemetry",
        "--skipApiVersionCheck",
    )
    with serving(words, *flags, port=port, log=folder / "azurite.log"):
        made = {"x-ms-date": format_datetime(SystemClock().now(), usegmt=True), "x-ms-version": "2023-11-03"}
        lines = ["PUT", *[""] * 11, *(f"{name}:{value}" for name, value in made.items())]
        lines += [f"/{ACCOUNT}/{ACCOUNT}/{BUCKET}", "restype:container"]
        by = hmac.new(base64.b64decode(ACCOUNT_KEY), "\n".join(lines).encode(), hashlib.sha256).digest()
        signed = {"Authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(by).decode()}", **made}
        url = f"http://127.0.0.1:{port}/{ACCOUNT}/{BUCKET}?restype=container"
        requests.put(url, headers=signed, timeout=10).raise_for_status()
        yield Place(f"http://127.0.0.1:{port}", is_azure=True)


def never(_number: int) -> str:
    return ""


@dataclass
class Proxy:
    """Passes requests on, and says of each by its number what becomes of it.

    *trouble* says ``before`` (the connection ends, and nothing is passed on), ``after`` (what the server
    answers is kept back), ``hangs`` (until the end), or nothing.
    """

    far: str
    trouble: Callable[[int], str] = never
    ahead_seconds: float = 0.0
    """How far the clock of the store is ahead in what it says of now; what it says was written stays."""
    asked: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def shifted(self, date: str) -> str:
        at = parsedate_to_datetime(date) + timedelta(seconds=self.ahead_seconds)
        return format_datetime(at, usegmt=True)


@contextmanager
def proxied(place: Place) -> Iterator[tuple[Proxy, str]]:
    """Stand before *place*; yields what steers it, and its address."""
    proxy = Proxy(place.endpoint.removeprefix("http://"))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            number = len(proxy.asked)
            proxy.asked.append(f"{self.command} {self.path.partition('?')[0]}")
            match proxy.trouble(number):
                case "before":
                    self.close_connection = True
                    return
                case "hangs":
                    proxy.ended.wait()
                    self.close_connection = True
                    return
                case trouble:
                    pass
            far = http.client.HTTPConnection(proxy.far, timeout=30)
            try:
                far.request(self.command, self.path, body, dict(self.headers))
                answer = far.getresponse()
                content = answer.read()
            finally:
                far.close()
            if trouble == "after":
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {"content-length", "transfer-encoding", "connection", "keep-alive"}:
                    self.send_header(name, proxy.shifted(value) if name.lower() == "date" else value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_DELETE = answer  # noqa: N815  (so they are called there)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    worker = threading.Thread(target=server.serve_forever, args=(0.02,))
    worker.start()
    try:
        yield proxy, f"http://127.0.0.1:{server.server_port}"
    finally:
        proxy.ended.set()
        server.shutdown()
        worker.join()
        server.server_close()
