"""The command of ``notify:``: what it gets, and what becomes of an apply where it fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.operations.office import (
    EXPIRED,
    FAILURE,
    MAIN,
    RECOVERY,
    TELL,
    Office,
)
from threadsync.execution import commands
from threadsync.execution.seams import Unwatched
from threadsync.model.trouble import TroubleKind
from threadsync.operations import notifying
from threadsync.operations.apply import AppliedPlan, ApplyOptions, apply
from threadsync.operations.troubles import Found, Outcome

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are a POSIX shell's")


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
