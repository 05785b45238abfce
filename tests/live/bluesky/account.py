"""One publication on a real server, with a journal, and a process that may die at any effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from tests.live.bluesky.desk import Desk
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import drive
from threadsync.flows.effects import (
    Effect,
    Flow,
    NoResponse,
    Now,
    Outcome,
    Record,
    Recorded,
    Request,
    Response,
    Time,
    Visibility,
    Wait,
    Waited,
)
from threadsync.model.ids import Address, ContentDigest, Json, MediaDigest, RemoteId
from threadsync.model.journal import Begun, Intent, Job, Note, Rendered
from threadsync.model.ledger import Ledger
from threadsync.model.state import Lineage, State
from threadsync.providers.base import ProviderContext, Result, Work
from threadsync.providers.bluesky import api
from threadsync.providers.bluesky.provider import BlueskyProvider
from threadsync.providers.bluesky.uris import POST

T = TypeVar("T")

START = datetime(2026, 12, 3, 8, 30, tzinfo=UTC)
ADDRESS = Address.parse("lifts@bluesky/brand")


class Killed(BaseException):
    """The process died here."""


@dataclass
class Account:
    """The publication, what is on record of it, and what goes wrong with its requests."""

    desk: Desk
    now: datetime = START
    ledger: Ledger = field(default_factory=lambda: Ledger(State(Lineage("l"))))
    trouble: Callable[[Request], NoResponse | None] = lambda _: None
    """Says what becomes of a request instead of its answer; if it was sent, the server has acted."""
    die_at: float | None = None
    """Which effect the process does not survive; a half later, the effect is done and its outcome lost."""
    effects: int = 0
    sequence: int = 0
    settings: Mapping[str, Json] = field(default_factory=dict)
    """What the target says of itself."""
    intents: list[str] = field(default_factory=list)

    @property
    def provider(self) -> BlueskyProvider:
        bounds = Bounds().overridden({"retry_first_seconds": 1.0})
        return BlueskyProvider(ProviderContext(ADDRESS.target, self.settings, bounds, project="p"))

    def publish(self, *segments: Rendered, parent: str | None = None) -> Result:
        """Publish *segments*, going on from what is on record, as an executor would."""
        binding = self.ledger.bindings.get(ADDRESS)
        live = binding.segments if binding is not None else ()
        above = live[-1].remote_id if live else RemoteId(parent) if parent is not None else None
        job = Job("create", segments[len(live) :], above)
        if ADDRESS not in self.ledger.open:
            self.note(Begun(ADDRESS, job, self.now))
        self.intents.clear()
        return self.drive(self.provider.publish(self.work(job)))

    def settle(self) -> Result:
        """Find out what became of what is open."""
        self.intents.clear()
        return self.drive(self.provider.settle(self.work(self.ledger.open[ADDRESS].job)))

    def delete(self) -> Result:
        """Take down all that is live, last to first."""
        self.intents.clear()
        binding = self.ledger.bindings[ADDRESS]
        job = Job("delete")
        self.note(Begun(ADDRESS, job, self.now))
        return self.drive(self.provider.delete(self.work(job), tuple(reversed(binding.segments))))

    def there(self, collection: str = POST) -> list[api.Record]:
        """Return what the server has, oldest first."""
        page = self.desk.run(api.list_records(self.desk.person.did, collection, limit=100, reverse=True))
        return list(page.data)

    def texts(self) -> list[object]:
        """Return the texts of the posts there are."""
        return [each.value["text"] for each in self.there()]

    def work(self, job: Job) -> Work:
        binding, unfinished = self.ledger.bindings.get(ADDRESS), self.ledger.open.get(ADDRESS)
        return Work(
            ADDRESS,
            job,
            unfinished.notes if unfinished is not None else (),
            lambda: self.ledger.bound_ids(ADDRESS.target),
            binding.segments if binding is not None else (),
            self.desk.person.did,
        )

    def note(self, note: Note) -> None:
        self.sequence += 1
        self.ledger.fold(note, sequence=self.sequence)

    def drive(self, flow: Flow[T]) -> T:
        return drive(flow, self.perform)

    def perform(self, effect: Effect) -> Outcome:
        self.effects += 1
        if self.effects == self.die_at:
            raise Killed
        outcome = self.outcome(effect)
        if self.effects + 0.5 == self.die_at:
            raise Killed
        return outcome

    def outcome(self, effect: Effect) -> Outcome:
        match effect:
            case Now():
                return Time(self.now)
            case Wait(seconds=seconds):
                self.now += timedelta(seconds=seconds)
                return Waited()
            case Record(notes=notes):
                for note in notes:
                    if isinstance(note, Intent):
                        self.intents.append(note.covers)
                    self.note(note)
                return Recorded()
            case Request():
                return self.answer(effect)
            case _:
                raise AssertionError(effect)

    def answer(self, request: Request) -> Response | NoResponse:
        if request.visibility is Visibility.VISIBLE:
            assert request.fingerprint() in self.intents, "law 1: no visible request without its intent"
            self.intents.remove(request.fingerprint())
        trouble = self.trouble(request)
        if trouble is not None and not trouble.sent:
            return trouble
        answer = self.desk.perform(request)
        return answer if trouble is None else trouble


def segment(text: str, index: int = 0, *, media: tuple[MediaDigest, ...] = (), **options: Json) -> Rendered:
    """Return a segment as the provider renders one."""
    if media:
        options = {"sizes": [[4, 3]] * len(media), "types": ["image/png"] * len(media), **options}
    return Rendered(index, ContentDigest(f"d{index}:{text}"), text, media, ("A gate.",) * len(media), options)
