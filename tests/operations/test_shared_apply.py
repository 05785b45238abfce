"""Whole applies on a state that machines share: intents are pushed first, and every post is there once."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.operations.world import Killed, picture
from tests.operations.world import World as OneMachine
from tests.statefile.worlds import MARIA, numbered_ids
from threadsync.errors import StateError, StateLocked
from threadsync.execution.seams import Unwatched
from threadsync.flows.effects import Request, Visibility
from threadsync.model.ids import TargetName
from threadsync.model.journal import Intent
from threadsync.operations.apply import AppliedPlan, ApplyOptions, apply
from threadsync.operations.shell import STOP_SECONDS
from threadsync.operations.surgery import state_pull, state_push
from threadsync.operations.workspace import Workspace, open_project
from threadsync.statefile.codec import open_document
from threadsync.statefile.journal import read_journal
from threadsync.statefile.shared import SharedStore
from threadsync.testing.disk import Crash, Crashed, When
from threadsync.testing.fakes import Answered
from threadsync.testing.machine import FakeMachine
from threadsync.testing.remote import FAULTS, MemoryRemote, RemoteFault

NAME = "threadsync.json"
BRANCH = "state: {branch: threadsync-state}\n"


@dataclass
class World(OneMachine):
    """Any number of machines, one remote; a request that others can see finds its own intent pushed."""

    remote: MemoryRemote = field(default_factory=MemoryRemote)
    machine: FakeMachine = field(default_factory=FakeMachine)
    dies_at: int | None = None
    before: Callable[[Request], None] = lambda _: None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.remote.clock = self.clock
        self.ids = numbered_ids()

    @property
    def workspace(self) -> Workspace:
        store = SharedStore(self.remote, NAME, self.clock, self.machine, self.ids, "test")
        opened = open_project(self.root, clock=self.clock, exact=True)
        return replace(opened, connect=self.connect, store=store)

    def moved(self, host: str = "build-8") -> None:
        """Go on in a clone on another machine."""
        self.machine = FakeMachine(host)

    def unlock(self) -> None:
        """Break the lock, as a person would who knows that its run is dead."""
        self.remote.revive()
        lock = self.workspace.store.read().lock
        if lock is not None:
            self.workspace.store.force_unlock(lock, MARIA)

    def answer(self, target: TargetName, request: Request) -> Answered:
        self.before(request)
        if request.visibility is Visibility.VISIBLE:
            assert request.fingerprint() in self.pushed_intents(), (
                f"{request.path} went out before its intent"
            )
        answered = super().answer(target, request)
        if len(self.sent) == self.dies_at:
            self.remote.crashed = True  # nothing that follows in the dead process reaches anybody
            raise Killed
        return answered

    def pushed_intents(self) -> set[str]:
        files = self.remote.tip.files
        unfolded = read_journal(files[f"{NAME}.journal"], open_document(files[NAME]))
        return {note.covers for _, note in unfolded.notes if isinstance(note, Intent)}

    @property
    def pushes(self) -> int:
        return len(self.remote.messages)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def settled(world: World, texts: list[str]) -> None:
    """Another machine takes over until nothing is left: every post is there, and once."""
    world.unlock()
    world.moved()
    for _ in range(3):
        world.applied(max_creates=100)
    assert sorted(world.live()) == sorted(texts)
    assert not [a for a in world.plan().values() if a.word not in {"no-op", "wait"}]
    assert set(world.remote.tip.files) == {NAME}


# How many pushes it takes.


def test_twenty_posts_share_their_pushes(world: World) -> None:
    """The lock, one batch of intents for each full house of actions, and the end: not one a post."""
    for number in range(20):
        world.post(f"p{number}", f"Text {number}")
    assert set(world.applied(max_creates=20).values()) == {"applied"}
    assert len(world.live()) == 20
    assert world.pushes == 4


def test_a_chain_takes_one_push_a_segment(world: World) -> None:
    """The receipt of a segment rides with the intent of the next; the lock and the end are two more."""
    for length in (1, 4, 9):
        before = world.pushes
        world.post(f"c{length}", "\n\n---\n\n".join(f"Part {n} of {length}" for n in range(length)))
        world.applied()
        assert world.pushes - before == length + 2


def test_chains_side_by_side_share_theirs(world: World) -> None:
    for number in range(4):
        world.post(f"c{number}", "\n\n---\n\n".join(f"Chain {number}, part {n}" for n in range(5)))
    assert set(world.applied().values()) == {"applied"}
    assert world.pushes <= 5 + 2 + 1


def test_a_long_wait_is_a_time_to_push_receipts(world: World) -> None:
    """A picture takes its time; what went out before it is on record long before it is done."""
    world.write("posts/p.jpg", picture())
    world.switch(image_delay_seconds=200.0)
    world.post("a", "Quick")
    world.post("b", "Slow\n\n![red](p.jpg)")
    seen: list[set[str]] = []

    def look(request: Request) -> None:
        if request.method == "GET" and world.clock.seconds > 60:
            state = dataclasses.replace(world, remote=world.remote).workspace.store.read().state
            seen.append({str(address) for address in state.bindings} if state is not None else set())

    world.before = look
    assert set(world.applied().values()) == {"applied"}
    assert seen
    assert all("a@threads/main" in bound for bound in seen)


def test_nothing_to_do_pushes_nothing_and_a_plan_neither(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    before = world.pushes
    assert world.apply().report is None
    world.plan()
    assert world.pushes == before


# A runner that dies.

POSTS = {"a": "One", "b": "Two\n\n---\n\nThree", "c": "Four"}
TEXTS = ["One", "Two", "Three", "Four"]


def project(folder: Path) -> World:
    world = World(folder)
    for key, text in POSTS.items():
        world.post(key, text)
    return world


def worlds(folder: Path) -> list[World]:
    """As many worlds as an undisturbed run sends requests."""
    calm = project(folder / "calm")
    calm.applied()
    return [project(folder / str(number)) for number in range(len(calm.sent))]


def test_wherever_a_runner_dies_the_next_one_elsewhere_finishes_and_nothing_goes_out_twice(
    tmp_path: Path,
) -> None:
    """With each request's answer the machine vanishes: what it had not pushed is gone with it."""
    for number, world in enumerate(worlds(tmp_path), start=1):
        world.dies_at = number
        with pytest.raises(Crashed):
            world.apply()
        world.dies_at = None
        settled(world, TEXTS)


def test_a_runner_that_dies_after_publishing_and_before_pushing_its_receipt(world: World) -> None:
    world.post("a", "Hello")
    world.before = lambda request: setattr(
        world, "dies_at", len(world.sent) + 1 if request.visibility is Visibility.VISIBLE else None
    )
    with pytest.raises(Crashed):
        world.apply()
    world.before = lambda _: None
    world.dies_at = None
    world.remote.revive()
    assert (world.live(), world.state.bindings) == (["Hello"], {})
    settled(world, ["Hello"])


@pytest.mark.parametrize("when", [When.BEFORE, When.AFTER])
def test_wherever_a_runner_dies_while_it_pushes_the_same_holds(tmp_path: Path, when: When) -> None:
    for step in count():
        world = project(tmp_path / str(step))
        world.remote.crash = Crash(step, when)
        try:
            world.apply()
        except Crashed:
            settled(world, TEXTS)
        else:
            assert step > 5
            return


@pytest.mark.parametrize("fault", RemoteFault)
def test_whatever_goes_wrong_with_a_push_the_same_holds(tmp_path: Path, fault: RemoteFault) -> None:
    """Also where somebody forces an older revision back: what it forgot is looked for on the account."""
    calm = project(tmp_path / "calm")
    calm.applied()
    for step in range(calm.remote.steps):
        world = project(tmp_path / str(step))

        def strike(kind: str, world: World = world, step: int = step) -> RemoteFault | None:
            return fault if world.remote.steps - 1 == step and fault in FAULTS[kind] else None

        world.remote.interfere = strike
        with suppress(StateError):
            world.apply()
        world.remote.interfere = lambda _: None
        world.unlock()
        world.moved()
        for _ in range(2):
            world.applied()
        live = world.live()
        assert len(live) == len(set(live)), "nothing is there twice"
        if fault is not RemoteFault.ROLLED_BACK:
            settled(world, TEXTS)


# Rejected pushes, two clones.


def test_a_rejected_push_stops_before_anything_is_published(world: World) -> None:
    world.post("a", "Hello")

    def break_lock(request: Request) -> None:
        if request.method == "POST":
            world.before = lambda _: None
            lock = world.workspace.store.read().lock
            assert lock is not None
            world.workspace.store.force_unlock(lock, MARIA)

    world.before = break_lock
    done = world.apply()
    assert done.report is not None
    assert isinstance(done.report.failure, StateLocked)
    assert "the lock of this run was taken away" in done.report.failure.problem
    assert world.live() == []
    assert not [request for request in world.sent if request.endswith("/threads_publish")]
    settled(world, ["Hello"])


def test_of_two_clones_one_works_and_the_other_says_who_does(world: World, tmp_path: Path) -> None:
    world.post("a", "Hello")
    other = World(tmp_path / "other", clock=world.clock, remote=world.remote)
    shutil.copytree(world.root / "posts", other.root / "posts", dirs_exist_ok=True)
    other.network = world.network
    other.moved()
    told: list[StateLocked] = []

    def both(request: Request) -> None:
        if request.method == "POST":
            with pytest.raises(StateLocked) as caught:
                other.apply()
            told.append(caught.value)

    world.before = both
    world.applied()
    assert len(told) == 2
    assert all("on build-7 (threadsync apply" in error.problem for error in told)
    assert other.apply().report is None, "it sees what the first one did"
    assert world.live() == ["Hello"]


def test_an_older_state_forced_back_between_two_runs_publishes_nothing_again(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    older = world.remote.tip
    world.post("b", "World")
    world.applied()
    world.remote.force(older)
    world.moved()
    done = world.apply()
    blocked = {str(a.address): a.reason.value for a in done.prepared.plan.actions if a.word == "blocked"}
    assert blocked == {"b@threads/main": "looks-published"}
    assert sorted(world.live()) == ["Hello", "World"]


def test_a_branch_that_is_gone_is_a_first_run_and_publishes_no_backlog(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    world.remote.write({})
    done = world.apply()
    assert [a.reason.value for a in done.prepared.plan.actions] == ["looks-published"]
    assert world.live() == ["Hello"]


# Signals.


def stopped(world: World, at: Callable[[Request], bool]) -> AppliedPlan:
    """Apply, with a signal just before the first request that *at* chooses."""
    stops: list[Callable[[], None]] = []
    came: list[float] = []

    def signal(request: Request) -> None:
        if not came and at(request):
            came.append(world.clock.seconds)
            stops[0]()

    world.before = signal
    done = apply(
        world.workspace,
        ApplyOptions(yes=True, first_run=True),
        person=None,
        show=lambda _: None,
        watcher=Unwatched(),
        on_started=stops.append,
    )
    assert world.clock.seconds - came[0] <= 5.0
    return done


def visible(request: Request) -> bool:
    return request.visibility is Visibility.VISIBLE


def test_a_signal_ends_the_run_in_time_with_its_receipts_pushed(world: World) -> None:
    world.remote.step_seconds = 1.5
    world.post("a", "One\n\n---\n\nTwo")
    done = stopped(world, visible)
    assert done.report is not None
    assert done.report.failure is None
    assert world.live() == ["One"]
    world.before = lambda _: None
    world.moved()
    assert set(world.remote.tip.files) == {NAME}, "the lock is given back"
    assert world.applied() == {"a@threads/main": "applied"}
    assert world.live() == ["One", "Two"]


def test_a_push_that_takes_longer_than_the_run_may_is_given_up_with_the_truth(world: World) -> None:
    world.remote.step_seconds = STOP_SECONDS + 1
    world.post("a", "Hello")
    done = stopped(world, visible)
    assert done.report is not None
    assert done.report.failure is not None
    assert "the last push of this run was not done" in done.report.failure.problem
    assert "nothing goes out twice" in done.report.failure.remedy
    world.before = lambda _: None
    settled(world, ["Hello"])


# The rest of the house.


def test_the_project_names_a_branch_and_everything_says_so(world: World) -> None:
    text = (world.root / "threadsync.yaml").read_text()
    world.write("threadsync.yaml", text.replace("state: state/threadsync.json\n", BRANCH))
    world.post("a", "Hello")
    opened = open_project(world.root, exact=True)
    assert opened.project.state_name == "branch threadsync-state of origin"
    assert opened.store.where == "branch threadsync-state of origin"
    assert isinstance(opened.store, SharedStore)
    assert (opened.store.file, opened.store.project) == (NAME, "test")


def test_the_state_is_pulled_and_pushed_back(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    copy = state_pull(world.workspace)
    world.post("b", "World")
    world.applied()
    done = state_push(world.workspace, copy, "copy.json")
    assert done.lines[0] == "The state is now what copy.json holds: 1 publication."
    assert done.backup.endswith(f":{NAME}")
    assert [str(address) for address in world.state.bindings] == ["a@threads/main"]
    world.apply()
    assert sorted(world.live()) == ["Hello", "World"]
