"""The laws of a shared state, in a bucket: every request of a run may be lost, refused, or its last."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from tests.execution.buckets import AFTER, BEFORE, Objects, Odd, error
from tests.statefile.test_crashes import GROUPS, NOTES, Told, prefix_of
from tests.statefile.test_shared_crashes import intents_of
from tests.statefile.worlds import MARIA, Recorder, folded, numbered_ids, publishing, same, started
from threadsync.errors import StateDamaged, StateError, StateLocked
from threadsync.flows.effects import NoResponse, Response
from threadsync.model.journal import Note
from threadsync.statefile.folding import Copy
from threadsync.statefile.shared import SharedStore
from threadsync.statefile.shared_session import LEASE_SECONDS
from threadsync.testing.disk import Crashed
from threadsync.testing.machine import FakeMachine

NAME = "threadsync.json"
NUMBERS = numbered_ids("build")


@dataclass
class Runner(Recorder):
    """One process on a machine of its own, and the bucket that all share."""

    objects: Objects = field(default_factory=Objects)
    host: str = field(default_factory=NUMBERS)

    @property
    def store(self) -> SharedStore:
        machine = FakeMachine(self.host, f"boot-{self.host}")
        new_id = numbered_ids(f"{self.host}-{len(self.objects.asked)}")
        remote = self.objects.remote(ids=f"{self.host}-")
        return SharedStore(remote, NAME, self.objects.clock, machine, new_id, "p-1")

    def _dies(self) -> None:
        self.objects.odd = dying(len(self.objects.asked), after=False)

    def elsewhere(self) -> Runner:
        """Return a process of another machine, in peace."""
        self.objects.odd = lambda *_: None
        return Runner(self.objects)


def dying(number: int, *, after: bool) -> Odd:
    """Let the process die at the request with this *number*, which is done before that or not."""

    def odd(_method: str, _name: str, now: int) -> NoResponse | None:
        if now < number:
            return None
        if after and now == number:
            return AFTER
        raise Crashed

    return odd


def striking(number: int, answer: Response | NoResponse, *, ever: bool = False) -> Odd:
    """Answer the request with this *number*, or *ever* from it on, so."""

    def odd(_method: str, _name: str, now: int) -> Response | NoResponse | None:
        return answer if now == number or (ever and now > number) else None

    return odd


def run(runner: Runner, groups: Sequence[tuple[Note, ...]], told: Told) -> None:
    done: list[Note] = []
    with runner.session() as session:
        for group in groups:
            told.appended += len(group)
            done += group
            assert session.append(group) is None
            session.barrier()
            told.acknowledged = max(told.acknowledged, intents_of(done))
    told.acknowledged = told.appended


def check_recovery(runner: Runner, told: Told) -> None:
    """The next one needs nobody: it reads, waits for the lock to lapse, goes on, and what it says is kept."""
    held = prefix_of(runner.store.read().state, told, NOTES)
    runner.objects.clock.sleep(LEASE_SECONDS)
    with runner.session() as session:
        assert prefix_of(session.ledger.state(), told, NOTES) == held
        assert session.append(NOTES[held:]) is None
    assert same(runner.state(), folded(*NOTES))
    assert runner.store.read().lock is None
    assert all(entry.problem == "" for entry in runner.store.history())


def requests_of_a_run() -> int:
    runner = Runner()
    run(runner, GROUPS, Told())
    return len(runner.objects.asked)


REQUESTS = requests_of_a_run()


def test_what_a_run_asks_of_the_bucket() -> None:
    """What docs/state.md says it costs: the rest are the three that try the store, once ever."""
    first, second = Runner(), Runner()
    run(first, GROUPS, Told())
    second.objects = first.objects
    before = len(first.objects.asked)
    with second.session() as session:
        for group in publishing(9):
            session.append(group)
            session.barrier()
    asked = [each.replace("social/", "") for each in first.objects.asked[before:]]
    assert [each.split("/")[0] for each in asked] == [
        "GET head.json", "GET states", "PUT head.json",  # takes the lock
        "PUT head.json",  # records the intent
        "PUT states", "PUT head.json",  # is done
    ]  # fmt: skip


@pytest.mark.parametrize("after", [False, True])
def test_a_run_may_die_at_any_request_and_another_machine_goes_on(after: bool) -> None:
    for number in range(REQUESTS):
        runner, told = Runner(), Told()
        runner.objects.odd = dying(number, after=after)
        with suppress(Crashed):
            run(runner, GROUPS, told)
        check_recovery(runner.elsewhere(), told)


@pytest.mark.parametrize("answer", [BEFORE, AFTER, error(503, "SlowDown")])
def test_any_one_request_may_be_lost_and_the_run_makes_it_good(answer: Response | NoResponse) -> None:
    for number in range(REQUESTS):
        runner, told = Runner(), Told()
        runner.objects.odd = striking(number, answer)
        run(runner, GROUPS, told)
        assert same(runner.elsewhere().state(), folded(*NOTES))


@pytest.mark.parametrize("answer", [BEFORE, AFTER, error(403, "AccessDenied")])
def test_from_any_request_on_the_bucket_may_answer_no_more(answer: Response | NoResponse) -> None:
    for number in range(REQUESTS):
        runner, told = Runner(), Told()
        runner.objects.odd = striking(number, answer, ever=True)
        with pytest.raises(StateError):
            run(runner, GROUPS, told)
        check_recovery(runner.elsewhere(), told)


def test_two_runs_at_once_one_works_and_the_other_is_told_who_and_for_how_long() -> None:
    one = Runner()
    with one.session(), pytest.raises(StateLocked, match=f"locked by maria on {one.host}") as caught:
        one.elsewhere().record(started())
    assert f"lapses by itself in {LEASE_SECONDS:.0f} seconds" in caught.value.remedy


def test_a_run_that_was_paused_while_its_lock_lapsed_writes_nothing() -> None:
    one = Runner()
    with pytest.raises(StateLocked, match="taken away"), one.session() as session:  # noqa: PT012
        session.append(publishing(1)[0])
        session.barrier()
        one.objects.clock.sleep(LEASE_SECONDS)
        one.elsewhere().record(*NOTES)
        session.append(publishing(2)[0])
        session.barrier()
    assert same(one.state(), folded(*publishing(1)[0], *NOTES))


class TestCopies:
    def test_the_history_lists_what_there_was_and_an_older_one_comes_back(self) -> None:
        runner = Runner()
        runner.record(started())
        runner.record(*NOTES)
        now, before = runner.store.history()
        assert (now.current, now.restore) == (True, "")
        name, _, rest = before.restore.removeprefix("threadsync state pull --copy ").partition(" ")
        assert rest == "| threadsync state push -"
        copy = runner.store.copy(name)
        assert copy is not None
        assert copy == runner.store.copy(str(before.file))
        runner.elsewhere().store.put(Copy(copy, "copy.json"), MARIA, 0)
        assert runner.state().bindings == {}
        assert len(runner.store.history()) == 3, "what was there is kept as well"
        assert runner.state().serial > now.serial
        assert runner.store.copy("r99") is None

    @pytest.mark.parametrize("left", [b"", b"other"])
    def test_after_the_state_in_use_is_lost_the_one_before_it_is_not_said_to_be_in_use(
        self, left: bytes
    ) -> None:
        runner = Runner()
        runner.record(started())
        runner.record(*NOTES)
        name = str(runner.store.history()[0].file).partition(":")[0]
        lost = f"social/states/{name}.json"
        kept = runner.objects.held.pop(lost)
        if left:
            runner.objects.held[lost] = (left, *kept[1:])
        with pytest.raises(StateDamaged, match="pull --copy"):
            runner.elsewhere().store.read()
        (before,) = runner.elsewhere().store.history()
        assert (before.current, before.problem) == (False, "")
        named = str(before.file).partition(":")[0]
        assert before.restore == f"threadsync state pull --copy {named} | threadsync state push -"
        copy = runner.store.copy(named)
        assert copy is not None
        assert runner.store.copy(name) is None
        del runner.objects.held["social/head.json"]
        runner.elsewhere().store.put(Copy(copy, "copy.json"), MARIA, 0)
        assert runner.state().bindings == {}
