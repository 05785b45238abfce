"""A trouble on record: what the state and ``plan`` say of it, and what became late in it."""

from __future__ import annotations

import json
import sys

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from tests.operations.office import (
    EXPIRED,
    FAILURE,
    LINK,
    MAIN,
    REFUSED,
    Office,
    due,
)
from threadsync.content.schemas import load_schema
from threadsync.model.ids import TargetName
from threadsync.model.journal import TargetMoved
from threadsync.model.ledger import fold
from threadsync.model.trouble import TroubleKind
from threadsync.operations.notifying import name_of
from threadsync.operations.plan import plan

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are a POSIX shell's")


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
