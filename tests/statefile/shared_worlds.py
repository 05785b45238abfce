"""A shared store on a remote in memory, as several machines see it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.statefile.worlds import MARIA, Recorder, numbered_ids
from threadsync.model.journal import Note
from threadsync.statefile.shared import SharedStore
from threadsync.testing.disk import Crash, When
from threadsync.testing.fakes import FakeClock
from threadsync.testing.machine import FakeMachine
from threadsync.testing.remote import MemoryRemote

NAME = "threadsync.json"
JOURNAL = "threadsync.json.journal"
LOCK = "threadsync.json.lock"


@dataclass
class World(Recorder):
    """One process on one machine, and the remote that all share."""

    remote: MemoryRemote = field(default_factory=MemoryRemote)
    machine: FakeMachine = field(default_factory=FakeMachine)
    clock: FakeClock = field(default_factory=FakeClock)
    project: str = "p-1"

    def __post_init__(self) -> None:
        self.remote.clock = self.remote.clock or self.clock
        self.new_id = numbered_ids(f"id-{self.machine.host}-{self.machine.pid}")

    @property
    def store(self) -> SharedStore:
        return SharedStore(self.remote, NAME, self.clock, self.machine, self.new_id, self.project)

    def _dies(self) -> None:
        self.remote.crash = Crash(self.remote.steps, When.BEFORE)

    def abandon(self, *groups: tuple[Note, ...]) -> World:
        """Be cut short after *groups*, and return the next process."""
        self.cut_short(*groups)
        return self.next_process()

    def next_process(self) -> World:
        """Return a process of this machine that starts after this one has died."""
        self.remote.revive()
        if self.machine.pid in self.machine.running:
            self.machine.die()
        return World(self.remote, self.machine.neighbour(self.machine.pid + 1), self.clock, self.project)

    def elsewhere(self) -> World:
        """Return a process of another machine."""
        return World(self.remote, FakeMachine("build-8", "boot-x", 900), self.clock, self.project)

    def unlock(self) -> None:
        """Break the lock as a person would who was shown it."""
        lock = self.store.read().lock
        if lock is not None:
            self.store.force_unlock(lock, MARIA)

    @property
    def files(self) -> set[str]:
        return set(self.remote.tip.files)

    @property
    def said(self) -> list[str]:
        """What each revision says it does."""
        return [message.partition("\n")[0].partition(": ")[2] for message in self.remote.messages]
