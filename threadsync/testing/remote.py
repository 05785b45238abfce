"""A place of a shared state in memory: every revision is kept, and anything can go wrong with each call.

A call is a *step* with a number. ``interfere`` is asked before each step what goes wrong with it; it may
act itself first, as another machine would. ``crash`` kills the process in a step, like that of
``MemoryDisk``: everything after it raises ``Crashed``, until ``revive`` lets the next process in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from threadsync.errors import StateOutdated, StateUnreachable
from threadsync.statefile.remote import Deadline, Revision
from threadsync.testing.disk import Crash, Crashed, When
from threadsync.testing.fakes import FakeClock


class RemoteFault(StrEnum):
    """What can go wrong with a step."""

    UNREACHABLE = "unreachable"
    """Nothing arrives, and no answer comes."""
    ANSWER_LOST = "answer-lost"
    """It is done, and no answer comes."""
    OVERTAKEN = "overtaken"
    """Somebody else was quicker, and wrote the same files once more."""
    ROLLED_BACK = "rolled-back"
    """Somebody forces the revision before the newest back into its place first."""


FAULTS: Mapping[str, tuple[RemoteFault, ...]] = {
    "fetch": (RemoteFault.UNREACHABLE, RemoteFault.ROLLED_BACK),
    "replace": tuple(RemoteFault),
}
"""What can go wrong, by the kind of step."""


def _nothing(_: str) -> RemoteFault | None:
    return None


class MemoryRemote(Struct):
    """A ``Remote`` in memory; the same calls give the same revisions."""

    clock: FakeClock | None = None
    """Moved on by *step_seconds* at each step."""
    step_seconds: float = 0.0
    interfere: Callable[[str], RemoteFault | None] = _nothing
    """Called before each step with its kind, ``fetch`` or ``replace``."""
    crash: Crash | None = None
    leased: bool = False
    """Whether the place tells how old what it holds is, so that a lock there lapses, as in a bucket."""
    where: str = "branch state of memory"
    durable: str = "safe against process death and against loss of this machine"
    steps: int = 0
    """How many steps there have been."""
    messages: list[str] = field(default_factory=list)
    """The message of every revision that was written, in order."""
    crashed: bool = False
    _revisions: dict[str, Revision] = field(default_factory=dict)
    _before: dict[str, str] = field(default_factory=dict)
    _tip: Revision = Revision()
    _written_seconds: float = 0.0
    _others: dict[str, MemoryRemote] = field(default_factory=dict)

    @property
    def tip(self) -> Revision:
        """The newest revision, as it is on the other side."""
        return self._tip

    def revive(self) -> None:
        """Let the next process in after a crash."""
        self.crash, self.crashed = None, False

    def force(self, revision: Revision) -> None:
        """Put an older revision back into its place, as ``git push --force`` would."""
        self._tip = revision
        self._written_seconds = self._seconds()

    def beside(self, name: str) -> MemoryRemote:
        """See ``Remote.beside``: a place of its own, always the same one."""
        return self._others.setdefault(name, MemoryRemote(where=f"{self.where}-{name}"))

    def write(self, files: Mapping[str, bytes], message: str = "somebody else") -> Revision:
        """Write *files* as somebody else, whatever is there."""
        made = Revision(f"r{len(self._revisions) + 1}", dict(files))
        self._revisions[made.id] = made
        self._before[made.id] = self._tip.id
        self._tip = made
        self._written_seconds = self._seconds()
        self.messages.append(message)
        return made

    def fetch(self, deadline: Deadline) -> Revision:
        """See ``Remote.fetch``."""
        self._step("fetch", deadline, lambda: None)
        return self._aged()

    def replace(
        self, seen: Revision, files: Mapping[str, bytes], message: str, deadline: Deadline
    ) -> Revision:
        """See ``Remote.replace``."""

        def swap() -> None:
            if seen.id != self._tip.id:
                raise StateOutdated("somebody else has changed it", where=self.where, remedy="Run it again.")
            self.write(files, message)

        self._step("replace", deadline, swap)
        return self._aged()

    def history(self, name: str, revisions_max: int, deadline: Deadline) -> tuple[Revision, ...]:
        """See ``Remote.history``."""
        self._step("fetch", deadline, lambda: None)
        found: list[Revision] = []
        each = self._tip
        while each.id:
            before = self._revisions.get(self._before[each.id], Revision())
            data = each.files.get(name)
            if data is not None and data != before.files.get(name):
                found.append(Revision(each.id, {name: data}))
            each = before
        return tuple(found[:revisions_max])

    def restoring(self, revision: Revision, name: str) -> str:
        """See ``Remote.restoring``."""
        return f"show {revision.id}:{name}"

    def _aged(self) -> Revision:
        age_seconds = self._seconds() - self._written_seconds if self.leased else None
        return replace(self._tip, age_seconds=age_seconds)

    def _seconds(self) -> float:
        return self.clock.monotonic() if self.clock is not None else 0.0

    def _step(self, kind: str, deadline: Deadline, act: Callable[[], None]) -> None:
        self._alive()
        number, self.steps = self.steps, self.steps + 1
        fault = self.interfere(kind)
        self._alive()
        dies = self.crash.when if self.crash is not None and self.crash.effect == number else None
        if dies in {When.BEFORE, When.TORN}:
            self._die()
        in_time = deadline.left() >= self.step_seconds
        if self.clock is not None:
            self.clock.sleep(min(self.step_seconds, deadline.left()))
        match fault:
            case RemoteFault.UNREACHABLE:
                raise self._unanswered()
            case RemoteFault.OVERTAKEN:
                self.write(self._tip.files)
            case RemoteFault.ROLLED_BACK if self._tip.id:
                self.force(self._revisions.get(self._before[self._tip.id], Revision()))
            case _:
                pass
        if not in_time:
            raise self._unanswered()
        act()
        if dies is not None:
            self._die()
        if fault is RemoteFault.ANSWER_LOST:
            raise self._unanswered()

    def _unanswered(self) -> StateUnreachable:
        return StateUnreachable("no answer came", where=self.where, remedy="Run the same command again.")

    def _die(self) -> None:
        self.crashed = True
        raise Crashed

    def _alive(self) -> None:
        if self.crashed:
            raise Crashed
