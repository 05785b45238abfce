"""Putting a copy of a state file back: under the lock, and nothing that was there is lost."""

from __future__ import annotations

from itertools import count

import pytest

from tests.statefile.worlds import (
    HISTORY,
    JOURNAL,
    MARIA,
    STATE,
    World,
    at,
    folded,
    published,
    publishing,
    same,
)
from threadsync.errors import StateForeign, StateLocked, StateTooNew, UsageError
from threadsync.statefile.codec import encode
from threadsync.statefile.folding import Copy
from threadsync.testing.disk import Crash, Crashed, When


def copy_of(world: World, *, replace_lineage: bool = False) -> Copy:
    return Copy(encode(world.state()), "copy.json", replace_lineage)


def test_a_copy_put_back_has_a_higher_serial_and_the_state_as_it_was_is_a_backup() -> None:
    world = World()
    world.record(*published(1))
    copy = copy_of(world)
    world.record(*published(2))
    before = world.disk.files()[STATE]
    world.store.put(copy, MARIA, 0)
    assert world.state().bindings.keys() == {at("key-1")}
    assert (world.state().serial, world.state().sequence) == (4, 8)
    assert world.disk.files()[HISTORY / "3-8.json"] == before
    world.record(*published(3))
    assert world.state().bindings.keys() == {at("key-1"), at("key-3")}


def test_it_waits_for_the_lock() -> None:
    world = World()
    world.record(*published(1))
    with world.session(), pytest.raises(StateLocked):
        world.beside().store.put(copy_of(world), MARIA, 3)
    assert world.clock.seconds == 3


def test_another_lineage_needs_consent_and_another_project_is_refused() -> None:
    world, other, foreign = World(), World(ids="other"), World(project="p-2")
    for each in (world, other, foreign):
        each.record(*published(1))
    with pytest.raises(UsageError, match="a copy of another state"):
        world.store.put(copy_of(other), MARIA, 0)
    world.store.put(copy_of(other, replace_lineage=True), MARIA, 0)
    assert world.state().lineage == other.state().lineage
    with pytest.raises(StateForeign, match="belongs to project p-2"):
        world.store.put(copy_of(foreign, replace_lineage=True), MARIA, 0)


def test_a_damaged_state_is_replaced_and_kept_all_the_same() -> None:
    world = World()
    world.record(*published(1))
    copy = copy_of(world)
    for damaged in (b"{}", b"<<<<<<< HEAD\n"):
        world.disk.put(STATE, damaged)
        world.store.put(copy, MARIA, 0)
        assert same(world.state(), folded(*published(1)))
    kept = [data for path, data in world.disk.files().items() if path.name.startswith("0-0")]
    assert sorted(kept) == [b"<<<<<<< HEAD\n", b"{}"]


def test_the_state_of_a_later_version_is_replaced_only_with_consent() -> None:
    world = World()
    world.record(*published(1))
    copy = copy_of(world)
    world.disk.put(STATE, b'{"version": 99}')
    with pytest.raises(StateTooNew):
        world.store.put(copy, MARIA, 0)
    world.store.put(Copy(copy.encoded, "copy.json", replace_lineage=True), MARIA, 0)
    assert same(world.state(), folded(*published(1)))


def test_a_publish_in_doubt_must_be_settled_first() -> None:
    world = World()
    world.record(*published(1))
    copy = copy_of(world)
    after = world.abandon(publishing(2)[0])
    with pytest.raises(UsageError, match="what became of key-2@threads/main"):
        after.store.put(copy, MARIA, 0)
    assert JOURNAL in after.disk.files()


def test_the_journal_that_goes_on_from_the_copy_is_folded_in_any_other_is_kept() -> None:
    world = World()
    world.record(*published(1))
    older = world.disk.files()[STATE]
    world.record(*published(2))
    newer = world.disk.files()[STATE]
    after = world.abandon(published(3))
    after.disk.put(STATE, older)
    journal = after.disk.files()[JOURNAL]
    after.store.put(Copy(newer, "copy.json"), MARIA, 0)
    assert same(after.state(), folded(*published(1), *published(2), *published(3)))
    assert JOURNAL not in after.disk.files()
    assert journal in [data for path, data in after.disk.files().items() if path.parent == HISTORY]


@pytest.mark.parametrize("when", When)
def test_a_crash_leaves_the_old_state_or_the_new_one(when: When) -> None:
    for effect in count():
        world = World()
        world.record(*published(1))
        copy = copy_of(world)
        after = world.abandon(published(2))
        after.disk.crash = Crash(after.disk.effects + effect, when)
        try:
            after.store.put(copy, MARIA, 0)
        except Crashed:
            last = after.next_process(after.disk.survivor())
            copied, as_it_was = {at("key-1")}, {at("key-1"), at("key-2")}
            assert last.state().bindings.keys() == (copied if last.state().serial > 2 else as_it_was)
            last.record(*published(3))
            assert at("key-3") in last.state().bindings
        else:
            assert effect > 10
            return
