"""A whole world in one process: networks, clock, disk and chance, in virtual time.

    with World(seed=1) as world:
        world.post("a", "Hello")
        world.apply()
        assert [post.text for post in world.network.live()] == ["Hello"]

The real loader, planner, scheduler, executor, providers and state store run; the networks are the
sandbox's pure models, and only what leaves the process is answered by the world. A *script* is asked at
every such moment what goes wrong there. The same seed and calls give the same log, byte for byte.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self, assert_never

from msgspec import Struct, field

from threadsync.errors import StateLocked, StateUnwritable, ThreadsyncError
from threadsync.execution.seams import Finished
from threadsync.execution.sessions import InMemory
from threadsync.flows.effects import Request
from threadsync.model.ids import TargetName
from threadsync.model.journal import Note
from threadsync.model.state import State
from threadsync.operations.apply import AppliedPlan, ApplyOptions, apply
from threadsync.operations.asking import Person
from threadsync.operations.connections import Connections, Files
from threadsync.operations.plan import Prepared, plan
from threadsync.operations.provenance import Surroundings
from threadsync.operations.workspace import Workspace
from threadsync.providers.base import Provider
from threadsync.statefile.shared import SharedStore
from threadsync.statefile.store import FileStore, Store
from threadsync.testing.casts import THREADS, Cast
from threadsync.testing.desk import Desk
from threadsync.testing.disk import Crash, Crashed, Loss, MemoryDisk, When
from threadsync.testing.fakes import FakeClock
from threadsync.testing.line import Line
from threadsync.testing.machine import FakeMachine
from threadsync.testing.networks import Network
from threadsync.testing.opening import Accounts, connected
from threadsync.testing.remote import FAULTS, MemoryRemote, RemoteFault
from threadsync.testing.troubles import (
    ClockSet,
    Death,
    Moment,
    NetworkFault,
    Place,
    RemoteFails,
    Script,
    Signal,
    TokenExpired,
    Trouble,
    Unreachable,
    WriteFails,
    nothing,
)

PUSH_SECONDS = 0.5
"""How long one step of talking to the place of a shared state takes."""
START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
_FORKED = ("clock", "disk", "remote", "machine", "network", "files", "sessions")
CLONE = 1 << 60
"""Added to the seed of a clone, so that no two worlds make the same ids."""


class Ran(Struct, frozen=True):
    """How one run ended: with an outcome, with an error it told the person, or not at all (it died)."""

    outcome: AppliedPlan | None = None
    error: ThreadsyncError | None = None

    @property
    def died(self) -> bool:
        """Whether the process died."""
        return self.outcome is None and self.error is None


class World(Struct, dict=True):
    """One project, its networks, and the machine that it is applied from."""

    seed: int = 0
    desk: Desk | None = None
    project: str = ""
    """The text of the project file, if it is not that of *cast*."""
    start: datetime = START
    shared: bool = False
    """Whether the state lives in a place of its own, and every run on a machine of its own (CI)."""
    log: list[tuple[float, tuple[object, ...]]] = field(default_factory=list)
    """The whole conversation: virtual seconds, and what happened; see ``transcript``."""
    script: Script = nothing
    cast: Cast = THREADS

    def __post_init__(self) -> None:
        self._stack = ExitStack()
        if self.desk is None:
            self.desk = Desk(Path(self._stack.enter_context(TemporaryDirectory(prefix="world-"))))
        self._desk = self.desk
        self.project = self.project or self.cast.project
        self.clock = FakeClock(self.start)
        self.disk = MemoryDisk()
        self.remote = MemoryRemote(self.clock, PUSH_SECONDS)
        self.machine = FakeMachine()
        self.network: Network = self.cast.make(self.seed, self.start)
        self.sessions: dict[TargetName, InMemory] = {}  # that this machine keeps of its accounts
        self.files: dict[str, bytes] = {}
        self.moments: list[Moment] = []
        """The moments of the run under way, or of the last one."""
        self.shown: Prepared | None = None
        """The plan that the run under way, or the last one, showed."""
        self._read: tuple[object, State | None] | None = None  # what its place held, and what that is
        self._ids = 0
        self._death = Death(When.BEFORE)
        self._before: MemoryDisk | None = None
        self._tip = self.remote.tip
        self._line = Line(
            lambda: self.network, lambda: self.clock, self.account, self._moment, self._die, self.say
        )
        self._stop: Callable[[], None] = _not_yet

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def fork(self) -> Self:
        """Return another world that is just like this one now, and goes its own way."""
        other = type(self)(self.seed, self._desk, self.project, self.start, self.shared, cast=self.cast)
        for name, its_own in copy.deepcopy({each: getattr(self, each) for each in _FORKED}).items():
            setattr(other, name, its_own)
        other.log, other._ids = list(self.log), self._ids
        return other

    def clone(self, *, with_state: bool) -> World:
        """Return the same project on another machine: own files and disk, the same clock and accounts."""
        other = World(
            self.seed + CLONE, self._desk, self.project, self.start, self.shared, self.log, cast=self.cast
        )
        other.clock, other.network, other.files = self.clock, self.network, dict(self.files)
        other.remote = self.remote
        other.machine = FakeMachine("laptop-2")
        if with_state:
            other.disk = self.disk.survivor()
            other.unlock()
        return other

    # Files.

    def write(self, name: str, text: str | bytes) -> None:
        """Put a file into the project."""
        self.files[name] = text.encode() if isinstance(text, str) else text

    def post(self, key: str, text: str, *, targets: str = "", **front: object) -> None:
        """Declare a post in a file of its own; *front* are further keys of its front matter."""
        lines = "".join(f"{name}: {value}\n" for name, value in front.items())
        self.write(
            f"posts/{key}.md",
            f"---\nkey: {key}\ntargets: [{targets or self.cast.target}]\n{lines}---\n{text}\n",
        )

    def remove(self, key: str) -> None:
        """Remove the file that ``post`` wrote."""
        del self.files[f"posts/{key}.md"]

    # Verbs: each is a process of its own.

    @property
    def workspace(self) -> Workspace:
        """The project, opened by a new process."""
        here = Surroundings(lambda: "robin", lambda _: "c0ffee", lambda: "", self.new_id)
        return Workspace(
            self._desk.project(self.project),
            self._desk.providers(self.project),
            self.store,
            self.clock,
            self._connect,
            here,
            lambda *_: self._desk.content(self.project, self.files),
        )

    @property
    def store(self) -> Store:
        """Where the state lives, as a new process opens it."""
        project = self._desk.project(self.project)
        if self.shared:
            return SharedStore(
                self.remote, "threadsync.json", self.clock, self.machine, self.new_id, project.id
            )
        assert isinstance(project.state, Path), "a world's project names a file"
        history = project.root / "history"
        return FileStore(project.state, self.disk, self.clock, self.machine, history, self.new_id, project.id)

    def apply(self, *selectors: str, person: Person | None = None, **options: object) -> Ran:
        """Run ``apply`` once, as ``ApplyOptions`` say; without a *person* with ``--yes --first-run``."""
        said = {"yes": person is None, "first_run": True, "selectors": selectors, **options}
        self.say("apply", *selectors, *(f"{name}={value}" for name, value in sorted(options.items())))
        return self.run(
            lambda workspace: apply(
                workspace,
                ApplyOptions(**said),  # type: ignore[arg-type]
                person=person,
                show=self.show,
                watcher=self,
                on_started=self.started,
            )
        )

    def run(self, verb: Callable[[Workspace], AppliedPlan]) -> Ran:
        """Run *verb* in a process of its own, which may die; the world goes on either way."""
        self.moments, self.shown = [], None
        self._before, self._tip = self.disk.survivor(), self.remote.tip
        self.disk.interfere, self.remote.interfere = self._writing, self._talking
        try:
            ran = Ran(verb(self.workspace))
        except Crashed:
            ran = Ran()
        except ThreadsyncError as error:
            self.say("error", error)
            ran = Ran(error=error)
        self.disk.interfere, self.remote.interfere = None, lambda _: None
        self.machine.die()  # a process ends either way
        if ran.died:
            self._bury()
        if self.shared:
            self.machine, self.sessions = FakeMachine(f"runner-{self._numbered()}"), {}
        else:
            self.machine = self.machine.neighbour(self.machine.pid + 1)
        self.disk.capacity_bytes = None
        self._line.cut = False
        self._stop = _not_yet
        return ran

    def plan(self) -> Prepared:
        """Return what apply would do now."""
        return plan(self.workspace)

    def unlock(self) -> None:
        """Break the lock as a person would, who knows that its holder is dead."""
        store = self.store
        held = store.read().lock
        if held is not None:
            self.say("force-unlock", held.host, held.pid)
            me = Surroundings(lambda: "robin").holder("unlock", self.clock.now())
            try:
                store.force_unlock(held, me)
            except StateLocked as error:  # whoever broke a lock died at it; its message says what to do
                self.disk.remove(Path(error.where))
                store.force_unlock(held, me)

    def calm(self) -> None:
        """Let everything be well from now on: no faults, good tokens, the right time."""
        self.script = nothing
        self.clock.ahead_seconds = 0.0
        self.network.calm(self.clock.true())

    def transcript(self) -> str:
        """Return the whole conversation, a line an event: the same seed gives the same bytes."""
        told = "".join(
            f"{seconds:10.2f}  {' '.join(str(each) for each in what)}\n" for seconds, what in self.log
        )
        return told.replace(str(self._desk.root), "PROJECT")  # which folder a desk is in means nothing

    @property
    def state(self) -> State | None:
        """The state as a reader sees it; what did not change since is not read again."""
        place = self.remote.tip.id if self.shared else self.disk.files()
        if self._read is None or self._read[0] != place:
            self._read = (place, self.store.read().state)
        return self._read[1]

    def account(self, target: TargetName) -> str:
        """Return the handle of the account that the project gives *target*."""
        handle = self._desk.project(self.project).targets[target].account
        assert handle is not None, "every target of a world declares its account"
        return handle

    def new_id(self) -> str:
        """Return an id that no other call of this world returned."""
        return f"{self.seed:016x}{self._numbered():016x}"

    def _numbered(self) -> int:
        self._ids += 1
        return self._ids

    # What leaves the process.

    def _connect(
        self, _: object, providers: Mapping[TargetName, Provider], files: Files, *__: object
    ) -> AbstractContextManager[Connections]:
        return connected(Accounts(providers, self.sessions, self.clock, self._line.answer, files))

    def _writing(self, number: int) -> None:
        match self._moment(Place.DISK, "disk"):
            case Death() as death:
                self._death = death
                self.disk.crash = Crash(number, death.when)
            case WriteFails(full=True):
                self.disk.capacity_bytes = 0
            case WriteFails():
                raise StateUnwritable("the disk refused a write: I/O error", remedy="Check that disk.")
            case _:
                return

    def _talking(self, kind: str) -> RemoteFault | None:
        match self._moment(Place.REMOTE, kind, FAULTS[kind]):
            case Death() as death:
                self._death = death
                self.remote.crash = Crash(self.remote.steps - 1, death.when)
            case RemoteFails(how=how):
                return RemoteFault(how)
            case _:
                pass
        return None

    def _moment(self, place: Place, what: str, faults: tuple[str, ...] = ()) -> Trouble | None:
        moment = Moment(len(self.moments), place, what, faults)
        self.moments.append(moment)
        trouble = self.script(moment)
        if trouble is None:
            return None
        self.say("trouble", moment.number, what, trouble)
        match trouble:
            case Signal():
                self._stop()
            case ClockSet(seconds=seconds):
                self.clock.ahead_seconds += seconds
            case NetworkFault() | Unreachable() | TokenExpired() | Death() | WriteFails() | RemoteFails():
                pass  # whoever asked makes of it what it means there
            case _:
                assert_never(trouble)
        return trouble

    def _die(self, death: Death) -> None:
        self._death = death
        self.disk.crashed = self.remote.crashed = True
        raise Crashed

    def _bury(self) -> None:
        """Leave behind what a dead process leaves: its files or what it pushed, and its lock."""
        death, before = self._death, self._before
        assert before is not None, "a run has begun"
        self.say("died", death)
        self.remote.revive()
        self.disk = before if death.older else self.disk.survivor(death.loss)
        if death.older:
            self.remote.force(self._tip)
            self.sessions = {}
        if death.older or death.loss is not Loss.NOTHING:
            # Another boot: nobody there can tell whether the old process lives.
            self.machine = FakeMachine("build-7", f"boot-{self._numbered()}", self.machine.pid)
            self.unlock()
        elif self.shared:
            self.machine = FakeMachine(f"laptop-{self._numbered()}")
            self.unlock()

    # What it sees of a run.

    def started(self, stop: Callable[[], None]) -> None:
        """Take in how the run under way is stopped."""
        self._stop = stop

    def show(self, prepared: Prepared) -> None:
        """Take in the plan that is to be carried out."""
        self.shown = prepared
        for action in prepared.plan.actions:
            self.say("plan", action.word, action.address, action.reason)

    def waiting(self, name: str, why: str, seconds: float) -> None:
        """See ``Watcher.waiting``."""
        self.say(name, "waits", seconds, why)

    def requesting(self, name: str, request: Request) -> None:
        """See ``Watcher.requesting``; the answer is said where it is given."""

    def recorded(self, name: str, notes: tuple[Note, ...]) -> None:
        """See ``Watcher.recorded``."""
        self.say(name, "records", *notes)

    def finished(self, finished: Finished[object]) -> None:
        """See ``Watcher.finished``."""
        self.say(finished.name, "ends", finished.end)

    def say(self, *what: object) -> None:
        """Put something into the log."""
        self.log.append((self.clock.seconds, what))


def _not_yet() -> None:
    """Stop nothing yet."""
