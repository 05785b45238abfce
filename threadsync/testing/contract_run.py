"""What the contract of providers runs them on: one account, one state, virtual time, and what goes wrong.

A ``Bench`` is the executor as far as a provider can tell: notes are folded into a state, a visible request
needs its intent, a life may end at any effect, and the next one goes on from what is on record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar, assert_never

from msgspec import Struct
from msgspec.structs import replace

from threadsync.errors import ApiError, Unanswered
from threadsync.execution.carrying import known_ids
from threadsync.execution.guard import Guard
from threadsync.execution.wire import Call, answer_of
from threadsync.flows.core import Done, Raised, advance
from threadsync.flows.effects import (
    All,
    Effect,
    Flow,
    Host,
    Hosted,
    NoResponse,
    Now,
    Outcome,
    Record,
    Recorded,
    Request,
    Response,
    Results,
    Taken,
    Time,
    Visibility,
    Wait,
    Waited,
)
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import Address, PublicUrl
from threadsync.model.journal import Begun, Ended, Intent, Job, Note, Published, Receipt, Rendered
from threadsync.model.ledger import Ledger
from threadsync.model.secret import SecretText
from threadsync.model.state import Lineage, State
from threadsync.providers.base import Applied, Provider, Refused, Result, Uncertain, Work

T = TypeVar("T")

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CANARY = "canary-4f1d0c77"
"""Stands for every secret that an answer holds: wherever it is found, a secret leaked."""
LATE_SECONDS = 60.0
"""After how long a request that was lost on its way takes effect: within ``publish_doubt_seconds``."""
LIFE_SECONDS = 900.0
"""How long after one life the next one begins."""
LIVES_MAX = 8


class LivePost(Struct, frozen=True):
    """One post that readers see: the network's own word, which no provider has touched."""

    remote_id: str
    text: str
    parent: str | None = None
    """The post that it replies to."""


class ContractNetwork(Protocol):
    """A provider's network as its tests have it: it answers requests, and tells what is live."""

    def answer(self, request: Request, now: datetime) -> Response:
        """Do what *request* asks for, and answer it as the network would."""
        ...

    def live(self) -> Sequence[LivePost]:
        """Return every post that readers see, in the order in which they were made."""
        ...


class Trouble(StrEnum):
    """What goes wrong with one request."""

    ANSWER_LOST = "answer-lost"
    """It acts, and no answer comes."""
    REQUEST_LOST = "request-lost"
    """It does not act, and nobody can know."""
    LATE = "late"
    """No answer comes, and it acts a minute later."""
    UNREACHABLE = "unreachable"
    """It was not sent."""
    ERROR = "error"
    """The server stumbles, and does nothing."""
    ERROR_ALTHOUGH_DONE = "error-although-done"
    GARBLED = "garbled"
    """It acts, and the answer cannot be read."""


ACTS = frozenset({Trouble.ANSWER_LOST, Trouble.ERROR_ALTHOUGH_DONE, Trouble.GARBLED})


class Died(BaseException):
    """The life of the process ended here."""


class Bench:
    """One account of a *provider* on its *network*; *troubles* strike requests by their numbers."""

    def __init__(self, provider: Provider, network: ContractNetwork) -> None:
        self.provider = provider
        self.network = network
        self.now = START
        self.ledger = Ledger(State(Lineage("contract")))
        self.account_id = ""
        self.troubles: dict[int, Trouble] = {}
        self.dies_at: int | None = None
        """The number of the effect that the process does not survive."""
        self.dies_late = False
        """Whether it dies once that effect was carried out, and before it hears of it."""
        self.effects = 0
        self.requests: list[Request] = []
        self.notes: list[Note] = []
        self.problems: list[str] = []
        """What it was caught at."""
        self._late: list[tuple[datetime, Request]] = []
        self._address: Address | None = None
        self._settles = False

    # Verbs, as the executor has them.

    def log_in(self) -> None:
        """Learn whose account it is."""
        self.account_id = self.run(self.provider.identify()).account_id

    def publish(self, address: Address, segments: Sequence[Rendered]) -> Result:
        """Publish what is not live yet of *segments*, going on from what is on record."""
        live = self.live(address)
        job = Job("create", tuple(segments[len(live) :]), live[-1].remote_id if live else None)
        return self._carried_out(address, job, self.provider.publish)

    def delete(self, address: Address) -> Result:
        """Take down what is live of *address*, the last first."""
        posts = tuple(reversed(self.live(address)))
        return self._carried_out(
            address, Job("delete", forget_as="removed"), lambda work: self.provider.delete(work, posts)
        )

    def settle(self, address: Address) -> None:
        """Find out what became of what is in doubt, if anything is."""
        unfinished = self.ledger.open.get(address)
        if unfinished is not None and unfinished.in_doubt:
            self._address, self._settles = address, True
            self.guarded(self.provider.settle(self._work(address, unfinished.job)))
            self._settles = False

    def again(self, address: Address, verb: Callable[[], Result], *, settles: bool) -> Result:
        """Begin life after life, in peace, until *verb* is done."""
        self.dies_at, self.troubles = None, {}
        result: Result = Uncertain("it has not begun")
        for _ in range(LIVES_MAX):
            self._pass(LIFE_SECONDS)
            if settles:
                self.settle(address)
            result = verb()
            if isinstance(result, Applied):
                break
        return result

    def is_open(self, address: Address) -> bool:
        """Whether something was begun at *address* and is not over."""
        return address in self.ledger.open

    def live(self, address: Address) -> tuple[Published, ...]:
        """Return what the state binds to *address*."""
        binding = self.ledger.bindings.get(address)
        return binding.segments if binding is not None else ()

    def guarded(self, flow: Flow[Result]) -> Result:
        """Run *flow*; what the network refuses it, and does not answer, is a refusal."""
        try:
            return self.run(flow)
        except ApiError as error:
            return Refused(error.fault)
        except Unanswered as error:
            return Refused(Fault(FaultClass.TRANSIENT, error.problem, error.remedy, "no-answer"))

    def _carried_out(self, address: Address, job: Job, make: Callable[[Work], Flow[Result]]) -> Result:
        self._note(Begun(address, job, self.now))
        self._address = address
        result = self.guarded(make(self._work(address, job)))
        if not isinstance(result, Uncertain) and address in self.ledger.open:
            outcome = "applied" if isinstance(result, Applied) else "refused"
            self._note(Ended(address, outcome, self.now))
        return result

    def _work(self, address: Address, job: Job) -> Work:
        unfinished = self.ledger.open.get(address)
        notes = unfinished.notes if unfinished is not None else ()
        bound = lambda: known_ids(self.ledger, address.target)  # noqa: E731  (as the executor's own)
        return Work(address, job, notes, bound, self.live(address), self.account_id)

    # Effects.

    def run(self, flow: Flow[T]) -> T:
        """Run *flow* to its end; each flow, and each child of one, has its own intents."""
        guard, outcome = Guard(), None
        with closing(flow):
            while True:
                step = advance(flow, outcome)
                if isinstance(step, Done):
                    return step.value
                outcome = self._all(step) if isinstance(step, All) else self._survived(step, guard)

    def _all(self, effect: All) -> Outcome | Raised:
        values: list[object] = []
        try:
            for child in effect.flows:
                values.append(self.run(child))  # noqa: PERF401  (those after one that raised are closed)
        except Exception as error:  # noqa: BLE001  (handed on to the flow that waits for the children)
            for child in effect.flows:
                child.close()
            return Raised(error)
        return Results(tuple(values))

    def _survived(self, effect: Effect, guard: Guard) -> Outcome:
        self.effects += 1
        is_last = self.effects == self.dies_at
        if is_last and not self.dies_late:
            raise Died
        outcome = self._performed(effect, guard)
        if is_last:
            raise Died
        return outcome

    def _performed(self, effect: Effect, guard: Guard) -> Outcome:
        match effect:
            case Now():
                return Time(self.now)
            case Wait(seconds=seconds):
                self._pass(seconds)
                return Waited()
            case Host(media=media):
                return Hosted(PublicUrl(f"https://media.example/{media}"))
            case Record(notes=notes):
                return self._record(notes, guard)
            case Request():
                return self._request(effect, guard)
            case All():
                raise AssertionError("what runs side by side is no effect of its own")
            case _:
                assert_never(effect)

    def _pass(self, seconds: float) -> None:
        until = self.now + timedelta(seconds=max(0.0, seconds))
        for due, request in sorted(self._late, key=lambda each: each[0]):
            if due <= until:
                self._late.remove((due, request))
                self.network.answer(request, due)
        self.now = until

    def _record(self, notes: tuple[Note, ...], guard: Guard) -> Recorded | Taken:
        assert self._address is not None, "notes are of an action"
        target = self._address.target
        for note in notes:
            for each in (note.published,) if isinstance(note, Receipt) else ():
                holder = self.ledger.holder_of(target, each.remote_id)
                if holder not in {None, self._address}:
                    return Taken(str(holder))
            if isinstance(note, Intent) and note.verb == "delete":
                self._check_bound(note.key, "is about to delete")
            self._note(note)
        guard.recorded(notes, at_seconds=0.0)
        return Recorded()

    def _note(self, note: Note) -> None:
        self.notes.append(note)
        self.ledger.fold(note, sequence=len(self.notes))

    def _request(self, request: Request, guard: Guard) -> Response | NoResponse:
        if request.visibility is Visibility.VISIBLE:
            if self._settles:
                self.problems.append(f"settling sends {request.method} {request.path}, which others see")
            guard.use(str(self._address), request)
        number = len(self.requests)
        self.requests.append(request)
        before = {each.remote_id for each in self.network.live()}
        outcome = self._answered(request, self.troubles.get(number))
        after = {each.remote_id for each in self.network.live()}
        if before != after and request.visibility is not Visibility.VISIBLE:
            said = f"{request.method} {request.path} is said to be {request.visibility}"
            self.problems.append(f"{said}, and others see what it does")
        for remote_id in before - after:
            self._check_bound(remote_id, "has taken down")
        return outcome

    def _check_bound(self, remote_id: str, what: str) -> None:
        if self._address is None or remote_id not in {each.remote_id for each in self.live(self._address)}:
            self.problems.append(f"it {what} {remote_id}, which {self._address} is not bound to")

    def _answered(self, request: Request, trouble: Trouble | None) -> Response | NoResponse:
        made = self.network.answer(request, self.now) if trouble is None or trouble in ACTS else None
        match trouble:
            case Trouble.UNREACHABLE:
                return NoResponse("connection refused", sent=False)
            case Trouble.ANSWER_LOST | Trouble.REQUEST_LOST | Trouble.LATE:
                if trouble is Trouble.LATE and request.visibility is Visibility.VISIBLE:
                    self._late.append((self.now + timedelta(seconds=LATE_SECONDS), request))
                return NoResponse("connection reset", sent=True)
            case Trouble.ERROR | Trouble.ERROR_ALTHOUGH_DONE:
                return Response(503, b"<html>Service Unavailable</html>")
            case Trouble.GARBLED:
                return Response(200, b"<html>")
        assert made is not None, "what is well is answered"
        call = Call(request.method, request.path, {}, None, (), follows=False)
        answer = answer_of(request, call, made.status, made.headers.items(), made.body, duration_seconds=0.0)
        return replace(answer, secrets=dict.fromkeys(answer.secrets, SecretText(CANARY)))
