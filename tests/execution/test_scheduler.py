"""The scheduler: one order, one barrier for many notes, waits that hold nobody."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.execution.worlds import TARGET, World, ending, failing, get, intent, publish, staged
from threadsync.errors import Unanswered
from threadsync.execution.seams import Finished, NoJournal, Unwatched
from threadsync.flows.core import Done, Raised, gather, host, now, record, send, wait
from threadsync.flows.effects import Flow, Hosted, Recorded, Request, Response, Taken
from threadsync.model.ids import Address, MediaDigest, PostKey, TargetName
from threadsync.testing.fakes import START, Answered

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
    """It waits, records, sends and ends as one that is watched."""
    worlds = World(), World(watcher=Unwatched())

    def flow() -> Flow[int]:
        yield from wait(2, "the container")
        return (yield from publish())

    ended = [world.run(a=flow(), b=failing(Unanswered("no route", sent=False))) for world in worlds]
    assert [each["a"] for each in ended] == [Done(200)] * 2
    assert [isinstance(each["b"], Raised) for each in ended] == [True] * 2
    assert [world.journal.durable for world in worlds] == [[intent(), staged("receipt")]] * 2
    assert worlds[1].log.events == []
