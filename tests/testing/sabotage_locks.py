"""Safeguards of the lock, of the lease and of the shared state (laws 1 and 16)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.testing.sabotage import (
    WORDS,
    Safeguard,
    Scene,
    Story,
    ended,
    lenient,
    live,
    steps,
)
from threadsync.errors import StateLocked
from threadsync.flows.bounds import Bounds
from threadsync.flows.effects import Request
from threadsync.model.journal import Intent, Note
from threadsync.statefile.lock import Holder, Lease, Lock, LockInfo
from threadsync.statefile.remote import Deadline, Revision
from threadsync.statefile.shared_session import LEASE_SECONDS
from threadsync.testing.desk import Desk
from threadsync.testing.disk import When
from threadsync.testing.remote import MemoryRemote
from threadsync.testing.troubles import Death

LOCK = "threadsync.statefile.lock"
CHECK = f"{LOCK}.Lease.check"
CREATE = "POST /v1.0/me/threads"


def locks_nothing(self: Lock, holder: Holder, timeout_seconds: float) -> Lease:
    """A lock that everybody gets."""
    return Lease(self.disk, self.path, self.new_id())


def minds_nobody(*_: object) -> None:
    """A lease that is never lost."""


def sends_at_any_age(request: Request, bounds: Bounds, *, age_seconds: float) -> Request:
    """A driver that sends a request however old its intent is."""
    return request


def removes_blindly(self: Lock, path: Path, seen: LockInfo, holder: Holder, *, deep: int) -> bool:
    """A lock that is broken without a look at whose it is by now."""
    return self.disk.remove(path)


def declares_all_dead(*_: object) -> bool:
    """A run to which every holder of a lock is dead."""
    return True


def passes(_: object) -> None:
    """Let something happen, however it ends."""


def two_at_once(desk: Desk) -> list[str]:
    """A second process comes while the first one is about to publish."""
    world = Scene(desk=desk)
    world.post("a", WORDS)
    world.script = steps((CREATE, lambda: passes(world.beside().apply())))
    world.apply()
    return ended(world, live((WORDS,)))


def unlocked_meanwhile(*, shared: bool = False) -> Story:
    """Return the story of a process that is frozen before its intent, and of another one that takes over."""

    def told(desk: Desk) -> list[str]:
        world = Scene(desk=desk, shared=shared)
        world.post("a", WORDS)

        def taken_over() -> None:
            other = world.beside()
            other.unlock()
            other.apply()

        world.script = steps((CREATE, taken_over))
        world.apply()
        return ended(world, live((WORDS,)))

    return told


def pushes_by_force(
    self: MemoryRemote, seen: Revision, files: Mapping[str, bytes], message: str, deadline: Deadline
) -> Revision:
    """A place that takes every push."""
    return self.write(files, message)


def frozen_before_it_sends(desk: Desk) -> list[str]:
    """A process is frozen between its intent and its request, and another one settles and goes on."""
    world = lenient(Scene(desk=desk))

    def taken_over(note: Note) -> None:
        if isinstance(note, Intent):
            world.heard = lambda _: None
            other = world.beside()
            other.unlock()
            other.apply()

    world.heard = taken_over
    world.apply()
    return ended(world, live((WORDS,)))


def away_until_it_lapsed(desk: Desk) -> list[str]:
    """A process stands still after its intent until its lock in a bucket has lapsed; another one goes on."""
    world = lenient(Scene(desk=desk, shared=True))
    world.remote.leased = True

    def taken_over(note: Note) -> None:
        if isinstance(note, Intent):
            world.heard = lambda _: None
            world.clock.sleep(LEASE_SECONDS)
            assert world.beside().apply().error is None, "nobody has to break that lock"

    world.heard = taken_over
    world.apply()
    return ended(world, live((WORDS,)))


def broken_by_what_was_seen(desk: Desk) -> list[str]:
    """A dead lock is shown to a person; the next run takes its place, and then the person breaks it."""
    world = Scene(desk=desk)
    world.post("a", WORDS)
    world.script = steps((CREATE, Death(When.BEFORE)))
    world.apply()
    seen = world.store.read().lock
    assert seen is not None, "the dead process left its lock"

    def broken() -> None:
        other = world.beside()
        with suppress(StateLocked):
            other.store.force_unlock(seen, Holder("robin", "unlock", world.clock.now()))
        other.apply()

    world.script = steps((CREATE, broken))
    world.apply()
    return ended(world, live((WORDS,)))


LOCKS = (
    Safeguard(
        "a live lock is not broken by itself",
        16,
        ({f"{LOCK}.is_dead": declares_all_dead}, {CHECK: minds_nobody}),
        two_at_once,
        "duplicate",
    ),
    Safeguard(
        "one run at a time",
        16,
        ({f"{LOCK}.Lock.acquire": locks_nothing, CHECK: minds_nobody},),
        two_at_once,
        "duplicate",
    ),
    Safeguard(
        "every barrier checks the lease", 16, ({CHECK: minds_nobody},), unlocked_meanwhile(), "duplicate"
    ),
    Safeguard(
        "lease and age of the intent are checked before sending",
        16,
        (
            {"threadsync.execution.recording.Recording.check_lease": minds_nobody},
            {"threadsync.execution.scheduler.in_time": sends_at_any_age},
        ),
        frozen_before_it_sends,
        "duplicate",
    ),
    Safeguard(
        "lease and age are checked where the lock has lapsed",
        16,
        (
            {"threadsync.execution.recording.Recording.check_lease": minds_nobody},
            {"threadsync.execution.scheduler.in_time": sends_at_any_age},
        ),
        away_until_it_lapsed,
        "duplicate",
    ),
    Safeguard(
        "only the lock that was seen is broken",
        16,
        ({f"{LOCK}.Lock._remove_same": removes_blindly}, {CHECK: minds_nobody}),
        broken_by_what_was_seen,
        "duplicate",
    ),
    Safeguard(
        "a push that was overtaken is rejected",
        16,
        ({"threadsync.testing.remote.MemoryRemote.replace": pushes_by_force},),
        unlocked_meanwhile(shared=True),
        "duplicate",
    ),
)
