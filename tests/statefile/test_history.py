"""The store when its files are not what they were: foreign, damaged, put back from a copy."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.statefile.worlds import (
    HISTORY,
    JOURNAL,
    LOCK,
    STATE,
    World,
    at,
    folded,
    post,
    published,
    same,
    skipped,
    started,
)
from threadsync.errors import StateDamaged, StateForeign
from threadsync.statefile import files as files_module
from threadsync.statefile.codec import open_document
from threadsync.testing.disk import MemoryDisk


class TestForeign:
    def test_another_project_is_refused_to_readers_and_writers(self) -> None:
        world = World()
        world.record(started())
        other = World(world.disk, world.machine, world.clock, project="p-2")
        with pytest.raises(StateForeign, match="belongs to project p-1, and this is p-2"):
            other.store.read()
        with pytest.raises(StateForeign), other.session():
            pytest.fail("a foreign state was opened")
        assert LOCK not in world.disk.files()
        assert replace(other.store, project="").read().state is not None

    @pytest.mark.parametrize("missing", [False, True], ids=["an older copy", "no state at all"])
    def test_a_journal_whose_state_was_exchanged_is_not_folded(self, missing: bool) -> None:
        world = World()
        world.record(*published(1))
        old = world.disk.files()[STATE]
        world.record(*published(2))
        after = world.abandon(published(3))
        if missing:
            after.disk.remove(STATE)
        else:
            after.disk.put(STATE, old)
        with pytest.raises(StateForeign):
            after.store.read()
        with pytest.raises(StateForeign), after.session():
            pytest.fail("a foreign journal was folded")
        assert JOURNAL in after.disk.files(), "it is kept: it names posts nobody else knows"


class TestDamaged:
    def test_a_damaged_state_is_refused_and_left_as_it_is(self) -> None:
        world = World()
        world.record(*published(1))
        damaged = world.disk.files()[STATE].replace(b"text 1", b"text 2")
        world.disk.put(STATE, damaged)
        with pytest.raises(StateDamaged):
            world.store.read()
        with pytest.raises(StateDamaged), world.session():
            pytest.fail("a damaged state was opened")
        assert world.disk.files()[STATE] == damaged
        assert LOCK not in world.disk.files()

    def test_history_works_when_the_state_does_not(self) -> None:
        world = World()
        world.record(*published(1))
        world.record(*published(2))
        world.disk.put(STATE, b"")
        current, newest, oldest = world.store.history()
        assert (current.current, current.problem) == (True, "it is empty")
        assert (newest.serial, newest.bindings, newest.problem) == (2, 1, "")
        assert oldest.serial == 1

    def test_a_backup_can_be_put_back(self) -> None:
        world = World()
        world.record(*published(1))
        world.record(*published(2))
        world.disk.put(STATE, b"")
        backup = world.store.history()[1].file
        world.disk.put(STATE, world.disk.files()[Path(backup)])
        assert same(world.state(), folded(*published(1)))
        world.record(*published(3))
        assert world.state().bindings.keys() == {at("key-1"), at("key-3")}

    def test_a_state_that_is_far_too_large_is_not_even_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World()
        world.record(started())
        monkeypatch.setattr(files_module, "STATE_BYTES_MAX", 100)
        with pytest.raises(StateDamaged, match="over the limit"):
            world.store.read()


class TestHistory:
    def test_an_entry_says_when_by_which_run_and_how_much(self) -> None:
        world = World()
        world.record(started(1), *published(1))
        world.record(started(2), *published(2))
        current, one, zero = world.store.history()
        assert (current.serial, current.sequence, current.run, current.bindings) == (3, 10, "run-2", 2)
        assert (current.file, current.current, current.when) == (STATE, True, post(2).at)
        assert (one.serial, one.sequence, one.run, one.bindings) == (2, 5, "run-1", 1)
        assert (one.file, one.current, one.when) == (HISTORY / "2-5.json", False, post(1).at)
        assert (zero.serial, zero.when, zero.run) == (1, None, "")

    def test_of_many_backups_only_as_many_are_read_as_are_asked_for(self) -> None:
        world = World()
        for number in range(4):
            world.record(skipped(f"key-{number}"))
        read: list[str] = []

        class Counting(MemoryDisk):
            def read(self, path: Path) -> bytes | None:
                read.append(path.name)
                return super().read(path)

        disk = Counting()
        for path, data in world.disk.files().items():
            disk.put(path, data)
        world.disk = disk
        (_, newest) = world.store.history(backups_max=1)
        assert (newest.serial, read) == (4, ["threadsync.json", "4-3.json"])
        assert newest.restore == f"cp {HISTORY}/4-3.json {STATE}"

    def test_the_newest_fifty_are_kept(self) -> None:
        world = World()
        for number in range(files_module.BACKUPS_MAX + 5):
            world.record(skipped(f"key-{number}"))
        names = [Path(entry.file).name for entry in world.store.history()[1:]]
        assert len(names) == files_module.BACKUPS_MAX == 50
        assert names[0] == "55-54.json"
        assert names[-1] == "6-5.json"

    def test_a_new_state_among_the_backups_of_an_old_one_keeps_its_own(self) -> None:
        """Numbers start anew with a new lineage; the newest by time are kept, not the largest."""
        world = World()
        for number in range(files_module.BACKUPS_MAX + 2):
            world.record(skipped(f"key-{number}"))
        world.disk.remove(STATE)
        world.record(skipped("fresh"))
        world.record(skipped("fresher"))
        entries = world.store.history()
        assert [entry.serial for entry in entries[:3]] == [3, 2, 1]
        assert len(entries) == 51

    def test_a_backup_with_the_same_numbers_is_not_written_over(self) -> None:
        world = World()
        world.record(*published(1))
        first = world.disk.files()[STATE]
        world.record(skipped("a"))
        second = world.disk.files()[STATE]
        world.disk.put(STATE, first)
        world.record(skipped("b"))
        world.record(skipped("c"))
        world.disk.put(STATE, second)
        world.record(skipped("d"))
        kept = {path.name: data for path, data in world.disk.files().items() if path.parent == HISTORY}
        assert second in kept.values()
        assert first in kept.values()
        suffix = open_document(second).checksum.removeprefix("sha256:")[:8]
        assert {name for name in kept if name.startswith("3-5")} == {"3-5.json", f"3-5-{suffix}.json"}
