"""Law 9: a saved plan is bound to what it was made from; nothing is done that it did not show."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.planning.builders import BRAND, MAIN, NOW, at, bound, buried, desired, record, state, target, want
from threadsync.errors import UsageError
from threadsync.model.facts import Facts
from threadsync.model.ids import Address, Json
from threadsync.model.journal import Intent, Job, Rendered
from threadsync.model.post import IfLate, OnChange, OnRemove, PostRef, Schedule
from threadsync.model.state import Open, State
from threadsync.planning import planfile
from threadsync.planning.actions import Blocked, Plan, Reason
from threadsync.planning.inputs import Consents, Desired
from threadsync.planning.planfile import (
    PlanOptions,
    SavedPlan,
    Shown,
    TargetShown,
    decode,
    digest_of_prior,
    encode,
)
from threadsync.planning.planner import plan
from threadsync.planning.saving import differences, held_to, saved_plan

HOUR = timedelta(hours=1)
LATER = Schedule(NOW + timedelta(days=1), "UTC", HOUR, IfLate.ASK)


def made(
    files: Desired,
    prior: State | None = None,
    *,
    days: float = 0,
    consents: Consents = Consents(),  # noqa: B008  (a frozen value)
) -> tuple[Plan, SavedPlan]:
    found = plan(files, prior, Facts(), NOW + timedelta(days=days), consents)
    return found, saved_plan(found, files, prior, project="p", options=PlanOptions())


def stale(before: SavedPlan, *now: object, **more: object) -> tuple[str, ...]:
    return differences(before, made(*now, **more)[1])  # type: ignore[arg-type]


def left(before: SavedPlan, *now: object, **more: object) -> dict[str, str]:
    """What is done, and what is held back, by address."""
    current, bound_to = made(*now, **more)  # type: ignore[arg-type]
    held = held_to(before, current, bound_to)
    return {
        str(a.address): f"{a.word} {a.reason}" if isinstance(a, Blocked) else a.word for a in held.actions
    }


# To a file and back.

texts = st.text(max_size=8)
names = st.lists(texts, max_size=2).map(tuple)
shown = st.builds(Shown, st.just(at("a")), texts, texts, texts, texts, texts)
saved_plans = st.builds(
    SavedPlan,
    texts,
    st.none() | texts,
    st.integers(0, 99),
    st.just(NOW),
    st.builds(PlanOptions, names, names, names, names, names, names),
    st.dictionaries(texts, st.builds(TargetShown, texts, texts, texts), max_size=2),
    st.lists(shown, max_size=2).map(tuple),
    st.dictionaries(texts, texts, max_size=2),
)


@given(saved_plans)
def test_a_saved_plan_reads_back_exactly(saved: SavedPlan) -> None:
    again = decode(encode(saved), "plan.json")
    assert (again, again.plan) == (saved, saved.plan)


def whole() -> dict[str, Json]:
    found: dict[str, Json] = json.loads(encode(made(desired(want("a")), state())[1]))
    return found


@pytest.mark.parametrize(
    ("damaged", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[1]", "no saved plan"),
        (b"\xff\xfe", "not JSON"),
        (json.dumps({"kind": "plan", "format_version": 1}).encode(), "--format json does not"),
        (json.dumps({**whole(), "format_version": 2}).encode(), "version 2"),
        (json.dumps({**whole(), "serial": 9}).encode(), "checksum is wrong"),
        (json.dumps({**whole(), "plan": {"actions": []}}).encode(), "checksum is wrong"),
        (encode(made(desired(want("a")), state())[1])[:-40], "not JSON"),
    ],
)
def test_a_file_that_is_no_whole_plan_is_refused_with_what_to_do(damaged: bytes, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        decode(damaged, "plan.json")
    assert said in raised.value.problem
    assert (raised.value.where, bool(raised.value.remedy)) == ("plan.json", True)


def test_a_file_of_any_depth_is_refused_and_ends_nothing() -> None:
    for depth in range(900, 1100):  # at some depth it can be read just so, and not be written any more
        nested = b'{"kind": "saved-plan", "format_version": 1, "plan": ' + b"[" * depth + b"]" * depth + b"}"
        with pytest.raises(UsageError):
            decode(nested, "plan.json")


def test_a_plan_of_the_right_checksum_and_the_wrong_shape_is_refused() -> None:
    for name in ("options", "targets", "actions", "at"):
        odd: dict[str, Json] = {**whole(), name: 3}
        odd["checksum"] = planfile._checksum(odd)
        with pytest.raises(UsageError) as raised:
            decode(json.dumps(odd).encode(), "plan.json")
        assert "shape is wrong" in raised.value.problem


# Stale.


def test_what_nobody_touched_is_not_stale_whatever_else_the_state_gained() -> None:
    """The serial is only shown: others may work beside a saved plan."""
    files = desired(want("a", "text of a"), want("b", "text of b"))
    _, saved = made(files, state())
    others = replace(state(bound("b", "text of b")), serial=99)
    assert stale(saved, files, state()) == ()
    assert stale(saved, files, others) == ()
    assert left(saved, files, others) == {"a@threads/main": "create", "b@threads/main": "no-op"}


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ((desired(want("a", "another text")), state()), "its file has changed"),
        ((desired(), state()), "its file is gone"),
        ((desired(want("a")), state(buried("a", "x", republished=False))), "what the state holds"),
        ((desired(want("a", protect=True)), state()), "shows create, and now it would be create"),
        ((desired(want("a")), None), "another state"),
        ((desired(want("a")), replace(state(), lineage="two")), "another state"),
        ((desired(want("a"), targets=(target(account="another"),)), state()), "another account"),
        ((desired(want("a"), targets=(target(base_url="http://127.0.0.1:1"),)), state()), "address"),
        (
            (desired(want("a")), replace(state(), targets={MAIN: record(account_id="9")})),
            "it is another account",
        ),
    ],
)
def test_a_plan_is_stale_once_what_it_was_made_from_has_changed(now: tuple[object, ...], said: str) -> None:
    _, saved = made(desired(want("a")), state())
    problems = stale(saved, *now)
    assert len(problems) == 1
    assert said in problems[0]


def test_a_plan_of_another_project_is_refused() -> None:
    _, saved = made(desired(want("a")), state())
    assert "project other" in differences(replace(saved, project="other"), saved)[0]


def test_a_first_plan_is_bound_to_there_being_no_state_yet() -> None:
    files = desired(want("a"))
    _, saved = made(files)
    assert (saved.lineage, stale(saved, files)) == (None, ())
    assert "no state yet" in stale(saved, files, state())[0]


def test_what_a_replace_takes_down_is_part_of_what_was_shown() -> None:
    files = desired(want("a", "new", on_change=OnChange.REPLACE))
    _, saved = made(files, state(bound("a", "old")))
    assert stale(saved, files, state(bound("a", "old"))) == ()
    assert "what the state holds" in stale(saved, files, state(bound("a", "other")))[0]


def test_a_withdrawal_does_not_hide_behind_an_unchanged_content() -> None:
    """Control keys are no content, and change what is done."""
    files = desired(want("a", "one", "two"))
    prior = state(bound("a", "one"))
    _, saved = made(files, prior)
    problems = stale(saved, desired(want("a", "one", "two", withdraw=True)), prior)
    assert "shows extend, and now it would be delete" in problems[0]


def test_a_move_is_bound_to_what_it_moves() -> None:
    files = desired(want("new", "text"))
    _, saved = made(files, state(bound("old", "text")))
    assert [each.action for each in saved.actions] == ["move"]
    assert stale(saved, files, state(bound("old", "text"))) == ()
    assert stale(saved, files, state(bound("old", "text", protect=True))) != ()


def test_a_permalink_learnt_since_is_no_change() -> None:
    binding = bound("a", "one")
    linked = replace(binding, segments=(replace(binding.segments[0], permalink="https://t/new"),))
    files = desired(want("a", "one", "two"))
    _, saved = made(files, state(binding))
    assert stale(saved, files, state(linked)) == ()
    assert digest_of_prior(state(binding), at("a")) == digest_of_prior(state(linked), at("a")) != ""


# Waits, and going on.


def test_a_wait_is_carried_out_when_it_is_due_and_after_it_the_next() -> None:
    second = replace(LATER, at=LATER.at + timedelta(days=1))
    files = desired(want("a", "text a", publish=LATER), want("b", "text b", publish=second))
    _, saved = made(files, state())
    assert [each.action for each in saved.actions] == ["wait", "wait"]
    assert left(saved, files, state(), days=1) == {"a@threads/main": "create", "b@threads/main": "wait"}
    done = state(bound("a", "text a"))
    assert stale(saved, files, done, days=2) == ()
    assert left(saved, files, done, days=2) == {"a@threads/main": "no-op", "b@threads/main": "create"}


@pytest.mark.parametrize(
    "changed",
    [
        replace(LATER, at=NOW - timedelta(minutes=5)),
        replace(LATER, at=LATER.at + HOUR),
        replace(LATER, window=2 * HOUR),
        replace(LATER, if_late=IfLate.PUBLISH),
        None,
    ],
)
def test_a_wait_is_for_the_time_that_the_plan_shows(changed: Schedule | None) -> None:
    _, saved = made(desired(want("a", publish=LATER)), state())
    (problem,) = stale(saved, desired(want("a", publish=changed)), state())
    assert "its file has changed since" in problem


def test_what_is_made_of_a_picture_is_what_the_plan_shows() -> None:
    _, saved = made(desired(want("a")), state())
    (problem,) = stale(saved, desired(want("a", fit=True)), state())
    assert "its file has changed since" in problem


def test_a_wait_shows_no_replace() -> None:
    """Law 6: what a plan did not show as a replace was not agreed to."""
    one = want("b", "hello", publish=LATER)
    waiting = want("a", "new", on_change=OnChange.REPLACE, waits_for=("b",))
    prior = state(bound("a", "old"))
    _, saved = made(desired(one, waiting), prior)
    assert {each.action for each in saved.actions} == {"wait"}
    assert "shows wait, and now it would be replace" in stale(saved, desired(one, waiting), prior, days=1)[0]


@pytest.mark.parametrize(
    ("if_late", "then"), [(IfLate.ASK, "blocked late"), (IfLate.SKIP, "blocked not-in-plan")]
)
def test_what_is_late_by_now_is_not_done_and_the_rest_goes_on(if_late: IfLate, then: str) -> None:
    files = desired(want("a", "text a", publish=replace(LATER, if_late=if_late)), want("b", "text b"))
    _, saved = made(files, state())
    assert stale(saved, files, state(), days=3) == ()
    assert left(saved, files, state(), days=3) == {"a@threads/main": then, "b@threads/main": "create"}


def interrupted(address: Address, *texts: str, verb: str = "create", live: tuple[str, ...] = ()) -> State:
    wanted = want(str(address.key), *texts)
    rest = tuple(
        Rendered(n, digest, text)
        for n, (digest, text) in enumerate(zip(wanted.digests, texts, strict=True))
        if n >= len(live)
    )
    unfinished = Open(
        address,
        Job(verb, rest, keep=len(live)),
        NOW,
        (Intent(address, len(live), wanted.digests[len(live)], "publish", "c", "f", NOW),),
    )
    entries = (bound(str(address.key), *live),) if live else ()
    return replace(state(*entries), open={address: unfinished})


def test_an_interrupted_apply_of_it_goes_on_with_it() -> None:
    """Law 16: the next run continues, with the same plan too."""
    files = desired(want("a", "one", "two"), want("b", "text b"))
    _, saved = made(files, state())
    for prior in (interrupted(at("a"), "one", "two"), interrupted(at("a"), "one", "two", live=("one",))):
        assert stale(saved, files, prior) == ()
        assert set(left(saved, files, prior).values()) <= {"create", "extend"}


def test_nobody_else_s_interrupted_replace_goes_on_in_the_name_of_a_plan_that_shows_none() -> None:
    files = desired(want("a", "one", "two"))
    _, saved = made(files, state(bound("a", "one")))
    begun = interrupted(at("a"), "one", "two", verb="replace")
    begun = replace(begun, bindings={at("a"): bound("a", "zero")})
    assert stale(saved, files, begun) != ()


# What the plan did not show.


def test_what_is_new_since_is_not_done_and_said() -> None:
    files = desired(want("a", "text a"))
    _, saved = made(files, state())
    more = desired(want("a", "text a"), want("b", "text b"))
    assert stale(saved, more, state()) == ()
    assert left(saved, more, state()) == {"a@threads/main": "create", "b@threads/main": "blocked not-in-plan"}
    current, now = made(more, state())
    (held,) = [a for a in held_to(saved, current, now).actions if isinstance(a, Blocked)]
    assert "new since the plan was saved" in held.problem
    assert held.segments, "what would be published is still shown"


def test_what_was_blocked_in_the_plan_stays_so_though_somebody_agrees_by_now() -> None:
    files = desired(want("a", "new"))
    prior = state(bound("a", "old"))
    _, saved = made(files, prior)
    agreed = Consents(replace={at("a"): "flag"})
    assert stale(saved, files, prior, consents=agreed) == ()
    assert left(saved, files, prior, consents=agreed) == {"a@threads/main": "blocked not-in-plan"}


def test_a_reply_does_not_go_out_alone_because_its_parent_is_not_in_the_plan() -> None:
    reply = want("b", "hello", waits_for=("a",))
    reply = replace(reply, publication=replace(reply.publication, reply_to=PostRef(at("a").key)))
    files = desired(want("a", "text a"), reply)
    _, saved = made(files, state(bound("a", "text a")))
    assert {str(each.address): each.action for each in saved.actions}["b@threads/main"] == "create"
    forgotten = state()  # somebody has let go of the parent since
    assert left(saved, files, forgotten) == {
        "a@threads/main": "blocked not-in-plan",
        "b@threads/main": "blocked not-in-plan",
    }


def test_controls_and_targets_elsewhere_do_not_matter() -> None:
    files = desired(want("a", "one"), want(f"c@{BRAND}"))
    prior = replace(state(bound("a", "one", on_remove="delete")), targets={MAIN: record()})
    _, saved = made(files, prior)
    assert {each.action for each in saved.actions} == {"update", "create"}
    assert stale(saved, files, prior) == ()
    kept = desired(want("a", "one", on_remove=OnRemove.DELETE), want(f"c@{BRAND}"))
    assert stale(saved, kept, prior) == (), "nothing is left to do there"
    assert Reason.NOT_IN_PLAN not in {a.reason for a in held_to(saved, *made(kept, prior)).actions}
