"""A scheduler in virtual time, and the notes, requests and flows its tests speak with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from threadsync.execution.scheduler import Scheduler
from threadsync.execution.seams import Ending, Finished, Watcher
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import record, send
from threadsync.flows.effects import Flow, Hosted, Request, Response, Visibility
from threadsync.model.ids import Address, ContentDigest, MediaDigest, PostKey, PublicUrl, TargetName
from threadsync.model.journal import Intent, Staged
from threadsync.testing.fakes import Answered, Answering, EventLog, FakeClock, FakeJournal, FakePerformer

TARGET = TargetName("threads/main")
AT = datetime(2026, 3, 1, tzinfo=UTC)
PUBLISH = Request("POST", "/publish", visibility=Visibility.VISIBLE)


def intent(request: Request = PUBLISH, key: str = "launch") -> Intent:
    address = Address(PostKey(key), TARGET)
    return Intent(address, 0, ContentDigest("d"), "publish", "container", request.fingerprint(), AT)


def staged(name: str, key: str = "launch") -> Staged:
    return Staged(Address(PostKey(key), TARGET), 0, ContentDigest("d"), name, "17", AT)


def ok(_: TargetName, request: Request) -> Answered:
    return Answered(Response(200, request.path.encode()), seconds=1.0)


def hosted(_: TargetName, media: MediaDigest) -> Hosted:
    return Hosted(PublicUrl(f"https://media.example/{media}"))


@dataclass
class World:
    """A scheduler and everything around it, all of it in virtual time."""

    answer: Answering = ok
    capacity: int = 16
    grace_seconds: float = 5.0
    bounds: Bounds = Bounds()
    host: Callable[[TargetName, MediaDigest], Hosted] = hosted
    clock: FakeClock = field(default_factory=FakeClock)
    journal: FakeJournal = field(default_factory=FakeJournal)
    watcher: Watcher | None = None
    """Who is told; ``log`` if nobody else."""
    ended: dict[str, Ending[object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.performer = FakePerformer(self.clock, self.answer, self.capacity)
        self.log = EventLog(self.clock)
        self.scheduler = self.new_scheduler()

    def new_scheduler(self) -> Scheduler:
        return Scheduler(
            performer=self.performer,
            clock=self.clock,
            journal=self.journal,
            host=self.host,
            bounds_of=lambda _: self.bounds,
            watcher=self.watcher or self.log,
            grace_seconds=self.grace_seconds,
        )

    def spawn(self, name: str, flow: Flow[object], priority: int = 0) -> None:
        self.scheduler.spawn(name, TARGET, flow, self.keep, priority)

    def keep(self, finished: Finished[object]) -> None:
        assert finished.name not in self.ended, "an ending is told once"
        self.ended[finished.name] = finished.end

    def run(self, **flows: Flow[object]) -> dict[str, Ending[object]]:
        for name, flow in flows.items():
            self.spawn(name, flow)
        self.scheduler.run()
        return self.ended

    @property
    def paths(self) -> list[str]:
        return [request.path for _, _, request in self.performer.sent]


def get(path: str) -> Flow[bytes]:
    answer = yield from send(Request("GET", path))
    assert isinstance(answer, Response)
    return answer.body


def publish(key: str = "launch") -> Flow[int]:
    """Put an intent on record, send its request, put what came of it on record."""
    yield from record(intent(key=key))
    answer = yield from send(PUBLISH)
    assert isinstance(answer, Response)
    yield from record(staged("receipt", key))
    return answer.status


def ending(value: int) -> Flow[int]:
    yield from ()
    return value


def failing(error: Exception) -> Flow[None]:
    yield from ()
    raise error
