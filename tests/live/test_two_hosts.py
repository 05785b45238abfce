"""Two hosts with one folder: one works, the other says who holds the lock; a broken lock stops its run.

Real processes, sockets and files; only the names of the machines are made up. The witness is the
sandbox's own ledger.
"""

from __future__ import annotations

import json
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.live.projects import ENVIRON, asked, command, ended, project_into, published, started
from tests.live.waiting import PATIENCE_SECONDS, until, until_said
from threadsync.sandbox.server import Sandbox
from threadsync.sandbox.threads import Fault, FaultKind
from threadsync.statefile.machine import LocalMachine

pytestmark = pytest.mark.live

POSTS = {"one": "Only once", "two": "This one too"}
LOCK = "state/threadsync.json.lock"


@pytest.fixture
def project(sandbox: Sandbox, tmp_path: Path) -> Path:
    project_into(tmp_path, sandbox, POSTS)
    return tmp_path


class Start(Protocol):
    def __call__(self, host: str, *arguments: str, boot_id: str = "") -> subprocess.Popen[str]: ...


@pytest.fixture
def start(project: Path) -> Iterator[Start]:
    """Start a command on a host; each host has a boot id of its own."""
    processes: list[subprocess.Popen[str]] = []

    def begin(host: str, *arguments: str, boot_id: str = "") -> subprocess.Popen[str]:
        processes.append(started(project, *arguments, host=host, boot_id=boot_id))
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.communicate(timeout=PATIENCE_SECONDS)


def in_the_middle(sandbox: Sandbox, project: Path, start: Start, host: str) -> subprocess.Popen[str]:
    """Start an apply on *host*, and return when it holds the lock and waits for a slow network."""
    sandbox.arm(Fault("create", FaultKind.SLOW, seconds=PATIENCE_SECONDS, times=len(POSTS)))
    process = start(host, "apply", "--yes", "--first-run")
    until(lambda: asked(sandbox, "POST", "threads") >= 2, "a container asked for each post")
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
    until_said(f"waiting for its lock: {holder}", second.stdout)
    sandbox.disarm()
    assert ended(first)[0] == 0
    assert ended(second)[0] == 0
    assert published(sandbox) == Counter(POSTS.values())
    assert not (project / LOCK).exists()


@pytest.mark.parametrize(("one", "other"), [("press-1", "studio-2"), ("studio-2", "press-1")])
def test_a_lock_broken_under_a_running_apply_stops_it_and_every_post_is_there_once(
    sandbox: Sandbox, project: Path, start: Start, one: str, other: str
) -> None:
    first = in_the_middle(sandbox, project, start, one)
    status, said = ended(start(other, "state", "force-unlock"))
    assert (status, f"The lock of maria on {one} " in said) == (0, True)
    second = start(other, "apply", "--yes", "--first-run")
    sandbox.disarm()
    status, said = ended(first)
    assert status == 4, "it had begun, and nothing of it had gone out"
    assert "the lock of this run was taken away: " in said
    assert "Nothing more was sent or recorded." in said
    assert ended(second)[0] == 0
    assert published(sandbox) == Counter(POSTS.values())
    status, said = ended(start(one, "plan", "--detailed-exitcode"))
    assert (status, "No changes." in said) == (0, True)


def test_a_lock_of_a_process_that_was_killed_here_is_taken_over_without_a_word_from_anybody(
    sandbox: Sandbox, project: Path
) -> None:
    """The same machine can tell that its process is dead: here by the real ``/proc``."""
    sandbox.arm(Fault("create", FaultKind.SLOW, seconds=PATIENCE_SECONDS, times=len(POSTS)))
    apply = command(project, "apply", "--yes", "--first-run")
    first = subprocess.Popen(apply, env=ENVIRON, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until((project / LOCK).exists, "the lock of the first apply")
    first.kill()
    first.wait(PATIENCE_SECONDS)
    sandbox.disarm()
    left = json.loads((project / LOCK).read_bytes())
    assert (left["pid"], left["boot_id"]) == (first.pid, LocalMachine().boot_id)
    again = subprocess.run(apply, env=ENVIRON, capture_output=True, timeout=PATIENCE_SECONDS, check=False)
    assert again.returncode == 0, again.stderr.decode()
    assert published(sandbox) == Counter(POSTS.values())


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
    sandbox.arm(Fault("create", FaultKind.SLOW, seconds=PATIENCE_SECONDS, times=len(POSTS)))
    first = start(host, "apply", "--yes", "--first-run", boot_id=other_boot)
    until((project / LOCK).exists, "the lock of the first apply")
    first.kill()
    first.communicate(timeout=PATIENCE_SECONDS)
    sandbox.disarm()
    status, said = ended(start(host, "apply", "--yes", "--first-run", boot_id=here))
    assert (status, said_of_it in said) == (1, True), said
    assert ended(start(host, "state", "force-unlock", boot_id=here))[0] == 0
    assert ended(start(host, "apply", "--yes", "--first-run", boot_id=here))[0] == 0
    assert published(sandbox) == Counter(POSTS.values())
