"""The scheduler: one order, one barrier for many notes, waits that hold nobody, errors in their place."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.execution.worlds import PUBLISH, TARGET, World, intent, staged
from threadsync.errors import StateUnwritable, Unanswered
from threadsync.execution.seams import Finished, Interrupted, NoJournal, Unwatched
from threadsync.flows.core import Done, Raised, gather, host, now, record, send, wait
from threadsync.flows.effects import (
    Flow,
    Hosted,
    Recorded,
    Request,
    Response,
    Taken,
)
from threadsync.model.ids import Address, MediaDigest, PostKey, TargetName
from threadsync.model.journal import Note
from threadsync.testing.fakes import START, Answered


def get(path: str) -> Flow[bytes]:
    answer = yield from send(Request("GET", path))
    assert isinstance(answer, Response)
    return answer.body


def publish(key: str = "launch") -> Flow[int]:
    """Put an intent on record, send its request, put what came of it on record."""
    yield from record(intent(key=key))
    answer = yield from send(PUBLISH)
    assert isinstance(answer, Response)
    yield from record(staged("receipt", key))
    return answer.status


def ending(value: int) -> Flow[int]:
    yield from ()
    return value


def failing(error: Exception) -> Flow[None]:
    yield from ()
    raise error


# Answers


def test_every_effect_is_answered_in_its_own_way() -> None:
    world = World()

    def flow() -> Flow[tuple[object, ...]]:
        began = yield from now()
        yield from wait(30, "the container")
        later = yield from now()
        hosted = yield from host(MediaDigest("abc"))
        noted = yield from record(staged("container"))
        empty = yield from record()
        body = yield from get("/me")
        return began, (later - began).total_seconds(), hosted.url, noted, empty, body

    ended = world.run(a=flow())
    url = "https://media.example/abc"
    assert ended == {"a": Done((START, 30.0, url, Recorded(), Recorded(), b"/me"))}
    assert world.journal.durable == [staged("container")]


def test_a_flow_that_ends_at_once_is_finished() -> None:
    assert World().run(a=ending(7)) == {"a": Done(7)}


def test_an_empty_run_ends() -> None:
    world = World()
    world.scheduler.run()
    assert world.ended == {}


def test_a_host_that_cannot_be_asked_fails_the_flow_that_asked() -> None:
    def broken(_: TargetName, media: MediaDigest) -> Hosted:
        raise Unanswered(f"no host for {media}", sent=False)

    def flow() -> Flow[object]:
        return (yield from host(MediaDigest("abc")))

    ended = World(host=broken).run(a=flow(), b=get("/b"))
    assert isinstance(ended["a"], Raised)
    assert isinstance(ended["a"].error, Unanswered)
    assert ended["b"] == Done(b"/b")


def test_a_failure_in_the_transport_is_thrown_into_the_flow_that_sent() -> None:
    error = Unanswered("no route", sent=False)
    ended = World(answer=lambda *_: Answered(Raised(error))).run(a=get("/a"))
    assert ended == {"a": Raised(error)}


def test_notes_whose_remote_post_another_address_holds_are_taken() -> None:
    """The holder is told to the flow that claimed; the notes of the others are recorded all the same."""
    world = World()
    holder = Address(PostKey("other"), TARGET)
    world.journal.holder_of = lambda notes: holder if staged("claimed") in notes else None

    def flow(name: str) -> Flow[Recorded | Taken]:
        return (yield from record(staged(name)))

    ended = world.run(a=flow("claimed"), b=flow("free"))
    assert ended == {"a": Done(Taken("other@threads/main")), "b": Done(Recorded())}
    assert world.journal.durable == [staged("free")]
    assert [event for event in world.log.events if event[1] == "recorded"] == [
        (0.0, "recorded", "b", (staged("free"),))
    ]


# Order


def test_waiting_flows_hold_no_worker() -> None:
    """With room for one request, 50 flows that wait are done after one wait and 50 answers."""
    world = World(capacity=1)

    def flow(number: int) -> Flow[bytes]:
        yield from wait(100, "polling")
        return (yield from get(f"/{number}"))

    world.run(**{f"flow{n}": flow(n) for n in range(50)})
    assert world.clock.seconds == 150
    assert world.paths == [f"/{n}" for n in range(50)]


def test_flows_go_first_come_first_served_within_a_priority() -> None:
    world = World(capacity=1)
    for number, priority in enumerate((2, 1, 0, 1, 2)):
        world.spawn(f"{priority}-{number}", get(f"/{priority}-{number}"), priority)
    world.scheduler.run()
    assert world.paths == ["/0-2", "/1-1", "/1-3", "/2-0", "/2-4"]


def test_a_priority_counts_in_every_queue() -> None:
    """Among flows that go on together, and among requests that wait for room."""
    world = World(capacity=1)

    def waiting() -> Flow[None]:
        yield from wait(1, "")

    for priority in (2, 1):
        world.spawn(f"waiting-{priority}", waiting(), priority)

    def then(_: Finished[bytes]) -> None:
        world.spawn("urgent", get("/urgent"), 0)

    world.scheduler.spawn("first", TARGET, get("/first"), then, 3)
    world.spawn("queued", get("/queued"), 3)
    world.scheduler.run()
    assert [event[2] for event in world.log.events if event[1] == "waiting"] == ["waiting-1", "waiting-2"]
    assert world.paths == ["/first", "/urgent", "/queued"]


def test_completions_are_taken_in_the_order_they_come() -> None:
    seconds = {"/a": 3.0, "/b": 1.0, "/c": 2.0}
    world = World(answer=lambda _, request: Answered(Response(200), seconds[request.path]))
    assert list(world.run(**{path[1:]: _status(path) for path in seconds})) == ["b", "c", "a"]


def _status(path: str) -> Flow[int]:
    answer = yield from send(Request("GET", path))
    assert isinstance(answer, Response)
    return answer.status


def test_no_more_requests_go_out_than_there_is_room_for() -> None:
    """FakePerformer refuses more than its capacity; the rest is queued and sent in order."""
    world = World(capacity=3)
    world.run(**{f"flow{n}": get(f"/{n}") for n in range(10)})
    assert [at for at, _, _ in world.performer.sent] == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3]


def test_a_flow_may_be_spawned_when_another_is_done() -> None:
    world = World()

    def then(finished: Finished[bytes]) -> None:
        world.spawn("second", get("/second"))

    world.scheduler.spawn("first", TARGET, get("/first"), then)
    world.scheduler.run()
    assert world.ended == {"second": Done(b"/second")}


def test_a_scheduler_may_run_again() -> None:
    world = World()
    world.run(a=get("/a"))
    assert world.run(b=get("/b")) == {"a": Done(b"/a"), "b": Done(b"/b")}


@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(["wait", "get", "note", "now", "all"]), max_size=5),
            st.integers(0, 2),
        ),
        max_size=6,
    ),
    st.integers(1, 3),
)
def test_the_same_flows_and_answers_give_the_same_run(
    scripts: list[tuple[list[str], int]], capacity: int
) -> None:
    """Determinism: every event, at the same virtual second, in the same order; and all flows end."""

    def flow(name: str, steps: list[str]) -> Flow[int]:
        for number, step in enumerate(steps):
            match step:
                case "wait":
                    yield from wait(len(name) + number, "why")
                case "get":
                    yield from get(f"/{name}/{number}")
                case "note":
                    yield from record(staged(f"{name}/{number}"))
                case "all":
                    yield from gather([flow(f"{name}{child}", steps[number + 1 :]) for child in "xy"])
                case _:
                    yield from now()
        return len(steps)

    def events() -> list[tuple[object, ...]]:
        world = World(
            capacity=capacity, answer=lambda _, r: Answered(Response(200), (len(r.path) * 7 % 5) / 4)
        )
        for number, (steps, priority) in enumerate(scripts):
            world.spawn(f"f{number}", flow(f"f{number}", steps), priority)
        world.scheduler.run()
        assert world.ended == {f"f{n}": Done(len(steps)) for n, (steps, _) in enumerate(scripts)}
        return [*world.log.events, *world.journal.durable]  # type: ignore[list-item]

    assert events() == events()


def test_two_thousand_waiting_flows_cost_no_more_each_than_two_hundred() -> None:
    """Nothing is scanned at a step: calls grow with the flows, not with their square."""

    def flow(number: int) -> Flow[None]:
        for _ in range(3):
            yield from wait(1 + number % 7, "polling")

    def calls(flows: int) -> int:
        world = World()
        for number in range(flows):
            world.spawn(f"flow{number}", flow(number))
        return _calls_of(world.scheduler.run)

    few, many = calls(200), calls(2000)
    assert many < 11 * few


def _calls_of(function: Callable[[], None]) -> int:
    counted = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(before)
    return counted


# Group commit


def test_notes_of_many_flows_share_one_barrier() -> None:
    """Law 1: independent publications share a barrier."""
    world = World()
    world.run(**{f"flow{n}": publish(f"post{n}") for n in range(10)})
    assert world.journal.barriers == 2
    assert len(world.journal.durable) == 20


def test_a_flow_goes_on_only_after_the_barrier() -> None:
    world = World()
    seen: list[int] = []

    def flow() -> Flow[None]:
        yield from record(staged("first"))
        seen.append(len(world.journal.durable))
        yield from record(staged("second"))
        seen.append(len(world.journal.durable))

    world.run(a=flow())
    assert seen == [1, 2]
    assert world.journal.barriers == 2


def test_requests_go_out_before_a_barrier_holds_everyone_up() -> None:
    """A slow store delays those who record, and nobody else."""
    world = World()
    world.journal.clock, world.journal.barrier_seconds = world.clock, 20
    world.run(a=publish(), b=get("/b"))
    assert [(at, request.path) for at, _, request in world.performer.sent] == [(0, "/b"), (20, "/publish")]


# Children


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


# Errors


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


# What is told


def test_the_watcher_is_told_everything_as_it_happens() -> None:
    world = World()

    def flow() -> Flow[None]:
        yield from wait(2, "the container")
        yield from publish()

    world.run(a=flow())
    assert world.log.events == [
        (0.0, "waiting", "a", "the container", 2),
        (2.0, "recorded", "a", (intent(),)),
        (2.0, "requesting", "a", "POST", "/publish"),
        (3.0, "recorded", "a", (staged("receipt"),)),
        (3.0, "finished", Finished("a", Done(None))),
    ]


def test_a_run_that_only_reads_has_no_journal() -> None:
    journal = NoJournal()
    journal.barrier()
    journal.check_lease()
    with pytest.raises(RuntimeError, match="only reads"):
        journal.append((staged("container"),))


def test_a_run_needs_no_watcher() -> None:
    watcher = Unwatched()
    watcher.waiting("a", "why", 1)
    watcher.requesting("a", PUBLISH)
    watcher.recorded("a", ())
    watcher.finished(Finished("a", Interrupted()))
