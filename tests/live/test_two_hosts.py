"""Two hosts with one folder: one works, the other says who holds the lock; a broken lock stops its run.

Real processes, sockets and files; only the names of the machines are made up. The witness is the
sandbox's own ledger.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, cast

import pytest

from threadsync.sandbox.server import Sandbox, running
from threadsync.sandbox.settings import SandboxSettings
from threadsync.sandbox.threads import Fault, FaultKind, Profile
from threadsync.statefile.lock import LocalMachine

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
POSTS = ("Only once", "This one too")
LOCK = "state/threadsync.json.lock"
SLOW_SECONDS = 4.0
PATIENCE_SECONDS = 60.0
ENVIRON = {
    "PATH": os.environ["PATH"],
    "HOME": os.devnull,
    "USER": "maria",
    "THREADSYNC_TEST_TOKEN": "sandbox-main",
    "PYTHONPATH": str(ROOT),
}
PROJECT = """\
version: 1
id: two-hosts
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


@pytest.fixture
def project(sandbox: Sandbox, tmp_path: Path) -> Path:
    (tmp_path / "posts").mkdir()
    (tmp_path / "threadsync.yaml").write_text(PROJECT.format(base_url=sandbox.base_url))
    for number, text in enumerate(POSTS):
        (tmp_path / f"posts/{number}.md").write_text(f"---\ntargets: [threads/main]\n---\n{text}\n")
    return tmp_path


def live_texts(sandbox: Sandbox) -> Counter[str]:
    ledger = cast("dict[str, list[dict[str, str]]]", sandbox.ledger())
    return Counter(post["text"] for post in ledger["posts"])


class Start(Protocol):
    def __call__(self, host: str, *arguments: str, boot_id: str = "") -> subprocess.Popen[str]: ...


@pytest.fixture
def start(project: Path) -> Iterator[Start]:
    """Start a command on a host; each host has a boot id of its own."""
    processes: list[subprocess.Popen[str]] = []

    def begin(host: str, *arguments: str, boot_id: str = "") -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.live.as_host", host, boot_id or f"boot of {host}"]
        process = subprocess.Popen(
            [*command, "--project", str(project), *arguments],
            env=ENVIRON,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate(timeout=PATIENCE_SECONDS)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return how *process* ended, and what it said, in one line."""
    said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, " ".join(said.split())


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)  # noqa: TID251  (a bounded wait on a condition)


def in_the_middle(sandbox: Sandbox, project: Path, start: Start, host: str) -> subprocess.Popen[str]:
    """Start an apply on *host*, and return when it holds the lock and waits for a slow network."""
    sandbox.arm(Fault("create", FaultKind.SLOW, seconds=SLOW_SECONDS, times=len(POSTS)))
    process = start(host, "apply", "--yes", "--first-run")
    until(
        lambda: sum("threads" in str(each.path) and each.method == "POST" for each in sandbox.requests()) >= 2
    )
    assert (project / LOCK).exists()
    return process


@pytest.mark.parametrize(("one", "other"), [("press-1", "studio-2"), ("studio-2", "press-1")])
def test_one_works_and_the_other_says_who_holds_the_lock_and_works_when_it_has_waited(
    sandbox: Sandbox, project: Path, start: Start, one: str, other: str
) -> None:
    first = in_the_middle(sandbox, project, start, one)
    status, said = ended(start(other, "apply", "--yes"))
    assert status == 1
    held = json.loads((project / LOCK).read_bytes())
    holder = f"maria on {one} (threadsync apply, process {first.pid}) since {held['since']}"
    for words in (f"the state is locked by {holder}", f"Only {one} can tell whether that run still lives."):
        assert words in said
    assert "Wait for it with --lock-timeout SECONDS." in said
    assert "break the lock with `threadsync state force-unlock`" in said
    second = start(other, "apply", "--yes", "--lock-timeout", "60")
    assert ended(first)[0] == 0
    status, said = ended(second)
    assert status == 0
    assert f"waiting for its lock: {holder}" in said
    assert live_texts(sandbox) == Counter(POSTS)
    assert not (project / LOCK).exists()


@pytest.mark.parametrize(("one", "other"), [("press-1", "studio-2"), ("studio-2", "press-1")])
def test_a_lock_broken_under_a_running_apply_stops_it_and_every_post_is_there_once(
    sandbox: Sandbox, project: Path, start: Start, one: str, other: str
) -> None:
    first = in_the_middle(sandbox, project, start, one)
    status, said = ended(start(other, "state", "force-unlock"))
    assert (status, f"The lock of maria on {one} " in said) == (0, True)
    second = start(other, "apply", "--yes", "--first-run")
    status, said = ended(first)
    assert status == 4, "it had begun, and nothing of it had gone out"
    assert "the lock of this run was taken away: " in said
    assert "Nothing more was sent or recorded." in said
    assert ended(second)[0] == 0
    assert live_texts(sandbox) == Counter(POSTS)
    status, said = ended(start(one, "plan", "--detailed-exitcode"))
    assert (status, "No changes." in said) == (0, True)


def test_a_lock_of_a_process_that_was_killed_here_is_taken_over_without_a_word_from_anybody(
    sandbox: Sandbox, project: Path
) -> None:
    """The same machine can tell that its process is dead: here by the real ``/proc``."""
    sandbox.arm(Fault("create", FaultKind.SLOW, seconds=SLOW_SECONDS, times=len(POSTS)))
    command = [sys.executable, "-m", "threadsync", "--project", str(project), "apply", "--yes", "--first-run"]
    first = subprocess.Popen(command, env=ENVIRON, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until((project / LOCK).exists)
    first.kill()
    first.wait(PATIENCE_SECONDS)
    left = json.loads((project / LOCK).read_bytes())
    assert (left["pid"], left["boot_id"]) == (first.pid, LocalMachine().boot_id)
    again = subprocess.run(command, env=ENVIRON, capture_output=True, timeout=PATIENCE_SECONDS, check=False)
    assert again.returncode == 0, again.stderr.decode()
    assert live_texts(sandbox) == Counter(POSTS)


@pytest.mark.parametrize(
    ("boot_id", "said_of_it"),
    [
        ("another boot", "This machine has restarted since, or another one has its name."),
        ("{boot} pid:[1]", "ran in another container of this machine; only that one can tell."),
    ],
    ids=["another boot", "another container"],
)
def test_a_lock_of_this_host_that_nobody_here_can_judge_is_left_to_a_person(
    sandbox: Sandbox, project: Path, start: Start, boot_id: str, said_of_it: str
) -> None:
    here = LocalMachine().boot_id
    host = socket.gethostname()
    other_boot = boot_id.format(boot=here.split()[0])
    first = start(host, "apply", "--yes", "--first-run", boot_id=other_boot)
    until((project / LOCK).exists)
    first.kill()
    first.communicate(timeout=PATIENCE_SECONDS)
    status, said = ended(start(host, "apply", "--yes", "--first-run", boot_id=here))
    assert (status, said_of_it in said) == (1, True), said
    assert ended(start(host, "state", "force-unlock", boot_id=here))[0] == 0
    assert ended(start(host, "apply", "--yes", "--first-run", boot_id=here))[0] == 0
    assert live_texts(sandbox) == Counter(POSTS)
