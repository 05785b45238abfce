"""The scheduler's children of a flow: side by side, in order, and cancelled together."""

from __future__ import annotations

from contextlib import suppress

import pytest

from tests.execution.worlds import World, failing, get, intent, staged
from threadsync.errors import Unanswered
from threadsync.flows.core import Done, Raised, gather, record, wait
from threadsync.flows.effects import Flow, Response
from threadsync.model.journal import Note
from threadsync.testing.fakes import Answered


def test_children_run_side_by_side_and_answer_in_order() -> None:
    seconds = {"/a": 3.0, "/b": 1.0, "/c": 2.0}
    world = World(answer=lambda _, r: Answered(Response(200, r.path.encode()), seconds[r.path]))

    def flow() -> Flow[tuple[bytes, ...]]:
        return (yield from gather([get("/a"), get("/b"), get("/c")]))

    assert world.run(a=flow()) == {"a": Done((b"/a", b"/b", b"/c"))}
    assert world.clock.seconds == 3


def test_no_children_are_no_results() -> None:
    def flow() -> Flow[tuple[object, ...]]:
        return (yield from gather([]))

    assert World().run(a=flow()) == {"a": Done(())}


def test_children_may_have_children() -> None:
    def flow(depth: int) -> Flow[int]:
        if depth == 0:
            return len((yield from get("/leaf")))
        return sum((yield from gather([flow(depth - 1), flow(depth - 1)])))

    world = World()
    assert world.run(a=flow(3)) == {"a": Done(8 * len("/leaf"))}
    assert world.clock.seconds == 1


def test_one_child_that_raises_cancels_the_others_and_its_error_is_thrown_into_the_parent() -> None:
    closed: list[str] = []

    def child(name: str) -> Flow[None]:
        try:
            yield from wait(100, name)
        finally:
            closed.append(name)

    def nested() -> Flow[object]:
        try:
            return (yield from gather([child("grandchild")]))
        finally:
            closed.append("nested")

    def failing_later() -> Flow[None]:
        yield from wait(1, "")
        raise Unanswered("gone", sent=False)

    def parent() -> Flow[object]:
        try:
            return (yield from gather([child("first"), nested(), failing_later(), get("/slow")]))
        except Unanswered as error:
            return error.reason

    world = World(answer=lambda *_: Answered(Response(200), 50))
    assert world.run(a=parent()) == {"a": Done("gone")}
    assert closed == ["first", "grandchild", "nested"]
    assert world.clock.seconds == 1, "nobody waits for what was cancelled"


@pytest.mark.parametrize("error", [Unanswered("gone", sent=False), ZeroDivisionError()])
def test_what_a_cancelled_child_was_about_to_record_is_recorded_but_its_intent_is_not(
    error: Exception,
) -> None:
    """What happened is a fact; an intent whose request will not go out would have to be settled."""

    def child(*notes: Note) -> Flow[object]:
        return (yield from record(*notes))

    def parent() -> Flow[None]:
        yield from gather([child(staged("container"), intent()), failing(error)])

    world = World()
    with suppress(ZeroDivisionError):
        world.run(a=parent())
    assert world.ended["a"] == Raised(error)
    assert world.journal.durable == [staged("container")]
