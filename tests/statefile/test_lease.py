"""Where the place of a state has a clock, a lock is a lease: that of a lost run lapses, and no other."""

from __future__ import annotations

import pytest

from tests.statefile.shared_worlds import LOCK, World
from tests.statefile.worlds import at, folded, published, publishing, same, started
from threadsync.errors import StateLocked, StateUnreachable
from threadsync.flows.bounds import Bounds
from threadsync.statefile.shared_session import LEASE_SECONDS, RENEW_SECONDS
from threadsync.testing.remote import MemoryRemote, RemoteFault


def world() -> World:
    return World(MemoryRemote(leased=True))


def lost(*groups: int) -> World:
    """Return another machine, after a run was lost with the intents of *groups* on record."""
    return world().abandon(*(group for number in groups for group in publishing(number))).elsewhere()


def test_the_lock_of_a_lost_run_on_another_machine_lapses_and_its_intents_are_folded_in() -> None:
    other = lost(1)
    other.clock.sleep(LEASE_SECONDS)
    with other.session() as session:
        assert session.broken is not None
        assert session.broken.host == "build-7"
        assert session.recovered == 2
    assert other.state().open.keys() == {at("key-1")}


def test_until_then_it_is_kept_and_the_message_says_how_long() -> None:
    other = lost(1)
    other.clock.sleep(LEASE_SECONDS - 100)
    with pytest.raises(StateLocked, match="locked by maria on build-7") as caught:
        other.record(started())
    assert "its lock lapses by itself in 100 seconds" in caught.value.remedy
    assert "force-unlock" in caught.value.remedy


def test_who_waits_gets_it_as_soon_as_it_lapses() -> None:
    other = lost(1)
    with other.session(LEASE_SECONDS + 10):
        assert LEASE_SECONDS <= other.clock.seconds <= LEASE_SECONDS + 2


def test_in_a_place_without_a_clock_no_lock_ever_lapses() -> None:
    other = World().abandon(*publishing(1)).elsewhere()
    other.clock.sleep(1000 * LEASE_SECONDS)
    with pytest.raises(StateLocked) as caught:
        other.record(started())
    assert "lapses" not in caught.value.remedy


def test_a_wrong_clock_of_a_machine_lets_nothing_lapse() -> None:
    """The wall clocks of runners are nobody's measure."""
    other = lost(1)
    other.clock.ahead_seconds = 100 * LEASE_SECONDS
    with pytest.raises(StateLocked):
        other.record(started())


def test_a_run_that_is_told_to_rest_in_time_keeps_its_lock_however_long_it_lasts() -> None:
    one = world()
    with one.session() as session:
        for _ in range(20):
            one.clock.sleep(session.renews_at_seconds - one.clock.monotonic())
            session.idle()
        with pytest.raises(StateLocked):
            one.elsewhere().record(started())
        session.append(publishing(1)[0])
        session.barrier()
    assert one.said == [
        "takes the lock",
        *["is still at work"] * 20,
        "records what it is about to do",
        "is done",
    ]
    assert same(one.state(), folded(*publishing(1)[0]))


def test_what_is_pushed_renews_it_and_nothing_is_pushed_twice_for_that() -> None:
    one = world()
    with one.session() as session:
        one.clock.sleep(RENEW_SECONDS - 1)
        session.append(publishing(1)[0])
        session.barrier()
        assert session.renews_at_seconds == one.clock.monotonic() + RENEW_SECONDS
        one.clock.sleep(RENEW_SECONDS)
        session.append(publishing(1)[1])
        session.idle()
        session.idle()
    assert one.said == [
        "takes the lock", "records what it is about to do", "records what it has done", "is done",
    ]  # fmt: skip


def test_in_a_place_without_a_clock_nothing_is_renewed() -> None:
    one = World()
    with one.session() as session:
        one.clock.sleep(10 * LEASE_SECONDS)
        session.idle()
        session.check_lease()
    assert one.said == ["takes the lock", "is done"]


class TestPause:
    """A process that stood still for longer than its lease: a laptop that slept, a machine that swapped."""

    def test_it_asks_before_it_sends_and_sends_nothing_if_the_lock_is_another_s(self) -> None:
        one = world()
        with one.session() as session:
            session.append(publishing(1)[0])
            session.barrier()
            one.clock.sleep(LEASE_SECONDS + 1)
            one.elsewhere().record(started())
            with pytest.raises(StateLocked, match="taken away"):
                session.check_lease()
            with pytest.raises(StateLocked):
                session.append(publishing(2)[0])
        assert one.state().open.keys() == {at("key-1")}

    def test_if_nobody_wanted_it_meanwhile_it_goes_on(self) -> None:
        one = world()
        with one.session() as session:
            one.clock.sleep(LEASE_SECONDS + 1)
            session.check_lease()
            session.append(published(1))
        assert same(one.state(), folded(*published(1)))

    def test_if_the_place_does_not_answer_it_sends_nothing(self) -> None:
        one = world()
        with pytest.raises(StateUnreachable), one.session() as session:  # noqa: PT012
            one.clock.sleep(RENEW_SECONDS)
            one.remote.interfere = lambda _: RemoteFault.UNREACHABLE
            session.check_lease()
        assert LOCK in one.files

    def test_two_who_find_the_same_lapsed_lock_do_not_both_take_it(self) -> None:
        other = lost(1)
        other.clock.sleep(LEASE_SECONDS)
        faults = iter([None, RemoteFault.OVERTAKEN])
        other.remote.interfere = lambda _: next(faults, None)
        with pytest.raises(StateLocked):  # who was quicker wrote just now
            other.record(started())


def test_what_is_left_of_a_lease_is_more_than_a_visible_request_may_take() -> None:
    """Law 16: its intent was pushed at most so long ago, and it takes at most as long again."""
    assert 2 * Bounds().intent_send_seconds < LEASE_SECONDS - RENEW_SECONDS
