"""``notify: {target: …}``: each message is one post, whenever the run dies, and no plan is about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.operations.both import HANDLES, OTHER, Both
from tests.operations.both import PROJECT as BOTH
from tests.operations.office import EXPIRED, LINK, REFUSED
from tests.operations.world import PROJECT, Killed, World, words
from threadsync.config import load_project
from threadsync.errors import ContentError, ProjectError, StateError
from threadsync.execution.seams import Unwatched
from threadsync.flows.effects import Request
from threadsync.model.ids import TargetName, is_notice
from threadsync.model.journal import TargetMoved
from threadsync.model.ledger import fold
from threadsync.model.trouble import TroubleKind
from threadsync.operations.apply import ApplyOptions, apply
from threadsync.operations.doctor import check_notify
from threadsync.operations.holding import freeze
from threadsync.operations.notifying import Notifying
from threadsync.operations.plan import plan
from threadsync.operations.refresh import refresh
from threadsync.operations.status import status
from threadsync.operations.troubles import Found, Outcome
from threadsync.operations.workspace import Workspace
from threadsync.sandbox import threads
from threadsync.sandbox.threads import Fault, FaultKind
from threadsync.statefile.store import FileStore
from threadsync.testing.disk import Crash, Crashed, MemoryDisk, When
from threadsync.testing.fakes import Answered

BRAND = TargetName("threads/brand")
NOTIFY = "notify: {target: threads/brand}\n"
TROUBLE = "threadsync, project test: threads/main is in trouble since "
WORKS = "threadsync, project test: threads/main works again since "


@dataclass
class Office(World):
    """A world that tells its troubles on a target of its own."""

    warnings: list[str] = field(default_factory=list)
    disk: MemoryDisk = field(default_factory=MemoryDisk)
    """Where the state is."""
    after: MemoryDisk = field(default_factory=MemoryDisk)
    """It, as the process left it that died."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.write("threadsync.yaml", PROJECT + NOTIFY)
        self.post("first", "Hello")
        self.applied()

    @property
    def workspace(self) -> Workspace:
        opened = super().workspace
        assert isinstance(opened.store, FileStore)
        return replace(opened, store=replace(opened.store, disk=self.disk), tell=self.warnings.append)

    @property
    def messages(self) -> list[str]:
        return self.live("brand")

    def fail(self) -> None:
        """Leave a post that cannot go out, since the token is dead."""
        self.post("a", "More")
        self.arm(EXPIRED)

    def mend(self) -> None:
        threads.apply(self.network, threads.Disarm(), self.clock.now().timestamp())

    def kill(self) -> None:
        if len(self.sent) == self.kill_at_request:
            self.after = self.disk.survivor()
            raise Killed

    def died(self, request: int, **_: object) -> bool:
        """Apply and die with the answer to the given request; False if there were fewer."""
        self.kill_at_request = len(self.sent) + request
        try:
            self.apply()
        except Killed:
            self.disk = self.after
            self.disk.remove(self.root / "state/threadsync.json.lock")
            return True
        finally:
            self.kill_at_request = None
        return False

    def crashed(self, effect: int, when: When) -> bool:
        """Apply on a disk where the process dies at *effect*; False if there were fewer."""
        self.disk.effects, self.disk.crash = 0, Crash(effect, when)
        try:
            self.apply()
        except Crashed:
            self.disk = self.disk.survivor()
            self.disk.remove(self.root / "state/threadsync.json.lock")
            return True
        self.disk.crash = None
        return False

    def tells_once(self, event: str) -> bool:
        return [each.startswith(event) for each in self.messages] == [True]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_a_failure_is_one_post_and_its_end_another_however_often_apply_runs(office: Office) -> None:
    office.fail()
    for _ in range(3):
        office.apply()
        office.clock.sleep(300)
    (failure,) = office.messages
    assert failure.startswith(TROUBLE)
    assert "\n" in failure
    office.mend()
    for _ in range(3):
        office.apply()
        office.clock.sleep(300)
    assert [each.startswith(WORKS) for each in office.messages] == [False, True]
    assert office.state.troubles == {}
    assert not office.state.open


def test_a_message_is_a_post_that_no_plan_lists_and_nobody_calls_undeclared(office: Office) -> None:
    office.fail()
    office.apply()
    state = office.state
    assert not any(map(is_notice, state.bindings))
    (stone,) = [each for address, each in state.tombstones.items() if is_notice(address)]
    assert stone.left_up
    assert set(office.plan()) == {"a@threads/main", "first@threads/main"}
    office.mend()
    found = refresh(office.workspace, watcher=Unwatched())
    assert found.undeclared == ()
    assert {str(row.address) for row in status(office.workspace).rows} == set(office.plan())


def test_a_message_holds_back_no_post_that_says_the_same(office: Office) -> None:
    office.fail()
    office.apply()
    office.mend()
    (text,) = office.messages
    office.post("same", text.replace("(at)", "(at) "), targets="threads/brand")
    office.post("like", f"{text} indeed", targets="threads/brand")
    found = words(office.plan())
    assert (found["same@threads/brand"], found["like@threads/brand"]) == ("create new", "create new")
    done = office.applied()
    assert (done["same@threads/brand"], done["like@threads/brand"]) == ("applied", "applied")


def test_whenever_the_run_dies_there_is_one_message(tmp_path: Path) -> None:
    """Killed with the answer to each request of a run in turn: the next applies tell it once."""
    request, ran_through = 0, False
    while not ran_through:
        request += 1
        office = Office(tmp_path / str(request))
        office.fail()
        ran_through = not office.died(request)
        assert len(office.messages) <= 1
        for _ in range(3):
            office.clock.sleep(400)
            office.apply()
        assert office.tells_once(TROUBLE), f"killed at request {request}"
        assert not any(map(is_notice, (*office.state.open, *office.state.bindings)))
        office.mend()
        office.apply()
        assert [each[: len(WORKS)] for each in office.messages[1:]] == [WORKS]
    assert request > 5


@pytest.mark.parametrize("when", [When.TORN, When.AFTER])
def test_whatever_is_on_record_when_the_run_dies_there_is_one_message(tmp_path: Path, when: When) -> None:
    """Killed at each write of a run in turn, of its failure and then of its recovery."""
    effect, dies = 0, True
    while dies:
        office = Office(tmp_path / str(effect))
        office.fail()
        dies = office.crashed(effect, when)
        office.clock.sleep(400)
        office.apply()
        assert office.tells_once(TROUBLE), effect
        office.mend()
        dies = office.crashed(effect, when) or dies
        office.post("b", "Something else")  # so that the target is used again, wherever the run died
        office.clock.sleep(400)
        office.apply()
        assert [each.startswith(WORKS) for each in office.messages] == [False, True], effect
        assert not any(map(is_notice, (*office.state.open, *office.state.bindings)))
        effect += 1
    assert effect > 15


def test_a_death_while_the_end_is_told_tells_it_once(tmp_path: Path) -> None:
    request, ran_through = 0, False
    while not ran_through:
        request += 1
        office = Office(tmp_path / str(request))
        office.fail()
        office.apply()
        office.mend()
        ran_through = not office.died(request)
        office.post("b", "Something else")  # so that the target is used again, wherever the run died
        for _ in range(3):
            office.clock.sleep(400)
            office.apply()
        assert [each.startswith(WORKS) for each in office.messages] == [False, True], request
        assert office.live() == ["Hello", "More", "Something else"]
        assert office.state.troubles == {}
    assert request > 10


@dataclass
class OnBluesky(Both):
    """Troubles of Threads are told on Bluesky; a run may die with an answer of either."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.write("threadsync.yaml", BOTH + "notify: {target: bluesky/other}\n")
        self.post("first", "Hello")
        self.applied()
        self.post("a", "More")
        self.arm(EXPIRED)

    def answer(self, target: TargetName, request: Request) -> Answered:
        reply = super().answer(target, request)
        if target in HANDLES:
            self.sent.append(f"bluesky {request.path}")
            self.kill()
        return reply

    @property
    def messages(self) -> list[str]:
        return [str(each.value["text"]) for each in self.sky.records(OTHER)]


def test_on_bluesky_too_there_is_one_message_whenever_the_run_dies(tmp_path: Path) -> None:
    request, ran_through = 0, False
    while not ran_through:
        request += 1
        world = OnBluesky(tmp_path / str(request))
        ran_through = not world.died(request)
        for _ in range(2):
            world.clock.sleep(400)
            world.apply()
        assert [each.startswith(TROUBLE) for each in world.messages] == [True], request
        assert not any(map(is_notice, (*world.state.open, *world.state.bindings)))
    assert sum(each.endswith("putRecord") for each in world.sent) == 1


def test_while_nobody_knows_what_became_of_a_message_no_second_one_goes_out(office: Office) -> None:
    office.fail()
    office.arm(Fault("publish", FaultKind.ANSWER_LOST, profile="brand"))
    office.switch(listing_lag_seconds=5000)
    office.apply()
    office.apply()
    assert office.tells_once(TROUBLE)
    assert any(map(is_notice, office.state.open))
    assert plan(office.workspace).interrupted == ()
    assert {str(row.address) for row in status(office.workspace).rows} == set(office.plan())
    assert "what became of an earlier message on threads/brand cannot be told yet" in office.warnings[-1]
    office.clock.sleep(5000)
    office.apply()
    assert not office.state.open
    office.apply()
    assert office.tells_once(TROUBLE)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("publish", FaultKind.ACTS_LATE, seconds=200, profile="brand"),
        Fault("publish", FaultKind.ERROR_ALTHOUGH_DONE, profile="brand"),
        Fault("publish", FaultKind.REQUEST_LOST, profile="brand"),
        Fault("create", FaultKind.ANSWER_LOST, profile="brand"),
    ],
    ids=lambda fault: f"{fault.operation} {fault.kind.value}",
)
def test_whatever_the_network_does_there_is_one_message(office: Office, fault: Fault) -> None:
    office.fail()
    office.arm(fault)
    for _ in range(3):
        office.apply()
        office.clock.sleep(400)
    office.apply()
    assert office.tells_once(TROUBLE)
    assert not office.state.open


def test_another_refused_post_is_a_message_of_its_own_that_names_what_fits(office: Office) -> None:
    office.arm(REFUSED)
    office.post("a", LINK)
    office.apply()
    assert office.messages[0].endswith("Not known to be live: a.")
    for number in range(9):
        office.post(f"{number}-{'x' * 80}", f"{LINK}{number}")
    office.apply(max_creates=20)
    _, second = office.messages
    assert len(second) <= 500
    assert re.search(r"Not known to be live: .*, \d+ more\.$", second)


def test_a_target_does_not_tell_of_its_own_dead_account(office: Office) -> None:
    office.write("threadsync.yaml", PROJECT + "notify: {target: threads/main}\n")
    office.fail()
    for _ in range(2):
        office.apply()
    assert "threads/main cannot tell of itself" in office.warnings[-1]
    assert "The next apply tries again" in office.warnings[-1]
    office.mend()
    office.apply()
    assert office.live() == ["Hello", "More"]


def test_a_message_that_cannot_go_out_changes_no_outcome_and_is_tried_again(office: Office) -> None:
    office.fail()
    office.arm(replace(EXPIRED, profile="brand"))
    done = office.apply()
    assert done.unreadable
    assert "nobody was told of the failure of threads/main" in office.warnings[-1]
    office.mend()
    office.arm(EXPIRED)
    office.apply()
    assert office.tells_once(TROUBLE)


def test_files_with_errors_are_told_on_the_target_once(office: Office) -> None:
    office.write("posts/bad.md", "---\ntargets: 5\n---\nHm\n")
    for _ in range(2):
        with pytest.raises(ContentError):
            office.apply()
    (told,) = office.messages
    assert told.startswith("threadsync, project test: apply is in trouble since ")


def test_nothing_goes_out_under_a_freeze(office: Office) -> None:
    freeze(office.workspace, why="quiet please")
    office.write("posts/bad.md", "---\ntargets: 5\n---\nHm\n")
    with pytest.raises(ContentError):
        office.apply()
    assert office.messages == []
    assert "everything is frozen" in office.warnings[-1]


def test_a_state_that_cannot_be_used_is_told_nowhere(office: Office) -> None:
    office.disk.put(office.root / "state/threadsync.json", b"{")
    with pytest.raises(StateError):
        office.apply()
    assert office.messages == []
    assert "without a state to remember it in" in office.warnings[-1]


def test_a_run_that_is_stopped_while_telling_leaves_it_to_the_next_one(office: Office) -> None:
    office.fail()
    stops: list[Callable[[], None]] = []

    def started(stop: Callable[[], None]) -> None:
        stops.append(stop)
        if len(stops) == 2:  # the first was that of the apply itself
            stop()

    apply(
        office.workspace,
        ApplyOptions(yes=True),
        person=None,
        show=lambda _: None,
        watcher=Unwatched(),
        on_started=started,
    )
    assert office.messages == []
    office.apply()
    assert office.tells_once(TROUBLE)


@pytest.mark.parametrize("said", ["a\0b", "half \ud83d", "long " * 50_000], ids=["NUL", "half", "long"])
def test_whatever_a_network_says_there_is_a_message(office: Office, said: str) -> None:
    found = Found(TroubleKind.ACCOUNT, said)
    outcome = Outcome({TargetName("threads/main"): found})
    Notifying(office.workspace, ApplyOptions(), lambda _: None)._settle(outcome, prior=None)
    assert office.warnings == []
    assert office.tells_once(TROUBLE)


def test_a_run_that_is_stopped_before_it_tells_asks_nothing(office: Office) -> None:
    office.fail()
    office.arm(Fault("publish", FaultKind.ANSWER_LOST, profile="brand"))
    office.switch(listing_lag_seconds=5000)
    office.apply()
    assert office.state.open
    office.write("posts/bad.md", "---\ntargets: 5\n---\nHm\n")
    asked = len(office.sent)
    with pytest.raises(ContentError):
        apply(
            office.workspace,
            ApplyOptions(yes=True),
            person=None,
            show=lambda _: None,
            watcher=Unwatched(),
            on_started=lambda stop: stop(),
        )
    assert len(office.sent) == asked


def test_whom_a_message_was_told_follows_its_target_to_a_new_name(office: Office) -> None:
    office.fail()
    office.apply()
    state, ops = office.state, TargetName("threads/ops")
    move = TargetMoved(BRAND, ops, office.clock.now())
    (trouble,) = fold(state, [(state.sequence + 1, move)]).troubles.values()
    assert trouble.told == (ops,)


def test_the_tombstones_of_messages_go_after_90_days(office: Office) -> None:
    office.fail()
    office.apply()
    office.clock.sleep(91 * 86400)
    office.mend()
    office.apply()
    assert len([each for each in office.state.tombstones if is_notice(each)]) == 1
    assert len(office.messages) == 2


def test_a_target_that_the_project_lacks_is_an_error_of_its_file(office: Office) -> None:
    office.write("threadsync.yaml", PROJECT + "notify: {target: threads/nobody}\n")
    with pytest.raises(ProjectError) as caught:
        load_project(office.root)
    (found,) = caught.value.findings
    assert (found.rule, "threads/nobody" in found.problem) == ("project/notify", True)


def test_doctor_says_that_one_target_alone_does_not_tell_of_itself(office: Office) -> None:
    (check,) = check_notify(office.workspace)
    assert (check.verdict.value, "itself" in check.said) == ("warning", True)
    office.write("threadsync.yaml", PROJECT + "notify: [{target: threads/brand}, {target: threads/main}]\n")
    assert {check.verdict.value for check in check_notify(office.workspace)} == {"ok"}
