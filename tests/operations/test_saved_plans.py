"""Saved plans carried out on a whole project: what was shown is done, stale ones leave no trace."""

from __future__ import annotations

import json
import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from tests.operations.world import World
from threadsync.errors import OutputError, StalePlan, UsageError
from threadsync.operations.apply import AppliedPlan
from threadsync.operations.plan import plan
from threadsync.operations.saved import load, save
from threadsync.planning.actions import Blocked, Reason
from threadsync.planning.planfile import PlanOptions, SavedPlan
from threadsync.views.json import plan_json

A = "a@threads/main"


def saved(world: World, *selectors: str, refresh: bool = False, **agreed: tuple[str, ...]) -> SavedPlan:
    """Save a plan as ``plan --out`` does, and read it back."""
    options = PlanOptions(selectors, **agreed)
    prepared = plan(world.workspace, options=options, refresh=refresh)
    path = world.root / "plan.json"
    save(world.workspace, prepared, options, plan_json(prepared), path)
    return load(path)


def became(applied: AppliedPlan) -> dict[str, str]:
    return {str(each.address): each.became.value for each in applied.report.actions} if applied.report else {}


def snapshot(world: World) -> dict[str, bytes]:
    folder = world.root / "state"
    return {path.name: path.read_bytes() for path in folder.glob("*")} if folder.exists() else {}


def refused(world: World, made: SavedPlan) -> str:
    """Apply *made*, which is refused: nothing is sent, nothing written, no lock left."""
    before, sent = snapshot(world), len(world.sent)
    with pytest.raises(StalePlan) as raised:
        world.apply(saved=made)
    assert (snapshot(world), len(world.sent)) == (before, sent)
    return raised.value.problem


def test_a_saved_plan_is_carried_out_and_then_there_is_nothing_left_of_it(world: World) -> None:
    world.post("a", "Hello")
    made = saved(world)
    assert became(world.apply(saved=made)) == {A: "applied"}
    assert world.live() == ["Hello"]
    assert refused(world, made), "a plan made before there was a state is stale once there is one"
    again = saved(world)
    assert became(world.apply(saved=again)) == {}


def test_a_post_that_came_after_the_plan_is_not_published_with_it(world: World) -> None:
    world.post("a", "Hello")
    made = saved(world)
    world.post("b", "Not read by anybody")
    applied = world.apply(saved=made)
    assert became(applied) == {A: "applied"}
    held = [a for a in applied.prepared.plan.actions if isinstance(a, Blocked)]
    assert [(str(a.address), a.reason) for a in held] == [("b@threads/main", Reason.NOT_IN_PLAN)]
    assert world.live() == ["Hello"]


def test_a_plan_is_stale_once_a_post_of_it_says_something_else(world: World) -> None:
    world.post("a", "Hello")
    made = saved(world)
    world.post("a", "Hallo")
    assert "a@threads/main: its file has changed since" in refused(world, made)


def test_a_plan_is_stale_once_the_state_holds_something_else_of_it(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    world.post("a", "Hello\n\n---\n\nMore")
    made = saved(world)
    world.applied()
    world.post("a", "Hello\n\n---\n\nMore\n\n---\n\nEven more")
    assert "its file has changed" in refused(world, made)


def test_a_plan_whose_post_or_selection_is_gone_is_stale_and_no_slip_of_the_pen(world: World) -> None:
    world.post("a", "Hello")
    world.post("b", "Another")
    made = saved(world, "a")
    world.remove("a")
    assert "'a' selects no publication" in refused(world, made)


def test_the_consent_to_a_replace_is_the_plan_that_shows_it(world: World) -> None:
    """Law 6."""
    world.post("a", "Hello")
    world.applied()
    world.post("a", "Hallo")
    without = saved(world)
    assert became(world.apply(saved=without)) == {}
    made = saved(world, allow_replace=(A,))
    assert became(world.apply(saved=made)) == {A: "applied"}
    assert world.live() == ["Hallo"]


def test_nothing_more_is_selected_or_agreed_to_beside_a_saved_plan(world: World) -> None:
    world.post("a", "Hello")
    made = saved(world)
    for flags in ({"allow_replace": (A,)}, {"late": (A,)}, {"exclude": ("b",)}):
        with pytest.raises(UsageError, match="says itself what is selected"):
            world.apply(saved=made, **flags)
    assert world.sent == []


def test_the_selection_of_a_plan_is_that_of_its_apply(world: World) -> None:
    world.post("a", "Hello")
    world.post("b", "Another")
    applied = world.apply(saved=saved(world, "a"))
    assert [str(a.address) for a in applied.prepared.plan.actions] == [A]
    assert world.live() == ["Hello"]


def test_the_waits_of_a_plan_are_carried_out_one_by_one_when_they_are_due(world: World) -> None:
    world.post("first", "Now")
    world.applied()
    for day in (1, 2):
        at = world.clock.now() + timedelta(days=day)
        world.post(f"day{day}", f"Text of day {day}", publish=f"{at:'%Y-%m-%d %H:%M'}")
    made = saved(world)
    for day in (1, 2):
        assert became(world.apply(saved=made)) == {}
        world.clock.sleep(timedelta(days=1, minutes=1).total_seconds())
        assert became(world.apply(saved=made)) == {f"day{day}@threads/main": "applied"}
    assert world.live() == ["Now", "Text of day 1", "Text of day 2"]


def test_an_apply_of_a_plan_that_died_goes_on_with_the_same_plan(world: World) -> None:
    """Law 16, at every request of it: every post is there once, and none too many."""
    number = 0
    while True:
        number += 1
        (world.root / f"life-{number}").mkdir()
        other = World(world.root / f"life-{number}")
        other.post("zero", "Zero")
        other.applied()
        other.post("a", "One\n\n---\n\nTwo")
        other.post("b", "Alone")
        made = saved(other)
        if not other.died(number, saved=made):
            break
        assert set(became(other.apply(saved=made)).values()) <= {"applied"}
        assert sorted(other.live()) == ["Alone", "One", "Two", "Zero"]
    assert number > 10


def test_an_account_that_is_another_one_by_now_is_refused(world: World) -> None:
    world.post("a", "Hello")
    made = saved(world)
    project = world.root / "threadsync.yaml"
    project.write_text(project.read_text().replace("account: main", "account: somebody"))
    assert "threads/main: the project gives it another account" in refused(world, made)


def test_facts_hold_back_what_a_plan_shows_as_they_do_without_one(world: World) -> None:
    """An account that has such a post already: blocked, and not stale."""
    world.post("a", "Hello")
    made = saved(world)
    world.post_by_hand("Hello")
    (action,) = world.apply(saved=made).prepared.plan.actions
    assert action.reason is Reason.LOOKS_PUBLISHED
    assert world.live() == ["Hello"]


def test_a_plan_that_says_errors_is_not_saved(world: World) -> None:
    world.write("posts/bad.md", "---\nkey: bad\ntragets: [x]\n---\nHello\n")
    prepared = plan(world.workspace)
    path = world.root / "plan.json"
    with pytest.raises(UsageError, match="files have errors"):
        save(world.workspace, prepared, PlanOptions(), {}, path)
    assert not path.exists()


@pytest.mark.parametrize("place", ["no such folder/plan.json", "file/plan.json", "posts", "p" * 255, "/"])
def test_a_place_that_takes_no_plan_is_named(world: World, place: str) -> None:
    world.post("a", "Hello")
    world.write("file", "no folder")
    prepared = plan(world.workspace)
    before = sorted(world.root.iterdir())
    with pytest.raises(OutputError) as raised:
        save(world.workspace, prepared, PlanOptions(), {}, world.root / place)
    assert raised.value.where == str(world.root / place)
    assert sorted(world.root.iterdir()) == before


def test_what_is_no_plain_file_is_written_into_and_stays_what_it_is(world: World) -> None:
    """As the superuser ``--out /dev/null`` must not put a file in its place."""
    world.post("a", "Hello")
    pipe = world.root / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        save(world.workspace, plan(world.workspace), PlanOptions(), {}, pipe)
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        assert b"saved-plan" in os.read(reader, 1 << 16)
    finally:
        os.close(reader)


def test_a_link_to_a_plan_stays_a_link(world: World) -> None:
    world.post("a", "Hello")
    (world.root / "plan.json").symlink_to(world.write("plans/today.json", "an older one"))
    made = saved(world)
    assert (world.root / "plan.json").is_symlink()
    assert load(world.root / "plans/today.json") == made


def test_a_plan_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        load(tmp_path / "plan.json")
    assert "No such file" in raised.value.problem


def test_a_saved_plan_holds_no_secret_and_reads_well(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 12; and what is in it is what ``plan --format json`` prints."""
    monkeypatch.setenv("X", "canary-token-in-the-environment")
    world.post("a", "Grüße „aus“ Wien 🛗")
    saved(world, refresh=True)
    text = (world.root / "plan.json").read_text(encoding="utf-8")
    assert "canary" not in text
    assert "sandbox-main" not in text
    assert "Grüße „aus“ Wien 🛗" in text
    shown, now = json.loads(text)["plan"], plan_json(plan(world.workspace, refresh=True))
    assert {**shown, "at": "", "accounts": []} == {**now, "at": "", "accounts": []}
