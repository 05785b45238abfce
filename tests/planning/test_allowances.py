"""Quotas: what fits is done in the plan's order, what does not waits, and it is said when it goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.planning.builders import (
    CAN,
    MAIN,
    NOW,
    actions,
    at,
    bound,
    desired,
    facts,
    only,
    published,
    state,
    want,
)
from threadsync.model.facts import (
    CredentialLife,
    Drift,
    Engagement,
    Facts,
    ObservedPost,
    Quota,
    ReadBack,
    SeenPost,
)
from threadsync.model.ids import RemoteId
from threadsync.model.journal import AccountSeen, PostsSeen
from threadsync.model.post import IfLate, OnChange, Schedule
from threadsync.planning.actions import Blocked, Create, Delete, NoOp, Reason, Replace
from threadsync.planning.allowances import accounts

DAY = 86_400.0
HOUR = timedelta(hours=1)


def own(name: str, when: object, parent: str | None = None) -> ObservedPost:
    return ObservedPost(RemoteId(name), "text", name, when, "", RemoteId(parent) if parent else None)  # type: ignore[arg-type]


def used_up(used: int, total: int, *posts: ObservedPost, window: float | None = DAY) -> Facts:
    quotas = {
        "posts": Quota(used, total, window_seconds=window),
        "replies": Quota(used, total, window_seconds=window),
        "deletes": Quota(used, total, window_seconds=window),
    }
    return facts(quotas=quotas, read_back=ReadBack(NOW - timedelta(days=90), posts))


def due(minutes: int) -> dict[str, object]:
    return {"publish": Schedule(NOW - timedelta(minutes=minutes), "UTC", HOUR, IfLate.ASK)}


def test_an_allowance_is_used_up_in_the_order_of_the_plan_not_of_the_names() -> None:
    """What is due first goes out; what comes after the limit waits."""
    files = desired(want("a", "the later one", **due(5)), want("b", "the earlier one", **due(50)))
    found = actions(files, state(), used_up(249, 250))
    assert {name: action.word for name, action in found.items()} == {
        "b@threads/main": "create",
        "a@threads/main": "blocked",
    }
    assert found["a@threads/main"].reason is Reason.QUOTA


def held(known: Facts, *texts: str) -> Blocked:
    action = only(actions(desired(want("a", *texts)), state(), known))
    assert isinstance(action, Blocked)
    return action


def test_it_goes_on_when_enough_of_the_posts_that_are_read_back_have_left_the_window() -> None:
    posts = [own(str(n), NOW - timedelta(hours=23 - n)) for n in range(3)]
    replies = [own("r", NOW - timedelta(hours=23, minutes=30), "0")]
    old = [own("old", NOW - timedelta(days=3))]
    known = used_up(250, 250, *reversed(posts), *replies, *old)
    action = held(known, "one")
    assert action.goes_on_at == posts[0].at + timedelta(days=1)
    assert (action.allowance, "2026-11-21 13:00 UTC" in action.remedy) == ("posts", True)
    assert held(known, "one", "two", "three").goes_on_at == posts[0].at + timedelta(days=1)
    without_posts = replace(known.of(MAIN).quotas["posts"], used=0)
    more = {**known.of(MAIN).quotas, "posts": without_posts}
    waits = held(replace(known, targets={MAIN: replace(known.of(MAIN), quotas=more)}), "one", "two", "three")
    assert waits.allowance == "replies"
    assert waits.goes_on_at == NOW + timedelta(days=1), "two must leave, and one is known: all have left then"


def test_a_post_may_take_several_of_an_allowance_that_replies_take_from_too() -> None:
    can = replace(CAN, quota_of_publish="points", quota_of_reply="points", quota_takes=3)
    files = replace(desired(want("a", "one", "two"), want("b", "another")), capabilities={MAIN: can})
    posts = (own("r", NOW - timedelta(minutes=20), "0"), own("0", NOW - timedelta(minutes=30)))
    quotas = {"points": Quota(92, 100, window_seconds=3600.0)}
    known = facts(quotas=quotas, read_back=ReadBack(NOW - timedelta(days=90), posts))
    made = actions(files, state(), known)
    assert {name: action.word for name, action in made.items()} == {
        "a@threads/main": "create",
        "b@threads/main": "blocked",
    }
    waits = made["b@threads/main"]
    assert isinstance(waits, Blocked)
    assert (waits.allowance, waits.goes_on_at) == ("points", NOW + timedelta(minutes=30))
    (account,) = accounts(made.values(), {MAIN: can}, state(), known, NOW)
    assert [(each.what, each.in_plan) for each in account.allowances] == [("points", 6)]
    fuller = facts(
        quotas={"points": Quota(96, 100, window_seconds=3600.0)},
        read_back=ReadBack(NOW - timedelta(days=90), posts),
    )
    waits = actions(files, state(), fuller)["a@threads/main"]
    assert isinstance(waits, Blocked)
    assert waits.goes_on_at == NOW + timedelta(minutes=30), "two are missing, and the first post took three"


def test_what_no_list_shows_has_left_when_the_whole_window_has_passed() -> None:
    files = desired(want("a", "new", on_change=OnChange.REPLACE))
    quotas = {
        "posts": Quota(0, 250, window_seconds=DAY),
        "deletes": Quota(100, 100, window_seconds=DAY),
    }
    action = only(actions(files, state(bound("a", "old")), facts(quotas=quotas)))
    assert isinstance(action, Blocked)
    assert (action.allowance, action.goes_on_at) == ("deletes", NOW + timedelta(days=1))


def test_without_a_window_it_is_not_said_when() -> None:
    action = held(used_up(250, 250, window=None), "one")
    assert (action.goes_on_at, "window has moved on" in action.remedy) == (None, True)


def test_what_never_fits_says_so() -> None:
    """A chain longer than the whole allowance would wait for ever."""
    action = held(used_up(0, 2), *"abcd")
    assert (action.allowance, action.goes_on_at) == ("replies", None)
    assert "split" in action.remedy


def test_the_accounts_beside_a_plan_say_what_it_takes_and_what_waits() -> None:
    files = desired(want("a", "one", "two"), want("b", "another"))
    known = used_up(249, 250)
    quotas = known.of(MAIN).quotas
    shuffled = {what: quotas[what] for what in ("deletes", "replies", "posts")}
    known = replace(known, targets={MAIN: replace(known.of(MAIN), quotas=shuffled)})
    life = CredentialLife(NOW + timedelta(days=5))
    known = replace(known, targets={MAIN: replace(known.of(MAIN), life=life)})
    made = actions(files, state(), known)
    (account,) = accounts(made.values(), {MAIN: CAN}, state(), known, NOW)
    assert (account.target, account.handle, account.seen_at, account.life) == (MAIN, "lift_report", NOW, life)
    assert [each.what for each in account.allowances] == ["posts", "replies", "deletes"]
    told = {each.what: (each.in_plan, each.held_back, each.over) for each in account.allowances}
    assert told == {"posts": (1, 1, 0), "replies": (1, 0, 0), "deletes": (0, 0, 0)}
    assert account.allowances[0].goes_on_at == NOW + timedelta(days=1)


def test_an_offline_plan_has_the_accounts_as_they_were_last_seen() -> None:
    seen = AccountSeen(MAIN, "lift_report", NOW - timedelta(days=3), {"posts": Quota(249, 250)})
    prior = state(accounts_seen={MAIN: seen})
    made = actions(desired(want("a", "one"), want("b", "two")), prior)
    assert {type(action) for action in made.values()} == {Create}, "what is old blocks nothing"
    (account,) = accounts(made.values(), {MAIN: CAN}, prior, Facts(), NOW)
    assert (account.seen_at, account.allowances[0].over) == (seen.at, 1)
    quiet = actions(desired(want("c")), state(bound("c"), accounts_seen={MAIN: seen}))
    assert accounts(quiet.values(), {MAIN: CAN}, prior, Facts(), NOW) == (), "nothing is to be done there"


@pytest.mark.parametrize(
    ("read_after_seconds", "outrun"),
    [(-3600.0, True), (-0.3, True), (0.8, True), (1.0, False), (60.0, False)],
)
def test_what_went_live_after_an_account_was_read_makes_its_numbers_those_of_before(
    read_after_seconds: float, outrun: bool
) -> None:
    """An apply reads first and publishes then; a network tells its times in whole seconds, rounded down."""
    live = bound("a")
    whole = live.segments[0].at.replace(microsecond=0)
    live = replace(live, segments=(replace(live.segments[0], at=whole),))
    seen = AccountSeen(
        MAIN, "lift_report", whole + timedelta(seconds=read_after_seconds), {"posts": Quota(0, 250)}
    )
    prior = state(live, accounts_seen={MAIN: seen})
    made = actions(desired(want("a"), want("b", "two")), prior)
    (account,) = accounts(made.values(), {MAIN: CAN}, prior, Facts(), NOW)
    assert account.is_outrun is outrun


@pytest.mark.parametrize(
    ("hours", "window", "over"), [(1, DAY, 1), (23, DAY, 1), (24, DAY, 0), (72, DAY, 0), (72, None, 1)]
)
def test_what_was_used_counts_no_more_once_the_whole_window_has_passed(
    hours: int, window: float | None, over: int
) -> None:
    quota = Quota(249, 250, window_seconds=window)
    seen = AccountSeen(MAIN, "lift_report", NOW - hours * HOUR, {"posts": quota})
    prior = state(accounts_seen={MAIN: seen})
    made = actions(desired(want("a", "one"), want("b", "two")), prior)
    (account,) = accounts(made.values(), {MAIN: CAN}, prior, Facts(), NOW)
    assert account.allowances[0].quota == quota, "what was seen is shown as it was"
    assert account.allowances[0].over == over


def test_what_a_replace_loses_is_what_was_read_now_or_else_when_last_seen() -> None:
    """Law 6: the plan shows what is lost; what nobody read is unknown."""
    files = desired(want("a", "new", on_change=OnChange.REPLACE))
    prior = state(bound("a", "old"))
    old = RemoteId("id-old")

    def lost(known: Facts, before: PostsSeen | None = None) -> tuple[object, ...]:
        seen = {at("a"): before} if before is not None else {}
        action = only(actions(files, replace(prior, posts_seen=seen), known))
        assert isinstance(action, Replace)
        (loss,) = action.loses
        return loss.counts, loss.seen_at, loss.scope

    before = PostsSeen(at("a"), {old: SeenPost(counts={"likes": 3})}, NOW - timedelta(days=2))
    read = facts(engagement={old: Engagement({"likes": 5})})
    forbidden = facts(engagement={old: Engagement(unknown="no", scope="threads_manage_insights")})
    assert lost(Facts()) == ({}, None, "")
    assert lost(Facts(), before) == ({"likes": 3}, before.at, "")
    assert lost(read, before) == ({"likes": 5}, NOW, "")
    assert lost(forbidden) == ({}, NOW, "threads_manage_insights")
    assert lost(forbidden, before) == ({"likes": 3}, before.at, "")


def test_a_delete_and_a_blocked_replace_say_what_is_lost_too() -> None:
    known = facts(engagement={RemoteId("id-old"): Engagement({"likes": 5})})
    delete = only(actions(desired(want("a", "old", withdraw=True)), state(bound("a", "old")), known))
    blocked = only(actions(desired(want("a", "new")), state(bound("a", "old")), known))
    assert isinstance(delete, Delete)
    assert isinstance(blocked, Blocked)
    assert [loss.counts for loss in (*delete.loses, *blocked.loses)] == [{"likes": 5}, {"likes": 5}]


def test_a_live_post_that_the_network_no_longer_has_is_blocked_though_nothing_was_to_be_done() -> None:
    """Law 6: it is never created again by itself."""
    prior = state(bound("a", "one", "two"))
    files = desired(want("a", "one", "two"))
    there = {RemoteId("id-one"): own("id-one", NOW)}
    assert isinstance(only(actions(files, prior, facts(observed=there))), NoOp)
    action = only(actions(files, prior, facts(observed={**there, RemoteId("id-two"): None})))
    assert isinstance(action, Blocked)
    assert (action.reason, action.old) == (Reason.GONE, bound("a", "one", "two").segments)
    assert "state accept a@threads/main" in action.remedy
    assert published("two").permalink in action.problem


def test_a_drift_that_was_seen_before_blocks_nothing() -> None:
    """What is kept of an earlier look decides nothing."""
    gone = PostsSeen(at("a"), {RemoteId("id-a"): SeenPost(Drift.DELETED)}, NOW)
    assert isinstance(only(actions(desired(want("a")), state(bound("a"), posts_seen={at("a"): gone}))), NoOp)
