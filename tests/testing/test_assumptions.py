"""What the promise assumes of Threads: within each assumption it holds, and beyond it this is what happens.

Each test carries the name that docs/guarantees.md gives the assumption. The sandbox breaks them by a switch
or a fault; what happens then is stated, not hoped for.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from threadsync.flows.bounds import Bounds
from threadsync.sandbox.threads import Republish
from threadsync.testing.desk import Desk
from threadsync.testing.disk import When
from threadsync.testing.exhaustive import Case, Stage, Tally, singles, stage, tried
from threadsync.testing.judge import faults
from threadsync.testing.networks import ThreadsNetwork
from threadsync.testing.shape import Shape
from threadsync.testing.shapes import SHAPES, begun
from threadsync.testing.troubles import Death, NetworkFault, Place, Trouble
from threadsync.testing.world import World

DOUBT_SECONDS = Bounds().publish_doubt_seconds
LOOKS_SECONDS = Bounds().listing_lag_seconds * (Bounds().settle_looks_max - 1)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def shape(name: str) -> Shape:
    (found,) = [each for each in SHAPES if each.name == name]
    return found


def told(name: str, desk: Desk, **switches: object) -> Stage:
    ready = stage(shape(name), desk)
    assert isinstance(ready.world.network, ThreadsNetwork)
    ready.world.network.switch(**switches)
    return ready


def run(ready: Stage, *, only: Callable[[Trouble], bool] = lambda _: True, seconds: float = 60.0) -> Tally:
    """Run every single trouble that *only* chooses, those that take time with so many *seconds*."""
    tally = Tally()
    for case in singles(ready):
        ((number, trouble),) = case.troubles
        if isinstance(trouble, NetworkFault):
            trouble = NetworkFault(trouble.name, seconds)
        if only(trouble):
            tally.add(tried(Case(case.shape, ((number, trouble),)), ready))
    assert tally.runs
    return tally


def problems(tally: Tally) -> set[str]:
    return {problem.partition(":")[0] for verdict in tally.wrong for problem in verdict.problems}


def lost_answer(trouble: Trouble) -> bool:
    return isinstance(trouble, NetworkFault) and trouble.name in {"answer-lost", "error-although-done"}


WITHIN = {
    "status-or-list": {"status_lag_seconds": DOUBT_SECONDS - 10, "listing_lag_seconds": LOOKS_SECONDS},
    "listed": {"listing_lag_seconds": LOOKS_SECONDS},
    "parent": {"parent_lag_seconds": 20.0},
    "readable": {"published_readable_seconds": 0.0},
    "unlisted": {"unlisting_lag_seconds": 600.0},
    "clock-ahead": {"clock_skew_seconds": 3000.0},
    "clock-behind": {"clock_skew_seconds": -3000.0},
    "republish": {"republish": Republish.NEW_POST},
}


@pytest.mark.parametrize("switches", WITHIN.values(), ids=WITHIN)
@pytest.mark.parametrize("name", ["text", "reply"])
def test_within_its_assumptions_the_promise_holds(desk: Desk, name: str, switches: dict[str, object]) -> None:
    tally = run(told(name, desk, **switches), only=lambda trouble: isinstance(trouble, NetworkFault))
    assert not tally.wrong, (tally.wrong[0].case, tally.wrong[0].problems)


# acts-in-time: a publish that acts at all acts within publish_doubt_seconds.


def test_acts_late_is_harmless_while_a_container_is_published_once(desk: Desk) -> None:
    """The next run publishes the same container, and the late act finds it published."""
    late = run(told("text", desk), only=lambda t: t == NetworkFault("acts-late", 5000.0), seconds=5000.0)
    assert not late.wrong


def test_acts_late_and_a_container_published_twice_is_a_duplicate(desk: Desk) -> None:
    ready = told("text", desk, republish=Republish.NEW_POST)
    late = run(ready, only=lambda t: t == NetworkFault("acts-late", 5000.0), seconds=5000.0)
    assert "duplicate" in problems(late)


# status-or-list: within publish_doubt_seconds the container says PUBLISHED, or the account lists the post.


def test_neither_status_nor_list_in_time_is_a_duplicate(desk: Desk) -> None:
    ready = told("text", desk, status_lag_seconds=10_000.0, listing_lag_seconds=10_000.0)
    assert "duplicate" in problems(run(ready, only=lost_answer))


def test_a_status_in_time_and_a_list_that_is_late_is_uncertain_and_then_settled(desk: Desk) -> None:
    """PUBLISHED without a post is never a second publish: it stays open until the list shows the post."""
    ready = told("text", desk, listing_lag_seconds=2000.0)
    publishes = [m.number for m in ready.moments() if m.what.endswith("threads_publish")]
    world = ready.world.fork()
    world.script = lambda moment: NetworkFault("answer-lost") if moment.number in publishes else None
    ran = world.apply()
    assert ran.outcome is not None
    assert ran.outcome.report is not None
    assert [str(each.became) for each in ran.outcome.report.actions] == ["uncertain"]
    assert not run(ready, only=lost_answer).wrong


# same-text: a post is read back with the text it was published with, but for rewritings we know.

QUOTED = 'She said "wait" and it\'s here'


def quoting(world: World) -> World:
    assert isinstance(world.network, ThreadsNetwork)
    world.network.switch(texts_typeset=True)
    begun(shape("move"), world)
    world.post("quoted", QUOTED)
    return world


def test_a_text_rewritten_by_the_network_leaves_a_lost_answer_uncertain(desk: Desk) -> None:
    """It is not published again: a person looks, and says which post it is."""
    world = quoting(World(desk=desk))
    world.script = lambda m: NetworkFault("answer-lost") if m.what.endswith("threads_publish") else None
    world.apply()
    world.calm()
    for _ in range(3):
        world.clock.sleep(900)
        world.apply()
    assert sum(post.text == QUOTED for post in world.network.live()) == 1
    state = world.state
    assert state is not None
    assert [str(address) for address in state.open] == ["quoted@threads/main"]


def test_a_text_rewritten_by_the_network_is_not_recognised_after_its_state_is_lost(desk: Desk) -> None:
    world = quoting(World(desk=desk))
    world.script = lambda m: (
        Death(When.AFTER, older=True)
        if m.place is Place.REQUEST and m.what.endswith("threads_publish")
        else None
    )
    world.apply()
    world.calm()
    world.clock.sleep(900)
    world.apply()
    assert sum(post.text == QUOTED for post in world.network.live()) == 2


def test_the_judge_sees_what_is_wrong() -> None:
    """A world in which everything was forgotten fails on every count that it can."""
    with World() as world:
        begun(shape("text"), world)
        found = faults(world.network.live(), world.network.deleted(), shape("reply").expected)
    assert {problem.partition(":")[0] for problem in found} == {"lost"}
