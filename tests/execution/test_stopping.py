"""Law 16: a signal starts nothing new, finishes or journals what runs, and the next run goes on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.execution.worlds import PUBLISH, World, intent, staged
from threadsync.execution.seams import Finished, Interrupted
from threadsync.flows.core import Done, gather, host, now, record, send, wait
from threadsync.flows.effects import Flow, NoResponse, Request, Response
from threadsync.model.ids import MediaDigest
from threadsync.model.journal import Intent
from threadsync.testing.fakes import Answered


def stopped_at(seconds: float, world: World, **flows: Flow[object]) -> World:
    world.performer.at(seconds, world.scheduler.stop)
    world.run(**flows)
    return world


def slow(seconds: float) -> World:
    return World(answer=lambda _, request: Answered(Response(200, request.path.encode()), seconds))


def test_a_stop_before_the_run_begins_nothing() -> None:
    begun: list[str] = []

    def flow() -> Flow[None]:
        begun.append("flow")
        yield from wait(1, "")

    world = World()
    world.scheduler.stop()
    assert world.run(a=flow(), b=flow()) == {"a": Interrupted(), "b": Interrupted()}
    assert begun == []


def test_waiting_flows_and_queued_requests_are_interrupted_at_once() -> None:
    def waiting() -> Flow[None]:
        yield from wait(100, "")

    world = World(capacity=1, answer=lambda *_: Answered(Response(200), 3))
    stopped_at(1, world, sent=send(Request("GET", "/1")), queued=send(Request("GET", "/2")), waits=waiting())
    assert world.ended == {"queued": Interrupted(), "waits": Interrupted(), "sent": Done(Response(200))}
    assert world.paths == ["/1"]
    assert world.clock.seconds == 3


def test_the_answer_to_a_request_in_flight_is_put_on_record() -> None:
    """The receipt is written, and the flow is closed at its next request."""

    def flow() -> Flow[None]:
        yield from record(intent())
        yield from send(PUBLISH)
        yield from now()
        yield from record(staged("receipt"))
        yield from record(staged("more"))
        yield from send(Request("GET", "/permalink"))
        yield from record(staged("never"))

    world = stopped_at(1, slow(3), a=flow())
    assert world.ended == {"a": Interrupted()}
    assert world.journal.durable == [intent(), staged("receipt"), staged("more")]
    assert world.paths == ["/publish"]


def test_a_flow_that_ends_with_its_receipt_is_done() -> None:
    def flow() -> Flow[str]:
        yield from record(intent())
        yield from send(PUBLISH)
        yield from record(staged("receipt"))
        return "published"

    assert stopped_at(1, slow(3), a=flow()).ended == {"a": Done("published")}


def test_no_intent_is_put_on_record_any_more_but_the_receipt_beside_it_is() -> None:
    """A chain's receipt comes with the next segment's intent; that one would only have to be settled."""

    def flow() -> Flow[None]:
        yield from record(intent())
        yield from send(PUBLISH)
        yield from record(staged("receipt"), intent())
        yield from send(PUBLISH)

    def intending() -> Flow[None]:
        yield from send(Request("GET", "/container"))
        yield from record(intent(key="other"))
        yield from send(PUBLISH)

    world = stopped_at(1, slow(3), a=flow(), b=intending())
    assert world.ended == {"a": Interrupted(), "b": Interrupted()}
    assert world.journal.durable == [intent(), staged("receipt")]
    assert world.paths.count("/publish") == 1


def test_hosting_waits_and_children_are_not_begun_any_more() -> None:
    asked: list[str] = []

    def hosting() -> Flow[None]:
        yield from send(Request("GET", "/1"))
        yield from host(MediaDigest("abc"))
        asked.append("hosted")

    def forking() -> Flow[None]:
        yield from send(Request("GET", "/2"))
        yield from gather([send(Request("GET", "/child"))])
        asked.append("forked")

    def waiting() -> Flow[None]:
        yield from send(Request("GET", "/3"))
        yield from wait(1, "")
        asked.append("waited")

    world = stopped_at(1, slow(3), a=hosting(), b=forking(), c=waiting())
    assert set(world.ended.values()) == {Interrupted()}
    assert asked == []
    assert world.paths == ["/1", "/2", "/3"]


def test_a_child_in_flight_is_finished_though_its_sibling_was_interrupted() -> None:
    def child() -> Flow[None]:
        yield from send(Request("GET", "/child"))
        yield from record(staged("child"))

    def waiting() -> Flow[None]:
        yield from wait(100, "")

    def parent() -> Flow[None]:
        yield from gather([waiting(), gather([child()]), waiting()])

    world = stopped_at(1, slow(3), a=parent())
    assert world.ended == {"a": Interrupted()}
    assert world.journal.durable == [staged("child")]


def test_the_wait_for_answers_is_bounded() -> None:
    """After the grace the flow is closed; its intent is on record, and the next run settles it."""

    def flow() -> Flow[None]:
        yield from record(intent())
        yield from send(PUBLISH)
        yield from record(staged("receipt"))

    world = slow(100)
    stopped_at(1, world, a=flow())
    assert world.ended == {"a": Interrupted()}
    assert world.clock.seconds == 1 + 5
    assert world.journal.durable == [intent()]


def test_the_wait_for_answers_counts_from_the_signal_and_not_from_the_end_of_a_push() -> None:
    """A push that is under way takes its time from the same few seconds."""

    def flow() -> Flow[None]:
        yield from record(staged("receipt"))
        yield from wait(100, "")

    world = slow(100)
    world.journal.clock, world.journal.barrier_seconds = world.clock, 3
    world.journal.fails = lambda what: world.scheduler.stop() if what == "barrier" else None
    ended = world.run(sent=send(Request("GET", "/1")), records=flow())
    assert set(ended.values()) == {Interrupted()}
    assert world.clock.seconds == 5


def test_an_answer_that_comes_after_all_is_of_no_interest() -> None:
    """A cancelled sibling's answer comes while another flow still runs, and moves nothing."""

    def failing() -> Flow[None]:
        yield from wait(1, "")
        raise_error()

    def raise_error() -> None:
        raise StopAsyncIteration

    def parent() -> Flow[object]:
        try:
            yield from gather([send(Request("GET", "/late")), failing()])
        except StopAsyncIteration:
            yield from wait(10, "")
        return "ended"

    world = slow(3)
    assert world.run(a=parent()) == {"a": Done("ended")}
    assert world.clock.seconds == 11


def test_an_answer_that_one_run_did_not_wait_for_moves_nothing_in_the_next() -> None:
    """Two runs share one performer: the late answer to a read must not pass for that to a publish."""

    def publish() -> Flow[Response | NoResponse]:
        yield from record(intent())
        return (yield from send(PUBLISH))

    seconds = {"/left": 7.0, "/publish": 3.0}
    world = World(answer=lambda _, r: Answered(Response(200, r.path.encode()), seconds[r.path]))
    stopped_at(1, world, left=send(Request("GET", "/left")))
    assert world.ended == {"left": Interrupted()}
    world.scheduler = world.new_scheduler()
    assert world.run(a=publish())["a"] == Done(Response(200, b"/publish"))
    assert world.clock.seconds == 6 + 3


def test_what_a_done_callback_spawns_after_a_stop_is_interrupted() -> None:
    world = slow(3)

    def then(_: Finished[object]) -> None:
        world.spawn("second", send(Request("GET", "/second")))

    world.scheduler.spawn("first", "threads/main", send(Request("GET", "/first")), then)  # type: ignore[arg-type]
    stopped_at(1, world)
    assert world.ended == {"second": Interrupted()}
    assert world.paths == ["/first"]


@given(st.floats(0, 40), st.integers(1, 3), st.integers(1, 4))
def test_whenever_it_is_stopped_every_visible_request_has_its_intent_and_every_answer_its_receipt(
    seconds: float, capacity: int, flows: int
) -> None:
    def chain(name: str) -> Flow[str]:
        for number in range(3):
            yield from wait(number, "a container")
            yield from record(intent(key=name))
            yield from send(PUBLISH)
            yield from record(staged(f"receipt-{number}", key=name))
        return name

    world = World(capacity=capacity, answer=lambda *_: Answered(Response(200), 4))
    stopped_at(seconds, world, **{f"post{n}": chain(f"post{n}") for n in range(flows)})
    intents = [note for note in world.journal.durable if isinstance(note, Intent)]
    receipts = len(world.journal.durable) - len(intents)
    assert len(world.ended) == flows, "every flow is told of"
    assert receipts == len(world.paths) <= len(intents)
    assert len(intents) - receipts <= flows, "at most one intent a flow is left to settle"
