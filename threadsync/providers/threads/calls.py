"""How an endpoint of Threads is called and its answer read; ``api`` and its parts are made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Generic, TypeVar

from msgspec import Struct, field

from threadsync.errors import ApiError, Unanswered, UsageError
from threadsync.flows.core import send
from threadsync.flows.effects import FieldValue, Flow, NoResponse, Request, Response
from threadsync.model.secret import SecretText
from threadsync.providers.threads.faults import classify, is_refusal, time_in
from threadsync.values import Besides

VERSION = "/v1.0"
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S%z"
PAGE_MAX = 100
"""Entries a page, at most (docs/threads/retrieve-and-discover-posts/retrieve-posts)."""
EARLIEST_SINCE = 1688540400
"""``since`` may not be earlier (docs/threads/retrieve-and-discover-posts/retrieve-posts)."""

T = TypeVar("T")


class Exchange(Struct, frozen=True):
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


class Answer(Besides, frozen=True):
    """What an endpoint answered; how it came is neither compared nor shown."""

    hidden = frozenset({"exchange"})


class Page(Answer, Generic[T], frozen=True):
    """One page of a list; *after* is the cursor of the next one, None on the last."""

    data: tuple[T, ...]
    after: str | None
    exchange: Exchange
    before: str | None = None
    """The cursor of the page before this one; None where Threads gave none."""
    more: Mapping[str, object] = field(default_factory=dict)


class Fields:
    """The fields of an answer. Each is taken by name and kind, and what nobody took is the ``rest``.

    A field of another kind than the one asked for is not taken, so it is not lost either.
    """

    __slots__ = ("_left",)

    def __init__(self, body: object) -> None:
        if not isinstance(body, Mapping):
            raise TypeError("it is not a JSON object")
        self._left: dict[str, object] = dict(body)

    @property
    def rest(self) -> Mapping[str, object]:
        """What was not taken."""
        return dict(self._left)

    def id(self, name: str = "id") -> str:
        """Take an id, which Threads writes as text or as a number.

        Raises:
            ValueError: there is no usable one.
        """
        found = self.maybe_id(name)
        if found is None:
            raise ValueError("it has no usable id")
        return found

    def maybe_id(self, name: str) -> str | None:
        """Take an id; None where there is none."""
        found = self._left.get(name)
        if isinstance(found, bool) or not isinstance(found, str | int) or not str(found):
            return None
        del self._left[name]
        return str(found)

    def text(self, name: str) -> str:
        """Take a text that has to be there.

        Raises:
            ValueError: there is none.
        """
        found = self.maybe_text(name)
        if found is None:
            raise ValueError(f"{name} is not text")
        return found

    def maybe_text(self, name: str) -> str | None:
        """Take a text."""
        return self._taken(name, str)

    def flag(self, name: str) -> bool | None:
        """Take a yes or no."""
        return self._taken(name, bool)

    def number(self, name: str) -> int | None:
        """Take a whole number."""
        return None if isinstance(self._left.get(name), bool) else self._taken(name, int)

    def fraction(self, name: str) -> float | None:
        """Take a number of any kind."""
        whole = self.number(name)
        return self._taken(name, float) if whole is None else float(whole)

    def success(self) -> bool | None:
        """Take what the answer says of its own success.

        Raises:
            ValueError: it says that nothing was done, so what became of it has to be looked at.
        """
        said = self.flag("success")
        if said is False:
            raise ValueError("it says that it had no success")
        return said

    def time(self, name: str) -> datetime | None:
        """Take a time as Threads writes it: ``2023-10-17T05:42:03+0000``.

        Raises:
            ValueError: the text is not a time.
        """
        stamp = self.maybe_text(name)
        return None if stamp is None else datetime.strptime(stamp, TIME_FORMAT).astimezone(UTC)

    def moment(self, name: str) -> datetime | None:
        """Take a time in seconds since 1970; 0 means that there is none."""
        seconds = self.number(name)
        return datetime.fromtimestamp(seconds, UTC) if seconds is not None and seconds > 0 else None

    def names(self, name: str) -> tuple[str, ...] | None:
        """Take a list of texts."""
        found = self._left.get(name)
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            return None
        del self._left[name]
        return tuple(map(str, found))

    def inner(self, name: str) -> Fields | None:
        """Take an object."""
        found = self._left.get(name)
        if not isinstance(found, dict):
            return None
        del self._left[name]
        return Fields(found)

    def put_back(self, name: str, inner: Fields | None) -> None:
        """Keep what nobody took of *inner*, the object that stood under *name*."""
        if inner is not None and inner.rest:
            self._left[name] = inner.rest

    def reference(self, name: str) -> str | None:
        """Take the id of an object that is only named; what else is told of it stays."""
        inner = self.inner(name)
        found = inner.maybe_id("id") if inner is not None else None
        self.put_back(name, inner)
        return found

    def entries(self, name: str = "data") -> tuple[Fields, ...] | None:
        """Take a list of objects, which Threads also writes as an object with a list in it.

        Raises:
            TypeError: one of them is not an object.
        """
        found = self._left.get(name)
        wrapped = dict(found) if isinstance(found, dict) else {"data": found}
        listed = wrapped.pop("data", None)
        if not isinstance(listed, list):
            return None
        if wrapped:
            self._left[name] = wrapped
        else:
            del self._left[name]
        return tuple(Fields(each) for each in listed)

    def _taken(self, name: str, kind: type[T]) -> T | None:
        found = self._left.get(name)
        if not isinstance(found, kind):
            return None
        del self._left[name]
        return found


def call(request: Request, read: Callable[[Fields, Exchange], T]) -> Flow[T]:
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
                return read(Fields(outcome.json), how)
            except (ValueError, KeyError, TypeError) as error:
                reason = f"the answer (HTTP {outcome.status}) cannot be read: {error}"
                raise Unanswered(reason, sent=True, where=where) from error


def page_of(
    asked: Mapping[str, FieldValue], read: Callable[[Fields], T]
) -> Callable[[Fields, Exchange], Page[T]]:
    """Return what reads one page of a list that was *asked* for, each entry with *read*."""

    def page(body: Fields, how: Exchange) -> Page[T]:
        data = tuple(read(entry) for entry in body.entries() or ())
        paging = body.inner("paging") or Fields({})
        cursors = paging.inner("cursors") or Fields({})
        before, after = cursors.maybe_text("before"), cursors.maybe_text("after")
        paging.put_back("cursors", cursors)
        body.put_back("paging", paging)
        # The list ends where a page is empty, has no cursor, or repeats the one it was asked with.
        last = not data or after == asked.get("after")
        return Page(data, None if last else after, how, before, body.rest)

    return page


def bounded(
    *, since: datetime | None, until: datetime | None, earliest: int = EARLIEST_SINCE
) -> dict[str, FieldValue]:
    """Return the parameters of a stretch of time, in Unix seconds.

    Raises:
        UsageError: Threads would refuse it.
    """
    floor = datetime.fromtimestamp(earliest, UTC)
    moments = {name: at for name, at in (("since", since), ("until", until)) if at is not None}
    for name, at in moments.items():
        if at.tzinfo is None:
            raise UsageError(f"{name} has no time zone", remedy="Give an aware datetime, such as one in UTC.")
        if at < floor:
            raise UsageError(
                f"{name} is {at.isoformat()}, before anything that Threads tells of",
                remedy=f"Give {floor.isoformat()} or later, or leave it out.",
            )
    if since is not None and until is not None and since >= until:
        raise UsageError("since is not before until", remedy="Exchange the two, or leave one of them out.")
    return {name: str(int(at.timestamp())) for name, at in moments.items()}


def listed(*, limit: int | None, before: str | None, after: str | None) -> dict[str, FieldValue]:
    """Return the parameters of one page of a list.

    Raises:
        UsageError: Threads would refuse them.
    """
    if before is not None and after is not None:
        raise UsageError("a page is asked for by before or by after", remedy="Leave one of the two out.")
    if limit is not None and not 1 <= limit <= PAGE_MAX:
        raise UsageError(f"limit is {limit}", remedy=f"Give 1 to {PAGE_MAX} entries a page.")
    found = {"limit": None if limit is None else str(limit), "before": before, "after": after}
    return {name: value for name, value in found.items() if value is not None}
