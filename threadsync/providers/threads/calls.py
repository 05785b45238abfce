"""How an endpoint of Threads is called and its answer read; ``api`` and ``api_publishing`` are made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from threadsync.errors import ApiError, Unanswered
from threadsync.flows.core import send
from threadsync.flows.effects import Flow, NoResponse, Request, Response
from threadsync.model.secret import SecretText
from threadsync.providers.threads.faults import classify, is_refusal, time_in

VERSION = "/v1.0"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Exchange:
    """How an answer came: its status, headers (lower-case names) and duration in seconds."""

    status: int
    headers: Mapping[str, str]
    duration_seconds: float
    secrets: Mapping[str, SecretText] = field(default_factory=dict)
    """What the transport took out of the answer, by the keys that the request declared."""

    @property
    def server_time(self) -> datetime | None:
        """The server's clock when it answered, to the second; None where the answer is not dated."""
        return time_in(self.headers.get("date", ""))


def call(request: Request, read: Callable[[Mapping[str, object], Exchange], T]) -> Flow[T]:
    """Send *request* and read its answer; an answer that cannot be read counts as none."""
    outcome = yield from send(request)
    where = f"{request.method} {request.path}"
    match outcome:
        case NoResponse(reason=reason, sent=sent):
            raise Unanswered(reason, sent=sent, where=where)
        case Response():
            if is_refusal(outcome):
                raise ApiError(classify(outcome), where=where)
            try:
                how = Exchange(outcome.status, outcome.headers, outcome.duration_seconds, outcome.secrets)
                return read(_object(outcome.json), how)
            except (ValueError, KeyError, TypeError) as error:
                reason = f"the answer (HTTP {outcome.status}) cannot be read: {error}"
                raise Unanswered(reason, sent=True, where=where) from error


def _object(body: object) -> Mapping[str, object]:
    if not isinstance(body, dict):
        raise TypeError("it is not a JSON object")
    return body


def id_of(body: Mapping[str, object]) -> str:
    """Return the id of what *body* shows.

    Raises:
        KeyError, ValueError: it has none.
    """
    found = body["id"]
    if not isinstance(found, str | int) or isinstance(found, bool) or not str(found):
        raise ValueError("it has no usable id")
    return str(found)


def text_of(body: Mapping[str, object], name: str) -> str:
    """Return the text under *name*.

    Raises:
        KeyError, TypeError: there is none.
    """
    found = body[name]
    if not isinstance(found, str):
        raise TypeError(f"{name} is not text")
    return found


def inner_of(body: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return the object under *name*; an empty one where there is none."""
    found = body.get(name)
    return found if isinstance(found, dict) else {}


def maybe_text(body: Mapping[str, object], name: str) -> str | None:
    """Return the text under *name*; None where there is none."""
    found = body.get(name)
    return found if isinstance(found, str) else None
