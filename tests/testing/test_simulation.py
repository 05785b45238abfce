"""The random simulation: some hundred little lives keep the promise, and a broken program does not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import threadsync.operations.plan
from threadsync.execution.gathering import Gatherer
from threadsync.flows.effects import Flow
from threadsync.model.facts import ObservedPost
from threadsync.model.ids import Address, RemoteId
from threadsync.model.journal import Published
from threadsync.planning.actions import Plan
from threadsync.planning.planfile import SavedPlan
from threadsync.providers.base import Uncertain
from threadsync.providers.threads import carrying
from threadsync.providers.threads.publishing import NotPublished, SegmentPublisher
from threadsync.providers.threads.staging import Container
from threadsync.testing.desk import Desk
from threadsync.testing.simulation import Lived, Simulation, lived
from threadsync.testing.simulation_judge import EXCUSES, Excuse
from threadsync.testing.simulation_kinds import Kind

SEEDS = 300


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def first_problem(desk: Desk, seeds_max: int) -> str:
    """Live until something is wrong; what it is, or nothing."""
    return next((each.problems[0] for each in lives(desk, seeds_max) if each.problems), "")


def lives(desk: Desk, seeds_max: int) -> Iterator[Lived]:
    return (Simulation(seed, desk).run() for seed in range(seeds_max))


def test_three_hundred_lives_keep_the_promise() -> None:
    tally = lived(range(SEEDS))
    assert tally.seeds == SEEDS
    assert not tally.wrong, "\n".join([f"--seed {tally.wrong[0].seed}", *tally.wrong[0].problems])
    assert tally.counted["applies"] > 3 * SEEDS
    assert tally.counted["applies that were killed"] > SEEDS / 10
    assert tally.counted["applies of a saved plan"] > tally.counted["saved plans that are stale"] > 0
    assert [kind for kind in Kind if not tally.counted[f"posts: {kind}"]] == []
    assert sum(tally.excused.values()) < SEEDS / 50, tally.excused


def told_of(seed: int, desk: Desk) -> str:
    life = Simulation(seed, desk)
    life.run()
    return life.transcript()


def test_equal_seeds_give_equal_logs(desk: Desk, tmp_path: Path) -> None:
    """Byte for byte, whatever the order in which Python keeps sets."""
    here = [told_of(seed, desk) for seed in range(6)]
    assert here == [told_of(seed, desk) for seed in range(6)]
    for hash_seed in ("1", "2"):
        told = [
            subprocess.run(
                [sys.executable, "-m", "threadsync.testing.simulation", "--seed", str(seed)],
                env={**os.environ, "PYTHONHASHSEED": hash_seed, "TMPDIR": str(tmp_path)},
                capture_output=True,
                check=True,
                text=True,
                timeout=60,
            ).stdout
            for seed in (3, 4)
        ]
        assert told == here[3:5]


def test_every_excuse_has_its_sentence() -> None:
    assert set(EXCUSES) == set(Excuse)


# A judge that finds nothing proves nothing.


def test_a_publisher_that_believes_no_answer_means_no_is_found(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def settle(_: SegmentPublisher, __: Container | None = None) -> Flow[NotPublished]:
        yield from ()
        return NotPublished(None)

    monkeypatch.setattr(SegmentPublisher, "settle", settle)
    assert first_problem(desk, 200).startswith(("duplicate: ", "nobody's: "))


def test_a_read_back_that_recognises_nothing_is_found(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object) -> dict[Address, tuple[ObservedPost, ...]]:
        return {}

    monkeypatch.setattr(Gatherer, "_lookalikes", nothing)
    assert first_problem(desk, 200).startswith("duplicate: ")


def test_a_post_that_goes_out_as_another_kind_is_found(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "parameters", lambda *_: {})
    assert first_problem(desk, 50).startswith("wrong kind: ")


def test_an_apply_that_does_more_than_its_saved_plan_is_found(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held_to(_: SavedPlan, made: Plan, __: SavedPlan) -> Plan:
        return made

    monkeypatch.setattr(threadsync.operations.plan, "held_to", held_to)
    assert first_problem(desk, 400).startswith("not in the saved plan: create ")


def test_a_publisher_that_only_says_so_is_found(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def send(publisher: SegmentPublisher, container: Container) -> Flow[Published | Uncertain]:
        return publisher._receipt(
            RemoteId(container.id), container, container.at, "receipt", "https://a.test"
        )

    monkeypatch.setattr(SegmentPublisher, "_send", send)
    assert first_problem(desk, 50).startswith(("lost: ", "never done: "))
