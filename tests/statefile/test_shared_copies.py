"""What is found in a shared state that is no good, its history, and copies put back."""

from __future__ import annotations

import pytest

from tests.statefile.shared_worlds import JOURNAL, NAME, World
from tests.statefile.worlds import MARIA, folded, post, published, publishing, same, started
from threadsync.errors import StateDamaged, StateForeign, StateLocked, StateTooNew, UsageError
from threadsync.statefile.codec import encode
from threadsync.statefile.folding import Copy
from threadsync.testing.disk import Crash, Crashed, When


class TestWhatIsThere:
    def test_a_branch_with_other_files_is_no_state(self) -> None:
        world = World()
        world.remote.write({NAME: b"{}", "README.md": b"# Mine"})
        for verb in (world.store.read, lambda: world.record(started())):
            with pytest.raises(StateForeign, match=r"holds other files \(README.md\)") as caught:
                verb()
            assert "a branch of its own" in caught.value.remedy.lower()
        assert len(world.said) == 1

    def test_the_state_of_another_project_is_refused(self) -> None:
        world = World()
        world.record(started())
        other = World(world.remote, project="p-2")
        for verb in (other.store.read, lambda: other.record(started())):
            with pytest.raises(StateForeign, match="belongs to project p-1, and this is p-2"):
                verb()

    @pytest.mark.parametrize("name", [NAME, JOURNAL])
    def test_what_is_damaged_is_refused_and_says_how_a_good_one_comes_back(self, name: str) -> None:
        world = World()
        world.record(*published(1))
        after = world.abandon(*publishing(2))
        files = dict(after.remote.tip.files)
        after.remote.write({**files, name: files[name].replace(b"key-", b"kex-")})
        for verb in (after.store.read, lambda: after.record(started())):
            with pytest.raises(StateDamaged) as caught:
                verb()
            assert caught.value.where == f"{name} in branch state of memory"
            assert "threadsync state history" in caught.value.remedy
        assert after.remote.messages[-1] == "somebody else", "nothing was written"

    def test_a_newer_state_is_refused(self) -> None:
        world = World()
        world.remote.write({NAME: b'{"version": 99}'})
        with pytest.raises(StateTooNew):
            world.record(started())

    def test_a_journal_of_another_state_is_refused(self) -> None:
        world = World()
        world.record(*published(1))
        older = world.remote.tip.files[NAME]
        world.record(*published(2))
        after = world.abandon(*publishing(3))
        after.remote.write({**after.remote.tip.files, NAME: older})
        with pytest.raises(StateForeign, match="older copy") as caught:
            after.record(started())
        assert "threadsync state history" in caught.value.remedy


class TestHistory:
    def test_the_revisions_are_the_history_and_say_how_one_comes_back(self) -> None:
        world = World()
        world.record(started(1), *published(1))
        world.record(started(2), *published(2))
        current, one = world.store.history()
        assert (current.current, current.serial, current.run, current.bindings) == (True, 3, "run-2", 2)
        assert (one.current, one.serial, one.run, one.bindings) == (False, 2, "run-1", 1)
        assert current.restore == ""
        assert one.restore == f"show {one.file} | threadsync state push -"
        assert str(one.file).endswith(f":{NAME}")
        assert len(world.store.history(backups_max=0)) == 1
        assert World().store.history() == ()

    def test_a_damaged_state_is_listed_with_its_problem(self) -> None:
        world = World()
        world.record(*published(1))
        world.remote.write({NAME: b""})
        current, one = world.store.history()
        assert (current.problem, current.restore, one.problem) == ("it is empty", "", "")


class TestPut:
    def copy(self, world: World) -> bytes:
        return encode(world.state())

    def test_a_copy_put_back_has_a_higher_serial_and_what_it_held(self) -> None:
        world = World()
        world.record(*published(1))
        copy = self.copy(world)
        world.record(*published(2))
        world.store.put(Copy(copy, "copy.json"), MARIA, 0)
        assert world.state().bindings == folded(*published(1)).bindings
        assert (world.state().serial, world.state().sequence) == (4, 8)
        assert world.state().written_at == post(1).at, "own posts are read back to what the copy knew"
        assert world.said[-1] == "puts a copy back"
        assert world.files == {NAME}

    def test_it_needs_the_lock(self) -> None:
        world = World()
        world.record(*published(1))
        with world.session(), pytest.raises(StateLocked):
            world.elsewhere().store.put(Copy(self.copy(world), "copy.json"), MARIA, 0)

    def test_another_lineage_needs_consent(self) -> None:
        world, other = World(), World()
        world.record(*published(1))
        other.new_id = lambda: "another"
        other.record(*published(2))
        with pytest.raises(UsageError, match="a copy of another state") as caught:
            world.store.put(Copy(self.copy(other), "copy.json"), MARIA, 0)
        assert "--replace-lineage" in caught.value.remedy
        world.store.put(Copy(self.copy(other), "copy.json", replace_lineage=True), MARIA, 0)
        assert same(world.state(), folded(*published(2)))

    def test_another_project_is_refused_whatever_is_said(self) -> None:
        world, other = World(), World(project="p-2")
        other.record(*published(1))
        with pytest.raises(StateForeign):
            world.store.put(Copy(self.copy(other), "copy.json", replace_lineage=True), MARIA, 0)

    def test_a_damaged_state_is_there_to_be_replaced_a_newer_one_is_not(self) -> None:
        world = World()
        world.record(*published(1))
        copy = self.copy(world)
        world.remote.write({NAME: b"{}"})
        world.store.put(Copy(copy, "copy.json"), MARIA, 0)
        assert same(world.state(), folded(*published(1)))
        world.remote.write({NAME: b'{"version": 99}'})
        with pytest.raises(StateTooNew):
            world.store.put(Copy(copy, "copy.json"), MARIA, 0)
        world.store.put(Copy(copy, "copy.json", replace_lineage=True), MARIA, 0)
        assert same(world.state(), folded(*published(1)))

    def test_a_damaged_copy_is_refused(self) -> None:
        world = World()
        world.record(*published(1))
        with pytest.raises(StateDamaged) as caught:
            world.store.put(Copy(self.copy(world)[:-9], "copy.json"), MARIA, 0)
        assert caught.value.where == "copy.json"

    def test_a_first_state_can_be_put_where_none_is(self) -> None:
        world = World()
        world.record(*published(1))
        fresh = World()
        fresh.store.put(Copy(self.copy(world), "copy.json"), MARIA, 0)
        assert same(fresh.state(), folded(*published(1)))

    def test_what_is_in_doubt_must_be_settled_first(self) -> None:
        """The publish may still take effect, and the copy would not know to look for it."""
        world = World()
        world.record(*published(1))
        copy = self.copy(world)
        after = world.abandon(*publishing(2)[:1])
        with pytest.raises(UsageError, match="what became of key-2@threads/main") as caught:
            after.store.put(Copy(copy, "copy.json"), MARIA, 0)
        assert "Run apply first" in caught.value.remedy

    def test_a_journal_that_goes_on_from_the_copy_is_folded_into_it(self) -> None:
        """The state beside it was exchanged for another; its own is put back."""
        world = World()
        world.record(*published(1))
        older = dict(world.remote.tip.files)
        world.record(*published(2))
        right = world.remote.tip.files[NAME]
        with pytest.raises(Crashed), world.session() as session:  # noqa: PT012
            session.append(published(3))
            session.idle()
            world.remote.crash = Crash(world.remote.steps, When.BEFORE)
        after = world.next_process()
        after.remote.write({**after.remote.tip.files, **older})
        with pytest.raises(StateForeign):
            after.store.read()
        after.store.put(Copy(right, "copy.json"), MARIA, 0)
        assert same(after.state(), folded(*published(1), *published(2), *published(3)))
        assert after.files == {NAME}
