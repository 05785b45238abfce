"""Media at an address that a network can fetch: served from here to a sandbox, or found on a web server.

A network takes what the address serves, whenever it asks; so before anything is published, what is
served is compared with the file on disk.
"""

from __future__ import annotations

import hashlib
import mimetypes
import shutil
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, TypeAlias
from urllib.parse import quote, urlsplit

from threadsync.flows.effects import Hosted, NoResponse
from threadsync.model.ids import MediaDigest, PublicUrl, TargetName
from threadsync.model.target import MediaHost, Target
from threadsync.model.urls import is_loopback

if TYPE_CHECKING:
    from threadsync.execution.transport import Fetched

FETCH_SECONDS = 60.0
"""How long reading back one hosted file may take, besides what its size takes."""

FETCH_BYTES_PER_SECOND = 1_000_000
"""How fast a web server is at least: a video of 1 GB gets a quarter of an hour."""

FETCH_BYTES_MORE = 1024 * 1024
"""How many bytes more than the file's are read before they count as another file's."""


class Fetch(Protocol):
    """Reads a public address; ``Transport.fetch`` is one."""

    def __call__(self, url: str, *, bytes_max: int, timeout_seconds: float) -> Fetched | NoResponse:
        """Return what *url* serves, or why nothing came."""
        ...


class MediaHostAdapter(Protocol):
    """One way for media files to reach a public address."""

    def url_of(self, media: MediaDigest, path: Path) -> Hosted:
        """Return the address of *path*, whose bytes are *media*."""
        ...

    def check(self, media: MediaDigest, path: Path) -> str:
        """Return why *path* is not served as it is on disk; empty where it is."""
        ...

    def close(self) -> None:
        """Stop serving."""
        ...


class LoopbackHost:
    """Serves files to this machine, for a sandbox; nothing but those it was asked for."""

    def __init__(self) -> None:
        self._files: dict[str, Path] = {}
        self._server: ThreadingHTTPServer | None = None
        self._serving: threading.Thread | None = None

    def __enter__(self) -> LoopbackHost:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def url_of(self, media: MediaDigest, path: Path) -> Hosted:
        """Serve *path* from now on, and return its address; the server starts with the first one."""
        if self._server is None:
            self._server = _Server(("127.0.0.1", 0), partial(_Handler, self._files))
            self._serving = threading.Thread(
                target=self._server.serve_forever, args=(0.05,), name="threadsync-media", daemon=True
            )
            self._serving.start()
        name = f"/{media}{path.suffix.lower()}"
        self._files[name] = path
        return Hosted(PublicUrl(f"http://127.0.0.1:{self._server.server_port}{name}"))

    def check(self, media: MediaDigest, path: Path) -> str:
        """Return why *path* is not what it was; empty where it is."""
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            return f"{path} cannot be read: {error.strerror}"
        return "" if digest == media else f"{path} has other bytes than when the post was read"

    def close(self) -> None:
        """Stop serving."""
        if self._server is not None and self._serving is not None:
            self._server.shutdown()
            self._server.server_close()
            self._serving.join()
        self._server = self._serving = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: object) -> None:
        """Show what went wrong; but a client that goes away in the middle is its own affair."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    timeout = FETCH_SECONDS

    def __init__(self, files: Mapping[str, Path], *connection: object) -> None:
        self._files = files
        super().__init__(*connection)  # type: ignore[arg-type]  # what socketserver hands over

    def do_GET(self) -> None:
        """Send a file."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Say what a file is."""
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        path = self._files.get(self.path)
        if path is None or not path.is_file():
            self.send_error(404)
            return
        with path.open("rb") as file:
            self.send_response(200)
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(path.stat().st_size))
            self.end_headers()
            if with_body:
                shutil.copyfileobj(file, self.wfile)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it)
        """Say nothing: standard error belongs to the command."""


class UrlPrefixHost:
    """Files that a web server has already: *url* serves what is below *root*."""

    def __init__(self, url: str, root: Path, fetch: Fetch) -> None:
        self._url = url.rstrip("/")
        self._root = root
        self._fetch = fetch

    def url_of(self, media: MediaDigest, path: Path) -> Hosted:
        """Return the address of *path*: the prefix, and its path below the root."""
        if not path.is_relative_to(self._root) or ".." in path.relative_to(self._root).parts:
            return Hosted(None, f"{path} is not below {self._root}, which {self._url} serves")
        below = quote(path.relative_to(self._root).as_posix())
        return Hosted(PublicUrl(f"{self._url}/{below}"))

    def check(self, media: MediaDigest, path: Path) -> str:
        """Return why the address does not serve *path* as it is on disk; empty where it does."""
        hosted = self.url_of(media, path)
        if hosted.url is None:
            return hosted.problem
        if urlsplit(hosted.url).scheme != "https" and not is_loopback(hosted.url):
            return f"{hosted.url} is not https: networks do not fetch from it"
        try:
            size = path.stat().st_size
        except OSError as error:
            return f"{path} cannot be read: {error.strerror}"
        seconds = FETCH_SECONDS + size / FETCH_BYTES_PER_SECOND
        served = self._fetch(hosted.url, bytes_max=size + FETCH_BYTES_MORE, timeout_seconds=seconds)
        if isinstance(served, NoResponse):
            return f"{hosted.url} cannot be fetched: {served.reason}"
        if served.status != 200:
            return f"{hosted.url} answers {served.status}"
        if served.sha256 != media:
            sizes = f"{served.size} instead of {size} bytes"
            return f"{hosted.url} serves other bytes than the file on disk ({sizes})"
        return ""

    def close(self) -> None:
        """Do nothing: the web server is not ours."""


_Make: TypeAlias = Callable[[MediaHost], MediaHostAdapter]


class MediaHosts:
    """The media hosts of a project, each opened when it is first needed.

    *files* says where each media file is; paths of the project are relative to *project_root*.
    """

    def __init__(
        self,
        *,
        targets: Mapping[TargetName, Target],
        hosts: Mapping[str, MediaHost],
        files: Mapping[MediaDigest, Path],
        project_root: Path,
        fetch: Fetch,
    ) -> None:
        self._targets = targets
        self._hosts = hosts
        self._files = files
        self._open: dict[str, MediaHostAdapter] = {}
        self._kinds: dict[str, _Make] = {
            "loopback": lambda _: LoopbackHost(),
            "url_prefix": lambda host: UrlPrefixHost(host.url, project_root / host.root, fetch),
        }

    def __enter__(self) -> MediaHosts:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for adapter in self._open.values():
            adapter.close()

    def url_of(self, target: TargetName, media: MediaDigest) -> Hosted:
        """Return the address that *target*'s network fetches *media* from, or why there is none."""
        adapter, path = self._adapter(target), self._files.get(media)
        if isinstance(adapter, str):
            return Hosted(None, adapter)
        if path is None:
            return Hosted(None, _unknown(media))
        return adapter.url_of(media, path)

    def check(self, target: TargetName, media: MediaDigest) -> str:
        """Return why *target*'s network would not get *media* as it is on disk; empty where it would."""
        adapter, path = self._adapter(target), self._files.get(media)
        if isinstance(adapter, str):
            return adapter
        return _unknown(media) if path is None else adapter.check(media, path)

    def _adapter(self, target: TargetName) -> MediaHostAdapter | str:
        name = self._targets[target].media_host
        if name is None:
            return f"{target} has no media_host: its network fetches media itself, from a public address"
        if name not in self._hosts:
            return f"{target} has the media_host {name}, and media_hosts has no such entry"
        if name not in self._open:
            host = self._hosts[name]
            self._open[name] = self._kinds[host.kind](host)
        return self._open[name]


def _unknown(media: MediaDigest) -> str:
    return f"no file of the project has the sha256 {media} any more"
