"""An ASGI application called as a server calls it, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message


@dataclass
class Answer:
    """What came: at once, or by and by."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_whole: bool = False
    came: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Call:
    """One request; ``gone`` is set when the browser goes away."""

    app: ASGIApp
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    answer: Answer = field(default_factory=Answer)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    asked: bool = False

    async def run(self) -> Answer:
        path, _, query = self.path.partition("?")
        headers = {"host": "127.0.0.1:8472", **self.headers}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 8472),
        }
        await self.app(scope, self._receive, self._send)
        return self.answer

    async def _receive(self) -> Message:
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.answer.status = message["status"]
            self.answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.answer.body += message.get("body", b"")
            self.answer.is_whole = not message.get("more_body", False)
        self.answer.came.set()

    async def until(self, words: str) -> None:
        """Wait until *words* have come."""
        while words not in self.answer.text:
            self.answer.came.clear()
            await self.answer.came.wait()


def get(app: ASGIApp, path: str, **headers: str) -> Answer:
    """Return the whole answer to one request."""
    return asyncio.run(Call(app, path, headers).run())
