"""What the planner asks of one publication: when is it due, and what does it wait for?"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from msgspec.structs import replace

from tests.planning.builders import (
    BRAND,
    HOUR,
    NOW,
    actions,
    at,
    bound,
    buried,
    desired,
    facts,
    only,
    published,
    reason_of,
    state,
    target,
    want,
)
from threadsync.model.facts import Facts
from threadsync.model.ids import RemoteId
from threadsync.model.post import IfLate, OnChange, Schedule
from threadsync.planning.actions import Action, Blocked, Create, Forget, NoOp, Reason, Replace, Wait
from threadsync.planning.inputs import Consents
from threadsync.planning.planner import plan

# Time.


def schedule(start: timedelta, if_late: IfLate = IfLate.ASK) -> Schedule:
    return Schedule(NOW + start, "Europe/Berlin", HOUR, if_late)


def test_a_post_waits_until_its_time_and_is_due_within_its_window() -> None:
    early = only(actions(desired(want("a", publish=schedule(HOUR))), state()))
    assert early == Wait(at("a"), Reason.NOT_DUE, NOW + HOUR, early.segments)  # type: ignore[union-attr]
    assert (
        reason_of(only(actions(desired(want("a", publish=schedule(-HOUR))), state())), Create) is Reason.DUE
    )


@pytest.mark.parametrize(
    ("if_late", "kind"), [(IfLate.ASK, Blocked), (IfLate.PUBLISH, Create), (IfLate.SKIP, Forget)]
)
def test_a_late_post_is_asked_about_published_or_skipped(if_late: IfLate, kind: type[Action]) -> None:
    late = schedule(timedelta(hours=-3), if_late)
    assert isinstance(only(actions(desired(want("a", publish=late)), state())), kind)


def test_late_is_allowed_by_its_flag_and_skipped_is_for_good() -> None:
    files = desired(want("a", publish=schedule(timedelta(hours=-3))))
    assert isinstance(only(actions(files, state(), consents=Consents(late=frozenset({at("a")})))), Create)
    skipped = state(replace(buried("a", why="skipped"), segments=()))
    assert reason_of(only(actions(files, skipped)), NoOp) is Reason.SKIPPED_LATE


def test_a_time_before_the_targets_since_is_backlog_until_backfill() -> None:
    old = schedule(timedelta(days=-200), IfLate.PUBLISH)
    assert reason_of(only(actions(desired(want("a", publish=old)), state())), Blocked) is Reason.BEFORE_SINCE
    assert isinstance(only(actions(desired(want("a", publish=old, backfill=True)), state())), Create)


def test_the_times_of_a_backlog_are_told_in_utc_however_the_target_writes_its_own() -> None:
    since = datetime(2026, 11, 21, 9, 0, tzinfo=timezone(timedelta(hours=5)))
    files = desired(
        want("a", publish=schedule(timedelta(days=-200))), targets=(replace(target(), since=since),)
    )
    held_back = only(actions(files, state()))
    assert isinstance(held_back, Blocked)
    assert held_back.problem.endswith(" UTC, is before 2026-11-21 04:00 UTC."), held_back.problem


def test_a_first_run_reaches_back_one_day() -> None:
    yesterday = schedule(timedelta(hours=-30), IfLate.PUBLISH)
    assert (
        reason_of(only(actions(desired(want("a", publish=yesterday)), None)), Blocked) is Reason.BEFORE_SINCE
    )


def test_an_old_post_does_not_go_out_on_a_target_it_is_added_to() -> None:
    prior = state(bound("a"))
    found = actions(desired(want("a"), want(f"a@{BRAND}", "other")), prior)
    assert reason_of(found[f"a@{BRAND}"], Blocked) is Reason.BEFORE_SINCE


def test_a_post_that_went_out_elsewhere_an_hour_ago_still_goes_out_here() -> None:
    fresh = replace(bound("a"), segments=(published("a", when=NOW - HOUR),))
    found = actions(desired(want("a"), want(f"a@{BRAND}", "other")), state(fresh))
    assert isinstance(found[f"a@{BRAND}"], Create)


# Order and dependencies.


def test_what_another_publication_links_to_comes_first() -> None:
    files = desired(want("a", waits_for=("b",)), want("b"))
    assert [str(a.address) for a in plan(files, state(), Facts(), NOW).actions] == [
        "b@threads/main",
        "a@threads/main",
    ]


def test_a_publication_waits_with_what_it_links_to() -> None:
    files = desired(want("a", waits_for=("b",)), want("b", publish=schedule(HOUR)))
    assert isinstance(actions(files, state())["a@threads/main"], Wait)


def test_a_publication_is_blocked_with_what_it_links_to() -> None:
    late = schedule(timedelta(hours=-3))
    files = desired(want("a", waits_for=("b",)), want("b", publish=late))
    assert reason_of(actions(files, state())["a@threads/main"], Blocked) is Reason.DEPENDS_ON_BLOCKED


def test_what_links_to_a_replaced_post_is_listed() -> None:
    files = desired(want("a", waits_for=("b",)), want("b", "new", on_change=OnChange.REPLACE))
    found = actions(files, state(bound("a"), bound("b", "old")))
    assert reason_of(found["a@threads/main"], Blocked) is Reason.LINK_CHANGED


def test_what_links_to_a_replaced_post_follows_it_with_consent() -> None:
    files = desired(want("a", waits_for=("b",)), want("b", "new", on_change=OnChange.REPLACE))
    found = actions(files, state(bound("a"), bound("b", "old")), consents=Consents(replace={at("a"): "flag"}))
    action = found["a@threads/main"]
    assert isinstance(action, Replace)
    assert (action.reason, action.keep) == (Reason.LINK_CHANGED, 0)


def test_a_flag_left_from_an_earlier_run_replaces_nothing_again() -> None:
    """Running the same command again changes nothing, also for a post that names another one."""
    files = desired(want("a", waits_for=("b",)), want("b"))
    found = actions(files, state(bound("a"), bound("b")), consents=Consents(replace={at("a"): "flag"}))
    assert reason_of(found["a@threads/main"], NoOp) is Reason.SAME


def test_a_post_follows_no_replace_that_is_held_back() -> None:
    files = desired(want("a", waits_for=("b",)), want("b", "new", on_change=OnChange.REPLACE))
    prior = state(bound("a"), bound("b", "old"))
    known = facts(observed={RemoteId("id-old"): None})
    found = actions(files, prior, known, Consents(replace={at("a"): "flag"}))
    assert reason_of(found["b@threads/main"], Blocked) is Reason.GONE
    assert isinstance(found["a@threads/main"], NoOp | Blocked)


def test_what_follows_is_followed_in_turn() -> None:
    files = desired(
        want("a", waits_for=("b",)),
        want("b", waits_for=("c",)),
        want("c", "new", on_change=OnChange.REPLACE),
    )
    agreed = Consents(replace={at("a"): "flag", at("b"): "flag"})
    found = actions(files, state(bound("a"), bound("b"), bound("c", "old")), consents=agreed)
    assert {action.word for action in found.values()} == {"replace"}
