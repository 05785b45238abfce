"""Holds, freezes and outages: what apply does not touch, and what it asks about afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import count

import pytest
from msgspec.structs import replace

from tests.operations.someone import Someone
from threadsync.content.loader import Content, Shorten
from threadsync.content.project import Project
from threadsync.errors import Frozen, StateError, StateLocked, UsageError
from threadsync.model.holding import Heartbeat, Lull
from threadsync.model.ids import Address
from threadsync.operations.apply import ApplyOptions, apply
from threadsync.operations.asking import AskLate
from threadsync.operations.holding import freeze, hold, release, unfreeze
from threadsync.operations.status import overdue, status
from threadsync.operations.surgery import Patience, state_move, state_pull, state_push, state_remove
from threadsync.planning.actions import Blocked
from threadsync.statefile.lock import Holder
from threadsync.testing.disk import When
from threadsync.testing.troubles import Death, Moment, Trouble
from threadsync.testing.world import START, World

DAY = 86_400.0


@pytest.fixture(params=["file", "shared"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with World(shared=request.param == "shared") as world:
        world.post("first", "Good morning")
        assert world.apply().outcome
        world.clock.sleep(60)
        yield world


def words(world: World) -> dict[str, str]:
    """What a plan says of what it does not leave as it is."""
    actions = world.plan().plan.actions
    return {str(a.address): f"{a.word} {a.reason}" for a in actions if a.word != "no-op"}


def blocked(world: World) -> Blocked:
    """The first that a plan blocks."""
    return next(a for a in world.plan().plan.actions if isinstance(a, Blocked))


def texts(world: World) -> list[str]:
    return sorted(post.text for post in world.network.live())


# Holds.


def removed(world: World) -> None:
    world.remove("first")
    world.post("idea", "Later", draft="true")  # an empty folder removes nothing


CHANGES: dict[str, Callable[[World], None]] = {
    "create": lambda world: world.post("new", "News"),
    "extend": lambda world: world.post("first", "Good morning\n\n---\n\nAnd more"),
    "replace": lambda world: world.post("first", "Good evening", on_change="replace"),
    "update": lambda world: world.post("first", "Good morning", protect="true"),
    "delete": lambda world: world.post("first", "Good morning", withdraw="true"),
    "forget": removed,
    "wait": lambda world: world.post("new", "News", publish="2026-11-22 09:00"),
}


@pytest.mark.parametrize("would", CHANGES)
def test_what_is_held_is_not_touched_whatever_would_be_done(would: str, world: World) -> None:
    CHANGES[would](world)
    address = "new@threads/main" if would in {"create", "wait"} else "first@threads/main"
    planned = words(world)[address]
    assert planned.startswith({"update": "update", "wait": "wait"}.get(would, would))
    hold(world.workspace, [address], why="legal reads it")
    assert words(world) == {address: "blocked held"}
    live, deleted = texts(world), list(world.network.deleted())
    if would == "wait":
        world.clock.sleep(DAY)
    assert world.apply(allow_replace=("first@threads/main",)).outcome
    assert (texts(world), list(world.network.deleted())) == (live, deleted)
    assert "held by robin (legal reads it), since 2026-11-21" in blocked(world).problem
    assert f"threadsync release {address}" in blocked(world).remedy
    release(world.workspace, [address])
    if would == "wait":
        return  # it is past its window by now, which has a test of its own
    assert words(world) == {address: planned}
    assert world.apply().outcome
    assert words(world) == {}


@pytest.mark.parametrize("when", [When.BEFORE, When.AFTER])
def test_a_chain_that_is_held_midway_stays_as_it_is_until_it_is_released(when: When, world: World) -> None:
    """The publish of its second segment was cut off: what became of it is found out, and no more."""
    world.post("chain", "One\n\n---\n\nTwo\n\n---\n\nThree")
    seen = count(1)

    def cut_off(moment: Moment) -> Trouble | None:
        return Death(when) if moment.what.endswith("/threads_publish") and next(seen) == 2 else None

    world.script = cut_off
    assert world.apply().died
    world.calm()
    world.unlock()
    hold(world.workspace, ["chain"])
    before = texts(world)
    for _ in range(2):
        world.clock.sleep(900)
        assert world.apply().outcome
        assert texts(world) == before
    release(world.workspace, ["chain"])
    world.clock.sleep(900)
    assert world.apply().outcome
    assert texts(world) == ["Good morning", "One", "Three", "Two"]


def test_a_hold_is_answered_for_by_no_consent_and_no_prompt(world: World) -> None:
    world.post("first", "Good evening")
    hold(world.workspace, ["first@threads/main"])
    person = Someone()
    assert world.apply(person=person).outcome
    assert person.asked == []
    assert texts(world) == ["Good morning"]


def test_what_waits_for_what_is_held_waits_too(world: World) -> None:
    world.post("new", "News")
    world.post("next", "See {{ links['new@threads/main'] }}")
    hold(world.workspace, ["new"])
    assert words(world)["next@threads/main"] == "blocked depends-on-blocked"


def test_a_draft_and_a_whole_target_can_be_held(world: World) -> None:
    world.post("idea", "Later", draft="true")
    hold(world.workspace, ["threads/main"])
    assert sorted(str(each.address) for each in world.plan().holds) == [
        "first@threads/main",
        "idea@threads/main",
    ]
    world.post("idea", "Later")
    assert words(world) == {"idea@threads/main": "blocked held"}
    release(world.workspace, ["*@threads/main"])
    assert words(world) == {"idea@threads/main": "create new"}


def test_holding_again_leaves_who_held_it_first(world: World) -> None:
    hold(world.workspace, ["first"], why="one")
    before = world.plan().holds
    world.clock.sleep(600)
    done = hold(world.workspace, ["first"], why="two")
    assert "is held already by robin (one)" in done.lines[0]
    assert "The reason given now is not recorded; to change it, release it first." in done.lines[0]
    assert world.plan().holds == before
    assert "reason" not in hold(world.workspace, ["first"], why="one").lines[0]
    assert "reason" not in hold(world.workspace, ["first"]).lines[0]


def test_freezing_again_leaves_who_froze_it_first(world: World) -> None:
    freeze(world.workspace, why="one")
    (line,) = freeze(world.workspace, why="two").lines
    assert line.startswith("Nothing changed: apply is frozen by robin (one), since ")
    assert line.endswith("The reason given now is not recorded; to change it, unfreeze first.")


def test_what_was_held_by_its_path_is_released_by_it(world: World) -> None:
    hold(world.workspace, ["posts/first.md"])
    release(world.workspace, ["posts/first.md"])
    assert not world.plan().holds


def test_what_nobody_knows_cannot_be_held_and_is_told_apart(world: World) -> None:
    with pytest.raises(UsageError, match="selects no publication") as refused:
        hold(world.workspace, ["frist@threads/main"])
    assert "first@threads/main" in refused.value.remedy
    with pytest.raises(UsageError, match="nothing is held"):
        release(world.workspace, ["first@threads/main"])
    hold(world.workspace, ["first@threads/main"])
    with pytest.raises(UsageError, match="selects no publication"):
        release(world.workspace, ["threads/brand"])


def test_a_new_key_does_not_shake_a_hold_off(world: World) -> None:
    world.post("new", "News")
    hold(world.workspace, ["new@threads/main"])
    world.remove("new")
    world.post("newer", "News")
    assert words(world) == {"newer@threads/main": "blocked held"}
    world.post("newer", "News, and better", moved_from="new")
    assert words(world) == {"newer@threads/main": "blocked held"}
    release(world.workspace, ["new@threads/main"])
    assert words(world) == {"newer@threads/main": "create new"}


def test_a_hold_goes_along_with_what_is_moved_and_stays_when_it_is_erased(world: World) -> None:
    hold(world.workspace, ["first@threads/main"])
    world.remove("first")
    world.post("second", "Good morning")
    assert words(world) == {"second@threads/main": "move renamed"}
    assert world.apply().outcome
    assert [str(each.address) for each in world.plan().holds] == ["second@threads/main"]
    state_move(world.workspace, "second@threads/main", "third@threads/main")
    assert [str(each.address) for each in world.plan().holds] == ["third@threads/main"]
    state_remove(world.workspace, ["third@threads/main"])
    assert [str(each.address) for each in world.plan().holds] == ["third@threads/main"]


def test_a_held_publication_stands_in_the_status_and_is_not_overdue(world: World) -> None:
    world.post("new", "News", publish="2026-11-21 13:00")
    hold(world.workspace, ["new"])
    world.clock.sleep(DAY)
    found = status(world.workspace)
    (row,) = [row for row in found.rows if row.address.key == "new"]
    assert row.word == "blocked"
    assert row.held is not None
    assert overdue(found.rows, world.clock.now(), timedelta(0)) == ()
    world.remove("new")
    (row,) = [row for row in status(world.workspace).rows if row.address.key == "new"]
    assert (row.word, row.detail) == ("held", "no file declares it any more")


def test_what_was_held_past_its_window_waits_for_a_yes_whatever_it_says(world: World) -> None:
    for key, late in (("a", "publish"), ("b", "skip"), ("c", "ask")):
        world.post(key, f"News {key}", publish=f"{{at: 2026-11-21 13:00, if_late: {late}}}")
    hold(world.workspace, ["a", "b", "c"])
    world.clock.sleep(DAY / 2)
    release(world.workspace, ["a", "b", "c"])
    assert set(words(world).values()) == {"blocked late"}
    problem = blocked(world).problem
    assert "it was held by robin from 2026-11-21 12:01 to 2026-11-22 00:01" in problem
    assert world.apply(late=("b@threads/main",)).outcome
    person = Someone()
    assert world.apply(person=person).outcome
    assert person.asked.count(AskLate) == 2
    assert texts(world) == ["Good morning", "News a", "News b", "News c"]


def test_what_is_released_inside_its_window_goes_out(world: World) -> None:
    world.post("a", "News", publish="2026-11-21 13:00")
    hold(world.workspace, ["a"])
    world.clock.sleep(3900)
    release(world.workspace, ["a"])
    assert world.apply().outcome
    assert texts(world) == ["Good morning", "News"]


# Freezes.


def test_under_a_freeze_apply_refuses_and_plan_goes_on(world: World) -> None:
    world.post("new", "News")
    done = freeze(world.workspace, why="wrong account")
    assert "until threadsync unfreeze" in done.lines[0]
    ran = world.apply()
    assert isinstance(ran.error, Frozen)
    assert "frozen by robin (wrong account), since 2026-11-21 12:01 UTC" in ran.error.problem
    assert world.shown is not None
    assert world.shown.freeze is not None
    assert words(world) == {"new@threads/main": "create new"}
    assert texts(world) == ["Good morning"]
    assert "frozen by robin (wrong account)" in freeze(world.workspace).lines[0]
    unfreeze(world.workspace)
    assert world.apply().outcome
    assert texts(world) == ["Good morning", "News"]
    assert "nothing is frozen" in unfreeze(world.workspace).lines[0]


def test_under_a_freeze_an_apply_with_nothing_to_do_refuses_too(world: World) -> None:
    freeze(world.workspace)
    assert isinstance(world.apply().error, Frozen)


def test_an_apply_that_had_begun_when_it_was_frozen_refuses_once_it_has_the_lock(world: World) -> None:
    world.post("new", "News")
    opened = world.workspace

    def read(project: Project, shorten: Shorten) -> Content:
        if world.plan().freeze is None:  # between the first look at the state and the lock
            freeze(world.workspace)
        return opened.read(project, shorten)

    with pytest.raises(Frozen):
        apply(
            replace(opened, read=read),
            ApplyOptions(yes=True),
            person=None,
            show=lambda _: None,
            watcher=world,
        )
    assert texts(world) == ["Good morning"]


def test_while_a_run_holds_the_state_freeze_says_who_and_how_to_stop_it(world: World) -> None:
    told: list[str] = []
    ana = Holder("ana", "threadsync apply", world.clock.now())
    with world.store.open(ana, 0.0), pytest.raises(StateLocked, match="NOT frozen") as refused:
        freeze(world.workspace, patience=Patience(5.0, told.append))
    assert "ana" in refused.value.problem
    assert "cancel its CI job" in refused.value.remedy
    assert told
    assert world.plan().freeze is None


def test_what_became_late_under_a_freeze_waits_for_a_yes_while_it_lasts_and_after(world: World) -> None:
    for key, if_late in (("a", "publish"), ("b", "skip")):
        world.post(key, f"News {key}", publish=f"{{at: 2026-11-21 13:00, if_late: {if_late}}}")
    world.post("c", "No time")
    freeze(world.workspace)
    world.clock.sleep(7500)
    late = {"a@threads/main": "blocked late", "b@threads/main": "blocked late"}
    assert words(world) == {**late, "c@threads/main": "create new"}
    unfreeze(world.workspace)
    world.clock.sleep(100 * DAY)
    assert world.apply().outcome
    assert texts(world) == ["Good morning", "No time"]
    assert words(world) == late
    assert "applies were frozen by robin from" in blocked(world).problem
    assert world.apply(late=tuple(late)).outcome
    assert texts(world) == ["Good morning", "News a", "News b", "No time"]


def test_a_window_that_was_missed_shortly_before_a_freeze_waits_for_a_yes_after_it(world: World) -> None:
    """A timer of 15 minutes, a window of 10, and a freeze in between."""
    world.post("a", "News", publish="{at: 2026-11-21 12:30, window: 10m, if_late: publish}")
    world.clock.sleep(43 * 60)
    assert words(world) == {"a@threads/main": "create due"}, "a runner that is merely late publishes"
    freeze(world.workspace)
    world.clock.sleep(5 * 3600)
    unfreeze(world.workspace)
    assert words(world) == {"a@threads/main": "blocked late"}
    world.post("b", "Fresh", publish="{at: 2026-11-21 17:50, window: 10m, if_late: publish}")
    world.clock.sleep(1800)
    assert words(world)["b@threads/main"] == "create due", "what began later is as its file says"


def test_a_copy_of_the_state_that_is_put_back_ends_no_freeze_and_no_hold(world: World) -> None:
    world.post("a", "News", publish="{at: 2026-11-21 13:00, if_late: publish}")
    world.post("b", "More")
    copy = state_pull(world.workspace)
    freeze(world.workspace, why="wrong account")
    world.clock.sleep(7200)
    unfreeze(world.workspace)
    hold(world.workspace, ["b"])
    freeze(world.workspace, why="again")
    state_push(world.workspace, copy, "copy.json")
    assert isinstance(world.apply().error, Frozen)
    unfreeze(world.workspace)
    assert words(world) == {"a@threads/main": "blocked late", "b@threads/main": "blocked held"}


@pytest.mark.parametrize("verb", [hold, release])
def test_before_the_first_apply_there_is_nothing_to_hold(verb: Callable[..., object]) -> None:
    with World() as world:
        world.post("new", "News")
        with pytest.raises(UsageError, match="there is no state yet"):
            verb(world.workspace, ["new"])
        with pytest.raises(UsageError, match="there is no state yet"):
            freeze(world.workspace)
        with pytest.raises(UsageError, match="there is no state yet"):
            unfreeze(world.workspace)
        assert world.state is None


# The heartbeat, and outages.


def test_every_apply_of_everything_that_did_something_is_on_record(world: World) -> None:
    first = world.plan().heartbeat
    assert first is not None
    assert (first.by, dict(first.counts)) == ("robin", {"applied": 1})
    world.post("new", "News")
    world.post("next", "More")
    world.clock.sleep(600)
    assert world.apply().outcome
    second = world.plan().heartbeat
    assert second is not None
    assert dict(second.counts) == {"applied": 2}
    assert (second.at - first.at).total_seconds() > 600
    assert second.run
    world.post("only", "This one")
    assert world.apply("only").outcome
    assert world.plan().heartbeat == second, "an apply of a part does not say that all is looked after"


def test_an_apply_with_nothing_to_do_is_recorded_only_now_and_then(world: World) -> None:
    first = world.plan().heartbeat
    serial, steps = world.plan().plan.serial, world.remote.steps
    for _ in range(5):
        world.clock.sleep(3600)
        assert world.apply().outcome
    assert (world.plan().heartbeat, world.plan().plan.serial) == (first, serial)
    world.clock.sleep(3600)
    before = world.remote.steps
    assert before - steps <= 30, "it was only read"
    assert world.apply().outcome
    second = world.plan().heartbeat
    assert second is not None
    assert dict(second.counts) == {}
    assert world.plan().plan.serial == serial + 1
    assert world.state is not None
    assert first is not None
    assert world.state.written_at == first.at, "own posts are read back from the last that we made"


def test_a_heartbeat_of_a_clock_that_was_ahead_is_put_right_by_the_next_apply(world: World) -> None:
    with world.store.open(Holder("ana", "threadsync apply", world.clock.now()), 0.0) as session:
        session.append((Heartbeat(world.clock.now() + timedelta(days=365)),))
    world.clock.sleep(60)
    assert world.apply().outcome
    last = world.plan().heartbeat
    assert last is not None
    assert last.at <= world.clock.now(), "otherwise no outage is noticed for a year"


def test_a_heartbeat_waits_for_nobody_and_stops_nothing(world: World) -> None:
    world.clock.sleep(DAY)
    first = world.plan().heartbeat
    with world.store.open(Holder("ana", "threadsync apply", world.clock.now()), 0.0):
        assert world.apply().outcome
    assert world.plan().heartbeat == first


def test_the_lock_that_a_dead_run_left_silences_no_heartbeat(world: World) -> None:
    """No apply that has nothing to do would ever remove it, and after a day that would be an outage."""
    first = world.plan().heartbeat
    left = world.store.open(Holder("ana", "threadsync freeze", world.clock.now()), 0.0)
    left.__enter__()
    world.machine.die()
    world.machine = world.machine.neighbour(pid=world.machine.pid + 1)
    world.clock.sleep(DAY / 2)
    assert world.apply().outcome
    second = world.plan().heartbeat
    assert first is not None
    assert second is not None
    assert second.at > first.at
    assert world.store.read().lock is None
    with suppress(StateError):
        left.__exit__(None, None, None)  # only so that nothing is left of this test


def test_after_an_outage_what_became_late_in_it_waits_for_a_yes(world: World) -> None:
    for key, if_late in (("a", "publish"), ("b", "skip")):
        world.post(key, f"News {key}", publish=f"{{at: 2026-11-22 13:00, if_late: {if_late}}}")
    world.clock.sleep(3 * DAY)
    late = {"a@threads/main": "blocked late", "b@threads/main": "blocked late"}
    assert words(world) == late
    assert "no apply ended from 2026-11-21 12:00 to 2026-11-24" in blocked(world).problem
    assert world.apply().outcome
    assert texts(world) == ["Good morning"]
    world.clock.sleep(600)
    assert words(world) == late, "the next apply does not forget that there was an outage"
    assert world.state is not None
    assert [lull.why for lull in world.state.lulls] == ["no apply ended"]
    assert world.apply(late=tuple(late)).outcome
    assert texts(world) == ["Good morning", "News a", "News b"]
    world.clock.sleep(80 * DAY)
    world.apply()
    world.clock.sleep(80 * DAY)
    world.apply()
    assert [lull.since.month for lull in world.state.lulls] == [11, 2], "the first waits for nothing any more"


def test_a_short_gap_is_no_outage_and_the_project_says_how_long_one_is(world: World) -> None:
    world.post("a", "News", publish="{at: 2026-11-21 14:00, if_late: publish}")
    world.clock.sleep(DAY / 2)
    assert words(world) == {"a@threads/main": "create due"}
    world.project = world.project.replace("safety: {", "safety: {outage_after: 6h, ")
    assert words(world) == {"a@threads/main": "blocked late"}


def test_a_lull_may_be_of_one_target_or_one_publication() -> None:
    now = START
    hour = timedelta(hours=1)
    lull = Lull(now, now + hour, "threads/main was not to be reached", Address.parse("a@threads/main").target)
    assert lull.covers(Address.parse("a@threads/main"), now - hour, now)
    assert lull.covers(Address.parse("a@threads/main"), now + hour, now + 2 * hour)
    assert not lull.covers(Address.parse("a@threads/brand"), now, now + hour)
    assert not lull.covers(Address.parse("a@threads/main"), now - 2 * hour, now - hour)
    longer = replace(lull, until=now + 2 * hour)
    assert longer.covers(Address.parse("a@threads/main"), now - 2 * hour, now - hour)
    assert not lull.covers(Address.parse("a@threads/main"), now + 2 * hour, now + 3 * hour)
