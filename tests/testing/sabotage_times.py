"""Safeguards of times: due, late, backlog, and clocks that are wrong (laws 8 and 15)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from tests.testing.sabotage import (
    DAY,
    LOOK,
    OTHER,
    PUBLISH,
    WORDS,
    Safeguard,
    Scene,
    ended,
    finds_nothing,
    judged,
    lenient,
    live,
    steps,
    struck,
    told,
)
from threadsync.flows.core import now as time_now
from threadsync.flows.core import wait
from threadsync.flows.effects import Flow
from threadsync.model.holding import Lull
from threadsync.model.journal import Intent
from threadsync.model.state import State
from threadsync.planning import timing
from threadsync.planning.actions import Action
from threadsync.planning.inputs import Consents, Desired, Wanted
from threadsync.providers.threads.publishing import SegmentPublisher, Verdict
from threadsync.providers.threads.staging import Container
from threadsync.testing.disk import When
from threadsync.testing.troubles import ClockSet, Death, NetworkFault

SEGMENT = "threadsync.providers.threads.publishing.SegmentPublisher"
TIMING = "threadsync.planning.timing"


def is_never_backlog(
    wanted: Wanted,
    desired: Desired,
    prior: State | None,
    *,
    now: datetime,
    consents: Consents,
    lulls: Sequence[Lull],
) -> Action | None:
    """A plan without a backlog."""
    return timing.untimely(wanted, now, consents, lulls)


def trusts_the_clock(self: SegmentPublisher, intended_at: datetime | None, status: object) -> Flow[None]:
    """Settling that waits by the wall clock, wherever somebody has set it."""
    at = yield from time_now()
    left = self.bounds.publish_doubt_seconds - (at - (intended_at or at)).total_seconds()
    if left > 0:
        yield from wait(left, "settling by the wall clock")


def a_new_target(world: Scene) -> list[str]:
    """A second account is added to an old post."""
    world.post("a", WORDS)
    world.apply()
    world.clock.sleep(10 * DAY)
    world.post("a", WORDS, targets="threads/main, threads/brand")
    world.apply()
    return judged(world, live((WORDS,)))


def a_first_run(world: Scene) -> list[str]:
    """A project with old posts is applied for the first time."""
    world.post("a", WORDS, publish="{at: 2026-11-01 12:00, if_late: publish}")
    world.post("b", OTHER)
    world.apply()
    return judged(world, live((OTHER,)))


def too_late(world: Scene) -> list[str]:
    """Nobody applies until long after the time of a post."""
    world.post("a", WORDS, publish="2026-11-21 14:00")
    world.clock.sleep(DAY / 2)
    world.apply()
    return judged(world, live())


def too_early(world: Scene) -> list[str]:
    """Somebody applies before the time of a post."""
    world.post("a", WORDS, publish="2026-11-21 14:00")
    world.apply()
    return judged(world, live())


def set_back(world: Scene) -> list[str]:
    """The clock is set back by two hours between a doubtful publish and the run that settles it."""
    world.post("a", WORDS)
    struck(world, (PUBLISH, NetworkFault("request-lost")), (LOOK, Death(When.BEFORE)))
    world.clock.ahead_seconds = -7200.0
    world.apply()
    seconds = world.clock.seconds
    late = [f"late: {seconds:.0f} s to settle one publish"] if seconds > 400 else []
    return [*late, *ended(world, live((WORDS,)))]


def set_ahead(world: Scene) -> list[str]:
    """The clock is set ahead by two hours between a publish that acts late and the run that settles it."""
    lenient(world)
    struck(world, (PUBLISH, NetworkFault("acts-late", 60.0)), (LOOK, Death(When.BEFORE)))
    world.clock.ahead_seconds = 7200.0
    world.apply()
    return ended(world, live((WORDS,)))


def set_ahead_midway(world: Scene) -> list[str]:
    """The clock is set ahead by two hours while a run settles its own publish, which acts late."""
    lenient(world)
    world.script = steps((PUBLISH, NetworkFault("acts-late", 60.0)), (LOOK, ClockSet(7200.0)))
    world.apply()
    return ended(world, live((WORDS,)))


_settle = SegmentPublisher.settle


def settles_by_the_clock(self: SegmentPublisher, container: Container | None = None) -> Flow[Verdict]:
    """Settling that asks the wall clock how long ago its own publish was."""
    if container is not None:
        at = yield from time_now()
        what, key = self.what, container.id
        intent = Intent(self.work.address, what.index, what.digest, "publish", key, "", at)
        self = replace(self, work=replace(self.work, notes=(*self.work.notes, intent)))
    return (yield from _settle(self))


TIMES = (
    Safeguard(
        "a first run has no backlog",
        8,
        ({f"{TIMING}.hold_back": is_never_backlog},),
        told(a_first_run),
        "stays up",
    ),
    Safeguard(
        "a new target has no backlog",
        8,
        ({f"{TIMING}.hold_back": is_never_backlog},),
        told(a_new_target),
        "stays up",
    ),
    Safeguard(
        "late is asked about", 15, ({f"{TIMING}.untimely": finds_nothing},), told(too_late), "stays up"
    ),
    Safeguard(
        "nothing goes out before its time",
        15,
        ({f"{TIMING}.untimely": finds_nothing},),
        told(too_early),
        "stays up",
    ),
    Safeguard(
        "a clock that is set back lengthens no wait",
        15,
        ({f"{SEGMENT}._wait_out": trusts_the_clock},),
        told(set_back),
        "late",
    ),
    Safeguard(
        "a clock that is set ahead shortens no doubt",
        15,
        ({f"{SEGMENT}._wait_out": trusts_the_clock},),
        told(set_ahead),
        "duplicate",
    ),
    Safeguard(
        "a run asks no clock about its own doubt",
        15,
        ({f"{SEGMENT}.settle": settles_by_the_clock, f"{SEGMENT}._wait_out": trusts_the_clock},),
        told(set_ahead_midway),
        "duplicate",
    ),
)
