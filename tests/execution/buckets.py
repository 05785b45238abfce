"""A store of objects in memory that minds conditions as S3 and Azure do; anything may go wrong there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from itertools import count
from urllib.parse import urlsplit

from threadsync.content.project import StateBucket
from threadsync.execution.bodies import Content
from threadsync.execution.bucket_asking import Asking
from threadsync.execution.hosting_signing import Method
from threadsync.execution.state_bucket import BucketRemote
from threadsync.flows.effects import NoResponse, Response
from threadsync.model.ids import Role
from threadsync.model.secret import SecretText
from threadsync.testing.fakes import FakeClock

SECRET = "CANARY-of-the-store"
BEFORE = NoResponse("the connection broke", sent=True)
"""Nothing arrives."""
AFTER = NoResponse("the connection broke", sent=False)
"""It is done, and no answer comes; that nothing was sent is then a lie."""

Odd = Callable[[str, str, int], Response | NoResponse | None]


def error(status: int, code: str = "", **headers: str) -> Response:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode() if code else b""
    return Response(status, body, headers)


def nothing(_method: str, _name: str, _number: int) -> None:
    return None


@dataclass
class Objects:
    """The store. *odd* is asked at each request, with its number, what is answered instead of the truth."""

    clock: FakeClock = field(default_factory=FakeClock)
    kind: str = "s3"
    keeps: frozenset[str] = frozenset({"If-Match", "If-None-Match"})
    """The conditions that it minds."""
    tells_time: bool = True
    held: dict[str, tuple[bytes, str, float]] = field(default_factory=dict)
    """Name to content, tag and second of writing."""
    asked: list[str] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    odd: Odd = nothing
    tags: count[int] = field(default_factory=count)

    def send(
        self,
        method: str,
        url: SecretText,
        *,
        headers: Mapping[str, str],
        content: Content | None,
        timeout_seconds: float,
    ) -> Response | NoResponse:
        assert timeout_seconds > 0
        name = urlsplit(url.reveal()).path[1:]
        number = len(self.asked)
        self.asked.append(f"{method} {name}")
        self.headers.append(headers)
        body = b"" if content is None else b"".join(content)
        self.bodies.append(body)
        odd = self.odd(method, name, number)
        if odd is not None and odd is not AFTER:
            return odd
        answer = self._done(method, name, headers, body)
        return odd or answer

    def _done(self, method: str, name: str, headers: Mapping[str, str], body: bytes) -> Response:
        date = {"date": self._date(self.clock.seconds)} if self.tells_time else {}
        there = self.held.get(name)
        if method == "GET":
            if there is None:
                return error(404, "NoSuchKey", **date)
            written = {"last-modified": self._date(there[2])} if self.tells_time else {}
            return Response(200, there[0], {"etag": there[1], **written, **date})
        if method == "DELETE":
            self.held.pop(name, None)
            return Response(204, b"", date)
        wanted = headers.get("If-Match") if "If-Match" in self.keeps else None
        if wanted is not None and (there is None or there[1] != wanted):
            return error(404, "NoSuchKey", **date) if there is None else self._conflict(date)
        if "If-None-Match" in headers and "If-None-Match" in self.keeps and there is not None:
            return error(409, "BlobAlreadyExists", **date) if self.kind == "azure" else self._conflict(date)
        tag = f'"{hashlib.md5(body).hexdigest()}"' if self.kind == "s3" else f'"0x{next(self.tags)}"'
        self.held[name] = (body, tag, self.clock.seconds)
        return Response(200, b"", {"etag": tag, **date})

    def _conflict(self, date: Mapping[str, str]) -> Response:
        return error(412, "ConditionNotMet" if self.kind == "azure" else "PreconditionFailed", **date)

    def _date(self, seconds: float) -> str:
        at = self.clock.true() + timedelta(seconds=seconds - self.clock.seconds)
        return format_datetime(at.replace(microsecond=0), usegmt=True)

    def remote(self, prefix: str = "social", clock: FakeClock | None = None, ids: str = "r") -> BucketRemote:
        """Return the place of a state in it, as a new process opens it."""
        settings = {"bucket": "ours", "region": "r"}
        if self.kind == "azure":
            settings = {"container": "ours", "account": "acme"}
        bucket = StateBucket(self.kind, settings, prefix, {Role("access_key"): "env:KEY"})
        numbers = count(len(self.asked))
        clock = clock or self.clock
        return BucketRemote(
            bucket,
            prefix,
            "threadsync.json",
            ask=Asking(_signed, self.send),
            clock=clock,
            new_id=lambda: f"{ids}{next(numbers)}",
        )


def _signed(method: Method, name: str, *, seconds: float) -> SecretText:
    assert seconds > 0
    return SecretText(f"https://store.example/{name}?signature={SECRET}-{method}")
