"""Where a barrier is a push: intents of a batch share one, and what can wait is not forgotten."""

from __future__ import annotations

import pytest

from tests.execution.worlds import PUBLISH, World, intent, staged
from threadsync.errors import StateUnreachable
from threadsync.execution.recording import IDLE_SECONDS
from threadsync.execution.scheduler import GRACE_SECONDS
from threadsync.execution.seams import Interrupted, NoJournal
from threadsync.flows.core import Done, record, send, wait
from threadsync.flows.effects import Flow, Request, Response
from threadsync.model.journal import Intent
from threadsync.operations.shell import STOP_SECONDS
from threadsync.testing.fakes import Answered, FakeClock, FakeJournal


def world(linger_seconds: float = 1.0, **seconds: float) -> World:
    """A world whose journal lingers; a request to ``/NAME`` is answered after the seconds given for it."""
    clock = FakeClock()
    return World(
        answer=lambda _, request: Answered(Response(200), seconds.get(request.path[1:], 0.0)),
        clock=clock,
        journal=FakeJournal(linger_seconds=linger_seconds, clock=clock),
    )


def publishing(key: str) -> Flow[None]:
    """Stage, put the intent on record, publish."""
    yield from send(Request("POST", f"/{key}"))
    yield from record(staged(key, key))
    yield from record(intent(key=key))
    yield from send(PUBLISH)
    yield from record(staged("receipt", key))


def published_at(at: World) -> list[float]:
    return [seconds for seconds, _, request in at.performer.sent if request.path == PUBLISH.path]


def test_an_intent_waits_for_those_whose_requests_are_in_flight() -> None:
    run = world(a=0.1, b=0.5)
    run.run(a=publishing("a"), b=publishing("b"))
    assert published_at(run) == [0.5, 0.5]
    assert set(run.ended.values()) == {Done(None)}


def test_it_waits_no_longer_than_it_is_told() -> None:
    run = world(a=0.1, b=9.0)
    run.run(a=publishing("a"), b=publishing("b"))
    assert published_at(run) == [1.1, 9.0]


def test_with_nothing_in_flight_it_does_not_wait() -> None:
    run = world(a=0.1)
    run.run(a=publishing("a"))
    assert published_at(run) == [0.1]


def test_a_journal_that_does_not_linger_is_never_waited_for() -> None:
    run = world(linger_seconds=0.0, a=0.1, b=0.5)
    run.run(a=publishing("a"), b=publishing("b"))
    assert published_at(run) == [0.1, 0.5]


def test_what_holds_no_intent_goes_on_at_once() -> None:
    """Its flow may be on the way to an intent that could share the barrier."""
    run = world(a=0.1, b=0.2, c=9.0)
    run.run(a=publishing("a"), b=publishing("b"), c=publishing("c"))
    assert published_at(run) == [1.1, 1.1, 9.0], "b had staged, recorded that, and come to its intent"


def test_a_timer_goes_off_while_an_intent_waits() -> None:
    def later() -> Flow[None]:
        yield from wait(0.4, "")
        yield from send(Request("GET", "/later"))

    run = world(a=0.1, b=9.0)
    run.run(a=publishing("a"), b=publishing("b"), c=later())
    assert (0.4, "/later") in [(seconds, request.path) for seconds, _, request in run.performer.sent]


def test_a_stop_ends_the_waiting_and_the_intent_is_not_put_on_record() -> None:
    run = world(a=0.1, b=9.0)
    run.performer.at(0.5, run.scheduler.stop)
    run.run(a=publishing("a"), b=publishing("b"))
    assert set(run.ended.values()) == {Interrupted()}
    assert not [note for note in run.journal.durable if isinstance(note, Intent)]


@pytest.mark.parametrize(("seconds", "idles"), [(IDLE_SECONDS - 0.1, []), (IDLE_SECONDS, [0.1])])
def test_a_long_wait_with_nothing_in_flight_is_told_to_the_journal(
    seconds: float, idles: list[float]
) -> None:
    def flow() -> Flow[None]:
        yield from send(Request("GET", "/a"))
        yield from wait(seconds, "")

    run = world(a=0.1)
    run.run(a=flow())
    assert run.journal.idles == idles


def test_while_a_request_is_in_flight_a_wait_is_no_idleness() -> None:
    def waiting() -> Flow[None]:
        yield from wait(60, "")

    run = world(a=100.0)
    run.run(a=send(Request("GET", "/a")), b=waiting())
    assert run.journal.idles == []


def test_a_journal_that_fails_while_idle_stops_the_run() -> None:
    def fails(what: str) -> None:
        if what == "idle":
            raise StateUnreachable("no answer", remedy="Run it again.")

    def flow() -> Flow[None]:
        yield from record(staged("a"))
        yield from wait(60, "")
        yield from send(PUBLISH)

    run = world()
    run.journal.fails = fails
    with pytest.raises(StateUnreachable):
        run.run(a=flow())
    assert run.ended == {"a": Interrupted()}
    assert run.clock.seconds == 0, "nothing is waited for any more"


@pytest.mark.parametrize("waits", [True, False])
def test_a_lease_is_renewed_in_time_in_a_long_wait_and_while_a_request_is_in_flight(waits: bool) -> None:
    """Whatever a run does, another must not hold it for lost."""
    run = world(a=1000.0)
    run.journal.lease_seconds = 300.0
    run.run(a=wait(1000, "") if waits else send(Request("GET", "/a")))
    assert run.journal.idles[-3:] == [300.0, 600.0, 900.0]
    assert run.clock.seconds == 1000


def test_a_lease_that_cannot_be_renewed_stops_the_run() -> None:
    def fails(what: str) -> None:
        if what == "idle":
            raise StateUnreachable("no answer", remedy="Run it again.")

    run = world(a=1000.0)
    run.journal.lease_seconds, run.journal.fails = 300.0, fails
    with pytest.raises(StateUnreachable):
        run.run(a=send(Request("GET", "/a")))
    assert run.ended == {"a": Interrupted()}
    assert run.clock.seconds == 300 + run.grace_seconds


def test_what_is_in_flight_at_a_stop_leaves_time_to_push() -> None:
    assert STOP_SECONDS - GRACE_SECONDS >= 2.0
    assert STOP_SECONDS < 5.0


def test_a_run_that_only_reads_has_nothing_to_linger_for() -> None:
    journal = NoJournal()
    journal.idle()
    journal.hurry(1)
    assert journal.linger_seconds == 0
