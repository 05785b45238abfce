"""A web server with pictures, for a sandbox to fetch."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class MediaHost:
    base_url: str
    files: dict[str, bytes]

    def add(self, name: str, content: bytes) -> str:
        self.files[f"/{name}"] = content
        return f"{self.base_url}/{name}"


@contextmanager
def media_serving() -> Iterator[MediaHost]:
    """A web server with the pictures that are put there; it ends with the block."""
    files: dict[str, bytes] = {}

    class Files(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path)
            self.send_response(302 if self.path == "/moved" else 200 if content is not None else 404)
            if self.path == "/moved":
                self.send_header("Location", "/map.png")
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    worker = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    worker.start()
    try:
        yield MediaHost(f"http://127.0.0.1:{server.server_port}", files)
    finally:
        server.shutdown()
        worker.join()
        server.server_close()
