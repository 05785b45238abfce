"""The scheduler's errors in their place: what ends one flow, and what stops everything."""

from __future__ import annotations

import pytest

from tests.execution.worlds import TARGET, World, get, intent, publish, staged
from threadsync.errors import StateUnwritable, Unanswered
from threadsync.execution.seams import Finished, Interrupted
from threadsync.flows.core import Done, Raised, record, wait
from threadsync.flows.effects import Flow


def test_an_error_a_person_can_act_on_ends_its_own_flow_only() -> None:
    """Law 14."""
    error = Unanswered("gone", sent=True)

    def flow() -> Flow[None]:
        yield from get("/a")
        raise error

    assert World().run(a=flow(), b=get("/b")) == {"a": Raised(error), "b": Done(b"/b")}


def test_a_bug_stops_everything_and_is_raised_again() -> None:
    bug = ZeroDivisionError("a bug")

    def flow() -> Flow[None]:
        yield from wait(0.5, "")
        raise bug

    def polling() -> Flow[None]:
        while True:
            yield from wait(1, "")

    world = World()
    with pytest.raises(ZeroDivisionError) as raised:
        world.run(buggy=flow(), polling=polling(), publishing=publish())
    assert raised.value.__notes__ == ["raised by the flow buggy"]
    assert world.ended["buggy"] == Raised(bug)
    assert world.ended["polling"] == Interrupted()
    assert staged("receipt") in world.journal.durable, "what was in flight is put on record first"


def test_a_second_bug_is_told_with_the_first() -> None:
    def flow(text: str) -> Flow[None]:
        yield from get(f"/{text}")
        raise ValueError(text)

    with pytest.raises(ValueError, match="one") as raised:
        World().run(a=flow("one"), b=flow("two"))
    assert raised.value.__notes__ == [
        "raised by the flow a",
        "while stopping after it: ValueError('two')",
    ]


def test_a_bug_in_a_done_callback_is_raised_again_after_the_rest_was_stopped() -> None:
    world = World()

    def broken(_: Finished[bytes]) -> None:
        raise ZeroDivisionError

    world.scheduler.spawn("a", TARGET, get("/a"), broken)
    world.spawn("polling", _forever())
    with pytest.raises(ZeroDivisionError):
        world.scheduler.run()
    assert world.ended == {"polling": Interrupted()}


def _forever() -> Flow[None]:
    while True:
        yield from wait(1, "")


def test_a_flow_that_does_not_let_itself_be_closed_is_a_bug() -> None:
    def stubborn() -> Flow[None]:
        try:
            yield from wait(100, "")
        finally:
            yield from wait(1, "")

    world = World()
    world.performer.at(1, world.scheduler.stop)
    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        world.run(a=stubborn(), b=_forever())
    assert world.ended == {"a": Interrupted(), "b": Interrupted()}


@pytest.mark.parametrize("where", ["append", "barrier"])
def test_a_journal_that_fails_stops_everything(where: str) -> None:
    """No request goes out after it, no further note is written, and nothing counts as recorded."""
    world = World()
    error = StateUnwritable("the disk is full")
    asked: list[str] = []

    def fails(what: str) -> None:
        asked.append(what)
        if what == where:
            raise error

    world.journal.fails = fails

    def reading_on() -> Flow[None]:
        while True:
            yield from get("/more")
            yield from record(staged("more"))

    with pytest.raises(StateUnwritable):
        world.run(a=publish(), b=publish("other"), c=reading_on(), d=_forever())
    assert world.paths == ["/more"]
    assert asked.count(where) == 1, "a journal that failed is left alone"
    assert set(world.ended.values()) == {Interrupted()}
    assert [event for event in world.log.events if event[1] == "recorded"] == []


def test_a_lost_lease_stops_everything_before_the_visible_request() -> None:
    """Law 16: the lease is checked right before each visible request; reads need none."""
    world = World()
    error = StateUnwritable("another run holds the state")

    def reading() -> Flow[bytes]:
        yield from record(staged("container"))
        return (yield from get("/queued-behind-the-publish"))

    def fails(what: str) -> None:
        if what == "lease":
            raise error

    world.journal.fails = fails
    with pytest.raises(StateUnwritable):
        world.run(a=get("/a"), b=publish(), c=publish("other"), d=_forever(), e=reading())
    assert world.paths == ["/a"]
    assert world.journal.durable == [intent(), intent(key="other"), staged("container")]


def test_the_lease_is_checked_once_for_each_visible_request() -> None:
    world = World()
    asked: list[str] = []
    world.journal.fails = asked.append
    world.run(a=publish(), b=get("/b"))
    assert asked.count("lease") == 1


def test_an_interrupt_from_the_keyboard_closes_every_flow() -> None:
    closed: list[str] = []

    def flow() -> Flow[None]:
        try:
            yield from wait(100, "")
        finally:
            closed.append("flow")

    def interrupt() -> None:
        raise KeyboardInterrupt

    world = World()
    world.performer.at(1, interrupt)
    with pytest.raises(KeyboardInterrupt):
        world.run(a=flow())
    assert closed == ["flow"]
    world.scheduler.run()  # nothing is left of it
