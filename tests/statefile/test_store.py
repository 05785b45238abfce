"""The store in ordinary life: who may write, what is kept, what a reader sees."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.statefile.worlds import (
    HISTORY,
    JOURNAL,
    LOCK,
    MARIA,
    STATE,
    World,
    at,
    folded,
    post,
    published,
    publishing,
    same,
    skipped,
    started,
)
from threadsync.errors import StateError, StateLocked, StateUnwritable
from threadsync.model.ids import RemoteId, TargetName
from threadsync.model.journal import Adopted, Erased, Moved, Note, Receipt
from threadsync.model.state import Lineage, State
from threadsync.statefile.codec import decode, encode
from threadsync.statefile.disk import LocalDisk
from threadsync.statefile.machine import LocalMachine
from threadsync.statefile.store import DURABLE, FileStore, Session, Store
from threadsync.testing.disk import MemoryDisk
from threadsync.testing.fakes import FakeClock


def test_before_the_first_note_there_is_no_state() -> None:
    world = World()
    found = world.store.read()
    assert (found.state, found.journal_records, found.lock) == (None, 0, None)
    assert found.where == str(STATE)
    assert found.durable == DURABLE == "safe against process death, not against loss of this disk"
    assert world.disk.effects == 0, "reading writes nothing"


def test_a_session_that_records_nothing_leaves_no_trace() -> None:
    world = World()
    with world.session() as session:
        session.barrier()
        assert session.first_run
    assert world.disk.files() == {}


def test_the_first_write_makes_a_state_with_a_lineage() -> None:
    world = World()
    with world.session() as session:
        assert session.append([started()]) is None
        assert world.disk.files().keys() == {LOCK}, "an append is not a write yet"
        session.barrier()
        first = decode(world.disk.files()[STATE])
        assert (first.serial, first.sequence, first.project) == (1, 0, "p-1")
        assert first.lineage.startswith("id-")
        assert world.disk.files().keys() == {STATE, JOURNAL, LOCK}
    last = world.state()
    assert (last.lineage, last.serial, last.sequence) == (first.lineage, 2, 1)
    assert world.disk.files().keys() == {STATE, HISTORY / "1-0.json"}


def test_a_session_folds_what_it_recorded_and_the_next_goes_on() -> None:
    world = World()
    world.record(*published(1))
    world.record(*published(2), skipped("late"))
    assert same(world.state(), folded(*published(1), *published(2), skipped("late")))
    assert world.state().serial == 3
    with world.session() as session:
        assert not session.first_run
        assert session.recovered == 0
        assert session.ledger.holder_of(TargetName("threads/main"), RemoteId("post-2")) == at("key-2")


def test_what_was_recorded_before_an_error_is_folded_all_the_same() -> None:
    world = World()
    with pytest.raises(ZeroDivisionError), world.session() as session:  # noqa: PT012
        assert session.append(published(1)) is None
        raise ZeroDivisionError
    assert same(world.state(), folded(*published(1)))
    assert LOCK not in world.disk.files()


def test_the_ledger_knows_what_was_appended_before_it_is_durable() -> None:
    world = World()
    with world.session() as session:
        assert session.append(published(1)) is None
        assert session.ledger.bindings[at("key-1")].segments == (post(1),)
        assert world.store.read().state is None


def test_a_reader_overlays_the_journal_of_a_run_under_way() -> None:
    world = World()
    world.record(*published(1))
    with world.session() as session:
        for group in publishing(2):
            assert session.append(group) is None
            session.barrier()
        found = world.store.read()
        assert found.state is not None
        assert same(found.state, folded(*published(1), *published(2)))
        assert found.journal_records == 4
        assert found.lock is not None
        assert found.lock.user == "maria"
        assert decode(world.disk.files()[STATE]).sequence == 4, "the file is as it was"


def test_what_is_known_already_is_given_again_until_a_byte_of_state_or_journal_has_changed() -> None:
    world = World()
    nothing = world.store.read()
    assert world.store.read(nothing).state is None
    world.record(*published(1))
    known = world.store.read(nothing)
    assert known.state is not None
    with world.session() as session:
        again = world.store.read(known)
        assert again.state is known.state
        assert again.lock is not None, "who writes is looked at each time"
        session.append([started()])
        session.barrier()
        journalled = world.store.read(known)
        assert (journalled.journal_records, known.journal_records) == (1, 0)
        assert world.store.read(journalled).state is journalled.state
    folded_in = world.store.read(journalled)
    assert folded_in.state is not journalled.state
    assert folded_in == replace(world.store.read(), source=folded_in.source)


def test_a_reader_that_was_overtaken_by_two_runs_looks_again() -> None:
    """It has read a journal that was folded since, into a state that was folded into another one."""

    class Slow(MemoryDisk):
        def read(self, path: Path) -> bytes | None:
            found = super().read(path)
            if path == JOURNAL and found is not None and overtaking:
                overtaking.pop()()
            return found

    world = World()
    after = world.abandon(published(1))
    slow = Slow(_names=after.disk._names, _durable_names=after.disk._durable_names)

    def two_runs() -> None:
        after.record(*published(2))
        after.record(*published(3))

    overtaking = [two_runs]
    found = replace(after.store, disk=slow).read()
    assert not overtaking
    assert found.state is not None
    assert same(found.state, folded(*published(1), *published(2), *published(3)))


def test_a_post_has_one_holder_and_a_refused_call_records_nothing() -> None:
    world = World()
    world.record(*published(1))
    claims: list[tuple[str, tuple[Note, ...]]] = [
        ("key-1", (started(), Receipt(at("other"), post(1)))),
        ("key-1", (started(), Adopted(at("other"), (post(2), replace(post(1), index=1)), post(1).at))),
        ("third", (Receipt(at("third"), post(7)), Receipt(at("other"), post(7)))),
    ]
    for holder, claim in claims:
        with world.session() as session:
            assert session.append(claim) == at(holder)
            assert session.ledger.sequence == 4
            session.barrier()
        assert world.state().serial == 2
    world.record(Receipt(at("key-1"), post(1)), Receipt(at("elsewhere", "threads/brand"), post(1)))
    assert world.state().sequence == 6


def test_surgery_is_notes_like_everything_else() -> None:
    world = World()
    world.record(*published(1), *published(2))
    world.record(Moved(at("key-1"), at("renamed"), post(3).at), Erased(at("key-2"), post(3).at))
    assert world.state().bindings.keys() == {at("renamed")}
    assert [entry.serial for entry in world.store.history()] == [3, 2, 1]


def test_the_lock_is_held_while_a_session_is_open() -> None:
    world = World()
    other = world.beside()
    with world.session():
        with pytest.raises(StateLocked, match="locked by maria"), other.session(5):
            pytest.fail("two writers")
        assert world.clock.seconds == 5
    with other.session() as session:
        assert session.broken is None


def test_a_dead_runs_lock_is_broken_and_its_notes_are_recovered() -> None:
    world = World()
    second = world.abandon(published(1))
    with second.session() as after:
        assert after.recovered == 4
        assert not after.first_run
        assert after.broken is not None
        assert after.broken.pid == 100
        assert same(after.ledger.state(), folded(*published(1)))
    assert (second.state().serial, second.state().sequence) == (2, 4)
    assert JOURNAL not in second.disk.files()


def test_whoever_was_force_unlocked_records_nothing_more() -> None:
    world = World()
    world.record(started())
    other = world.beside()
    with pytest.raises(StateLocked, match="taken away"), world.session() as session:  # noqa: PT012
        assert session.append(published(1)) is None
        session.barrier()
        lock = world.store.read().lock
        assert lock is not None
        other.store.force_unlock(lock, MARIA)
        other.record(*published(2))
        assert session.append(published(3)) is None
        session.barrier()
    assert same(other.state(), folded(started(), *published(1), *published(2)))
    assert world.disk.files().keys() >= {STATE}
    assert not {LOCK, JOURNAL} & world.disk.files().keys()


def test_a_lock_that_was_lost_is_noticed_before_anything_is_written() -> None:
    world = World()
    with pytest.raises(StateLocked), world.session() as session:  # noqa: PT012
        assert session.append(published(1)) is None
        world.disk.remove(LOCK)
        effects = world.disk.effects
        with pytest.raises(StateLocked):
            session.barrier()
        assert world.disk.effects == effects


def test_a_session_that_lost_its_lock_folds_nothing() -> None:
    """Its notes were folded by whoever took the lock; folding them again would undo what came after."""
    world = World()
    other = world.beside()
    with pytest.raises(StateLocked), world.session() as session:  # noqa: PT012
        assert session.append(published(1)) is None
        session.barrier()
        lock = other.store.read().lock
        assert lock is not None
        other.store.force_unlock(lock, MARIA)
        other.record(*published(2))
    assert same(other.state(), folded(*published(1), *published(2)))


def test_a_lock_lost_between_write_and_answer_is_noticed_before_the_note_counts() -> None:
    """Whoever took the lock may have folded the journal a moment before our bytes came to it."""
    world = World()
    world.record(started())
    other = world.beside()

    def take_over(_: int) -> None:
        world.disk.interfere = None
        lock = other.store.read().lock
        assert lock is not None
        other.store.force_unlock(lock, MARIA)
        other.record(*published(2))

    with world.session() as session:
        assert session.append(published(1)) is None
        session.barrier()
        assert session.append(published(3)) is None
        world.disk.interfere = take_over
        with pytest.raises(StateLocked):
            session.barrier()
    assert same(other.state(), folded(started(), *published(1), *published(2)))


def test_checking_the_lease_is_what_the_lock_says() -> None:
    world = World()
    with pytest.raises(StateLocked), world.session() as session:  # noqa: PT012
        session.check_lease()
        world.disk.remove(LOCK)
        session.check_lease()


def test_an_append_costs_one_write_and_one_sync_whatever_the_size_of_the_state() -> None:
    costs = set()
    for posts in (25, 200):
        world = World()
        world.record(*(note for number in range(posts) for note in published(number)))
        with world.session() as session:
            assert session.append([skipped("first")]) is None
            session.barrier()
            effects, size = world.disk.effects, world.disk.written_bytes
            for number in range(10):
                assert session.append([skipped(f"a{number}"), skipped(f"b{number}")]) is None
                session.barrier()
            costs.add((world.disk.effects - effects, world.disk.written_bytes - size))
    assert len(costs) == 1
    assert costs.pop()[0] == 20


def test_a_full_disk_stops_the_run_and_loses_nothing_that_counted() -> None:
    world = World()
    world.record(started())
    used = sum(map(len, world.disk.files().values()))
    with pytest.raises(StateUnwritable), world.session() as session:  # noqa: PT012
        assert session.append(published(1)) is None
        session.barrier()
        world.disk.capacity_bytes = used + 1500
        assert session.append(tuple(note for n in range(2, 9) for note in published(n))) is None
        with pytest.raises(StateUnwritable, match="No space left"):
            session.barrier()
        with pytest.raises(StateUnwritable, match="an earlier write of this run failed"):
            session.append([skipped("more")])
        with pytest.raises(StateUnwritable, match="an earlier write of this run failed"):
            session.barrier()
        raise StateUnwritable("as the executor would")
    assert LOCK not in world.disk.files()
    world.disk.capacity_bytes = None
    state = world.next_process().state()
    known = [same(state, folded(started(), *notes)) for notes in prefixes_from(4)]
    assert any(known)


def prefixes_from(least: int) -> list[tuple[Note, ...]]:
    notes = tuple(note for n in range(1, 9) for note in published(n))
    return [notes[:length] for length in range(least, len(notes) + 1)]


def test_a_disk_that_gives_back_something_else_is_caught() -> None:
    class Lying(MemoryDisk):
        def replace(self, path: Path, data: bytes) -> None:
            super().replace(path, data.replace(b"maria", b"mario") if path == STATE else data)

    world = World(Lying())
    with pytest.raises(StateUnwritable, match="gave back something else"):
        world.record(started(), *published(1))
    assert JOURNAL in world.disk.files()


def test_a_note_that_cannot_be_folded_is_not_recorded() -> None:
    """A mistake of ours in one publication must not make the journal unreadable."""
    world = World()
    with world.session() as session:
        assert session.append(published(1)) is None
        with pytest.raises(AssertionError):
            session.append([skipped("before"), Moved(at("key-1"), at("key-1"), post(1).at)])
        assert session.append([skipped("after")]) is None
    assert same(world.state(), folded(*published(1), skipped("before"), skipped("after")))


def test_leftovers_of_a_crash_are_swept_by_the_next_writer() -> None:
    world = World()
    names = [STATE.with_name(".threadsync.json.0123abcd.tmp"), HISTORY / ".3-5.json.0123abcd.tmp"]
    others = [STATE.with_name(".other.json.0123abcd.tmp"), STATE.with_name("note.tmp"), HISTORY / "README"]
    for path in (*names, *others):
        world.disk.put(path, b"x")
    with world.session():
        assert set(world.disk.files()) == {*others, LOCK}


def test_a_reader_without_the_right_to_write_reads() -> None:
    class ReadOnly(MemoryDisk):
        def _effect(self, *_: object) -> None:
            raise StateUnwritable("a reader wrote")

    world = World()
    world.record(*published(1))
    after = world.abandon(published(2))
    reader = replace(after.store, disk=ReadOnly(_names=after.disk._names))
    found = reader.read().state
    assert found is not None
    assert same(found, folded(*published(1), *published(2)))
    assert reader.history()


def test_the_store_works_on_a_real_disk(tmp_path: Path) -> None:
    numbers = iter(range(100))
    path, history = tmp_path / "state" / "s.json", tmp_path / ".threadsync" / "history"
    store: Store = FileStore(
        path, LocalDisk(), FakeClock(), LocalMachine(), history, lambda: f"id-{next(numbers)}"
    )
    opened: AbstractContextManager[Session] = store.open(MARIA, 0)
    with opened as session:
        for number in range(3):
            for group in publishing(number):
                assert session.append(group) is None
                session.barrier()
        assert store.read().journal_records == 12
    found = store.read().state
    assert found is not None
    assert same(found, folded(*(note for number in range(3) for note in published(number))))
    assert sorted(each.name for each in path.parent.iterdir()) == ["s.json"]
    assert [each.name for each in history.iterdir()] == ["1-0.json"]


def test_a_state_that_was_made_elsewhere_is_taken_up() -> None:
    """``make state`` and a restored copy are files like any other."""
    world = World()
    world.disk.put(STATE, encode(State(Lineage("made"), 1, 0, "p-1")))
    assert world.store.read().state is None, "nothing was ever recorded in it"
    world.record(*published(1))
    assert world.state().lineage == "made"


def test_errors_of_the_state_are_errors_a_person_can_act_on() -> None:
    world = World()
    world.disk.put(STATE, b"<<<<<<< HEAD\n")
    with pytest.raises(StateError) as caught:
        world.store.read()
    assert caught.value.where == str(STATE)
    assert caught.value.remedy
