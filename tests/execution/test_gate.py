"""A gate keeps what a flow is about to do off the record, and so keeps it from being done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.execution.worlds import PUBLISH, TARGET, World, intent, publish, staged
from threadsync.execution.seams import Interrupted
from threadsync.flows.core import Done, gather, record, send, wait
from threadsync.flows.effects import Flow, Request, Response
from threadsync.model.journal import Intent, Note
from threadsync.testing.fakes import Answered


@dataclass
class Holds:
    """Holds intents until somebody calls *admit*; all else passes."""

    noted: list[Note] = field(default_factory=list)
    admit: Callable[[], None] | None = None

    def noting(self, notes: tuple[Note, ...], admit: Callable[[], None]) -> None:
        self.noted.extend(notes)
        if any(isinstance(note, Intent) for note in notes):
            self.admit = admit
        else:
            admit()

    def open(self) -> None:
        assert self.admit is not None
        self.admit()

    def open_after(self, seconds: float) -> Flow[None]:
        yield from wait(seconds, "")
        self.open()


def spawned(world: World, gate: Holds, flow: Flow[object], name: str = "a") -> Callable[[], None]:
    return world.scheduler.spawn(name, TARGET, flow, world.keep, gate=gate)


def test_what_is_held_is_neither_on_record_nor_sent_and_goes_on_when_it_is_let() -> None:
    world, gate = World(), Holds()
    spawned(world, gate, publish())
    world.spawn("other", gate.open_after(5.0))
    world.scheduler.run()
    assert world.ended["a"] == Done(200)
    assert [(seconds, request.path) for seconds, _, request in world.performer.sent] == [(5.0, PUBLISH.path)]
    assert world.journal.durable == [intent(), staged("receipt")]


def test_a_held_intent_does_not_age_before_it_is_on_record() -> None:
    """Otherwise what waits long for its turn would be settled instead of sent."""
    world, gate = World(), Holds()
    spawned(world, gate, publish())
    world.spawn("other", gate.open_after(10 * world.bounds.intent_send_seconds))
    world.scheduler.run()
    assert world.ended["a"] == Done(200)


def test_a_stop_ends_what_is_held_and_leaves_nothing_to_settle() -> None:
    world, gate = World(), Holds()
    spawned(world, gate, publish())
    world.performer.at(1.0, world.scheduler.stop)
    world.spawn("other", wait(9.0, ""))
    world.scheduler.run()
    assert world.ended["a"] == Interrupted()
    gate.open()
    assert (world.journal.durable, world.paths) == ([], [])


def test_a_flow_can_be_given_up_wherever_it_stands() -> None:
    """Held, waiting, in flight or with children: the others go on."""

    def waiting() -> Flow[None]:
        yield from wait(60, "")

    def parent() -> Flow[object]:
        return (yield from gather([send(Request("GET", "/child")), waiting()]))

    world = World(answer=lambda *_: Answered(Response(200), 3.0))
    flows: dict[str, Flow[object]] = {
        "held": publish(),
        "waiting": waiting(),
        "in-flight": send(Request("GET", "/in-flight")),
        "parent": parent(),
    }
    ends = [spawned(world, Holds(), flow, name) for name, flow in flows.items()]
    world.spawn("other", send(Request("GET", "/other")))

    def give_up() -> None:
        for end in (*ends, *ends):  # a second time does nothing
            end()

    world.performer.at(1.0, give_up)
    world.scheduler.run()
    assert world.ended == {**dict.fromkeys(flows, Interrupted()), "other": Done(Response(200))}
    assert world.clock.seconds == 3.0
    assert world.journal.durable == []


def test_a_gate_is_told_of_what_the_children_note_too() -> None:
    def child(name: str) -> Flow[object]:
        return (yield from record(staged(name)))

    world, gate = World(), Holds()
    spawned(world, gate, gather([child("child-0"), child("child-1")]))
    world.scheduler.run()
    assert gate.noted == [staged("child-0"), staged("child-1")]


def test_where_requests_wait_for_room_the_flow_that_was_spawned_first_asks_first() -> None:
    """Those that began keep asking while a network hangs, and fail soon; the others do not take turns."""
    world = World(capacity=1, answer=lambda *_: Answered(Response(200), 1.0))

    def flow(name: str) -> Flow[None]:
        for number in range(2):
            yield from send(Request("GET", f"/{name}{number}"))

    world.run(a=flow("a"), b=flow("b"), c=flow("c"))
    assert world.paths == ["/a0", "/a1", "/b0", "/b1", "/c0", "/c1"]
