"""Law 1 at the last door: no visible request without its own, recorded, unused and young intent."""

from __future__ import annotations

import pytest

from tests.execution.worlds import PUBLISH, World, intent, staged
from threadsync.errors import ThreadsyncError
from threadsync.execution.guard import UnguardedRequest
from threadsync.execution.seams import Finished, Interrupted
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import Done, gather, record, send, wait
from threadsync.flows.effects import (
    Flow,
    JsonBody,
    NoResponse,
    Record,
    Recorded,
    Request,
    Response,
    Taken,
    Visibility,
)
from threadsync.model.ids import Address, PostKey, TargetName
from threadsync.testing.fakes import Answered

OTHER = Request("POST", "/publish", body=JsonBody({"id": 2}), visibility=Visibility.VISIBLE)


def covered(request: Request = PUBLISH, times: int = 1) -> Flow[list[Response | NoResponse]]:
    """Record one intent, and send *request* under it *times* times."""
    yield from record(intent())
    answers: list[Response | NoResponse] = []
    while len(answers) < times:
        answers.append((yield from send(request)))
    return answers


def refused(world: World, flow: Flow[object]) -> None:
    """The run stops with a bug, and the visible request did not go out."""
    with pytest.raises(UnguardedRequest, match=r"a: POST /publish is visible.*law 1"):
        world.run(a=flow)
    assert not isinstance(world.ended["a"], Done)


def test_a_covered_request_goes_out() -> None:
    world = World()
    assert world.run(a=covered()) == {"a": Done([Response(200, b"/publish")])}


def test_no_intent() -> None:
    def flow() -> Flow[object]:
        yield from record(staged("container"))
        return (yield from send(PUBLISH))

    world = World()
    refused(world, flow())
    assert world.paths == []


def test_an_intent_for_another_request() -> None:
    world = World()
    refused(world, covered(OTHER))
    assert world.paths == []


def test_an_intent_serves_once() -> None:
    """Law 1: sending again needs an intent again."""
    world = World()
    refused(world, covered(times=2))
    assert world.paths == ["/publish"]


def test_each_intent_serves_once() -> None:
    def flow() -> Flow[int]:
        yield from record(intent(), intent())
        yield from send(PUBLISH)
        yield from send(PUBLISH)
        return 2

    assert World().run(a=flow()) == {"a": Done(2)}


def test_an_intent_of_another_flow() -> None:
    def recording() -> Flow[object]:
        return (yield from record(intent()))

    def sending() -> Flow[object]:
        yield from wait(1, "until the other has recorded")
        return (yield from send(PUBLISH))

    world = World()
    refused(world, _after(world, recording(), sending()))
    assert world.paths == []


def _after(world: World, first: Flow[object], second: Flow[object]) -> Flow[object]:
    world.spawn("first", first)
    return second


def test_an_intent_of_the_parent_covers_no_child_and_the_other_way_round() -> None:
    def parent() -> Flow[object]:
        yield from record(intent())
        return (yield from gather([send(PUBLISH)]))

    def recording() -> Flow[object]:
        return (yield from record(intent()))

    def other_way_round() -> Flow[object]:
        yield from gather([recording()])
        return (yield from send(PUBLISH))

    for flow in (parent(), other_way_round()):
        world = World()
        refused(world, flow)
        assert world.paths == []


def test_a_child_sends_under_its_own_intent() -> None:
    def parent() -> Flow[object]:
        return (yield from gather([covered(), covered()]))

    world = World()
    world.run(a=parent())
    assert world.paths == ["/publish", "/publish"]


def test_a_taken_intent_covers_nothing() -> None:
    """Notes that were not recorded, because another address holds the post, give no leave to send."""
    world = World()
    world.journal.holder_of = lambda _: Address(PostKey("other"), TargetName("threads/main"))

    def flow() -> Flow[object]:
        assert isinstance((yield Record((intent(),))), Taken)
        return (yield from send(PUBLISH))

    refused(world, flow())
    assert world.paths == []


def test_an_intent_recorded_in_an_earlier_run_covers_nothing() -> None:
    """What is on record from before is a doubtful call: it is settled, never sent again by itself."""
    journal = World().journal
    journal.durable.append(intent())
    world = World(journal=journal)
    refused(world, send(PUBLISH))
    assert world.paths == []


def test_no_flow_can_catch_the_refusal_and_go_on() -> None:
    def catching() -> Flow[object]:
        try:
            return (yield from send(PUBLISH))
        except RuntimeError:
            return "went on"

    def parent() -> Flow[object]:
        try:
            return (yield from gather([send(PUBLISH)]))
        except RuntimeError:
            return (yield from send(Request("GET", "/went-on")))

    for flow in (catching(), parent()):
        world = World()
        with pytest.raises(UnguardedRequest):
            world.run(a=flow)
        assert world.paths == []


def test_the_refusal_is_a_bug_and_not_for_the_person() -> None:
    assert not issubclass(UnguardedRequest, ThreadsyncError)


def test_an_intent_that_grew_old_is_not_sent_but_answered_as_unsent() -> None:
    """Law 16: an intent older than intent_send_seconds is settled, not sent."""

    def flow(seconds: float) -> Flow[object]:
        yield from record(intent())
        yield from wait(seconds, "")
        return (yield from send(PUBLISH))

    world = World(bounds=Bounds(intent_send_seconds=60))
    ended = world.run(young=flow(60), old=flow(61))
    assert ended["young"] == Done(Response(200, b"/publish"))
    reason = "the intent was 61 s old before its request could go out (intent_send_seconds: 60)"
    assert ended["old"] == Done(NoResponse(reason, sent=False))
    assert world.paths == ["/publish"]


def test_age_counts_when_the_request_goes_out_not_when_it_is_queued() -> None:
    world = World(
        capacity=1,
        bounds=Bounds(intent_send_seconds=60),
        answer=lambda _, r: Answered(Response(200), 100 if r.path == "/slow" else 1),
    )
    world.spawn("slow", send(Request("GET", "/slow")))
    ended = world.run(a=covered())
    (answer,) = ended["a"].value  # type: ignore[union-attr,misc]
    assert isinstance(answer, NoResponse)
    assert not answer.sent
    assert world.paths == ["/slow"]


def test_age_counts_from_before_the_barrier() -> None:
    """Another run could have read the intent as soon as it was written, however long the barrier took."""
    world = World(bounds=Bounds(intent_send_seconds=60))
    world.journal.clock, world.journal.barrier_seconds = world.clock, 61
    ended = world.run(a=covered())
    assert isinstance(ended["a"], Done)
    assert world.paths == []


def test_an_old_intent_is_used_up_all_the_same() -> None:
    def flow() -> Flow[object]:
        yield from record(intent())
        yield from wait(61, "")
        yield from send(PUBLISH)
        return (yield from send(PUBLISH))

    world = World(bounds=Bounds(intent_send_seconds=60))
    refused(world, flow())
    assert world.paths == []


def test_after_an_old_intent_a_new_one_serves() -> None:
    def flow() -> Flow[object]:
        yield from record(intent())
        yield from wait(61, "")
        yield from send(PUBLISH)
        assert isinstance((yield Record((intent(),))), Recorded)
        return (yield from send(PUBLISH))

    world = World(bounds=Bounds(intent_send_seconds=60))
    assert world.run(a=flow()) == {"a": Done(Response(200, b"/publish"))}


@pytest.mark.parametrize(
    ("wanted", "bounds", "allowed"),
    [
        (None, Bounds(request_seconds=30), 30),
        (12.0, Bounds(request_seconds=30), 12),
        (100.0, Bounds(intent_send_seconds=60), 60),
        (None, Bounds(request_seconds=90, intent_send_seconds=60), 60),
    ],
)
def test_a_visible_request_has_a_timeout_within_the_intents_window(
    wanted: float | None, bounds: Bounds, allowed: float
) -> None:
    request = Request("POST", "/publish", visibility=Visibility.VISIBLE, timeout_seconds=wanted)
    world = World(bounds=bounds)
    world.run(a=covered(request))
    assert [sent.timeout_seconds for _, _, sent in world.performer.sent] == [allowed]


def test_requests_that_nobody_sees_need_no_intent() -> None:
    def flow() -> Flow[None]:
        yield from send(Request("POST", "/container", visibility=Visibility.STAGE))
        yield from send(Request("GET", "/me"))

    world = World()
    assert world.run(a=flow()) == {"a": Done(None)}
    assert [request.timeout_seconds for _, _, request in world.performer.sent] == [None, None]


def test_others_are_stopped_in_good_order_by_a_refusal() -> None:
    def waiting() -> Flow[None]:
        yield from wait(100, "")

    world = World()
    world.spawn("waiting", waiting())
    refused(world, send(PUBLISH))
    assert world.ended["waiting"] == Interrupted()
    assert world.log.events[-1][2] == Finished("waiting", Interrupted())
