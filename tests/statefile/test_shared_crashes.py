"""A shared state under every crash and every fault, between any two steps."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.statefile.shared_worlds import NAME, World
from tests.statefile.test_crashes import GROUPS, NOTES, Told, prefix_of
from tests.statefile.worlds import folded, publishing, same, skipped
from threadsync.errors import StateError
from threadsync.model.journal import Intent, Note
from threadsync.testing.disk import Crash, Crashed, When
from threadsync.testing.remote import FAULTS, MemoryRemote, RemoteFault


@dataclass(frozen=True)
class Striking:
    """Lets *fault* happen at one step, if it can happen there."""

    remote: MemoryRemote
    step: int
    fault: RemoteFault

    def __call__(self, kind: str) -> RemoteFault | None:
        strikes = self.remote.steps - 1 == self.step and self.fault in FAULTS[kind]
        return self.fault if strikes else None


def intents_of(notes: Sequence[Note]) -> int:
    """How many notes are acknowledged once a barrier has answered: up to the last intent."""
    return max((n for n, note in enumerate(notes, start=1) if isinstance(note, Intent)), default=0)


def run(world: World, groups: Sequence[tuple[Note, ...]], told: Told) -> None:
    before = told.appended
    done: list[Note] = []
    with world.session() as session:
        for group in groups:
            told.appended += len(group)
            done += group
            assert session.append(group) is None
            session.barrier()
            told.acknowledged = max(told.acknowledged, before + intents_of(done))
    told.acknowledged = told.appended


def check_recovery(world: World, told: Told, notes: tuple[Note, ...]) -> None:
    """Reading, opening, going on and reading again all agree; a person breaks what lock is left."""
    held = prefix_of(world.store.read().state, told, notes)
    world.unlock()
    with world.session() as session:
        assert prefix_of(session.ledger.state(), told, notes) == held
        assert session.first_run == (held == 0)
        assert session.append(notes[held:]) is None
    assert same(world.state(), folded(*notes)) if notes else world.store.read().state is None
    assert world.files == {NAME}
    assert all(entry.problem == "" for entry in world.store.history())


def steps_of(groups: Sequence[tuple[Note, ...]]) -> int:
    world = World()
    run(world, groups, Told())
    return world.remote.steps


@pytest.mark.parametrize("there", [True, False], ids=["on this machine", "on another machine"])
@pytest.mark.parametrize("when", [When.BEFORE, When.AFTER])
def test_a_run_may_die_between_any_two_steps(when: When, there: bool) -> None:
    for step in range(steps_of(GROUPS)):
        world, told = World(), Told()
        world.remote.crash = Crash(step, when)
        with pytest.raises(Crashed):
            run(world, GROUPS, told)
        after = world.next_process()
        check_recovery(after if there else after.elsewhere(), told, NOTES)


@pytest.mark.parametrize("when", [When.BEFORE, When.AFTER])
def test_a_run_that_takes_up_a_dead_one_may_die_anywhere_too(when: When) -> None:
    more = (*publishing(3), (skipped("later"),))
    notes = (*NOTES, *(note for group in more for note in group))
    held = intents_of(NOTES)
    for step in range(1, 20):
        second = World().abandon(*GROUPS)
        recorded = second.state().sequence
        assert recorded >= held
        told = Told(recorded, recorded)
        second.remote.crash = Crash(second.remote.steps + step - 1, when)
        rest = (NOTES[recorded:], *more) if NOTES[recorded:] else more
        try:
            run(second, rest, told)
        except Crashed:
            check_recovery(second.next_process(), told, notes)
        else:
            assert step > 4
            return


@pytest.mark.parametrize("fault", RemoteFault)
def test_any_fault_at_any_step_leaves_a_state_that_the_next_run_understands(fault: RemoteFault) -> None:
    """Nothing that a barrier has answered for is gone, unless somebody forced an older revision back."""
    for step in range(steps_of(GROUPS)):
        world, told = World(), Told()
        world.remote.interfere = Striking(world.remote, step, fault)
        with suppress(StateError):
            run(world, GROUPS, told)
        world.remote.interfere = lambda _: None
        if fault is RemoteFault.ROLLED_BACK:
            told.acknowledged = 0
        check_recovery(world.next_process().elsewhere(), told, NOTES)


LIVES = st.lists(
    st.tuples(
        st.integers(1, 6),
        st.integers(0, 12),
        st.sampled_from([*RemoteFault, When.BEFORE, When.AFTER]),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


@given(LIVES)
def test_any_number_of_runs_may_meet_any_trouble(
    lives: list[tuple[int, int, RemoteFault | When, bool]],
) -> None:
    """Each life records what the one before could not, on this machine or another, and meets its trouble."""
    notes = tuple(note for number in range(8) for group in publishing(number) for note in group)
    world, told = World(), Told()
    for size, step, trouble, moves in lives:
        world.unlock()
        held = prefix_of(world.store.read().state, told, notes)
        told = Told(held, held)
        if isinstance(trouble, When):
            world.remote.crash = Crash(world.remote.steps + step, trouble)
        else:
            world.remote.interfere = Striking(world.remote, world.remote.steps + step, trouble)
        rest = notes[held:]
        groups = [rest[begin : begin + size] for begin in range(0, min(len(rest), 3 * size), size)]
        with suppress(Crashed, StateError):
            run(world, groups, told)
        world.remote.interfere = lambda _: None
        if trouble is RemoteFault.ROLLED_BACK:
            told.acknowledged = 0
        world = world.next_process()
        world = world.elsewhere() if moves else world
    check_recovery(world, told, notes)
