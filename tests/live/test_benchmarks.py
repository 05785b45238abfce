"""The benchmarks, run on next to nothing: every process they start does what it is measured doing."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import ROWS
from benchmarks.measure import used
from benchmarks.report import Result, markdown, svg
from benchmarks.rows import Measured, Setting, Unmeasured

pytestmark = pytest.mark.live
TINY = 1000


def test_every_row_can_be_measured(tmp_path: Path) -> None:
    """How long it takes on so few posts means nothing; that it ends, and what is left behind, does."""
    setting = Setting(tmp_path, pairs=1, shrink=TINY)
    results = tuple(Result(row, row.measure(setting)) for row in ROWS if not row.name.startswith("A"))
    for result in results:
        match result.found:
            case Measured() as measured:
                assert measured.samples
                assert measured.figure > 0
            case Unmeasured():
                assert result.row.name in {"P4", "P6"}
                assert shutil.which("hugo") is None
    assert markdown(results, "").count("\n| ") == len(results) + 1
    assert svg(results)
    assert not list(tmp_path.glob("film*.mp4"))


def test_memory_is_that_of_the_process_alone_and_not_of_who_started_it(tmp_path: Path) -> None:
    ballast = b"x" * 200_000_000
    found = used((sys.executable, "-I", "-S", "-c", "held = b'x' * 50_000_000"), tmp_path)
    assert 50 < found.peak_mb < 100 < len(ballast)


def test_a_command_that_fails_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ended with status 3"):
        used((sys.executable, "-c", "raise SystemExit(3)"), tmp_path)
