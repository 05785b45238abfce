"""Real processes that want the same state at once; what kills do to it, test_chaos.py shows."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from threadsync.sandbox.server import Sandbox, running
from threadsync.sandbox.settings import SandboxSettings
from threadsync.sandbox.threads import Fault, FaultKind, Profile

pytestmark = pytest.mark.live

PATIENCE_SECONDS = 60.0
PROJECT = """\
version: 1
id: killed
posts: posts
targets:
  threads/main:
    account: main
    credential: env:THREADSYNC_TEST_TOKEN
    base_url: {base_url}
    bounds: {{publish_doubt_seconds: 0.5, listing_lag_seconds: 0.2, poll_first_seconds: 0.05}}
"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running(SandboxSettings(profiles=(Profile("main"),))) as found:
        yield found


def started(root: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "threadsync", "--project", str(root), *arguments]
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(root),
        "THREADSYNC_TEST_TOKEN": "sandbox-main",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def live_texts(sandbox: Sandbox) -> Counter[str]:
    ledger = cast("dict[str, list[dict[str, str]]]", sandbox.ledger())
    return Counter(post["text"] for post in ledger["posts"])


def test_two_applies_at_once_one_works_and_the_other_says_who_holds_the_lock(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "threadsync.yaml").write_text(PROJECT.format(base_url=sandbox.base_url))
    (tmp_path / "posts/a.md").write_text("---\ntargets: [threads/main]\n---\nOnly once\n")
    sandbox.arm(Fault("create", FaultKind.SLOW, seconds=3.0))
    first = started(tmp_path, "apply", "--yes", "--first-run")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (tmp_path / "state/threadsync.json.lock").exists() and time.monotonic() < deadline:
        time.sleep(0.01)  # noqa: TID251  (a bounded wait on a condition)
    second = started(tmp_path, "apply", "--yes", "--first-run")
    said, _ = second.communicate(timeout=PATIENCE_SECONDS)
    assert second.returncode == 1
    for words in (f"process {first.pid}", "threadsync apply", "--lock-timeout", "state force-unlock"):
        assert words in " ".join(said.decode().split())
    third = started(tmp_path, "apply", "--yes", "--lock-timeout", "30")
    assert first.wait(PATIENCE_SECONDS) == 0
    assert third.wait(PATIENCE_SECONDS) == 0
    for process in (first, third):
        assert process.stdout is not None
        process.stdout.close()
    assert live_texts(sandbox) == Counter(["Only once"])
