"""``advance`` and ``drive``: every effect is answered once, in order, and every flow is closed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.execution.worlds import World
from threadsync.errors import ApiError, Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import Done, Raised, advance, attempt, drive, gather, host, now, record, send, wait
from threadsync.flows.effects import (
    Effect,
    Flow,
    Hosted,
    Now,
    Outcome,
    Record,
    Recorded,
    Request,
    Response,
    Time,
    Wait,
    Waited,
)
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import MediaDigest, PublicUrl
from threadsync.testing.fakes import START

READ = Request("GET", "/me")
FAULT = Fault(FaultClass.INVALID, "no such field", "leave it out", "row")


def collecting(effects: int) -> Flow[list[Outcome]]:
    outcomes = []
    for number in range(effects):
        outcomes.append((yield Request("GET", f"/{number}")))  # noqa: PERF401  (a yield makes no comprehension)
    return outcomes


@given(st.lists(st.integers(100, 599)))
def test_each_effect_gets_its_own_outcome_and_the_end_its_value(statuses: list[int]) -> None:
    flow = collecting(len(statuses))
    outcome: Outcome | None = None
    for number, status in enumerate(statuses):
        assert advance(flow, outcome) == Request("GET", f"/{number}")
        outcome = Response(status)
    assert advance(flow, outcome) == Done([Response(status) for status in statuses])


@given(st.integers(0, 20))
def test_drive_asks_for_every_effect_once_in_order(effects: int) -> None:
    asked: list[Effect] = []

    def perform(effect: Effect) -> Outcome:
        asked.append(effect)
        return Response(len(asked))

    assert drive(collecting(effects), perform) == [Response(n + 1) for n in range(effects)]
    assert asked == [Request("GET", f"/{n}") for n in range(effects)]


def test_an_error_of_a_child_is_thrown_where_the_parent_waits() -> None:
    def flow() -> Flow[str]:
        try:
            yield READ
        except Unanswered as error:
            return error.reason
        return "no error"

    waiting = flow()
    advance(waiting, None)
    assert advance(waiting, Raised(Unanswered("gone", sent=False))) == Done("gone")


def test_what_a_flow_raises_comes_out_of_advance() -> None:
    def flow() -> Flow[None]:
        yield READ
        raise Unanswered("gone", sent=True)

    waiting = flow()
    advance(waiting, None)
    with pytest.raises(Unanswered):
        advance(waiting, Response(200))


def closing(log: list[str], name: str, inner: Callable[[], Flow[object]]) -> Flow[object]:
    try:
        return (yield from inner())
    finally:
        log.append(name)


def test_drive_closes_the_flow_when_an_effect_cannot_be_performed() -> None:
    closed: list[str] = []

    def broken(effect: Effect) -> Outcome:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        drive(closing(closed, "flow", lambda: send(READ)), broken)
    assert closed == ["flow"]


def test_drive_hands_an_error_of_one_child_to_the_parent_and_closes_all() -> None:
    closed: list[str] = []

    def failing() -> Flow[None]:
        yield Now()
        raise Unanswered("gone", sent=False)

    def parent() -> Flow[object]:
        first = closing(closed, "first", lambda: now())  # noqa: PLW0108  (a flow runs once)
        last = closing(closed, "last", lambda: now())  # noqa: PLW0108
        return (yield from attempt(gather([first, failing(), last])))

    result = drive(parent(), lambda _: Time(START))
    assert isinstance(result, Unanswered)
    assert closed == ["first"], "the last one never began, so it has nothing to close"


def test_the_helpers_yield_their_effects_and_return_what_was_answered() -> None:
    def perform(effect: Effect) -> Outcome:
        match effect:
            case Wait():
                return Waited()
            case Now():
                return Time(START)
            case Record():
                return Recorded()
            case _:
                return Response(200)

    def flow() -> Flow[tuple[object, ...]]:
        yield from wait(1, "why")
        answer = yield from send(READ)
        return answer, (yield from now()), (yield from record())

    assert drive(flow(), perform) == (Response(200), START, Recorded())


def hosting(after_looks: int) -> tuple[Hosted, list[float]]:
    """Return what comes of a file whose upload takes so many looks, and the waits in between."""
    waits, looks = list[float](), count()

    def perform(effect: Effect) -> Outcome:
        if isinstance(effect, Wait):
            assert effect.why == "the upload of a.jpg"
            waits.append(effect.seconds)
            return Waited()
        if next(looks) < after_looks:
            return Hosted(None, underway="the upload of a.jpg")
        return Hosted(PublicUrl("https://media.example/a.jpg"))

    return drive(host(MediaDigest("a"), Bounds(hosting_seconds=30)), perform), waits


def test_an_upload_is_waited_for_without_holding_a_worker() -> None:
    """It is looked at soon, then less and less often."""
    assert hosting(0) == (Hosted(PublicUrl("https://media.example/a.jpg")), [])
    hosted, waits = hosting(12)
    assert hosted.url is not None
    assert waits[0] == 0.1
    assert waits == sorted(waits)
    assert max(waits) == 2.0


def test_an_upload_is_not_waited_for_for_ever() -> None:
    hosted, waits = hosting(1000)
    assert hosted.url is None
    assert 30 <= sum(waits) <= 32
    assert hosted.problem == f"the upload of a.jpg was not done after {sum(waits):.0f} s"
    assert "hosting_seconds" in hosted.remedy


@pytest.mark.parametrize(
    "make", [lambda: wait(1, ""), now, record, lambda: host(MediaDigest("a")), lambda: gather([now()])]
)
def test_an_answer_of_the_wrong_kind_is_a_bug(make: Callable[[], Flow[object]]) -> None:
    flow = make()
    advance(flow, None)
    with pytest.raises(AssertionError, match="is answered by"):
        advance(flow, Response(200))


@pytest.mark.parametrize(
    ("error", "value"), [(ApiError(FAULT), FAULT), (Unanswered("gone", sent=True), "itself")]
)
def test_attempt_turns_the_networks_errors_into_values(error: Exception, value: object) -> None:
    def flow() -> Flow[int]:
        yield READ
        raise error

    result = drive(attempt(flow()), lambda _: Response(200))
    assert result == value or result is error


def test_attempt_lets_bugs_through() -> None:
    def flow() -> Flow[int]:
        yield READ
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        drive(attempt(flow()), lambda _: Response(200))


Tree = int | list["Tree"]
trees = st.recursive(st.integers(0, 9), lambda children: st.lists(children, max_size=4), max_leaves=12)


def walk(tree: Tree) -> Flow[object]:
    """Ask for a leaf, or for all branches side by side; a leaf of 0 is an error."""
    if isinstance(tree, int):
        yield from wait(tree, "")
        answer = yield from send(Request("GET", f"/{tree}"))
        if tree == 0:
            raise Unanswered("a leaf of 0", sent=False)
        assert isinstance(answer, Response)
        return answer.body
    results = yield from attempt(gather([walk(branch) for branch in tree]))
    return ("error", results.reason) if isinstance(results, Unanswered) else results


@given(trees)
def test_the_plain_driver_and_the_scheduler_agree(tree: Tree) -> None:
    """One after the other or side by side: a flow cannot tell its drivers apart by what it returns."""

    def perform(effect: Effect) -> Outcome:
        if isinstance(effect, Wait):
            return Waited()
        assert isinstance(effect, Request)
        return Response(200, effect.path.encode())

    driven = drive(attempt(walk(tree)), perform)
    scheduled = World().run(a=attempt(walk(tree)))["a"]
    assert isinstance(scheduled, Done)
    if isinstance(driven, Unanswered):
        assert isinstance(scheduled.value, Unanswered)
    else:
        assert scheduled.value == driven
