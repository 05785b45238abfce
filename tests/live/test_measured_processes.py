"""What the benchmarks say of a process is true of that process."""

from __future__ import annotations

import sys
from importlib.util import cache_from_source
from pathlib import Path

import pytest

import threadsync
from benchmarks.measure import environ, installed, said, used

pytestmark = pytest.mark.live


def test_memory_is_that_of_the_process_alone_and_not_of_who_started_it(tmp_path: Path) -> None:
    ballast = b"x" * 200_000_000
    found = used((sys.executable, "-I", "-S", "-c", "held = b'x' * 50_000_000"), tmp_path)
    assert 50 < found.peak_mb < 100 < len(ballast)


def test_a_command_that_fails_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ended with status 3"):
        used((sys.executable, "-c", "raise SystemExit(3)"), tmp_path)


def test_what_is_measured_is_compiled_whatever_holds_for_who_measures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    script = installed(tmp_path)
    assert Path(cache_from_source(threadsync.__file__)).exists()
    assert said((script, "--version"), tmp_path) == f"threadsync {threadsync.__version__}\n"
    assert "PYTHONDONTWRITEBYTECODE" not in environ()
