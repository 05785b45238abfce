"""A store on a simulated disk, and notes to put on record."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from msgspec.structs import replace

from threadsync.model.ids import Address, ContentDigest, RemoteId
from threadsync.model.journal import (
    Begun,
    Ended,
    Forgotten,
    Intent,
    Job,
    Note,
    Published,
    Receipt,
    RunStarted,
)
from threadsync.model.ledger import fold
from threadsync.model.state import Lineage, Provenance, State
from threadsync.statefile.lock import Holder
from threadsync.statefile.store import FileStore, Session, Store
from threadsync.testing.disk import Crash, Crashed, MemoryDisk, When
from threadsync.testing.fakes import FakeClock
from threadsync.testing.machine import FakeMachine

STATE = Path("/project/state/threadsync.json")
JOURNAL = Path("/project/state/threadsync.json.journal")
LOCK = Path("/project/state/threadsync.json.lock")
GUARD = Path("/project/state/threadsync.json.lock.guard")
HISTORY = Path("/project/.threadsync/history")
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MARIA = Holder("maria", "threadsync apply", START)


def numbered_ids(prefix: str = "id") -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"{prefix}-{next(numbers)}"


class Recorder(ABC):
    """One process with a store, wherever that store lives."""

    @property
    @abstractmethod
    def store(self) -> Store:
        """Return its store, opened anew."""

    @abstractmethod
    def _dies(self) -> None:
        """Die before the next step."""

    @contextmanager
    def session(self, timeout_seconds: float = 0) -> Iterator[Session]:
        with self.store.open(MARIA, timeout_seconds) as session:
            yield session

    def record(self, *notes: Note) -> None:
        """Run a whole session that records *notes*."""
        with self.session() as session:
            assert session.append(notes) is None

    def cut_short(self, *groups: tuple[Note, ...]) -> None:
        """Record *groups*, a barrier after each, and die before the next step."""
        with suppress(Crashed), self.session() as session:
            for group in groups:
                assert session.append(group) is None
                session.barrier()
            self._dies()

    def state(self) -> State:
        state = self.store.read().state
        assert state is not None
        return state


@dataclass
class World(Recorder):
    """One process on one machine with one disk."""

    disk: MemoryDisk = field(default_factory=MemoryDisk)
    machine: FakeMachine = field(default_factory=FakeMachine)
    clock: FakeClock = field(default_factory=FakeClock)
    project: str = "p-1"
    ids: str = "id"

    def __post_init__(self) -> None:
        self.new_id = numbered_ids(f"{self.ids}-{self.machine.host}-{self.machine.pid}")

    @property
    def store(self) -> FileStore:
        return FileStore(STATE, self.disk, self.clock, self.machine, HISTORY, self.new_id, self.project)

    def _dies(self) -> None:
        self.disk.crash = Crash(self.disk.effects, When.BEFORE)

    def abandon(self, *groups: tuple[Note, ...]) -> World:
        """Be cut short after *groups*, and return the next process."""
        self.cut_short(*groups)
        return self.next_process(self.disk.survivor())

    def next_process(self, disk: MemoryDisk | None = None) -> World:
        """Return a process that starts after this one has died."""
        if self.machine.pid in self.machine.running:
            self.machine.die()
        machine = self.machine.neighbour(self.machine.pid + 1)
        return World(disk or self.disk, machine, self.clock, self.project)

    def beside(self) -> World:
        """Return another process of the machine, on the same disk."""
        return World(self.disk, self.machine.neighbour(self.machine.pid + 100), self.clock, self.project)

    def restarted(self, disk: MemoryDisk) -> World:
        """Return a process of the same machine after a power cut; a person breaks the lock it left."""
        world = World(disk, FakeMachine(boot_id="boot-2"), self.clock, self.project, "restarted")
        for path in (LOCK, GUARD):
            if disk.read(path) is not None:
                disk.remove(path)
        return world


def at(key: str, target: str = "threads/main") -> Address:
    return Address.parse(f"{key}@{target}")


def post(number: int, index: int = 0) -> Published:
    when = START + timedelta(seconds=number)
    return Published(index, ContentDigest(f"d{number}"), RemoteId(f"post-{number}"), f"text {number}", when)


def publishing(number: int, key: str = "") -> tuple[tuple[Note, ...], ...]:
    """The groups of notes that publishing one post records, a barrier after each."""
    address, when = at(key or f"key-{number}"), START + timedelta(seconds=number)
    begun = Begun(address, Job("create"), when)
    intent = Intent(address, 0, ContentDigest(f"d{number}"), "publish", f"container-{number}", "f", when)
    return (begun, intent), (Receipt(address, post(number)),), (Ended(address, "applied", when),)


def published(number: int, key: str = "") -> tuple[Note, ...]:
    return tuple(note for group in publishing(number, key) for note in group)


def started(number: int = 1) -> RunStarted:
    return RunStarted(f"run-{number}", START, f"plan-{number}", "c0ffee", "maria")


def skipped(key: str) -> Note:
    return Forgotten(at(key), "skipped", START)


def folded(*notes: Note) -> State:
    return fold(State(Lineage("any")), list(enumerate(notes, start=1)))


def same(one: State, other: State) -> bool:
    """Whether two states remember the same, whatever their lineage, their serial and the runs they name."""
    return unnamed(one) == unnamed(other)


def unnamed(state: State) -> State:
    bindings = {at: replace(held, provenance=Provenance()) for at, held in state.bindings.items()}
    return replace(state, lineage=Lineage(""), serial=0, project="", run=None, bindings=bindings)
