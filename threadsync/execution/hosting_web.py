"""Media that need not be sent anywhere: served from here to a sandbox, or on a web server already."""

from __future__ import annotations

import mimetypes
import shutil
import sys
import threading
from collections.abc import Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from types import TracebackType
from urllib.parse import quote

from threadsync.execution.hosting_file import md5_of, media_file
from threadsync.execution.hosting_probe import FETCH_SECONDS, Prober, Seen
from threadsync.model.facts import MediaProblem
from threadsync.model.ids import MediaDigest, PublicUrl


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

    def known(self, media: MediaDigest, path: Path) -> PublicUrl:
        """Serve *path* from now on, and return its address; the server starts with the first one."""
        if self._server is None:
            self._server = _Server(("127.0.0.1", 0), partial(_Handler, self._files))
            self._serving = threading.Thread(
                target=self._server.serve_forever, args=(0.05,), name="threadsync-media", daemon=True
            )
            self._serving.start()
        name = f"/{media}{path.suffix.lower()}"
        self._files[name] = path
        return PublicUrl(f"http://127.0.0.1:{self._server.server_port}{name}")

    def place(self, media: MediaDigest, path: Path) -> PublicUrl:
        """Serve *path*, as ``known`` does."""
        return self.known(media, path)

    def check(self, media: MediaDigest, path: Path) -> MediaProblem | None:
        """Return why *path* is not what it was; None where it is."""
        file = media_file(media, path)
        if isinstance(file, MediaProblem):
            return file
        md5 = md5_of(file)
        return md5 if isinstance(md5, MediaProblem) else None

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

    def __init__(self, url: str, root: Path, prober: Prober) -> None:
        self._url = url.rstrip("/")
        self._root = root
        self._prober = prober
        self._seen = Seen(prober.clock)

    def known(self, media: MediaDigest, path: Path) -> PublicUrl | None:
        """Return the address of *path*, if it was seen to be served a short while ago."""
        return self._seen.url_of(media)

    def place(self, media: MediaDigest, path: Path) -> PublicUrl | MediaProblem:
        """Return the address of *path*, if its beginning is served there now."""
        url, file = self._url_of(path), media_file(media, path)
        if isinstance(url, MediaProblem) or isinstance(file, MediaProblem):
            return file if isinstance(file, MediaProblem) else url
        return self._prober.settled(url, file) or url

    def check(self, media: MediaDigest, path: Path) -> MediaProblem | None:
        """Return why the address does not serve *path* as it is on disk; None where it does."""
        url, file = self._url_of(path), media_file(media, path)
        if isinstance(url, MediaProblem):
            return url
        if isinstance(file, MediaProblem):
            return file
        found = self._prober.look(url, file, whole=True)
        if found is None:
            self._seen.add(media, url)
        return None if found is None else found.problem

    def _url_of(self, path: Path) -> PublicUrl | MediaProblem:
        if not path.is_relative_to(self._root) or ".." in path.relative_to(self._root).parts:
            problem = f"{path} is not below {self._root}, which {self._url} serves"
            return MediaProblem(problem, "Move the file there, or correct root: under media_hosts:.")
        return PublicUrl(f"{self._url}/{quote(path.relative_to(self._root).as_posix())}")

    def close(self) -> None:
        """Do nothing: the web server is not ours."""
