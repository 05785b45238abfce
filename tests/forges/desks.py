"""Forges that answer from what a test says: one request after the other, or a list of comments."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from threadsync.flows.core import drive
from threadsync.flows.effects import (
    Effect,
    Flow,
    JsonBody,
    NoResponse,
    Now,
    Outcome,
    Request,
    Response,
    Time,
    Visibility,
    Wait,
    Waited,
)

T = TypeVar("T")
DATE = "Thu, 03 Dec 2026 07:30:00 GMT"


def answer(status: int, value: object = None, **headers: str) -> Response:
    body = b"" if value is None else json.dumps(value).encode()
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Response(status, body, {"date": DATE, **named})


@dataclass
class Script:
    """Answers in order, and keeps what was asked."""

    answers: Sequence[Response | NoResponse]
    asked: list[Request] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    def run(self, flow: Flow[T]) -> T:
        return drive(flow, self.perform)

    def perform(self, effect: Effect) -> Outcome:
        if isinstance(effect, Wait):
            self.waited.append(effect.seconds)
            return Waited()
        assert isinstance(effect, Request)
        self.asked.append(effect)
        return self.answers[len(self.asked) - 1]

    @property
    def lines(self) -> list[str]:
        return [f"{each.method} {each.path}" for each in self.asked]


@dataclass
class Issue:
    """The comments of one pull request of GitHub, for whoever's token it is."""

    number: int = 0
    viewer: str = "github-actions[bot]"
    is_bot: bool = True
    tells_viewer: bool = False
    comments: dict[int, dict[str, object]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    refusals: dict[str, list[Response]] = field(default_factory=dict)
    """By method: what comes in place of doing it, once each."""
    lost: dict[str, int] = field(default_factory=dict)
    """By method: how many answers are lost after it was done."""
    before: dict[str, Callable[[], None]] = field(default_factory=dict)
    """By method: what happens, once, right before it is done."""
    now: datetime = datetime(2026, 12, 3, 7, 35, tzinfo=UTC)
    is_behind: bool = False
    """Whether its list does not have what was just made."""

    def put(self, body: str, login: str | None = None, *, is_bot: bool | None = None) -> int:
        number = 1000 * self.number + 100 + len(self.lines) + len(self.comments)
        by = self.viewer if login is None else login
        kind = "Bot" if (self.is_bot if is_bot is None else is_bot) else "User"
        user = {"id": sum(map(ord, by)), "login": by, "type": kind}
        self.comments[number] = {
            "id": number,
            "body": body,
            "user": user,
            "html_url": f"https://forge.example/c/{number}",
        }
        return number

    def bodies(self) -> list[str]:
        return [str(each["body"]) for each in self.comments.values()]

    def run(self, flow: Flow[T]) -> T:
        return drive(flow, self.perform)

    def perform(self, effect: Effect) -> Outcome:
        if isinstance(effect, Wait):
            self.waited.append(effect.seconds)
            return Waited()
        if isinstance(effect, Now):
            return Time(self.now)
        assert isinstance(effect, Request)
        self.lines.append(f"{effect.method} {effect.path}")
        self.before.pop(effect.method, lambda: None)()
        refusals = self.refusals.get(effect.method, [])
        if refusals:
            return refusals.pop(0)
        done = self._done(effect)
        if self.lost.get(effect.method, 0):
            self.lost[effect.method] -= 1
            return NoResponse("the connection ended", sent=True)
        return done

    def _done(self, request: Request) -> Response:
        if request.path == "/user":
            by = {"id": sum(map(ord, self.viewer)), "login": self.viewer, "type": "User"}
            return answer(200, by) if self.tells_viewer else answer(403, {"message": "not accessible"})
        assert (request.method == "GET") == (request.visibility is Visibility.READ)
        if request.method == "GET":
            kept = list(self.comments.values())
            return answer(200, kept[:-1] if self.is_behind else kept)
        if request.method == "POST":
            return answer(201, self.comments[self.put(_body(request))])
        found = re.search(r"/comments/(\d+)$", request.path)
        assert found is not None
        number = int(found.group(1))
        if number not in self.comments:
            return answer(404, {"message": "Not Found"})
        if request.method == "DELETE":
            del self.comments[number]
            return answer(204)
        self.comments[number]["body"] = _body(request)
        return answer(200, self.comments[number])


def _body(request: Request) -> str:
    assert isinstance(request.body, JsonBody)
    value = request.body.value
    assert isinstance(value, Mapping)
    return str(value["body"])
