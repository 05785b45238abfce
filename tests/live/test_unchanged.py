"""A plan without changes by the real command: kept when all has settled, then told again as it was."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import threadsync
from tests.operations.world import World
from threadsync.cli._exit import Exit

ROOT = Path(threadsync.__file__).parents[1]
TRIES_MAX = 60

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(sys.platform == "win32", reason="not tested on Windows: it keeps no plan"),
]


def run(folder: Path, *arguments: str) -> tuple[int, bytes, bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "threadsync", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_what_is_told_again_is_byte_for_byte_what_is_planned(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.post("hello", "Good morning.")
    world.post("draft", "Not yet", draft="true")
    world.post("other", "Good night.")
    world.post("last", "It is late.")
    world.apply()
    planned = run(tmp_path, "plan", "--no-cache")
    assert not (tmp_path / ".threadsync/plan").exists(), "--no-cache keeps nothing"
    kept = tmp_path / ".threadsync/plan"
    for _ in range(TRIES_MAX):
        if kept.exists() and kept.stat().st_size:
            break
        assert run(tmp_path, "plan") == planned
    written = kept.stat().st_mtime_ns
    assert run(tmp_path, "plan") == run(tmp_path, "plan", "--detailed-exitcode") == planned
    assert kept.stat().st_mtime_ns == written, "it was told again: a plan that is made is kept anew"
    world.post("hello", "Good evening.")
    changed = run(tmp_path, "plan")
    assert changed == run(tmp_path, "plan", "--no-cache") != planned
    pending = run(tmp_path, "plan", "--detailed-exitcode")
    assert pending == run(tmp_path, "plan", "--detailed-exitcode", "--no-cache")
    world.post("new", "Good day.")
    pending = run(tmp_path, "plan", "--detailed-exitcode")
    assert pending == run(tmp_path, "plan", "--detailed-exitcode", "--no-cache")
    assert pending[0] == Exit.CHANGES_PENDING
