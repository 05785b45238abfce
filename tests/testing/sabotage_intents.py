"""Safeguards of sending: the intent, and the driver that asks for it (law 1)."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import suppress

from tests.testing.sabotage import (
    LOOK,
    PUBLISH,
    WORDS,
    Safeguard,
    Scene,
    ended,
    judged,
    lenient,
    live,
    steps,
    struck,
)
from threadsync.execution.guard import Guard, UnguardedRequest
from threadsync.execution.scheduler import Scheduler
from threadsync.execution.tasks import Task
from threadsync.flows.core import attempt, gather, record
from threadsync.flows.effects import Flow, Request
from threadsync.model.ids import Address
from threadsync.model.journal import Intent, Note
from threadsync.providers.base import Uncertain
from threadsync.providers.threads import api
from threadsync.providers.threads.publishing import SegmentPublisher
from threadsync.providers.threads.staging import Container
from threadsync.statefile.pending import Pending
from threadsync.testing.desk import Desk
from threadsync.testing.disk import When
from threadsync.testing.troubles import Death, NetworkFault, nothing

APPEND = "threadsync.statefile.pending.Pending.append"
INTEND = "threadsync.providers.threads.publishing.SegmentPublisher._intend"
SEND = "threadsync.providers.threads.publishing.SegmentPublisher._send"
USE = "threadsync.execution.guard.Guard.use"
SCHEDULER = "threadsync.execution.scheduler.Scheduler"
DIES = Death(When.BEFORE)


_append = Pending.append


def forgets_intents(self: Pending, notes: Sequence[Note]) -> Address | None:
    """A journal that says yes to an intent, and forgets it."""
    return _append(self, [note for note in notes if not isinstance(note, Intent)])


def interrupted_late(desk: Desk) -> list[str]:
    """A publish acts late; its process has died meanwhile, and the next one comes at once."""
    world = lenient(Scene(desk=desk))
    struck(world, (PUBLISH, NetworkFault("acts-late", 60.0)), (LOOK, DIES))
    world.apply()
    return ended(world, live((WORDS,)))


def edited_after_death(desk: Desk) -> list[str]:
    """A publish dies before its receipt, and the file is edited before the next run."""
    world = Scene(desk=desk)
    world.post("a", WORDS)
    struck(world, (PUBLISH, Death(When.AFTER)))
    world.post("a", "Quite another thing", on_change="keep")
    return ended(world, live((WORDS,)))


def intends_nothing(_: SegmentPublisher, container: Container) -> Flow[None]:
    """A careless provider: it publishes and puts nothing on record before."""
    yield from record()


def asks_twice(self: SegmentPublisher, container: Container) -> Flow[Uncertain]:
    """A careless provider: it tries again under the same intent."""
    yield from self._intend(container)
    for _ in range(2):
        yield from attempt(api.publish_container(container.id))
    return Uncertain("it asked twice")


def asks_in_children(self: SegmentPublisher, container: Container) -> Flow[Uncertain]:
    """A careless provider: flows of its own publish under its one intent."""
    yield from self._intend(container)
    yield from gather([attempt(api.publish_container(container.id)) for _ in range(2)])
    return Uncertain("it asked twice")


def careless(desk: Desk) -> list[str]:
    """A publish acts late and its process dies, where a provider may be stopped as faulty."""
    world = lenient(Scene(desk=desk))
    world.script = steps((PUBLISH, NetworkFault("acts-late", 60.0)), (LOOK, DIES))
    for _ in range(2):
        with suppress(UnguardedRequest):
            world.apply()
        world.script = nothing
    world.calm()
    return [problem for problem in judged(world, live((WORDS,))) if problem.startswith("duplicate")]


def lets_all_through(_: Guard, name: str, request: Request) -> float:
    """A guard that asks for nothing."""
    return 0.0


def keeps_intents(self: Guard, name: str, request: Request) -> float:
    """A guard whose intents serve for ever."""
    times = self._recorded_at.get(request.fingerprint())
    if not times:
        raise UnguardedRequest(name, request)
    return times[-1]


_fork = Scheduler._fork


def shares_guards(self: Scheduler, parent: Task, flows: tuple[Flow[object], ...]) -> None:
    """A scheduler in which children are covered by the intents of their parent, each of them."""
    _fork(self, parent, flows)
    for child in parent.children:
        child.guard = copy.deepcopy(parent.guard)


INTENTS = (
    Safeguard("intent before the act", 1, ({APPEND: forgets_intents},), interrupted_late, "duplicate"),
    Safeguard(
        "what is in doubt is never made anew from an edited file",
        1,
        ({APPEND: forgets_intents},),
        edited_after_death,
        "stays up",
    ),
    Safeguard(
        "the driver asks for the intent",
        1,
        ({INTEND: intends_nothing}, {USE: lets_all_through}),
        careless,
        "duplicate",
    ),
    Safeguard("an intent serves once", 1, ({SEND: asks_twice}, {USE: keeps_intents}), careless, "duplicate"),
    Safeguard(
        "a child has a guard of its own",
        1,
        ({SEND: asks_in_children}, {f"{SCHEDULER}._fork": shares_guards}),
        careless,
        "duplicate",
    ),
)
