"""What every network's client makes of an answer: how it came, its fields, and the error it may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Generic, TypeVar

from msgspec import Struct, field

from threadsync.errors import ApiError, Unanswered
from threadsync.flows.core import send
from threadsync.flows.effects import Flow, NoResponse, Request, Response
from threadsync.model.fault import Fault
from threadsync.model.secret import SecretText
from threadsync.values import Besides

T = TypeVar("T")


class Exchange(Struct, frozen=True):
    """How an answer came: its status, headers (lower-case names) and duration in seconds."""

    status: int
    headers: Mapping[str, str]
    duration_seconds: float
    secrets: Mapping[str, SecretText] = field(default_factory=dict)
    """What the transport took out of the answer, by the keys that the request declared."""
    host: str = ""
    """Who was asked: host and port; empty of an answer that was known."""

    @property
    def server_time(self) -> datetime | None:
        """The server's clock when it answered, to the second; None where the answer is not dated."""
        return time_in(self.headers.get("date", ""))


def exchange_of(response: Response) -> Exchange:
    """Return how *response* came."""
    return Exchange(
        response.status, response.headers, response.duration_seconds, response.secrets, response.host
    )


class Answer(Besides, frozen=True):
    """What an endpoint answered; how it came is neither compared nor shown."""

    hidden = frozenset({"exchange"})


class Page(Answer, Generic[T], frozen=True):
    """One page of a list; *after* is the cursor of the next one, None on the last."""

    data: tuple[T, ...]
    after: str | None
    exchange: Exchange
    before: str | None = None
    """The cursor of the page before this one; None where the network gave none."""
    more: Mapping[str, object] = field(default_factory=dict)
    onward: str | None = None
    """Of a list that grows at its end: the cursor to go on with later; None in any other."""


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
        """Take an id, which may be written as text or as a number.

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
        """Take a time of ISO 8601 with a zone: ``2023-10-17T05:42:03+0000``, ``2023-10-17T05:42:03.5Z``.

        Raises:
            ValueError: the text is not a time, or one without a zone.
        """
        stamp = self.maybe_text(name)
        if stamp is None:
            return None
        found = datetime.fromisoformat(stamp)
        if found.tzinfo is None:
            raise ValueError(f"{name} has no zone")
        try:
            return found.astimezone(UTC)
        except OverflowError as error:
            raise ValueError(f"{name} lies in no year from 1 to 9999") from error

    def maybe_time(self, name: str) -> datetime | None:
        """Take a time as ``time`` does, where strangers wrote it: what is none stays among the rest."""
        stamp = self._left.get(name)
        try:
            return self.time(name)
        except ValueError:
            self._left[name] = stamp
            return None

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

    def whole(self, name: str) -> object:
        """Take what stands there, whatever it is; None where nothing does."""
        return self._left.pop(name, None)

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
        """Take a list of objects, or the one in an object that holds a list as its ``data``.

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


def read_answer(
    request: Request, refusal: Callable[[Response], Fault | None], read: Callable[[Fields, Exchange], T]
) -> Flow[T]:
    """Send *request* and read its answer; one that cannot be read counts as none.

    Raises:
        ApiError: *refusal* finds an error in the answer.
        Unanswered: no answer came, or none that can be read.
    """
    outcome = yield from send(request)
    where = f"{request.method} {request.path}"
    match outcome:
        case NoResponse(reason=reason, sent=sent):
            raise Unanswered(reason, sent=sent, where=where)
        case Response():
            fault = refusal(outcome)
            if fault is not None:
                raise ApiError(fault, where=where)
            try:
                how = exchange_of(outcome)
                return read(Fields(outcome.json), how)
            except (ValueError, KeyError, TypeError) as error:
                reason = f"the answer (HTTP {outcome.status}) cannot be read: {error}"
                raise Unanswered(reason, sent=True, where=where) from error


def time_in(header: str) -> datetime | None:
    """Return the moment that *header* names (RFC 9110, to the second); None where it names none."""
    try:
        return parsedate_to_datetime(header).astimezone(UTC)
    except ValueError:
        return None
