"""What the benchmarks say of a process is true of that process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.measure import used

pytestmark = pytest.mark.live


def test_memory_is_that_of_the_process_alone_and_not_of_who_started_it(tmp_path: Path) -> None:
    ballast = b"x" * 200_000_000
    found = used((sys.executable, "-I", "-S", "-c", "held = b'x' * 50_000_000"), tmp_path)
    assert 50 < found.peak_mb < 100 < len(ballast)


def test_a_command_that_fails_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ended with status 3"):
        used((sys.executable, "-c", "raise SystemExit(3)"), tmp_path)
