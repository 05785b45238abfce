"""``notify:``: each trouble is told once and its end once, whoever applies, and telling changes no apply."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from tests.operations.someone import Someone
from tests.operations.world import PROJECT, World
from threadsync.content.schemas import load_schema
from threadsync.errors import ContentError, StateError, StateLocked, UnsafePlan
from threadsync.execution import commands
from threadsync.execution.seams import Unwatched
from threadsync.model.ids import TargetName
from threadsync.model.journal import TargetMoved
from threadsync.model.ledger import fold
from threadsync.model.trouble import TroubleKind
from threadsync.operations import notifying
from threadsync.operations.apply import AppliedPlan, ApplyOptions, apply
from threadsync.operations.notifying import name_of
from threadsync.operations.plan import plan
from threadsync.operations.provenance import Surroundings
from threadsync.operations.troubles import Found, Outcome
from threadsync.operations.workspace import Workspace
from threadsync.sandbox import threads
from threadsync.sandbox.threads import Fault, FaultKind
from threadsync.statefile.lock import Holder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are a POSIX shell's")

MAIN, BRAND = TargetName("threads/main"), TargetName("threads/brand")
NOTIFY = "notify: {command: ./tell.sh one}\n"
TELL = '#!/bin/sh\ncat >> "told-$1"\necho >> "told-$1"\nenv > "environ-$1"\n'
EXPIRED = Fault("any", FaultKind.TOKEN_EXPIRED, times=None, profile="main")
DOWN = Fault("any", FaultKind.SERVER_ERROR, times=None, profile="main")
REFUSED = Fault("create", FaultKind.LINK_REFUSED, times=None, profile="main")
LINK = "Look https://example.org/a"
NIGHTLY = "https://ci.example/runs/7"


@dataclass
class Office(World):
    """A world whose project names a script that writes down what it is told."""

    warnings: list[str] = field(default_factory=list)
    allowed: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.says(NOTIFY)
        self.script("tell.sh", TELL)

    def says(self, more: str) -> None:
        self.write("threadsync.yaml", PROJECT + more)

    def script(self, name: str, text: str) -> None:
        self.write(name, text).chmod(0o755)

    @property
    def workspace(self) -> Workspace:
        return replace(
            super().workspace,
            allow_commands=self.allowed,
            tell=self.warnings.append,
            surroundings=Surroundings(ci_run=lambda: NIGHTLY),
        )

    def told(self, who: str = "one") -> list[dict[str, Any]]:
        """All that a script was told, in order."""
        path = self.root / f"told-{who}"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def events(self, who: str = "one") -> list[tuple[str, str, str]]:
        return [(each["event"], each["target"] or "*", each["trouble"]) for each in self.told(who)]

    def mend(self) -> None:
        threads.apply(self.network, threads.Disarm(), self.clock.now().timestamp())

    def wait(self, minutes: float) -> None:
        self.clock.sleep(minutes * 60)

    def begin(self) -> None:
        """Publish something first, so that there is a state."""
        self.post("first", "Hello")
        self.post("beside", "Hello here", targets="threads/brand")
        self.applied()


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.begin()
    return office


FAILURE, RECOVERY = ("failure", "threads/main", "account"), ("recovery", "threads/main", "account")

# Once a failure, once a recovery


def test_what_goes_well_is_told_nobody_and_takes_no_second_lock(office: Office) -> None:
    serial = office.state.serial
    office.post("a", "More")
    office.apply()
    assert (office.events(), office.state.serial) == ([], serial + 1)


def test_an_account_that_is_refused_is_told_once_however_often_apply_runs(office: Office) -> None:
    office.post("a", "More")
    office.arm(EXPIRED)
    for _ in range(3):
        office.apply()
        office.wait(5)
    (told,) = office.told()
    assert (told["event"], told["target"], told["trouble"]) == FAILURE
    assert told["since"].startswith("2026-11-21T12:0")
    assert told["run"] == NIGHTLY
    for part in (
        told["problem"].removesuffix("."),
        told["remedy"],
        NIGHTLY,
        "test",
        "threads/main is in trouble",
    ):
        assert part in told["text"]


def test_the_next_apply_that_uses_the_target_again_tells_its_recovery_once(office: Office) -> None:
    office.post("a", "More")
    office.arm(EXPIRED)
    office.apply()
    office.wait(10)
    office.mend()
    assert office.applied() == {"a@threads/main": "applied"}
    office.apply()
    assert office.events() == [FAILURE, RECOVERY]
    assert office.told()[1]["since"] == office.told()[0]["since"]
    assert office.told()[1]["until"] > office.told()[1]["since"]
    assert "works again" in office.told()[1]["text"]
    assert office.state.troubles == {}


def test_a_second_failure_after_a_recovery_is_told_again(office: Office) -> None:
    office.post("a", "More")
    for number in range(2):
        office.arm(EXPIRED)
        office.apply()
        office.mend()
        office.apply()
        office.post(f"next-{number}", f"Next {number}")
    assert office.events() == [FAILURE, RECOVERY] * 2


def test_an_apply_that_did_not_try_the_target_says_nothing_of_its_recovery(office: Office) -> None:
    """With nothing due it is logged in nowhere, so nobody knows whether the token works by now."""
    office.post("a", "More")
    office.arm(EXPIRED)
    office.apply()
    office.mend()
    office.remove("a")
    office.apply()
    office.apply("beside")
    assert office.events() == [FAILURE]


def test_of_two_runners_with_one_state_one_tells(office: Office) -> None:
    office.post("a", "More")
    office.arm(EXPIRED)
    office.apply()
    other = Office(office.root, clock=office.clock)
    other.network = office.network
    other.apply()
    assert office.events() == [FAILURE]


def test_a_network_that_stays_down_is_told_and_another_target_goes_on(office: Office) -> None:
    office.post("a", "More", targets="threads/main, threads/brand")
    office.arm(DOWN)
    assert office.applied()["a@threads/brand"] == "applied"
    assert office.events() == [("failure", "threads/main", "network")]
    office.mend()
    office.apply()
    assert office.events()[1:] == [("recovery", "threads/main", "network")]


def test_another_account_than_declared_is_told(office: Office) -> None:
    office.post("a", "More")
    office.tokens = {**office.tokens, MAIN: "sandbox-brand"}
    office.apply()
    assert office.events() == [FAILURE]
    assert "the credential opens @brand" in office.told()[0]["problem"]


def test_a_token_that_expires_midway_is_told(office: Office) -> None:
    office.post("a", "More")
    office.arm(Fault("create", FaultKind.TOKEN_EXPIRED, times=None, profile="main"))
    office.apply()
    assert office.events() == [FAILURE]


def test_a_refused_post_is_told_with_its_address_and_another_one_too(office: Office) -> None:
    office.post("a", LINK)
    office.arm(REFUSED)
    office.apply()
    office.apply()
    office.post("b", f"{LINK}/b")
    office.apply()
    office.apply()
    assert [each["addresses"] for each in office.told()] == [
        ["a@threads/main"],
        ["a@threads/main", "b@threads/main"],
    ]
    assert "a@threads/main is refused: " in office.told()[0]["problem"]
    office.mend()
    office.apply()
    assert office.events()[2:] == [("recovery", "threads/main", "posts")]
    office.apply()
    assert len(office.events()) == 3


def test_a_refused_post_whose_file_is_gone_is_over(office: Office) -> None:
    office.post("a", LINK)
    office.arm(REFUSED)
    office.apply()
    office.remove("a")
    office.apply()
    assert [event for event, _, _ in office.events()] == ["failure", "recovery"]


def test_an_apply_of_other_posts_says_nothing_of_a_refused_one(office: Office) -> None:
    office.post("a", LINK)
    office.arm(REFUSED)
    office.apply()
    office.mend()
    office.post("b", f"{LINK}/b")
    office.apply("b")
    assert len(office.events()) == 1
    office.apply("a")
    assert len(office.events()) == 2


def test_an_uncertain_post_is_told(office: Office) -> None:
    office.post("a", "More")
    office.arm(Fault("publish", FaultKind.ANSWER_LOST))
    office.switch(listing_lag_seconds=1e9)
    assert office.applied() == {"a@threads/main": "uncertain"}
    office.apply()
    (told,) = office.told()
    assert "a@threads/main is uncertain: " in told["problem"]
    assert "state resolve a@threads/main" in told["remedy"]


# Overdue


def due(office: Office, minutes: float) -> str:
    at: datetime = office.clock.now() + timedelta(minutes=minutes)
    return f"{{at: {at:%Y-%m-%d %H:%M}, window: 10m}}"


def test_what_is_due_for_long_and_not_live_is_told_after_half_an_hour(office: Office) -> None:
    office.post("a", "Late", publish=due(office, 5))
    office.wait(20)
    office.apply()
    assert office.events() == []  # somebody may be about to say yes
    office.wait(20)
    office.apply()
    office.apply()
    (told,) = office.told()
    assert (told["trouble"], told["addresses"]) == ("posts", ["a@threads/main"])
    assert "a@threads/main is overdue: its window ended" in told["problem"]
    assert "--late=a@threads/main" in told["remedy"]
    office.apply(late=("a@threads/main",))
    assert [event for event, _, _ in office.events()] == ["failure", "recovery"]


def test_what_a_person_keeps_back_is_no_trouble(office: Office) -> None:
    """What counts as backlog is never to go out by itself."""
    office.post("old", "Of last year", publish="2026-01-01 10:00")
    office.apply()
    assert office.events() == []


# An apply as a whole


def test_files_with_errors_are_told_once_and_that_they_are_mended(office: Office) -> None:
    office.write("posts/bad.md", "---\nkey: bad\ntargets: [threads/nobody]\n---\nHi\n")
    for _ in range(2):
        with pytest.raises(ContentError):
            office.apply()
    (told,) = office.told()
    assert (told["target"], told["trouble"]) == (None, "apply")
    assert "posts/bad.md" in told["problem"]
    office.remove("bad")
    office.apply()
    assert office.events() == [("failure", "*", "apply"), ("recovery", "*", "apply")]


def test_a_plan_over_the_limits_is_told(office: Office) -> None:
    for number in range(11):
        office.post(f"many-{number}", f"Number {number}")
    for _ in range(2):
        with pytest.raises(UnsafePlan):
            office.apply()
    assert office.events() == [("failure", "*", "apply")]
    office.apply(max_creates=11)
    assert office.events()[1:] == [("recovery", "*", "apply")]


def test_a_state_that_cannot_be_used_is_told_by_each_apply_since_there_is_nowhere_to_remember_it(
    office: Office,
) -> None:
    (office.root / "state/threadsync.json").write_text("{}")
    for _ in range(2):
        with pytest.raises(StateError):
            office.apply()
    assert office.events() == [("failure", "*", "state")] * 2
    assert {each["remembered"] for each in office.told()} == {False}
    assert "tells it again" in office.told()[0]["text"]


def test_a_state_that_another_run_holds_is_no_trouble(office: Office) -> None:
    office.post("a", "More")
    holder = Holder("ana", "threadsync apply", office.clock.now())
    with office.workspace.store.open(holder, 0), pytest.raises(StateError):
        office.apply()
    assert office.events() == []


def test_a_lock_that_has_been_held_for_over_a_day_is_told_of_a_lost_run(office: Office) -> None:
    """Elsewhere nobody knows that its holder is dead, and nothing goes out until somebody says so."""
    office.post("a", "More")
    holder = Holder("ana", "threadsync apply", office.clock.now())
    with office.workspace.store.open(holder, 0):
        office.wait(23 * 60)
        for told in (0, 1):
            with pytest.raises(StateLocked):
                office.apply()
            assert office.events() == [("failure", "*", "state")] * told
            office.wait(2 * 60)
    (said,) = office.told()
    assert "force-unlock" in said["remedy"]
    assert not said["remembered"]


def test_a_first_run_that_fails_makes_no_state(tmp_path: Path) -> None:
    """A state with nothing but a trouble in it would no longer be a first run (law 8)."""
    office = Office(tmp_path)
    office.post("a", "Hello")
    office.arm(EXPIRED)
    office.apply()
    assert office.workspace.store.read().state is None


def test_a_person_who_says_no_has_no_trouble(office: Office) -> None:
    office.post("a", "More", publish=due(office, -60))
    office.post("b", "More of it")
    office.apply(person=Someone(yes=()))
    assert office.events() == []


# Telling fails


def failing(office: Office, how: str = "echo no line >&2; exit 3") -> None:
    office.script("tell.sh", f"#!/bin/sh\n{how}\n")
    office.post("a", "More")
    office.arm(EXPIRED)


def test_a_command_that_fails_changes_no_outcome_is_warned_about_and_tried_again(office: Office) -> None:
    failing(office)
    done = office.apply()
    assert isinstance(done, AppliedPlan)
    assert done.unreadable
    (said,) = office.warnings
    for words in (
        "nobody was told of the failure of threads/main",
        "status 3; it says: no line",
        "tries again",
    ):
        assert words in said
    office.script("tell.sh", TELL)
    office.apply()
    office.apply()
    assert office.events() == [FAILURE]


def test_a_command_that_is_not_there_is_warned_about(office: Office) -> None:
    failing(office)
    (office.root / "tell.sh").unlink()
    office.apply()
    assert "cannot be run" in office.warnings[0]


def test_a_command_that_never_ends_is_ended(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(office.clock, "monotonic", Ticking(office.clock.monotonic))
    failing(office, "sleep 100")
    office.apply()
    assert "took longer than 30 s" in office.warnings[0]


def test_a_command_that_prints_without_end_is_ended_before_the_disk_is_full(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(commands, "PRINTED_BYTES_MAX", 1_000_000)
    failing(office, "exec yes")
    office.apply()
    assert "printed over 1 MB" in office.warnings[0]


@dataclass
class Ticking:
    """A clock that moves each time it is looked at."""

    inner: Callable[[], float]
    looks: int = 0

    def __call__(self) -> float:
        self.looks += 1
        return self.inner() + self.looks


def test_a_recovery_that_could_not_be_told_is_told_by_a_later_apply_and_a_failure_never_told_is_not(
    office: Office,
) -> None:
    office.post("a", "More")
    office.arm(EXPIRED)
    office.apply()
    office.mend()
    office.script("tell.sh", "#!/bin/sh\nexit 1\n")
    office.apply()
    assert list(office.state.troubles) == [MAIN]
    office.script("tell.sh", TELL)
    office.apply()
    assert office.events() == [FAILURE, RECOVERY]
    assert office.state.troubles == {}
    # And the other way round: nobody heard of it, so nobody is told that it is over.
    office.post("b", "More of it")
    office.script("tell.sh", "#!/bin/sh\nexit 1\n")
    office.arm(EXPIRED)
    office.apply()
    office.mend()
    office.script("tell.sh", TELL)
    office.apply()
    assert office.events() == [FAILURE, RECOVERY]
    assert office.state.troubles == {}


def test_each_of_several_is_told_and_only_who_could_not_be_is_tried_again(office: Office) -> None:
    office.says("notify: [{command: ./tell.sh one}, {command: ./other.sh}]\n")
    office.script("other.sh", "#!/bin/sh\nexit 1\n")
    office.post("a", "More")
    office.arm(EXPIRED)
    office.apply()
    office.script("other.sh", "#!/bin/sh\nexec ./tell.sh two\n")
    office.apply()
    assert (office.events("one"), office.events("two")) == ([FAILURE], [FAILURE])


def test_who_is_taken_out_of_the_file_is_told_nothing_more_and_nothing_is_left(office: Office) -> None:
    office.post("a", "More")
    office.arm(EXPIRED)
    office.apply()
    office.says("")
    office.mend()
    office.apply()
    assert office.events() == [FAILURE]
    assert office.state.troubles == {}


def test_a_crash_between_telling_and_recording_tells_it_once_more(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once: a message too many is better than none."""

    class DiedError(BaseException):
        pass

    def died(*_: object) -> None:
        raise DiedError

    office.post("a", "More")
    office.arm(EXPIRED)
    with monkeypatch.context() as patch:
        patch.setattr(notifying, "_told_by", died)
        with pytest.raises(DiedError):
            office.apply()
    office.apply()
    assert office.events() == [FAILURE, FAILURE]


def test_a_run_that_is_stopped_while_telling_ends_the_command_and_the_next_one_tells(office: Office) -> None:
    failing(office, "sleep 100")
    stops: list[Callable[[], None]] = []

    def started(stop: Callable[[], None]) -> None:
        stops.append(stop)
        if len(stops) == 2:  # the first was that of the apply itself
            stop()

    options = ApplyOptions(yes=True)
    apply(
        office.workspace, options, person=None, show=lambda _: None, watcher=Unwatched(), on_started=started
    )
    office.script("tell.sh", TELL)
    office.apply()
    assert office.events() == [FAILURE]


# What a command gets


def test_commands_are_run_only_with_the_flag_and_told_later(office: Office) -> None:
    office.allowed = False
    office.post("a", "More")
    office.arm(EXPIRED)
    office.apply()
    assert office.events() == []
    assert "--allow-commands" in office.warnings[0]
    office.allowed = True
    office.apply()
    assert office.events() == [FAILURE]


def test_a_command_finds_the_facts_in_its_environment_and_no_credential(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("X", "CANARY0123456789")
    monkeypatch.setenv("WEBHOOK", "https://hooks.example/1")
    office.post("a", "More")
    office.arm(EXPIRED)
    office.apply()
    lines = (office.root / "environ-one").read_text()
    assert "CANARY" not in lines
    for line in (
        "WEBHOOK=https://hooks.example/1",
        "THREADSYNC_EVENT=failure",
        "THREADSYNC_TARGET=threads/main",
        "THREADSYNC_TROUBLE=account",
        "THREADSYNC_PROJECT=test",
    ):
        assert f"{line}\n" in lines
    assert "CANARY" not in (office.root / "told-one").read_text()
    assert os.environ["X"] == "CANARY0123456789"


@pytest.mark.parametrize("said", ["a\0b", "half \ud83d", "long " * 50_000], ids=["NUL", "half", "long"])
def test_whatever_a_network_says_is_told_and_stops_no_apply(office: Office, said: str) -> None:
    found = Found(TroubleKind.ACCOUNT, said)
    notifying.Notifying(office.workspace, ApplyOptions(), lambda _: None)._settle(
        Outcome({MAIN: found}), prior=None
    )
    assert office.warnings == []
    assert office.events() == [FAILURE]
    assert office.told()[0]["problem"] == said.replace("\ud83d", "?")
    assert (
        "THREADSYNC_TEXT=threadsync, project test: threads/main" in (office.root / "environ-one").read_text()
    )


# On record


def test_the_state_with_a_trouble_is_what_its_schema_says_and_names_no_command(office: Office) -> None:
    office.post("a", "More")
    office.arm(EXPIRED)
    office.apply()
    text = (office.root / "state/threadsync.json").read_text()
    found = Draft202012Validator(dict(load_schema("state"))).iter_errors(json.loads(text))
    assert [error.message for error in found] == []
    (notifier,) = office.workspace.project.notify
    assert (name_of(notifier) in text, "tell.sh" in text) == (True, False)


def test_plan_says_what_trouble_lasts(office: Office) -> None:
    office.post("a", "More")
    office.arm(EXPIRED)
    office.apply()
    (notice,) = plan(office.workspace).plan.notices
    assert (notice.about, notice.problem.startswith("in trouble since 2026-11-21 12:0")) == (
        "threads/main",
        True,
    )
    assert notice.remedy == office.told()[0]["remedy"]
    office.mend()
    office.apply()
    assert plan(office.workspace).plan.notices == ()


def test_a_trouble_does_not_move_what_counts_as_the_last_write(office: Office) -> None:
    """Own posts are read back to it: a week of trouble must not hide a week."""
    before = office.state.written_at
    office.post("a", "More")
    office.arm(EXPIRED)
    office.wait(60)
    office.apply()
    assert office.state.troubles
    assert office.state.written_at == before


def test_a_trouble_follows_its_target_to_a_new_name(office: Office) -> None:
    office.post("a", LINK)
    office.arm(REFUSED)
    office.apply()
    new, state = TargetName("threads/news"), office.state
    moved = fold(state, [(state.sequence + 1, TargetMoved(MAIN, new, office.clock.now()))]).troubles
    assert list(moved) == [new]
    assert (str(moved[new].addresses[0]), moved[new].known) == ("a@threads/news", ("a@threads/news",))


# After a trouble


def test_what_became_late_while_a_token_was_dead_waits_for_a_yes_whatever_its_if_late_says(
    office: Office,
) -> None:
    office.post("a", "In the dead time", publish=due(office, 5).replace("}", ", if_late: publish}"))
    office.post("b", "Later", publish=due(office, 90))
    office.arm(EXPIRED)
    office.wait(6)
    office.apply()
    assert office.state.troubles[MAIN].kind is TroubleKind.ACCOUNT
    office.wait(30)
    office.mend()
    assert "late" in str(office.plan()["a@threads/main"])
    assert office.plan()["a@threads/main"].word == "blocked"
    office.wait(55)
    assert office.applied() == {"b@threads/main": "applied"}
    assert office.plan()["a@threads/main"].word == "blocked"
    (lull,) = office.state.lulls
    assert (lull.target, lull.until > lull.since) == (MAIN, True)
    assert office.applied(late=("a@threads/main",)) == {"a@threads/main": "applied"}


def test_it_is_so_without_anybody_to_be_told(office: Office) -> None:
    office.says("")
    office.post("a", "In the dead time", publish=due(office, 5).replace("}", ", if_late: publish}"))
    office.arm(EXPIRED)
    office.wait(6)
    office.apply()
    office.wait(30)
    office.mend()
    assert office.plan()["a@threads/main"].word == "blocked"


@pytest.mark.parametrize("where", ["any", "create"])
def test_what_had_just_missed_its_window_when_a_token_died_waits_too(office: Office, where: str) -> None:
    """A timer of 15 minutes, and a window of 10; the token dies before, or in the middle of publishing."""
    office.post("a", "Once", publish=due(office, 1).replace("}", ", if_late: publish}"))
    office.arm(replace(EXPIRED, operation=where))
    office.wait(15)
    office.apply()
    office.mend()
    office.wait(5 * 60)
    assert office.applied() == {}
    assert office.live() == ["Hello"]


def test_a_trouble_that_is_over_within_the_window_holds_nothing_back(office: Office) -> None:
    office.post("a", "In the dead time", publish=due(office, 5).replace("}", ", if_late: publish}"))
    office.arm(EXPIRED)
    office.wait(6)
    office.apply()
    office.mend()
    office.wait(2)
    assert office.applied() == {"a@threads/main": "applied"}


def test_a_dead_token_is_not_taken_for_mended_because_everything_became_late(office: Office) -> None:
    """Nothing is tried on it then, so it is still in trouble, and what is overdue is no second one."""
    office.post("a", "In the dead time", publish=due(office, 5))
    office.arm(EXPIRED)
    office.wait(6)
    office.apply()
    office.wait(60)
    office.apply()
    assert office.events() == [FAILURE]
    assert office.state.troubles[MAIN].kind is TroubleKind.ACCOUNT
