"""The noticeboard itself, as far as its writers know it: in memory, and over HTTP on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import parse_qs, unquote, urlsplit

from threadsync.flows.effects import JsonBody, Request, Response
from threadsync.testing.contract import LivePost


@dataclass
class Noticeboard:
    """One board, with one writer."""

    notes: dict[str, dict[str, object]] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    """The name of every note that was ever made."""

    def answer(self, request: Request, now: datetime) -> Response:
        """Answer a request of a flow."""
        params = {name: str(value) for name, value in request.params.items()}
        body = request.body.value if isinstance(request.body, JsonBody) else None
        return self.handle(request.method, request.path, params, body, now)

    def live(self) -> list[LivePost]:
        """Return every note that is up."""
        return [LivePost(name, str(each["text"]), _maybe(each["above"])) for name, each in self.notes.items()]

    def handle(
        self, method: str, path: str, params: Mapping[str, str], body: object, now: datetime
    ) -> Response:
        """Answer a call."""
        name = unquote(path.removeprefix("/notes/")) if path.startswith("/notes/") else ""
        match method, path:
            case "GET", "/me":
                return _said(200, {"id": "7", "handle": "main"}, now)
            case "GET", "/notes":
                since = datetime.fromisoformat(params["since"])
                found = [each for each in self.notes.values() if _time(each) >= since]
                return _said(200, {"notes": found[::-1][: int(params["limit"])]}, now)
            case "GET", _ if name in self.notes:
                return _said(200, self.notes[name], now)
            case "PUT", _ if name and isinstance(body, dict):
                if name not in self.notes:
                    self.made.append(name)
                    url = f"https://noticeboard.example/notes/{name}"
                    self.notes[name] = {"name": name, **body, "at": now.isoformat(), "url": url}
                return _said(200, self.notes[name], now)
            case "DELETE", _ if name in self.notes:
                del self.notes[name]
                return _said(200, {}, now)
            case _:
                return _said(404, {}, now)


def _maybe(value: object) -> str | None:
    return None if value is None else str(value)


def _time(each: Mapping[str, object]) -> datetime:
    return datetime.fromisoformat(str(each["at"]))


def _said(status: int, body: object, now: datetime) -> Response:
    headers = {"date": format_datetime(now.astimezone(UTC), usegmt=True)}
    return Response(status, json.dumps(body).encode(), headers)


@contextmanager
def served(
    board: Noticeboard, clock: Callable[[], datetime], moment: Callable[[str], None] = lambda _: None
) -> Iterator[str]:
    """Serve *board* on this machine; *moment* is told before it acts on a call, and before it answers."""
    lock = Lock()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            url = urlsplit(self.path)
            sent = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            params = {name: values[0] for name, values in parse_qs(url.query).items()}
            with lock:
                moment(f"{self.command} {url.path}, asked")
                answer = board.handle(
                    self.command, url.path, params, json.loads(sent) if sent else None, clock()
                )
                moment(f"{self.command} {url.path}, done")
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_PUT = do_DELETE = handle_any  # noqa: N815  (their names in the library)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its name in the library)
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
