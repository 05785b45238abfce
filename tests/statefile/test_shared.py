"""A state that several machines share: one writes, its intents are pushed first, and nothing is lost."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.statefile.shared_worlds import JOURNAL, LOCK, NAME, World
from tests.statefile.worlds import MARIA, at, folded, post, published, publishing, same, skipped, started
from threadsync.errors import StateError, StateLocked, StateOutdated, StateUnreachable, StateUnwritable
from threadsync.model.journal import Receipt
from threadsync.statefile import shared
from threadsync.statefile.lock import parse_lock
from threadsync.statefile.store import Session, Store
from threadsync.testing.fakes import FakeClock
from threadsync.testing.remote import RemoteFault


class TestOrdinaryLife:
    def test_before_the_first_note_there_is_no_state(self) -> None:
        world = World()
        store: Store = world.store
        found = store.read()
        assert (found.state, found.journal_records, found.lock) == (None, 0, None)
        assert found.where == store.where == "branch state of memory"
        assert "loss of this machine" in found.durable
        assert world.remote.messages == [], "reading writes nothing"

    def test_a_session_that_records_nothing_takes_and_gives_back_the_lock_and_no_more(self) -> None:
        world = World()
        with world.session() as session:
            session.barrier()
            session.idle()
            assert session.first_run
            assert world.files == {LOCK}
        assert world.files == set()
        assert world.said == ["takes the lock", "is done"]
        assert world.store.read().state is None, "that was no first run"

    def test_a_run_leaves_one_file_and_the_next_goes_on(self) -> None:
        world = World()
        world.record(*published(1))
        assert world.files == {NAME}
        world.elsewhere().record(*published(2), skipped("late"))
        assert same(world.state(), folded(*published(1), *published(2), skipped("late")))
        assert (world.state().serial, world.state().project) == (3, "p-1")
        with world.session() as session:
            assert not session.first_run
            assert session.recovered == 0

    def test_what_is_known_already_is_given_again_until_a_byte_of_it_has_changed(self) -> None:
        world = World()
        world.record(*published(1))
        known = world.store.read()
        with world.session():
            again = world.store.read(known)
        assert again.state is known.state is not None
        assert again.lock is not None
        world.elsewhere().record(*published(2))
        assert same(world.store.read(known).state or known.state, folded(*published(1), *published(2)))

    def test_an_intent_is_pushed_before_its_barrier_returns(self) -> None:
        world = World()
        begun, receipt, ended = publishing(1)
        with world.session() as session:
            session.append([started()])
            session.barrier()
            assert world.files == {LOCK}, "what happened can wait"
            session.append(begun)
            session.barrier()
            assert world.files == {NAME, JOURNAL, LOCK}
            assert b'"intent"' in world.remote.tip.files[JOURNAL]
            for group in (receipt, ended):
                session.append(group)
                session.barrier()
            assert b'"receipt"' not in world.remote.tip.files[JOURNAL]
        assert world.said == ["takes the lock", "records what it is about to do", "is done"]
        assert same(world.state(), folded(started(), *published(1)))

    def test_a_receipt_rides_with_the_next_intent(self) -> None:
        """A chain needs one push a segment."""
        world = World()
        with world.session() as session:
            for number in range(5):
                for group in publishing(number):
                    session.append(group)
                    session.barrier()
        assert len(world.said) == 5 + 2
        assert same(world.state(), folded(*(note for number in range(5) for note in published(number))))

    def test_when_nothing_else_is_to_be_done_what_is_pending_is_pushed_once(self) -> None:
        world = World()
        with world.session() as session:
            session.append(published(1))
            session.idle()
            session.idle()
            assert session.linger_seconds == 1
            assert world.said == ["takes the lock", "records what it has done"]
            other = world.elsewhere().store.read()
            assert other.state is not None
            assert same(other.state, folded(*published(1)))
            assert other.journal_records == 4

    def test_a_post_has_one_holder(self) -> None:
        world = World()
        world.record(*published(1))
        with world.session() as session:
            assert session.append([Receipt(at("other"), post(1))]) == at("key-1")
        assert world.state().serial == 2

    def test_checking_the_lease_asks_nobody(self) -> None:
        world = World()
        with world.session() as session:
            steps = world.remote.steps
            session.check_lease()
            assert world.remote.steps == steps

    def test_each_revision_says_who_does_what(self) -> None:
        world = World()
        world.record(*published(1))
        assert world.remote.messages[0] == "threadsync apply: takes the lock\n\nby maria\n"


class TestLock:
    def test_another_run_is_told_who_holds_the_state_since_when_and_what_to_do(self) -> None:
        world = World()
        with world.session():
            with pytest.raises(StateLocked, match="locked by maria on build-7") as caught:
                world.elsewhere().record(started())
            assert "since 2026-03-01T12:00:00Z" in caught.value.problem
            assert "--lock-timeout" in caught.value.remedy
            assert "force-unlock" in caught.value.remedy
            assert caught.value.where == "branch state of memory"

    def test_waiting_looks_every_few_seconds_and_ends_with_the_timeout(self) -> None:
        world = World()
        with world.session():
            steps = world.remote.steps
            with pytest.raises(StateLocked), world.elsewhere().session(10):
                pytest.fail("two writers")
            assert world.clock.seconds == 10
            assert world.remote.steps - steps <= 10 / shared.POLL_SECONDS + 2

    def test_waiting_ends_when_the_holder_lets_go(self) -> None:
        world = World()
        holder = world.session()
        holder.__enter__()

        class Clock(FakeClock):
            def sleep(self, seconds: float) -> None:
                super().sleep(seconds)
                if self.seconds >= 5:
                    holder.__exit__(None, None, None)

        other = replace(world.elsewhere().store, clock=Clock())
        with other.open(MARIA, 60):
            assert other.clock.monotonic() <= 5 + shared.POLL_SECONDS

    def test_a_dead_process_of_this_machine_is_taken_over_with_its_notes(self) -> None:
        after = World().abandon(*publishing(1))
        with after.session() as session:
            assert session.broken is not None
            assert session.broken.pid == 100
            assert session.recovered == 2, "the receipt had waited for the next push"
            assert after.state().open.keys() == {at("key-1")}
            assert after.files == {NAME, LOCK}, "one push takes the lock and folds the journal"

    def test_of_another_machine_nobody_knows_so_a_person_breaks_the_lock(self) -> None:
        World(remote := World().remote).abandon(*publishing(1))
        other = World(remote).elsewhere()
        with pytest.raises(StateLocked, match="build-7"):
            other.record(started())
        other.unlock()
        with other.session() as session:
            assert (session.broken, session.recovered) == (None, 2)

    def test_a_lock_that_changed_since_it_was_shown_is_not_broken(self) -> None:
        world = World()
        with world.session():
            seen = world.store.read().lock
        assert seen is not None
        with pytest.raises(StateLocked, match="nobody holds it"):
            world.store.force_unlock(seen, MARIA)
        with world.session(), pytest.raises(StateLocked, match="held by maria"):
            world.store.force_unlock(seen, MARIA)

    def test_breaking_the_lock_of_one_who_writes_at_that_moment_looks_again(self) -> None:
        world = World()
        other = world.elsewhere()
        with pytest.raises(StateLocked), world.session() as session:  # noqa: PT012
            lock = world.store.read().lock
            assert lock is not None
            faults = iter([RemoteFault.OVERTAKEN])
            other.remote.interfere = lambda kind: next(faults, None) if kind == "replace" else None
            other.store.force_unlock(lock, MARIA)
            assert LOCK not in world.files
            session.append(published(1))
            session.barrier()

    def test_others_who_are_always_quicker_end_the_wait(self) -> None:
        world = World()
        world.remote.interfere = lambda kind: RemoteFault.OVERTAKEN if kind == "replace" else None
        with pytest.raises(StateOutdated):
            world.record(started())
        assert len(world.said) == shared.TAKES_MAX

    @pytest.mark.parametrize("fault", [RemoteFault.UNREACHABLE, RemoteFault.ANSWER_LOST])
    def test_a_lock_whose_taking_was_not_answered_is_given_back(self, fault: RemoteFault) -> None:
        """Nobody else could ever tell that the run which holds it never began."""
        world = World()
        faults = iter([None, fault])
        world.remote.interfere = lambda _: next(faults, None)
        with pytest.raises(StateUnreachable):
            world.record(started())
        assert LOCK not in world.files

    def test_an_interrupt_while_the_lock_is_taken_gives_it_back(self) -> None:
        world = World()
        kinds = iter(["fetch", "replace"])

        class Interrupting:
            def __call__(self, kind: str) -> RemoteFault | None:
                if next(kinds, None) == "replace":
                    world.remote.write({LOCK: b""})  # it is another's by now, and stays
                    raise KeyboardInterrupt
                return None

        world.remote.interfere = Interrupting()
        with pytest.raises(KeyboardInterrupt):
            world.record(started())
        assert parse_lock(world.remote.tip.files[LOCK]) is not None


class TestLostLease:
    def lost(self, world: World, session: Session) -> None:
        """Whatever is tried now is refused."""
        with pytest.raises(StateError):
            session.check_lease()
        with pytest.raises(StateError):
            session.append([skipped("more")])
        with pytest.raises(StateError):
            session.barrier()

    def test_a_rejected_push_ends_the_session_before_anything_is_sent(self) -> None:
        world = World()
        world.record(started())
        other = world.elsewhere()
        with world.session() as session:
            other.unlock()
            session.append(publishing(1)[0])
            with pytest.raises(StateLocked, match="nobody holds it now"):
                session.barrier()
            self.lost(world, session)
            other.record(*published(2))
        assert same(world.state(), folded(started(), *published(2))), "closing writes nothing either"

    def test_who_holds_the_state_now_is_told(self) -> None:
        world = World()
        other = world.elsewhere()
        with world.session() as session:
            other.unlock()
            with other.session():
                session.append(publishing(1)[0])
                with pytest.raises(StateLocked, match="now it is held by maria on build-8"):
                    session.barrier()

    def test_a_last_push_that_is_rejected_undoes_nothing_of_others(self) -> None:
        world = World()
        other = world.elsewhere()
        with pytest.raises(StateLocked, match="taken away"), world.session() as session:  # noqa: PT012
            session.append(publishing(1)[0])
            session.barrier()
            session.append(publishing(1)[1])
            other.unlock()
            other.record(*published(2))
        assert world.state().open.keys() == {at("key-1")}
        assert world.state().bindings.keys() == {at("key-2")}

    def test_an_older_revision_forced_back_under_a_run_ends_it(self) -> None:
        """The lock in it may be that of this very run; what is there is not what it wrote last."""
        world = World()
        world.record(*published(1))
        with world.session() as session:
            session.append(publishing(2)[0])
            session.barrier()
            older = world.remote.tip
            session.append(publishing(3)[0])
            session.barrier()
            world.remote.force(older)
            session.append(publishing(4)[0])
            with pytest.raises(StateOutdated, match="although this run holds the lock"):
                session.barrier()
            self.lost(world, session)

    def test_why_it_was_rejected_may_stay_unknown(self) -> None:
        world = World()
        with world.session() as session:
            world.elsewhere().unlock()
            session.append(publishing(1)[0])
            kinds = iter([None, RemoteFault.UNREACHABLE])
            world.remote.interfere = lambda _: next(kinds, None)
            with pytest.raises(StateOutdated):
                session.barrier()
            self.lost(world, session)


class TestUnanswered:
    @pytest.mark.parametrize("fault", [RemoteFault.UNREACHABLE, RemoteFault.ANSWER_LOST])
    def test_after_a_push_without_an_answer_nothing_is_recorded_and_the_end_is_tried_once_more(
        self, fault: RemoteFault
    ) -> None:
        """What was appended is the truth; that its intents were not sent, the next run finds out."""
        world = World()
        with world.session() as session:
            for group in publishing(1):
                session.append(group)
                session.barrier()
            faults = iter([fault])
            world.remote.interfere = lambda _: next(faults, None)
            session.append(publishing(2)[0])
            with pytest.raises(StateUnreachable):
                session.barrier()
            session.check_lease()
            with pytest.raises(StateUnwritable, match="an earlier push of this run failed"):
                session.append([skipped("more")])
        assert world.files == {NAME}
        assert same(world.state(), folded(*published(1), *publishing(2)[0]))

    def test_a_first_run_whose_first_push_failed_can_still_end(self) -> None:
        world = World()
        faults = iter([None, None, RemoteFault.UNREACHABLE])
        world.remote.interfere = lambda _: next(faults, None)
        with world.session() as session:
            session.append(publishing(1)[0])
            with pytest.raises(StateUnreachable):
                session.barrier()
        assert same(world.state(), folded(*publishing(1)[0]))

    def test_whose_lock_was_broken_meanwhile_writes_nothing_at_the_end(self) -> None:
        world = World()
        other = world.elsewhere()
        with pytest.raises(StateLocked, match="taken away"), world.session() as session:  # noqa: PT012
            faults = iter([RemoteFault.UNREACHABLE])
            world.remote.interfere = lambda _: next(faults, None)
            session.append(publishing(1)[0])
            with pytest.raises(StateUnreachable):
                session.barrier()
            other.unlock()
            other.record(*published(2))
        assert same(world.state(), folded(*published(2)))

    def test_a_last_push_that_is_not_answered_says_that_nothing_is_lost(self) -> None:
        world = World()
        with pytest.raises(StateUnreachable, match="last push of this run") as caught, world.session() as run:  # noqa: PT012
            run.append(publishing(1)[0])
            run.barrier()
            run.append(publishing(1)[1])
            world.remote.interfere = lambda _: RemoteFault.UNREACHABLE
        assert "nothing goes out twice" in caught.value.remedy
        assert "force-unlock" in caught.value.remedy

    def test_a_run_in_a_hurry_gives_up_a_push_that_takes_too_long(self) -> None:
        """A signal bounds the push under way and the last one."""
        world = World()
        with pytest.raises(StateUnreachable), world.session() as session:  # noqa: PT012
            session.append(publishing(1)[0])
            session.hurry(4.5)
            world.remote.step_seconds = 3.0
            session.barrier()
            assert world.clock.seconds == 3.0
            session.append(publishing(1)[1])
        assert world.clock.seconds == 4.5
        assert world.files == {NAME, JOURNAL, LOCK}

    def test_whoever_ends_it_with_control_c_does_not_wait_for_a_slow_remote(self) -> None:
        """As at a question, which is asked under the lock."""
        world = World()
        with pytest.raises(StateUnreachable), world.session():  # noqa: PT012
            world.remote.step_seconds = 60.0
            raise KeyboardInterrupt
        assert world.clock.seconds == shared.GIVE_BACK_SECONDS
        world.remote.step_seconds = 1.0
        with pytest.raises(KeyboardInterrupt), world.next_process().session():
            raise KeyboardInterrupt
        assert world.files == set()

    def test_a_run_in_a_hurry_that_has_the_time_ends_like_any_other(self) -> None:
        world = World()
        with world.session() as session:
            session.append(published(1))
            session.hurry(4.5)
            world.remote.step_seconds = 2.0
        assert world.files == {NAME}
