"""The lock: one writer, named; the dead make way, the living are never pushed aside."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.statefile.worlds import GUARD, LOCK, MARIA, START, World, numbered_ids
from threadsync.errors import StateLocked
from threadsync.statefile.disk import LocalDisk
from threadsync.statefile.lock import (
    GUARD_WAIT_SECONDS,
    Holder,
    Lease,
    Lock,
    LockInfo,
    read_lock,
)
from threadsync.statefile.machine import LocalMachine
from threadsync.testing.disk import Crash, Crashed, Loss, MemoryDisk, When
from threadsync.testing.fakes import FakeClock
from threadsync.testing.machine import FakeMachine

TOM = Holder("tom", "threadsync state mv a b", START)


def lock(world: World) -> Lock:
    return Lock(LOCK, world.disk, world.clock, world.machine, world.new_id)


def beside(world: World, pid: int = 200, *, ids: str = "other") -> World:
    """A second process of the same machine, on the same disk."""
    return World(world.disk, world.machine.neighbour(pid), world.clock, ids=ids)


def elsewhere(world: World, *, boot_id: str = "boot-x", host: str = "build-8") -> World:
    return World(world.disk, FakeMachine(host, boot_id, 900), world.clock, ids="far")


def test_a_lock_names_its_holder() -> None:
    world = World()
    lease = lock(world).acquire(MARIA, 0)
    found = read_lock(world.disk, LOCK)
    assert found == LockInfo(
        lease.nonce, 100, "build-7", "boot-1", "start of 100", "maria", START, "threadsync apply"
    )
    assert str(found) == "maria on build-7 (threadsync apply, process 100) since 2026-03-01T12:00:00Z"
    lease.release()
    assert world.disk.files() == {}


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (beside, "Process 100 of this machine is running."),
        (elsewhere, "Only build-7 can tell whether that run still lives."),
        (lambda world: elsewhere(world, host="build-7"), "This machine has restarted since, or another one"),
        (
            lambda world: elsewhere(world, host="build-7", boot_id="boot-1 pid:[7]"),
            "Process 100 ran in another container of this machine; only that one can tell.",
        ),
    ],
    ids=["a live process", "another host", "another boot", "another container"],
)
def test_a_lock_that_may_be_alive_is_respected(other: Callable[[World], World], said: str) -> None:
    world = World()
    lease = lock(world).acquire(MARIA, 0)
    with pytest.raises(StateLocked, match="locked by maria on build-7") as caught:
        lock(other(world)).acquire(TOM, 0)
    assert said in caught.value.remedy
    assert "--lock-timeout" in caught.value.remedy
    assert "state force-unlock" in caught.value.remedy
    assert caught.value.where == str(LOCK)
    lease.check()


@pytest.mark.parametrize("reborn", [False, True], ids=["gone", "its id is another process now"])
def test_a_lock_of_a_dead_process_is_broken_and_said_so(reborn: bool) -> None:
    world = World()
    dead = lock(world).acquire(MARIA, 0)
    world.machine.die()
    if reborn:
        world.machine.running[100] = "later"
    lease = lock(beside(world)).acquire(TOM, 0)
    assert lease.broken is not None
    assert lease.broken.nonce == dead.nonce
    assert list(world.disk.files()) == [LOCK]
    lease.check()
    with pytest.raises(StateLocked):
        dead.check()


def test_a_process_whose_start_cannot_be_told_counts_as_alive() -> None:
    world = World()
    lock(world).acquire(MARIA, 0)
    world.machine.running[100] = ""
    with pytest.raises(StateLocked):
        lock(beside(world)).acquire(TOM, 0)


def test_waiting_ends_when_the_holder_lets_go() -> None:
    world = World()
    lease = lock(world).acquire(MARIA, 0)

    class Clock(FakeClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if self.seconds >= 3:
                lease.release()

    clock = Clock()
    taken = replace(lock(beside(world)), clock=clock).acquire(TOM, 10)
    assert 3 <= clock.seconds < 4
    taken.check()


def test_waiting_ends_with_the_timeout() -> None:
    world = World()
    lock(world).acquire(MARIA, 0)
    with pytest.raises(StateLocked):
        lock(beside(world)).acquire(TOM, 10)
    assert world.clock.seconds == 10


def test_whoever_was_force_unlocked_finds_out_before_it_goes_on() -> None:
    world = World()
    lease = lock(world).acquire(MARIA, 0)
    seen = read_lock(world.disk, LOCK)
    assert seen is not None
    lock(elsewhere(world)).force(seen, TOM)
    with pytest.raises(StateLocked, match="nobody holds it now"):
        lease.check()
    other = lock(elsewhere(world)).acquire(TOM, 0)
    with pytest.raises(StateLocked, match="now it is held by tom"):
        lease.check()
    lease.release()
    other.check()


def test_force_breaks_only_what_was_shown() -> None:
    world = World()
    first = lock(world).acquire(MARIA, 0)
    seen = read_lock(world.disk, LOCK)
    assert seen is not None
    first.release()
    with pytest.raises(StateLocked, match="nobody holds it"):
        lock(world).force(seen, TOM)
    second = lock(world).acquire(MARIA, 0)
    with pytest.raises(StateLocked, match="it is held by maria"):
        lock(world).force(seen, TOM)
    second.check()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"nonce": 5}'])
def test_a_lock_that_cannot_be_read_is_held_until_a_person_breaks_it(content: bytes) -> None:
    world = World()
    world.disk.put(LOCK, content)
    with pytest.raises(StateLocked, match="somebody whose name cannot be read"):
        lock(world).acquire(MARIA, 1)
    lock(world).force(LockInfo(), MARIA)
    lock(world).acquire(MARIA, 0).check()


def test_checking_costs_no_read_while_nothing_changed() -> None:
    world = World()
    lease = lock(world).acquire(MARIA, 0)
    reads: list[Path] = []

    class Counting(MemoryDisk):
        def read(self, path: Path) -> bytes | None:
            reads.append(path)
            return super().read(path)

    lease.disk = Counting(_names=world.disk._names)
    lease.check()
    assert reads == []
    world.disk.put(LOCK, world.disk.files()[LOCK])
    lease.check()
    assert reads == [LOCK], "the file is another one with the same content: looked at once"
    lease.check()
    assert reads == [LOCK]


def crashes(run: Callable[[MemoryDisk], None]) -> Iterator[tuple[MemoryDisk, Crash]]:
    """Yield the disk after a crash at every effect of *run*."""
    effect = 0
    while True:
        for when in When:
            disk = MemoryDisk(crash=Crash(effect, when))
            try:
                run(disk)
            except Crashed:
                yield disk, Crash(effect, when)
            else:
                return
        effect += 1


def test_a_death_while_taking_the_lock_never_needs_a_person() -> None:
    """Nor does one while breaking somebody else's: the guard is broken in its turn."""

    def dying(disk: MemoryDisk) -> None:
        world = World(disk)
        lock(world).acquire(MARIA, 0)
        world.machine.die()
        second = beside(world)
        lock(second).acquire(TOM, 0)

    seen = 0
    for disk, crash in crashes(dying):
        seen += 1
        world = World(disk.survivor(), FakeMachine(pid=300), ids="third")
        lease = lock(world).acquire(MARIA, 0)
        lease.check()
        assert GUARD not in world.disk.files(), crash
        lease.release()
    assert seen > 40


def test_locks_that_fell_over_one_another_are_all_broken() -> None:
    world = World()
    lock(world).acquire(MARIA, 0)
    content = world.disk.files()[LOCK]
    for path in (GUARD, GUARD.with_name(GUARD.name + ".guard")):
        world.disk.put(path, content)
    world.machine.die()
    lease = lock(beside(world)).acquire(TOM, 0)
    lease.check()
    assert list(world.disk.files()) == [LOCK]
    found = read_lock(world.disk, LOCK)
    assert found is not None
    assert (found.nonce, found.user) == (lease.nonce, TOM.user)


def test_a_guard_that_is_held_is_waited_for_and_then_named() -> None:
    world = World()
    lock(world).acquire(MARIA, 0)
    world.machine.die()
    far = elsewhere(world)
    Lock(GUARD, world.disk, far.clock, far.machine, far.new_id).acquire(TOM, 0)
    with pytest.raises(
        StateLocked, match="another process is breaking a dead lock: tom on build-8"
    ) as caught:
        lock(beside(world)).acquire(TOM, 0)
    assert caught.value.where == str(GUARD)
    assert "remove that file" in caught.value.remedy
    assert world.clock.seconds == GUARD_WAIT_SECONDS


def test_of_two_breakers_at_once_exactly_one_gets_the_lock() -> None:
    """The second acts in full just before each single effect of the first."""
    effect, waiting, effects = 0, set(), 1
    while effect < effects:
        leases, who_waits, effects = two_breakers(effect)
        assert len([lease for lease in leases if holds(lease)]) == 1, effect
        waiting |= who_waits
        effect += 1
    assert waiting == {"first", "second"}
    assert effect > 10


def two_breakers(effect: int) -> tuple[list[Lease], set[str], int]:
    """Break a dead lock; a second process does the same just before the breaker's *effect*."""
    world = World()
    lock(world).acquire(MARIA, 0)
    world.machine.die()
    leases: list[Lease] = []
    waiting: set[str] = set()
    before = world.disk.effects

    def breaks(name: str, pid: int) -> None:
        try:
            leases.append(lock(beside(world, pid, ids=name)).acquire(TOM, 0))
        except StateLocked:
            waiting.add(name)

    def interfere(number: int) -> None:
        if number == before + effect:
            world.disk.interfere = None
            breaks("second", 300)

    world.disk.interfere = interfere
    breaks("first", 200)
    assert list(world.disk.files()) == [LOCK], effect
    return leases, waiting, world.disk.effects - before


def holds(lease: Lease) -> bool:
    try:
        lease.check()
    except StateLocked:
        return False
    return True


def test_a_real_lock_on_a_real_disk(tmp_path: Path) -> None:
    path = tmp_path / "state" / "s.json.lock"
    mine = Lock(path, LocalDisk(), FakeClock(), LocalMachine(), numbered_ids())
    lease = mine.acquire(MARIA, 0)
    lease.check()
    with pytest.raises(StateLocked):
        mine.acquire(TOM, 0)
    os.utime(path, ns=(1, 1))
    lease.check()
    path.unlink()
    with pytest.raises(StateLocked):
        lease.check()
    assert os.listdir(path.parent) == []


def test_a_machine_that_cannot_tell_itself_from_another_of_its_name_declares_nobody_dead() -> None:
    """Two Macs with one name and a shared folder: the process that is not here may live over there."""
    world = World()
    world.machine.boot_id = ""
    lock(world).acquire(MARIA, 0)
    other = beside(world)
    world.machine.die()
    with pytest.raises(StateLocked) as caught:
        lock(other).acquire(TOM, 0)
    assert "Look whether process 100 of this machine, or of another one of its name" in caught.value.remedy


def test_a_lock_outlives_a_power_cut_or_is_gone_but_is_never_half() -> None:
    for loss in Loss:
        for disk, crash in crashes(lambda disk: void(lock(World(disk)).acquire(MARIA, 0))):
            found = disk.survivor(loss).files().get(LOCK)
            assert found is None or found.endswith(b"}\n"), (loss, crash)


def void(_: object) -> None:
    """Let a value go."""
