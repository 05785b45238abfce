"""Safeguards of holds, freezes and outages: what a person, or an outage, keeps back."""

from __future__ import annotations

from tests.testing.sabotage import DAY, WORDS, Safeguard, Scene, finds_nothing, judged, live, told
from threadsync.operations.holding import freeze, hold, unfreeze
from threadsync.testing.holding import withdrawn

LATE = "{at: 2026-11-21 14:00, if_late: publish}"


def holds_nothing(actions: dict[object, object], *_: object) -> dict[object, object]:
    """A plan that does not know of holds."""
    return actions


def a_held_post(world: Scene) -> list[str]:
    """A post is due, and somebody holds it."""
    world.post("z", "Something else")
    world.apply()
    world.post("a", WORDS)
    hold(world.workspace, ["a"])
    world.apply()
    return judged(world, live(("Something else",)))


def under_a_freeze(world: Scene) -> list[str]:
    """A post is due, and everything is frozen."""
    world.post("z", "Something else")
    world.apply()
    world.post("a", WORDS)
    freeze(world.workspace)
    world.apply()
    return judged(world, live(("Something else",)))


def after_a_freeze(world: Scene) -> list[str]:
    """What should have gone out under a freeze is late, and says that it goes out all the same."""
    world.post("z", "Something else")
    world.apply()
    world.post("a", WORDS, publish=LATE)
    freeze(world.workspace)
    world.clock.sleep(DAY / 2)
    unfreeze(world.workspace)
    world.apply()
    return judged(world, live(("Something else",)))


def after_an_outage(world: Scene) -> list[str]:
    """No apply ran for days; then two do."""
    world.post("z", "Something else")
    world.apply()
    world.post("a", WORDS, publish=LATE)
    world.clock.sleep(3 * DAY)
    world.apply()
    world.apply()
    return judged(world, live(("Something else",)))


def withdrawn_and_applied(world: Scene) -> list[str]:
    """A post is withdrawn, and its file is still there."""
    world.post("a", WORDS)
    world.apply()
    world.clock.sleep(DAY)
    withdrawn(world, "a@threads/main")
    world.clock.sleep(DAY)
    world.apply()
    return judged(world, live(taken_down=(WORDS,)))


def forgets(*_: object) -> tuple[()]:
    """A heartbeat that leaves no lull behind."""
    return ()


HOLDING = (
    Safeguard(
        "what is held is not published",
        6,
        ({"threadsync.planning.holding.held_back": holds_nothing},),
        told(a_held_post),
        "stays up",
    ),
    Safeguard(
        "under a freeze nothing goes out",
        15,
        ({"threadsync.operations.apply._Run._refuse_frozen": finds_nothing},),
        told(under_a_freeze),
        "stays up",
    ),
    Safeguard(
        "what a freeze made late is asked about",
        15,
        ({"threadsync.planning.timing.lull_over": finds_nothing},),
        told(after_a_freeze),
        "stays up",
    ),
    Safeguard(
        "what an outage made late is asked about",
        15,
        ({"threadsync.planning.timing.lull_over": finds_nothing},),
        told(after_an_outage),
        "stays up",
    ),
    Safeguard(
        "an outage is remembered when it is over",
        15,
        ({"threadsync.operations.beating.still_needed": forgets},),
        told(after_an_outage),
        "stays up",
    ),
    Safeguard(
        "what was withdrawn stays down",
        5,
        ({"threadsync.planning.planner._Planner._buried": finds_nothing},),
        told(withdrawn_and_applied),
        "stays up",
    ),
)
