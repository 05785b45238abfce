"""The benchmarks, run on next to nothing: every process they start does what it is measured doing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.__main__ import ROWS
from benchmarks.applying import VENVS
from benchmarks.report import Result, markdown, svg
from benchmarks.rows import Measured, Setting, Unmeasured
from tests.node import chromium

pytestmark = pytest.mark.live
TINY = 1000


def test_every_row_can_be_measured(tmp_path: Path) -> None:
    """How long it takes on so few posts means nothing; that it ends, and what is left behind, does."""
    setting = Setting(tmp_path, pairs=1, shrink=TINY)
    here = {python.parents[1].name.partition("-py3")[0] for python in VENVS.glob("*/bin/python")}
    results = tuple(Result(row, row.measure(setting)) for row in ROWS)
    for result in results:
        match result.found:
            case Measured() as measured:
                assert measured.samples
                assert measured.figure > 0
            case Unmeasured(why) if result.row.name == "A4":
                assert why.split()[0] not in here, (
                    "only where no other test had made the client's environment"
                )
            case Unmeasured() if result.row.name == "W2":
                assert chromium.missing()
            case Unmeasured():
                assert result.row.name in {"P4", "P6"}
                assert shutil.which("hugo") is None
    assert markdown(results, "").count("\n| ") == len(results) + 1
    assert svg(results)
    assert not list(tmp_path.glob("film*.mp4"))
