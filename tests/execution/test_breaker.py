"""When a target is paused, by what, for what, and until when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.planning.builders import MAIN, NOW, at
from threadsync.execution.breaker import CircuitBreaker
from threadsync.model.fault import Fault, FaultClass

AT_ONCE = {FaultClass.UNAUTHORIZED, FaultClass.BLOCKED}
COUNTED = {FaultClass.TRANSIENT, FaultClass.THROTTLED}
ABOUT_ONE_POST = set(FaultClass) - AT_ONCE - COUNTED - {FaultClass.QUOTA}


def fault(kind: FaultClass, *, allowance: str = "", after: float | None = None) -> Fault:
    return Fault(kind, f"it was {kind}", "Do this.", "row", allowance=allowance, retry_after_seconds=after)


def breaker(failures_in_a_row_max: int = 3) -> CircuitBreaker:
    return CircuitBreaker(MAIN, failures_in_a_row_max)


@pytest.mark.parametrize("kind", sorted(COUNTED))
def test_the_third_failure_in_a_row_pauses_everything(kind: FaultClass) -> None:
    found = breaker()
    assert [found.failed(at(key), fault(kind), NOW) for key in ("a", "b", "c")] == [False, False, True]
    pause = found.holding(("posts",))
    assert pause is not None
    assert (pause.failures, pause.since) == (3, at("c"))
    assert pause.why == f"{MAIN} is paused after 3 failures in a row, the last at {at('c')}: it was {kind}"
    assert found.holding(()) is pause


def test_how_many_failures_it_takes_is_a_bound() -> None:
    assert breaker(1).failed(at("a"), fault(FaultClass.TRANSIENT), NOW)


def test_a_success_ends_a_row() -> None:
    found = breaker()
    for key in ("a", "b"):
        found.failed(at(key), fault(FaultClass.TRANSIENT), NOW)
    found.succeeded()
    for key in ("c", "d"):
        assert not found.failed(at(key), fault(FaultClass.TRANSIENT), NOW)
    assert found.holding(("posts",)) is None


@pytest.mark.parametrize("kind", sorted(ABOUT_ONE_POST))
def test_a_refusal_of_one_post_neither_counts_nor_ends_a_row(kind: FaultClass) -> None:
    found = breaker()
    for _ in range(9):
        assert not found.failed(at("x"), fault(kind), NOW)
    found.failed(at("a"), fault(FaultClass.TRANSIENT), NOW)
    found.failed(at("b"), fault(FaultClass.TRANSIENT), NOW)
    found.failed(at("x"), fault(kind), NOW)
    assert found.failed(at("c"), fault(FaultClass.TRANSIENT), NOW)


@pytest.mark.parametrize("kind", sorted(AT_ONCE))
def test_what_every_further_call_must_meet_pauses_at_once_and_needs_a_person(kind: FaultClass) -> None:
    found = breaker()
    assert found.failed(at("a"), fault(kind, after=60.0), NOW)
    pause = found.holding(())
    assert pause is not None
    assert (pause.failures, pause.needs_person, pause.goes_on_at) == (0, True, None)
    assert pause.why == f"{MAIN} is paused since {at('a')}: it was {kind}"


def test_a_used_up_allowance_holds_only_what_draws_on_it() -> None:
    found = breaker()
    day = 86_400.0
    assert found.failed(at("a"), fault(FaultClass.QUOTA, allowance="posts", after=day), NOW)
    assert not found.failed(at("b"), fault(FaultClass.QUOTA, allowance="posts", after=day), NOW)
    assert found.holding(("replies", "deletes")) is None
    pause = found.holding(("replies", "posts"))
    assert pause is not None
    assert pause.goes_on_at == NOW + timedelta(days=1)
    assert pause.how == f"for posts since {at('a')}"
    assert found.failed(at("c"), fault(FaultClass.QUOTA, allowance="deletes"), NOW)
    assert [each.allowance for each in found.pauses] == ["posts", "deletes"]


def test_an_allowance_without_a_name_may_be_any() -> None:
    found = breaker()
    found.failed(at("a"), fault(FaultClass.QUOTA), NOW)
    assert found.holding(("replies",)) is not None


def test_used_up_allowances_do_not_count_to_a_row() -> None:
    found = breaker()
    for allowance in ("posts", "posts", "posts"):
        found.failed(at("a"), fault(FaultClass.QUOTA, allowance=allowance), NOW)
    assert not found.failed(at("b"), fault(FaultClass.TRANSIENT), NOW)
    assert found.holding(("replies",)) is None


def test_a_pause_stays_and_its_first_cause_is_told() -> None:
    """What was in flight may still succeed, or fail in another way: until the next run nothing begins."""
    found = breaker()
    found.failed(at("a"), fault(FaultClass.UNAUTHORIZED), NOW)
    found.succeeded()
    assert not found.failed(at("b"), fault(FaultClass.BLOCKED), NOW)
    assert not found.failed(at("c"), fault(FaultClass.QUOTA, allowance="posts"), NOW)
    assert [each.since for each in found.pauses] == [at("a")]


def test_when_it_goes_on_is_what_the_network_says() -> None:
    silent, told = breaker(1), breaker(1)
    silent.failed(at("a"), fault(FaultClass.TRANSIENT), NOW)
    told.failed(at("a"), fault(FaultClass.THROTTLED, after=600.0), NOW)
    assert [each.pauses[0].goes_on_at for each in (silent, told)] == [None, NOW + timedelta(minutes=10)]
