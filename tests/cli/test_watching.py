"""``watch`` at a terminal ends at the first signal, whatever it is doing."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.operations.world import World
from threadsync.cli._watching import run
from threadsync.operations.workspace import Workspace


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_a_look_ends_it_at_once(tmp_path: Path, number: signal.Signals) -> None:
    world = World(tmp_path)
    before = signal.getsignal(number)
    looks: list[str] = []

    def opened() -> Workspace:
        looks.append("began")
        if len(looks) > 1:  # the first opens the project before anything is watched
            signal.raise_signal(number)
            looks.append("went on")
        return world.workspace

    run(opened)
    assert looks == ["began", "began"]
    assert signal.getsignal(number) is before
