"""A performer that writes down what it performs: requests as rows of the API log, without their secrets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import islice
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from threadsync.execution.apilog import ApiLog, Call
from threadsync.execution.clock import Clock, Times
from threadsync.execution.seams import Completion, Performer
from threadsync.flows.core import Raised
from threadsync.flows.effects import (
    Body,
    BytesBody,
    FilePart,
    FormBody,
    JsonBody,
    MultipartBody,
    NoResponse,
    Request,
    Response,
    Secret,
)
from threadsync.model.fault import Fault
from threadsync.model.ids import Json, TargetName
from threadsync.model.secret import HIDDEN

TEXT_CHARACTERS_MAX: Final = 200
"""Longer texts are cut: the log says which call it was, the state and the files say what was published."""
IDS_MAX: Final = 20

_ID: Final = re.compile(r"\d{5,}")
_IDS: Final = ("id", "deleted_id", "uri", "cid")
_ALLOWANCES: Final = ("usage", "ratelimit", "rate-limit", "retry-after", "points")
"""A header whose name holds one of these tells how much is left."""


class Errand(Struct, frozen=True):
    """What calls are made for: a command, and its run."""

    command: str
    run: str
    tell: Callable[[str], None] = lambda _: None
    """Is told what is worth knowing and stops nothing."""
    allow_commands: bool = False
    """Whether commands that the project file names may be run."""


class Underway(Struct, frozen=True):
    """A request that has begun."""

    at: datetime
    began_seconds: float
    target: TargetName
    request: Request
    attempt: int


class LoggedPerformer:
    """A performer whose requests are written into *log*.

    *scrub* takes secrets out of a text, *classify* says which error an answer is.
    """

    def __init__(
        self,
        performer: Performer,
        log: ApiLog,
        errand: Errand,
        clock: Clock,
        *,
        scrub: Callable[[str], str],
        classify: Callable[[TargetName, Response], Fault | None],
    ) -> None:
        self._performer = performer
        self._log = log
        self._scribe = Scribe(errand, clock, scrub=scrub, classify=classify)
        self._underway: dict[int, Underway] = {}

    @property
    def free(self) -> int:
        """See ``Performer.free``."""
        return self._performer.free

    def submit(self, target: TargetName, request: Request) -> int:
        """See ``Performer.submit``."""
        ticket = self._performer.submit(target, request)
        self._underway[ticket] = self._scribe.began(target, request)
        return ticket

    def next(self, timeout_seconds: float | None) -> Completion | None:
        """See ``Performer.next``."""
        if not self._underway:
            self._log.flush()  # the wait may be long, and the process may not outlive it
        completion = self._performer.next(timeout_seconds)
        if completion is not None:
            underway = self._underway.pop(completion.ticket)
            self._log.add(self._scribe.ended(underway, completion.outcome))
        return completion

    def wake(self) -> None:
        """See ``Performer.wake``."""
        self._performer.wake()

    def close(self) -> None:
        """Write the calls whose answer this run did not wait for."""
        for underway in self._underway.values():
            lost = NoResponse("the run ended before an answer came", sent=True)
            self._log.add(self._scribe.ended(underway, lost))
        self._underway.clear()
        self._log.close()


class Scribe:
    """Makes rows of the requests of one errand, and counts how often each is sent."""

    def __init__(
        self,
        errand: Errand,
        clock: Times,
        *,
        scrub: Callable[[str], str],
        classify: Callable[[TargetName, Response], Fault | None],
    ) -> None:
        self._errand = errand
        self._clock = clock
        self._scrub = scrub
        self._classify = classify
        self._attempts: Counter[tuple[TargetName, str]] = Counter()

    def began(self, target: TargetName, request: Request) -> Underway:
        """Take note that *request* begins now."""
        which = (target, request.fingerprint())
        self._attempts[which] += 1
        now, began = self._clock.now(), self._clock.monotonic()
        return Underway(now, began, target, request, self._attempts[which])

    def ended(self, underway: Underway, outcome: Response | NoResponse | Raised) -> Call:
        """Return the row of a request that ended now."""
        request = underway.request
        # Only now: the secrets that it used were read on its way, and are known to *scrub* since.
        operation, parameters = described(request, self._scrub)
        call = Call(
            at=underway.at,
            run=self._errand.run,
            command=self._errand.command,
            target=underway.target,
            operation=operation,
            parameters=parameters,
            visibility=request.visibility.value,
            attempt=underway.attempt,
            duration_ms=round((self._clock.monotonic() - underway.began_seconds) * 1000),
        )
        match outcome:
            case Response():
                return self._answered(call, outcome)
            case NoResponse(reason=reason):
                return replace(call, reason=self._fit(reason))
            case Raised(error=error):
                return replace(call, reason=f"not sent: {self._fit(str(error))}")

    def _answered(self, call: Call, response: Response) -> Call:
        fault = self._classify(TargetName(call.target), response)
        if fault is not None:
            call = replace(
                call, fault_class=fault.kind.value, fault_row=fault.row, fault_text=self._fit(fault.problem)
            )
        allowances = {
            name: self._fit(value)
            for name, value in sorted(response.headers.items())
            if any(word in name for word in _ALLOWANCES)
        }
        ids = tuple(map(self._fit, _ids_of(response.json)))
        return replace(call, status=response.status, ids=ids, allowances=allowances)

    def _fit(self, text: str) -> str:
        return _short(self._scrub(text))


def described(request: Request, scrub: Callable[[str], str]) -> tuple[str, dict[str, Json]]:
    """Return the operation that *request* is, and its parameters, fit for a log."""
    ids: list[str] = []

    def taken(segment: str) -> str:
        if _ID.fullmatch(segment) is None:
            return scrub(segment)
        ids.append(segment)
        return "{id}"

    path = "/".join(taken(segment) for segment in request.path.partition("?")[0].split("/"))
    said: dict[str, object] = {"{id}": ids[0]} if ids else {}
    said |= {**request.params, **_of_body(request.body)}
    return f"{request.method} {path}", {scrub(name): _fit(value, scrub) for name, value in said.items()}


def _of_body(body: Body) -> Mapping[str, object]:
    match body:
        case FormBody(fields=values):
            return values
        case MultipartBody(fields=values, files=files):
            return {**values, **files}
        case JsonBody(value=Mapping() as value):
            return value
        case JsonBody(value=value):
            return {"body": value}
        case FilePart() | BytesBody():
            return {"body": body}
        case None:
            return {}


def _fit(value: object, scrub: Callable[[str], str]) -> Json:
    """Return *value* without secrets, and short."""
    match value:
        case Secret():
            return HIDDEN
        case FilePart(media=media, offset=offset):
            return f"file {media[:12]} from byte {offset}"
        case BytesBody(content=content):
            return f"{len(content)} bytes"
        case str():
            return _short(scrub(_without_signature(value)))
        case Mapping():
            return {scrub(str(name)): _fit(inner, scrub) for name, inner in value.items()}
        case list() | tuple():
            return [_fit(inner, scrub) for inner in value[:IDS_MAX]]
        case bool() | int() | float() | None:
            return value
        case _:
            return type(value).__name__


def _without_signature(value: str) -> str:
    """Return *value*; an address without what may open it: a user's password, a query, a fragment."""
    if not value.startswith(("http://", "https://")) or any(each.isspace() for each in value):
        return value
    head, slashes, rest = value.partition("://")
    # By hand: a text may begin like an address and be none, which urlsplit() refuses.
    place, slash, path = rest.partition("?")[0].partition("#")[0].partition("/")
    return f"{head}{slashes}{place.rpartition('@')[2]}{slash}{path}"


def _short(text: str) -> str:
    left = len(text) - TEXT_CHARACTERS_MAX
    return text if left <= 0 else f"{text[:TEXT_CHARACTERS_MAX]}… ({left} more)"


def _ids_of(body: object) -> list[str]:
    """Return the ids that an answer names, of itself or of what it lists."""
    if not isinstance(body, dict):
        return []
    listed = body.get("data")
    each = [body, *(row for row in (listed if isinstance(listed, list) else ()) if isinstance(row, dict))]
    found = (str(row[name]) for row in each for name in _IDS if isinstance(row.get(name), str | int))
    return list(islice(found, IDS_MAX))
