"""A bare stand-in for Threads' Graph API, to measure a client against: it costs next to nothing itself.

    python -m benchmarks.graph_server [--files DIR] [--waits-for N]

HTTP/1.1 on 127.0.0.1, one process, no framework. Making a container takes 20 ms, reading one (or a post)
10 ms, publishing 30 ms; the account, quotas and own posts are told at once, and those calls counted apart.
Media are in progress for 0.2 to 2 seconds, by their file's name, so that every client meets the same;
publishing earlier is refused as Threads does it. With *waits-for*, all media are in progress until that many
containers were made. The first line of output is the port. ``GET /bench`` returns ``Counted`` as JSON.

It knows nothing of threadsync. What Threads takes and refuses is the sandbox's to tell; this measures.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import asdict, dataclass, field
from email.utils import formatdate
from itertools import count
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit
from zlib import crc32

import click

CREATE_SECONDS, READ_SECONDS, PUBLISH_SECONDS = 0.020, 0.010, 0.030
MEDIA_SHORTEST_SECONDS, MEDIA_LONGER_SECONDS = 0.2, 1.8
_NAMED = "https://cdn.example.com/m/"
"""What stands before the name of a file where its processing time is reckoned, wherever it is served."""
_SCOPES = ("threads_basic", "threads_content_publish", "threads_read_replies", "threads_manage_replies")
_ALLOWANCE = {"quota_total": 100_000, "quota_duration": 86_400}
_TOO_EARLY = {
    "message": "The requested resource does not exist",
    "type": "OAuthException",
    "code": 24,
    "error_subcode": 4279009,
    "is_transient": False,
}


def media_seconds(name: str) -> float:
    """Return how long the media file called *name* is in progress."""
    share = (crc32(f"{_NAMED}{name}".encode()) % 10_007) / 10_006
    return MEDIA_SHORTEST_SECONDS + MEDIA_LONGER_SECONDS * share


@dataclass(slots=True)
class Counted:
    """What clients asked of the server since it began."""

    preflight: int = 0
    creates: int = 0
    statuses: int = 0
    publishes: int = 0
    reads: int = 0
    """Posts that were read one by one."""
    refused: int = 0
    """Publishes that came too early."""
    posts: int = 0
    shown: list[str] = field(default_factory=list)
    """Their texts, in the order in which they came out."""
    connections: int = 0
    connections_max: int = 0
    """The most that were open at once."""
    in_flight_max: int = 0
    """The most calls that were being answered at once."""
    first_seconds: float = 0.0
    """When the first call that is no preflight came, by the server's clock."""
    last_seconds: float = 0.0
    """When the last answer to one went out."""

    @property
    def calls(self) -> int:
        """All calls but preflight."""
        return self.creates + self.statuses + self.publishes + self.reads

    @property
    def wall_seconds(self) -> float:
        """From the first call to the last answer."""
        return self.last_seconds - self.first_seconds


@dataclass(slots=True)
class _Server:
    files: Path | None
    waits_for: int
    counted: Counted = field(default_factory=Counted)
    ids: count[int] = field(default_factory=lambda: count(17_000_000_000_000_001))
    ready: dict[str, float] = field(default_factory=dict)
    """When each container is FINISHED."""
    texts: dict[str, str] = field(default_factory=dict)
    """What each container says."""
    published: dict[str, str] = field(default_factory=dict)
    """The post of each container that was published."""
    open: int = 0
    in_flight: int = 0
    made_all_seconds: float = float("inf")
    """With *waits_for*: when so many containers had been made."""

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, one after the other."""
        self.open += 1
        self.counted.connections += 1
        self.counted.connections_max = max(self.counted.connections_max, self.open)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, target, _ = head.split(" ", 2)
                length = _header(head, "content-length")
                body = await reader.readexactly(int(length)) if length else b""
                status, content, kind = await self.answer(method, target, body.decode())
                writer.write(
                    f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n"
                    f"Date: {formatdate(usegmt=True)}\r\n\r\n".encode()
                    + content
                )
                if _header(head, "connection").lower() == "close":
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client is done
        finally:
            self.open -= 1
            writer.close()

    async def answer(self, method: str, target: str, body: str) -> tuple[int, bytes, str]:
        """Answer one request."""
        parts = urlsplit(target)
        if parts.path.startswith("/m/") and self.files is not None:
            return 200, (self.files / Path(unquote(parts.path)).name).read_bytes(), "image/jpeg"
        if parts.path == "/bench":
            return 200, json.dumps(asdict(self.counted)).encode(), "application/json"
        asked = dict(parse_qsl(f"{parts.query}&{body}"))
        status, found = await self._graph(method, parts.path.rsplit("/", 1)[1], asked)
        return status, json.dumps(found).encode(), "application/json"

    async def _graph(self, method: str, name: str, asked: dict[str, str]) -> tuple[int, object]:
        early = self._preflight(method, name)
        if early is not None:
            self.counted.preflight += 1
            return 200, early
        counted, now = self.counted, time.monotonic()
        counted.first_seconds = counted.first_seconds or now
        self.in_flight += 1
        counted.in_flight_max = max(counted.in_flight_max, self.in_flight)
        status, found = await self._timed(method, name, asked)
        self.in_flight -= 1
        counted.last_seconds = time.monotonic()
        return status, found

    def _preflight(self, method: str, name: str) -> object | None:
        """Return what is read before anything is made; None for all else."""
        if method == "POST":
            return None
        match name:
            case "me":
                return {"id": "1700", "username": "main", "is_eligible_for_geo_gating": True}
            case "threads" | "replies":
                return {"data": []}
            case "threads_publishing_limit":
                usage = {f"{of}quota_usage": 0 for of in ("", "reply_", "delete_")}
                config = {f"{of}config": _ALLOWANCE for of in ("", "reply_", "delete_")}
                return {"data": [{**usage, **config}]}
            case "debug_token":
                return {"data": {"is_valid": True, "scopes": _SCOPES, "expires_at": 0, "issued_at": 0}}
        return None

    async def _timed(self, method: str, name: str, asked: dict[str, str]) -> tuple[int, object]:
        if method == "POST" and name == "threads":
            self.counted.creates += 1
            await asyncio.sleep(CREATE_SECONDS)
            return 200, {"id": self._made(asked)}
        if method == "POST":
            self.counted.publishes += 1
            await asyncio.sleep(PUBLISH_SECONDS)
            return self._publish(asked["creation_id"])
        if name in self.ready:
            self.counted.statuses += 1
            await asyncio.sleep(READ_SECONDS)
            status = "PUBLISHED" if name in self.published else "FINISHED"
            return 200, {"id": name, "status": status if self._is_ready(name) else "IN_PROGRESS"}
        self.counted.reads += 1
        await asyncio.sleep(READ_SECONDS)
        return 200, {"id": name, "permalink": f"https://www.threads.com/@main/post/D{name}"}

    def _made(self, asked: dict[str, str]) -> str:
        made, now = str(next(self.ids)), time.monotonic()
        self.texts[made] = asked.get("text", "")
        url = asked.get("image_url") or asked.get("video_url") or ""
        if url:
            self.ready[made] = now + media_seconds(url.rsplit("/", 1)[1])
        else:  # a carousel is FINISHED as soon as its children are
            children = [self.ready[child] for child in asked.get("children", "").split(",") if child]
            self.ready[made] = max(children, default=now)
        if self.counted.creates == self.waits_for:
            self.made_all_seconds = now
        return made

    def _is_ready(self, container: str) -> bool:
        since = self.made_all_seconds if self.waits_for else 0.0
        return time.monotonic() >= max(self.ready[container], since)

    def _publish(self, container: str) -> tuple[int, object]:
        if not self._is_ready(container) or container in self.published:
            self.counted.refused += 1
            return 400, {"error": _TOO_EARLY}
        self.counted.posts += 1
        self.counted.shown.append(self.texts[container])
        self.published[container] = str(next(self.ids))
        return 200, {"id": self.published[container]}


def _header(head: str, name: str) -> str:
    for line in head.split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.lower() == name:
            return value.strip()
    return ""


async def _serve(server: _Server) -> None:
    listening = await asyncio.start_server(server.converse, "127.0.0.1", 0, backlog=4096)
    click.echo(listening.sockets[0].getsockname()[1])
    await listening.serve_forever()


@click.command()
@click.option("--files", type=click.Path(path_type=Path), help="The folder whose files are served below /m/.")
@click.option("--waits-for", default=0, help="Media are in progress until so many containers were made.")
def main(files: Path | None, waits_for: int) -> None:
    """Serve until killed."""
    asyncio.run(_serve(_Server(files, waits_for)))


if __name__ == "__main__":
    main()
