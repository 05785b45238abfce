"""``withdraw``: taken down now, with consent, once, and for good, whatever dies on the way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.operations.someone import Someone
from threadsync.errors import UsageError
from threadsync.model.ids import Address
from threadsync.operations.asking import AskApply
from threadsync.operations.holding import freeze, hold
from threadsync.planning.actions import Blocked
from threadsync.testing.casts import BLUESKY, THREADS
from threadsync.testing.disk import When
from threadsync.testing.exhaustive import goes_back
from threadsync.testing.holding import withdrawn
from threadsync.testing.troubles import Death, Trouble, possible
from threadsync.testing.world import World

SEVERAL = "One\n\n---\n\nTwo\n\n---\n\nThree"


@pytest.fixture(params=["file", "shared"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with World(shared=request.param == "shared") as world:
        world.post("first", "Good morning")
        world.post("other", "Not this one")
        assert world.apply().outcome
        world.clock.sleep(600)
        yield world


def words(world: World) -> dict[str, str]:
    actions = world.plan().plan.actions
    return {str(a.address): f"{a.word} {a.reason}" for a in actions if a.word != "no-op"}


def texts(world: World) -> list[str]:
    return sorted(post.text for post in world.network.live())


def refusal(world: World, *addresses: str) -> UsageError:
    ran = withdrawn(world, *addresses)
    assert isinstance(ran.error, UsageError)
    return ran.error


def test_it_is_taken_down_and_never_comes_back_by_itself(world: World) -> None:
    ran = withdrawn(world, "first@threads/main", why="wrong picture")
    assert ran.outcome is not None
    assert ran.outcome.report is not None
    assert ran.outcome.report.complete
    assert texts(world) == ["Not this one"]
    world.clock.sleep(600)
    assert world.apply().outcome
    assert texts(world) == ["Not this one"]
    assert words(world) == {"first@threads/main": "blocked was-taken-down"}
    (blocked,) = [a for a in world.plan().plan.actions if isinstance(a, Blocked)]
    assert "(withdrawn by robin, 2026-11-21: wrong picture)" in blocked.problem
    world.post("first", "Good morning", republish="true")
    assert world.apply().outcome
    assert texts(world) == ["Good morning", "Not this one"]


def test_again_it_does_nothing(world: World) -> None:
    withdrawn(world, "first@threads/main")
    sent = len(world.network.deleted())
    ran = withdrawn(world, "first@threads/main")
    assert ran.outcome is not None
    assert ran.outcome.report is None
    assert len(world.network.deleted()) == sent


def test_it_asks_with_what_is_lost_and_no_means_no(world: World) -> None:
    no = Someone(yes=())
    ran = withdrawn(world, "first@threads/main", person=no)
    assert no.asked == [AskApply]
    assert ran.outcome is not None
    assert ran.outcome.declined
    (delete,) = ran.outcome.prepared.plan.effective
    assert delete.word == "delete"
    assert texts(world) == ["Good morning", "Not this one"]
    assert withdrawn(world, "first@threads/main", person=Someone()).outcome
    assert texts(world) == ["Not this one"]


def test_files_are_not_asked(world: World) -> None:
    world.write("posts/broken.md", "---\nkey: broken\ntragets: []\n---\nOops\n")
    world.remove("first")
    assert withdrawn(world, "first@threads/main").outcome
    assert texts(world) == ["Not this one"]


def test_it_works_under_a_freeze(world: World) -> None:
    freeze(world.workspace)
    assert withdrawn(world, "first@threads/main").outcome
    assert texts(world) == ["Not this one"]


def test_more_than_the_limit_is_taken_down_when_each_is_named() -> None:
    with World() as world:
        world.project = world.project.replace("deletes_max: 100", "deletes_max: 1")
        for key in "abc":
            world.post(key, f"Text {key}")
        world.apply()
        assert withdrawn(world, *(f"{key}@threads/main" for key in "abc")).outcome
        assert texts(world) == []


def test_what_is_not_live_is_refused_and_hold_is_offered(world: World) -> None:
    world.post("new", "News")
    error = refusal(world, "first@threads/main", "new@threads/main")
    assert "new@threads/main is not live" in error.problem
    assert "threadsync hold new@threads/main" in error.remedy
    assert texts(world) == ["Good morning", "Not this one"], "one that is refused stops all"
    error = refusal(world, "frist@threads/main")
    assert "first@threads/main" in error.remedy


def test_what_was_skipped_or_let_go_of_is_refused(world: World) -> None:
    world.post("old", "Old news", publish="{at: 2026-11-21 12:00, window: 1m, if_late: skip}")
    world.apply()
    assert "is not live" in refusal(world, "old@threads/main").problem
    world.remove("first")
    world.apply()
    error = refusal(world, "first@threads/main")
    assert "let go of" in error.problem
    assert "Bring the file back" in error.remedy


def test_what_is_on_a_target_that_the_project_no_longer_has_is_blocked(world: World) -> None:
    world.project = world.project.replace("threads/main:", "threads/renamed:")
    ran = withdrawn(world, "first@threads/main")
    assert ran.outcome is not None
    (blocked,) = ran.outcome.prepared.plan.actions
    assert (blocked.word, blocked.reason) == ("blocked", "target-missing")
    assert texts(world) == ["Good morning", "Not this one"]


def test_what_is_protected_or_held_is_refused(world: World) -> None:
    world.post("first", "Good morning", protect="true")
    world.apply()
    assert "protect: false" in refusal(world, "first@threads/main").remedy
    hold(world.workspace, ["other"], why="legal")
    error = refusal(world, "other@threads/main")
    assert "held by robin (legal)" in error.problem
    assert "threadsync release other@threads/main" in error.remedy
    assert texts(world) == ["Good morning", "Not this one"]


def test_before_the_first_apply_there_is_nothing_to_take_down() -> None:
    with World() as world:
        world.post("new", "News")
        assert "there is no state yet" in refusal(world, "new@threads/main").problem


def test_what_was_in_doubt_and_is_not_live_is_not_called_taken_down(world: World) -> None:
    world.post("new", "News")
    world.script = lambda moment: Death(When.BEFORE) if moment.what.endswith("/threads_publish") else None
    assert world.apply().died
    world.calm()
    world.unlock()
    world.clock.sleep(900)
    ran = withdrawn(world, "new@threads/main")
    assert ran.outcome is not None
    (action,) = ran.outcome.prepared.plan.actions
    assert isinstance(action, Blocked)
    assert action.reason == "not-live"
    assert "the next apply may publish it" in action.problem
    assert "threadsync hold new@threads/main" in action.remedy
    hold(world.workspace, ["new@threads/main"])
    world.clock.sleep(900)
    assert world.apply().outcome
    assert "News" not in texts(world)


def killed_at_the_deletion(world: World) -> None:
    world.script = lambda moment: Death(When.BEFORE) if " DELETE " in moment.what else None
    assert withdrawn(world, "first@threads/main").died
    world.calm()
    world.unlock()
    world.clock.sleep(900)


def test_a_new_name_midway_saves_nothing_and_publishes_nothing(world: World) -> None:
    killed_at_the_deletion(world)
    world.remove("first")
    world.post("second", "Good morning")
    assert words(world) == {
        "first@threads/main": "delete resume",
        "second@threads/main": "blocked was-taken-down",
    }
    assert world.apply().outcome
    assert texts(world) == ["Not this one"]
    world.post("second", "Good morning", moved_from="first")
    assert words(world) == {"second@threads/main": "blocked was-taken-down"}


def test_a_draft_midway_saves_nothing(world: World) -> None:
    killed_at_the_deletion(world)
    world.post("first", "Good morning", draft="true")
    assert world.apply().outcome
    assert texts(world) == ["Not this one"]


CASES = {
    "a post": ("Good morning", THREADS, False, 4),
    "a post, the state shared": ("Good morning", THREADS, True, 5),
    "a chain": (SEVERAL, THREADS, False, 17),
    "a chain on Bluesky": (SEVERAL, BLUESKY, False, 17),
}
"""What is taken down, and every how manieth case is tried."""


def tried(start: World, address: str, case: tuple[int, Trouble], by: str) -> World:
    """Strike a withdrawal with the trouble of *case*, then let *by* finish it."""
    number, trouble = case
    world = start.fork()
    world.script = lambda moment: trouble if moment.number == number else None
    withdrawn(world, address)
    world.calm()
    world.unlock()
    begun = world.state is not None and Address.parse(address) in world.state.open
    for _ in range(5):
        if not texts(world):
            break
        world.clock.sleep(900)
        if by == "withdraw":
            withdrawn(world, address)
        else:
            world.apply()
    # Before its first note is on record nothing of it has happened, as its error, or its end, has told.
    assert not texts(world) or (by == "apply" and not begun), f"{trouble} at {number}:\n{world.transcript()}"
    return world


def deletions(world: World) -> Counter[str]:
    """How often the network said that it took each post down."""
    lines = world.transcript().splitlines()
    return Counter(found[1] for line in lines if (found := re.search(r"DELETE (\S+) 200", line)))


@pytest.mark.parametrize("by", ["apply", "withdraw"])
@pytest.mark.parametrize("what", CASES)
def test_killed_at_any_moment_it_is_finished_and_nothing_is_taken_down_twice(what: str, by: str) -> None:
    text, cast, shared, stride = CASES[what]
    with World(cast=cast, shared=shared) as start:
        start.post("first", text)
        start.apply()
        start.clock.sleep(600)
        address = f"first@{cast.target}"
        peaceful = start.fork()
        withdrawn(peaceful, address)
        assert texts(peaceful) == []
        troubles = [
            (moment.number, trouble)
            for moment in peaceful.moments
            for trouble in possible(moment)
            if not goes_back(trouble)  # a state that went back knows nothing of the command
        ]
        assert len(troubles) > 20
        for case in troubles[::stride]:
            assert set(deletions(tried(start, address, case, by)).values()) <= {1}, case
