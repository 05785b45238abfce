"""The promise with real processes, real sockets and a real disk: apply is killed, and killed again.

The witness is the sandbox's own ledger, which knows nothing of threadsync's state.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from tests.operations.world import picture
from threadsync.sandbox.server import Sandbox, running
from threadsync.sandbox.settings import SandboxSettings
from threadsync.sandbox.threads import Fault, FaultKind, Profile

pytestmark = pytest.mark.live

KILLS = 50
PATIENCE_SECONDS = 60.0
CANARY = "THQVJcanary7f3a91"
"""The token of the account: it must not be found in anything that a run writes or prints (law 12)."""

PROJECT = """\
version: 1
id: killed
posts: posts
state: state/threadsync.json
targets:
  threads/main:
    account: main
    credential: env:THREADSYNC_TEST_TOKEN
    base_url: {base_url}
    media_host: local
    bounds: {{publish_doubt_seconds: 0.5, listing_lag_seconds: 0.2, poll_first_seconds: 0.05,
             poll_longest_seconds: 0.2, retry_first_seconds: 0.1}}
media_hosts:
  local: {{kind: loopback}}
safety: {{creates_max: 500}}
"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running(SandboxSettings(profiles=(Profile("main", token=CANARY),))) as found:
        found.switch(image_delay_seconds=0.05, carousel_delay_seconds=0.05)
        yield found


def write_batch(root: Path, batch: int) -> list[str]:
    """Write a text, a picture, a carousel and a chain; return their texts."""
    texts = {
        "text": f"Batch {batch}, a plain text",
        "picture": f"Batch {batch}, one picture\n\n![red](red.jpg)",
        "carousel": f"Batch {batch}, two pictures\n\n![red](red.jpg)\n\n![blue](blue.jpg)",
        "chain": "\n\n---\n\n".join(f"Batch {batch}, part {part} of a chain" for part in (1, 2, 3)),
    }
    for name, text in texts.items():
        front = f"---\nkey: {name}-{batch}\ntargets: [threads/main]\n---\n"
        (root / f"posts/{name}-{batch}.md").write_text(front + text + "\n")
    chain = [f"Batch {batch}, part {part} of a chain" for part in (1, 2, 3)]
    return [texts["text"], f"Batch {batch}, one picture", f"Batch {batch}, two pictures", *chain]


def started(root: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "threadsync", "--project", str(root), *arguments]
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(root),
        "THREADSYNC_TEST_TOKEN": CANARY,
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def killed_after(sandbox: Sandbox, root: Path, requests: int) -> bool:
    """Apply, and kill the process with SIGKILL once the network saw so many of its requests."""
    already = len(sandbox.requests())
    process = started(root, "apply", "--yes", "--first-run")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if len(sandbox.requests()) - already >= requests:
            process.kill()
            break
        time.sleep(0.001)  # noqa: TID251  (a bounded wait on a condition)
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert CANARY.encode() not in output
    return process.returncode == -9


def finish(root: Path) -> None:
    process = started(root, "apply", "--yes", "--first-run")
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, output.decode()


def live_texts(sandbox: Sandbox) -> Counter[str]:
    ledger = cast("dict[str, list[dict[str, str]]]", sandbox.ledger())
    return Counter(post["text"] for post in ledger["posts"])


@pytest.mark.parametrize(
    "faults", [(), (Fault("publish", FaultKind.ANSWER_LOST, times=None, probability=0.2),)]
)
def test_apply_killed_at_many_moments_leaves_every_post_there_once(
    sandbox: Sandbox, tmp_path: Path, faults: tuple[Fault, ...]
) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "threadsync.yaml").write_text(PROJECT.format(base_url=sandbox.base_url))
    (tmp_path / "posts/red.jpg").write_bytes(picture("red"))
    (tmp_path / "posts/blue.jpg").write_bytes(picture("blue"))
    sandbox.arm(*faults)
    wanted: list[str] = []
    kills = batch = 0
    goal = KILLS if not faults else KILLS // 5
    while kills < goal:
        batch += 1
        wanted += write_batch(tmp_path, batch)
        # Each batch is killed at ever later moments until an apply gets through.
        moment = 1 + batch % 5
        while kills < goal and killed_after(sandbox, tmp_path, moment):
            kills += 1
            moment += 3
    finish(tmp_path)
    assert live_texts(sandbox) == Counter(wanted)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert (tmp_path / "state/threadsync.json") in written
    assert not [path for path in written if CANARY.encode() in path.read_bytes()]
    plan = started(tmp_path, "plan", "--format", "json")
    output, _ = plan.communicate(timeout=PATIENCE_SECONDS)
    assert {action["action"] for action in json.loads(output)["actions"]} == {"no-op"}


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
