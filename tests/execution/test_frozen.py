"""A process frozen in the middle of a run (a laptop that sleeps, a paused machine), while another takes over.

Whoever takes over treats the open intent as a doubtful call: it waits ``publish_doubt_seconds`` after it,
looks at the account, and only then publishes. So all depends on where the first one froze.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import runner
from tests.execution.worlds import PUBLISH, World, intent
from tests.operations.world import World as Whole
from threadsync.errors import StateLocked
from threadsync.execution.guard import in_time
from threadsync.execution.seams import Interrupted
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import Done, record, send
from threadsync.flows.effects import Flow, NoResponse, Request, Response
from threadsync.model.ids import TargetName
from threadsync.testing.fakes import Answered, FakeClock, FakePerformer

BOUNDS = Bounds()


def publishing() -> Flow[object]:
    yield from record(intent())
    return (yield from send(PUBLISH))


class Network:
    """Publishes whatever reaches it, and knows when: it neither knows nor cares who sent it."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.live_since: list[float] = []

    def answer(self, _: TargetName, sent: Request) -> Answered:
        if sent.path == PUBLISH.path:
            self.live_since.append(self.clock.seconds)
        return Answered(Response(200, b"17"))


class TakenOver:
    """What another run does that has broken the lock: it waits out the doubt, looks, and publishes."""

    def __init__(self, network: Network, *, intent_at: float) -> None:
        self.network = network
        self.publishes_at = intent_at + BOUNDS.publish_doubt_seconds

    def look_and_publish(self) -> None:
        if not [at for at in self.network.live_since if at <= self.publishes_at]:
            self.network.live_since.append(self.publishes_at)


class FreezingPerformer(FakePerformer):
    """Lets *freeze* happen in the last instant before each request goes out."""

    def __init__(self, clock: FakeClock, network: Network, freeze: Callable[[], None]) -> None:
        super().__init__(clock, network.answer)
        self.freeze = freeze

    def submit(self, target: TargetName, request: Request) -> int:
        self.freeze()
        return super().submit(target, request)


def frozen_at_send(freeze: Callable[[World, Network], None]) -> Network:
    """Publish in a process that freezes between its lease check and its request; return what came of it."""
    world = World()
    network = Network(world.clock)
    world.performer = FreezingPerformer(world.clock, network, lambda: freeze(world, network))
    world.scheduler = world.new_scheduler()
    world.run(post=publishing())
    return network


def frozen_world(*, frozen_at: str, seconds: float, lock_broken: bool) -> tuple[World, Network]:
    """Return a world whose process freezes for *seconds*: at its ``barrier``, or its ``lease`` check."""
    world = World()
    network = Network(world.clock)
    world.answer = network.answer
    world.performer = FakePerformer(world.clock, network.answer)
    froze = False

    def fails(where: str) -> None:
        nonlocal froze
        if where == frozen_at and not froze:
            froze = True
            world.clock.sleep(seconds)
        if where == "lease" and froze and lock_broken:
            raise StateLocked("the lock of this run was taken away: it is held by tom")

    world.journal.fails = fails
    world.scheduler = world.new_scheduler()
    return world, network


@pytest.mark.parametrize("seconds", [1.0, BOUNDS.intent_send_seconds, 299.0, 3600.0])
def test_a_process_that_froze_before_its_lease_check_sends_nothing_when_the_lock_was_broken(
    seconds: float,
) -> None:
    world, network = frozen_world(frozen_at="barrier", seconds=seconds, lock_broken=True)
    with pytest.raises(StateLocked):
        world.run(post=publishing())
    assert (network.live_since, world.ended) == ([], {"post": Interrupted()})


@pytest.mark.parametrize("seconds", [BOUNDS.intent_send_seconds + 1, 3600.0])
def test_an_intent_that_froze_for_too_long_is_not_sent_although_nobody_broke_the_lock(seconds: float) -> None:
    world, network = frozen_world(frozen_at="barrier", seconds=seconds, lock_broken=False)
    ended = world.run(post=publishing())["post"]
    assert isinstance(ended, Done)
    assert isinstance(ended.value, NoResponse)
    assert (ended.value.sent, network.live_since) == (False, [])


def test_the_longest_time_from_an_intent_to_its_last_effect_is_shorter_than_the_doubt_wait() -> None:
    """The next run has to find what this one sent at the last moment that it may send anything."""
    checked = in_time(PUBLISH, BOUNDS, age_seconds=BOUNDS.intent_send_seconds)
    assert isinstance(checked, Request)
    assert checked.timeout_seconds is not None
    assert BOUNDS.intent_send_seconds + checked.timeout_seconds < BOUNDS.publish_doubt_seconds


@pytest.mark.parametrize("seconds", [0.0, 60.0, BOUNDS.publish_doubt_seconds - 1])
def test_a_freeze_between_check_and_send_that_is_shorter_than_the_doubt_wait_is_safe(seconds: float) -> None:
    """The other run looks after it, and finds the post."""
    network = frozen_at_send(lambda world, _: world.clock.sleep(seconds))
    TakenOver(network, intent_at=0).look_and_publish()
    assert network.live_since == [seconds]


def test_what_remains_a_freeze_between_check_and_send_that_outlasts_the_doubt_wait_publishes_twice() -> None:
    """No program can check and send in one step, so this is named in docs/guarantees.md.

    It takes three things at once: the process freezes in the instant between its last look at the lease
    and the first byte of its request, it stays frozen for longer than ``publish_doubt_seconds``, and
    meanwhile a person breaks its lock (of its own accord no other run takes a lock whose holder lives).
    """

    def freeze(world: World, network: Network) -> None:
        world.clock.sleep(BOUNDS.publish_doubt_seconds + 1)
        TakenOver(network, intent_at=0).look_and_publish()

    network = frozen_at_send(freeze)
    assert network.live_since == [BOUNDS.publish_doubt_seconds, BOUNDS.publish_doubt_seconds + 1]


class Freezing(Whole):
    """A project whose process freezes right before its publish; meanwhile a person and another run act."""

    meanwhile: Callable[[Whole], None] | None = None

    def answer(self, target: TargetName, request: Request) -> Answered:
        act, other = self.meanwhile, Whole(self.root, clock=self.clock)
        if act is not None and request.path.endswith("/threads_publish"):
            self.meanwhile = None
            other.network = self.network
            act(other)
        return super().answer(target, request)


def take_over(other: Whole) -> None:
    run = runner(other)
    assert run("state", "force-unlock").exit_code == 0
    taken = run("apply", "--yes")
    assert taken.exit_code == 0, taken.output


def test_on_threads_even_that_finds_the_container_published_and_makes_no_second_post(tmp_path: Path) -> None:
    """Both send the same container, and Threads publishes one once; the frozen run ends with the truth."""
    world = Freezing(tmp_path)
    world.post("hello", "Good morning.")
    world.meanwhile = take_over
    done = runner(world)("apply", "--yes", "--first-run")
    assert world.clock.seconds > BOUNDS.publish_doubt_seconds, "the other one has waited before it published"
    assert world.live() == ["Good morning."]
    assert done.exit_code == 4
    assert "the lock of this run was taken away" in " ".join(done.stdout.split())
    assert runner(world)("plan", "--detailed-exitcode").exit_code == 0
