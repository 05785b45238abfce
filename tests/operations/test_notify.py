"""``notify:``: each trouble is told once and its end once, whoever applies, and telling changes no apply."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.operations.office import (
    DOWN,
    EXPIRED,
    FAILURE,
    LINK,
    MAIN,
    NIGHTLY,
    RECOVERY,
    REFUSED,
    Office,
    due,
)
from tests.operations.someone import Someone
from threadsync.errors import ContentError, StateError, StateLocked, UnsafePlan
from threadsync.sandbox.threads import Fault, FaultKind
from threadsync.statefile.lock import Holder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are a POSIX shell's")


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
