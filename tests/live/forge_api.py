"""A forge's REST as a server on this machine: its pull requests, their comments, and troubles to switch on.

What it answers is ``forge_rest``, which was written from the forges' own pages.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

REPOSITORY = "harbour/social"


class Right(Enum):
    """What a token may do with comments."""

    WRITE = "write"
    READ = "read"  # a pull request of a fork, or permissions: without pull-requests: write
    JOB = "job"  # GitLab's CI_JOB_TOKEN, to which no endpoint of notes answers


Who: TypeAlias = tuple[str, Right]
"""A login, and what it may do."""


class Trouble(Enum):
    """What can be switched on for the next requests of a kind."""

    ANSWER_LOST = "it is done, and the connection is closed before the answer"
    REQUEST_LOST = "the connection is closed, and nothing is done"
    RATE_LIMITED = "too many requests; come back in a second"
    SERVER_ERROR = "502"


@dataclass
class Comment:
    """One comment; *system* ones are GitLab's own words."""

    number: int
    id: int
    body: str
    author: str
    system: bool = False


@dataclass
class Pull:
    """A pull request; *commits* are those it brought, and that of its merge."""

    number: int
    commits: set[str] = field(default_factory=set)
    merged: bool = False


@dataclass
class Armed:
    """A trouble for the next *times* requests of *method*."""

    trouble: Trouble
    method: str
    times: int = 1


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """What goes back; *body* is JSON."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class ForgeApi:
    """The pull requests of one repository, and who may write."""

    base_url: str = ""
    pulls: dict[int, Pull] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    tokens: dict[str, Who] = field(default_factory=dict)
    """Token to login and right."""
    asked: list[Asked] = field(default_factory=list)
    armed: list[Armed] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def pull(self, number: int, *commits: str) -> Pull:
        """Open the pull request *number*, or add *commits* to it."""
        found = self.pulls.setdefault(number, Pull(number))
        found.commits |= set(commits)
        return found

    def say(self, number: int, body: str, author: str = "maria", *, system: bool = False) -> Comment:
        """Write a comment, as a person does on the page."""
        made = Comment(number, 1000 + len(self.comments), body, author, system)
        self.comments[made.id] = made
        return made

    def of(self, number: int) -> list[Comment]:
        """Return the comments of a pull request, the oldest first."""
        return [each for each in self.comments.values() if each.number == number]

    def arm(self, trouble: Trouble, method: str, times: int = 1) -> None:
        """Have the next requests of *method* meet *trouble*."""
        self.armed.append(Armed(trouble, method, times))

    def trouble(self, method: str) -> Trouble | None:
        """Return what this request of *method* meets."""
        for each in self.armed:
            if each.method == method and each.times:
                each.times -= 1
                return each.trouble
        return None

    def whose(self, token: str) -> Who | None:
        """Return login and right of *token*."""
        return self.tokens.get(token)


@dataclass(frozen=True)
class Kind:
    """What one forge answers, and how it says that there are too many requests."""

    answer: Callable[[ForgeApi, Asked], Answer]
    rate_limited: Answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _answer(self) -> None:
        api, kind = self.server.api, self.server.kind
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        sent = self.rfile.read(int(headers.get("content-length", "0")))
        body = json.loads(sent) if sent else {}
        asked = Asked(self.command, parts.path, query, headers, body)
        with api.lock:
            api.asked.append(asked)
            trouble = api.trouble(self.command)
            if trouble is Trouble.REQUEST_LOST:
                self.close_connection = True
                return
            if trouble is Trouble.RATE_LIMITED:
                answer = kind.rate_limited
            elif trouble is Trouble.SERVER_ERROR:
                answer = Answer(502, {"message": "Server Error"})
            else:
                answer = kind.answer(api, asked)
        if trouble is Trouble.ANSWER_LOST:
            self.close_connection = True
            return
        self._send(answer)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815  (the library's names)

    def _send(self, answer: Answer) -> None:
        content = b"" if answer.body is None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  (the name is the library's)
        """Say nothing; what was asked is in ``ForgeApi.asked``."""


class _Server(ThreadingHTTPServer):
    api: ForgeApi
    kind: Kind
    daemon_threads = True


@contextmanager
def serving(kind: Kind) -> Iterator[ForgeApi]:
    """Serve one forge on a free port of this machine."""
    server = _Server(("127.0.0.1", 0), _Handler)
    api = ForgeApi(f"http://127.0.0.1:{server.server_address[1]}")
    server.api, server.kind = api, kind
    worker = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    worker.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        worker.join()
