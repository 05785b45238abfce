"""What applies are measured against: the mix has the bounds that its figures are said of."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.graph_server import media_seconds
from benchmarks.journalling import notes_of
from benchmarks.projects import (
    CAROUSEL,
    bound_seconds,
    mix,
    ordered_bound_seconds,
    write_mix,
    write_project,
    write_videos,
)
from threadsync.model.ledger import fold
from threadsync.model.state import Lineage, State
from threadsync.operations.plan import plan
from threadsync.operations.workspace import open_project
from threadsync.testing.fakes import FakeClock

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_the_mix_takes_620_calls_and_two_seconds_at_the_least() -> None:
    posts = mix(200)
    kinds = ["t"] * 120 + ["i"] * 60 + ["c"] * 20
    random.Random(11).shuffle(kinds)
    assert [{0: "t", 1: "i", CAROUSEL: "c"}[len(post.names)] for post in posts] == kinds
    assert sum(post.calls for post in posts) == 620
    assert bound_seconds(posts) == pytest.approx(2.04, abs=0.005)
    assert ordered_bound_seconds(posts) == pytest.approx(7.50, abs=0.005)


def test_media_take_as_long_as_their_names_say_wherever_they_are_served() -> None:
    seconds = [media_seconds(name) for post in mix(200) for name in post.names]
    assert len(seconds) == 140
    assert 0.2 <= min(seconds) < 0.3
    assert 1.9 < max(seconds) <= 2.0


def test_the_projects_can_be_applied(tmp_path: Path) -> None:
    write_mix(tmp_path / "mix", mix(20))
    write_project(tmp_path / "mix", "http://127.0.0.1:1", served=True)
    write_mix(tmp_path / "ordered", mix(20), until=NOON)
    write_project(tmp_path / "ordered", "http://127.0.0.1:1", served=True)
    write_videos(tmp_path / "videos", 2)
    write_project(tmp_path / "videos", "http://127.0.0.1:1", served=False, bounds="actions_at_first_max: 2")
    for name, count in (("mix", 20), ("ordered", 20), ("videos", 2)):
        prepared = plan(open_project(tmp_path / name, clock=FakeClock(NOON), exact=True))
        assert len(prepared.plan.effective) == count
        assert not prepared.findings
        if name == "ordered":
            assert [each.address.key for each in prepared.plan.effective] == [f"p{n}" for n in range(20)]


def test_the_notes_are_those_of_a_publication_from_its_begin_to_its_end() -> None:
    state = fold(State(Lineage("bench"), 1), enumerate(notes_of(7), start=1))
    assert not state.open
    assert [binding.segments[0].permalink for binding in state.bindings.values()] != [""]
