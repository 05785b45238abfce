"""One pull request's comments behind a socket of this machine, for the whole command."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.forges.desks import Issue, answer
from threadsync.flows.effects import JsonBody, Request, Response, Visibility

TOKEN = "canary-token-8e1d"


@dataclass
class Forge:
    """Pull requests by number, and which of them brought a commit."""

    pulls: dict[int, Issue] = field(default_factory=dict)
    brought: dict[str, list[int]] = field(default_factory=dict)
    url: str = ""
    tokens: list[str] = field(default_factory=list)
    """What each request was opened with."""

    def handle(self, method: str, path: str, body: object) -> Response:
        parts = path.strip("/").split("/")
        if "commits" in parts:
            found = self.brought.get(parts[parts.index("commits") + 1], [])
            return answer(200, [{"number": each, "merged_at": "2026-11-21T00:00:00Z"} for each in found])
        if path == "/user":
            return answer(403, {"message": "Resource not accessible by integration"})
        issue = self._issue(parts)
        if issue is None:
            return answer(404, {"message": "Not Found"})
        seen = Visibility.READ if method == "GET" else Visibility.VISIBLE
        content = JsonBody(body) if isinstance(body, dict) else None
        outcome = issue.perform(Request(method, path, body=content, visibility=seen))
        assert isinstance(outcome, Response)
        return outcome

    def _issue(self, parts: list[str]) -> Issue | None:
        if parts[-2] == "comments":
            comment = int(parts[-1])
            return next((each for each in self.pulls.values() if comment in each.comments), None)
        return self.pulls.get(int(parts[parts.index("issues") + 1]))


@contextmanager
def serving() -> Iterator[Forge]:
    """Serve a forge on a free port."""
    forge = Forge()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("content-length", "0")))
            forge.tokens.append(self.headers.get("authorization", ""))
            path = self.path.partition("?")[0]
            reply = forge.handle(self.command, path, json.loads(sent) if sent else None)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815  (the library's names)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  (the library's name)
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    forge.url = f"http://127.0.0.1:{server.server_port}"
    worker = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    worker.start()
    try:
        yield forge
    finally:
        server.shutdown()
        server.server_close()
        worker.join()
