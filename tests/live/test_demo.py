"""``threadsync demo`` as a stranger runs it: one process, its children, a sandbox, a kill."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from threadsync.views.width import cells

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]


def test_the_tour_holds_what_it_shows(tmp_path: Path) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-m", "threadsync", "demo"],
        env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "  NO " not in done.stdout
    for promised in (
        "Done: 22 applied.",
        "No changes. 1 to wait, 22 unchanged.",
        "! blocked  welcome@threads/main  (needs-consent)",
        "+ create  welcome@bluesky/brand  (new)",
        "yes  a post of one file is on both networks",
        "yes  apply was killed after its first visible request",
        "yes  the chain is there, every part once",
    ):
        assert promised in done.stdout
    assert "Traceback" not in done.stderr
    (folder,) = tmp_path.glob("threadsync-demo-*")
    assert (folder / "state" / "threadsync.json").is_file()
    assert f"--data {folder}/sandbox" in done.stdout
    rows = [row for row in done.stdout.splitlines() if str(folder) not in row and "http" not in row]
    assert [row for row in rows if cells(row) > 80] == []


def test_without_the_extra_of_bluesky_the_tour_goes_on_without_that(tmp_path: Path) -> None:
    """It says which package it lacks, and leaves out what nobody could publish."""
    hidden = "import sys; sys.modules['libipld'] = None\n"
    (tmp_path / "sitecustomize.py").write_text(hidden)
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
    }
    done = subprocess.run(
        [sys.executable, "-m", "threadsync", "demo"],
        env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pip install 'threadsync[bluesky]'" in done.stdout
    assert "Done: 18 applied." in done.stdout
    assert "Traceback" not in done.stderr
