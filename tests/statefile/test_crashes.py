"""Law 1 on a disk that dies: what a barrier has answered is never lost, and nothing counts twice.

Every effect of a whole session is a place to die: before it, in the middle of it, after it; with and
without a power cut, which takes what was not synced.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.statefile.worlds import HISTORY, STATE, World, folded, publishing, same, skipped, started
from threadsync.model.journal import Note
from threadsync.model.state import State
from threadsync.testing.disk import Crash, Crashed, Loss, MemoryDisk, When

GROUPS: tuple[tuple[Note, ...], ...] = ((started(),), *publishing(1), *publishing(2), (skipped("late"),))
NOTES = tuple(note for group in GROUPS for note in group)


@dataclass
class Told:
    """What a run knows of its own notes: how many it appended, how many a barrier has answered for."""

    appended: int = 0
    acknowledged: int = 0


def run(world: World, groups: Sequence[tuple[Note, ...]], told: Told) -> None:
    with world.session() as session:
        for group in groups:
            told.appended += len(group)
            assert session.append(group) is None
            session.barrier()
            told.acknowledged = told.appended


def after(world: World, loss: Loss) -> World:
    """Return the next process: beside the dead one, or after the machine has come up again."""
    disk = world.disk.survivor(loss)
    return world.next_process(disk) if loss is Loss.NOTHING else world.restarted(disk)


def prefix_of(state: State | None, told: Told, notes: tuple[Note, ...]) -> int:
    """Return how many of *notes* a state holds; it must hold all that were acknowledged, in order."""
    held = state.sequence if state is not None else 0
    assert told.acknowledged <= held <= told.appended
    if state is not None:
        assert same(state, folded(*notes[:held]))
    return held


def check_recovery(world: World, told: Told, notes: tuple[Note, ...]) -> None:
    """Reading, opening, going on and reading again all agree."""
    held = prefix_of(world.store.read().state, told, notes)
    with world.session() as session:
        assert prefix_of(session.ledger.state(), told, notes) == held
        assert session.first_run == (held == 0)
        assert session.append(notes[held:]) is None
    state = world.store.read().state
    assert state is not None
    assert same(state, folded(*notes))
    files = world.disk.files()
    assert {path for path in files if path.parent == STATE.parent} == {STATE}
    backups = [path.name for path in files if path.parent == HISTORY]
    assert all(re.fullmatch(r"[0-9]+-[0-9]+[.]json", name) for name in backups), "nothing twice, nothing half"
    for entry in world.store.history():
        assert entry.problem == ""


@pytest.mark.parametrize("loss", Loss)
@pytest.mark.parametrize("when", When)
def test_a_first_run_may_die_anywhere(when: When, loss: Loss) -> None:
    for effect in count():
        world, told = World(MemoryDisk(crash=Crash(effect, when))), Told()
        try:
            run(world, GROUPS, told)
        except Crashed:
            check_recovery(after(world, loss), told, NOTES)
        else:
            assert effect > 40
            return


@pytest.mark.parametrize("loss", Loss)
@pytest.mark.parametrize("when", When)
def test_a_run_that_takes_up_a_dead_one_may_die_anywhere_too(when: When, loss: Loss) -> None:
    """The recovery itself dies: between the new state and the removal of the journal, for one."""
    more = (*publishing(3), (skipped("later"),))
    notes = (*NOTES, *(note for group in more for note in group))
    for effect in count():
        second = World().abandon(*GROUPS)
        second.disk.crash = Crash(effect, when)
        told = Told(len(NOTES), len(NOTES))
        try:
            run(second, more, told)
        except Crashed:
            check_recovery(after(second, loss), told, notes)
        else:
            assert effect > 40
            return


def test_a_reader_sees_a_moment_of_the_run_at_every_step() -> None:
    """It reads between any two effects, and while the writer folds."""
    world, told, seen = World(), Told(), set()
    reader = world.beside()

    def look(_: int) -> None:
        seen.add(prefix_of(reader.store.read().state, told, NOTES))

    world.disk.interfere = look
    run(world, GROUPS, told)
    assert len(seen) >= len(GROUPS)


@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.integers(0, 60), st.sampled_from(When), st.sampled_from(Loss)),
        min_size=1,
        max_size=6,
    )
)
def test_any_number_of_runs_may_die(lives: list[tuple[int, int, When, Loss]]) -> None:
    """Each life records what the one before could not, in groups of its own size, and dies somewhere."""
    notes = tuple(note for number in range(8) for group in publishing(number) for note in group)
    world, told = World(), Told()
    for size, effect, when, loss in lives:
        held = prefix_of(world.store.read().state, told, notes)
        told = Told(held, told.acknowledged)
        world.disk.crash = Crash(world.disk.effects + effect, when)
        rest = notes[held:]
        groups = [rest[begin : begin + size] for begin in range(0, min(len(rest), 3 * size), size)]
        try:
            run(world, groups, told)
        except Crashed:
            world = after(world, loss)
    world.disk.crash = None
    check_recovery(world, told, notes)
