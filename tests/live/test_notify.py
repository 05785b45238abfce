"""``notify:`` with real processes: runners that share a state tell once, and a signal ends a slow command."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from pathlib import Path

import pytest

from tests.live.forge import Forge, git
from tests.live.projects import ended, left_running, ran, started
from tests.live.waiting import until
from threadsync.sandbox.server import Sandbox
from threadsync.sandbox.threads import Fault, FaultKind

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(sys.platform == "win32", reason="the scripts are a POSIX shell's"),
    pytest.mark.skipif(
        shutil.which("git") is None, reason="not tested without git: runners that share a branch"
    ),
]

APPLY = ("apply", "--yes", "--first-run", "--allow-commands")
FAILURE, RECOVERY = ("failure", "threads/main", "account"), ("recovery", "threads/main", "account")


@pytest.fixture
def forge(sandbox: Sandbox, tmp_path: Path) -> Forge:
    """One post is out, another is to go, and the token does not work any more."""
    forge = Forge.made(tmp_path, sandbox, {"one": "Only once"})
    first = tmp_path / "first"
    with (first / "threadsync.yaml").open("a") as project:
        project.write(f"notify: {{command: '{tmp_path}/tell.sh'}}\n")
    script(tmp_path, f"cat >> {tmp_path}/told\necho >> {tmp_path}/told")
    assert ran(forge_clone(forge, "begin"), *APPLY)[0] == 0
    (first / "posts/two.md").write_text("---\nkey: two\ntargets: [threads/main]\n---\nThis one too\n")
    git(first, "add", ".")
    git(first, "commit", "--quiet", "--message=two")
    git(first, "push", "--quiet", str(forge.origin), "HEAD:main")
    sandbox.arm(Fault("any", FaultKind.TOKEN_EXPIRED, times=None))
    return forge


def forge_clone(forge: Forge, name: str) -> Path:
    """Clone what the first one has committed so far."""
    git(forge.root / "first", "add", ".")
    git(forge.root / "first", "commit", "--quiet", "--allow-empty", "--message=project")
    git(forge.root / "first", "push", "--quiet", str(forge.origin), "HEAD:main")
    return forge.clone(name)


def script(root: Path, body: str) -> None:
    (root / "tell.sh").write_text(f"#!/bin/sh\n{body}\n")
    (root / "tell.sh").chmod(0o755)


def told(root: Path) -> list[tuple[str, str, str]]:
    path = root / "told"
    lines = path.read_text().splitlines() if path.exists() else []
    found = [json.loads(line) for line in lines]
    return [(each["event"], each["target"], each["trouble"]) for each in found]


def test_two_runners_with_a_state_in_a_branch_tell_a_failure_once_and_its_recovery_once(
    forge: Forge, sandbox: Sandbox, tmp_path: Path
) -> None:
    one, two = forge.clone("a"), forge.clone("b")
    for folder, host in ((one, "press-1"), (two, "studio-2"), (one, "press-1")):
        assert ran(folder, *APPLY, host=host)[0] == 1
    assert told(tmp_path) == [FAILURE]
    sandbox.disarm()
    assert ran(two, *APPLY, host="studio-2")[0] == 0
    assert ran(one, *APPLY, host="press-1")[0] == 0
    assert told(tmp_path) == [FAILURE, RECOVERY]


def test_a_signal_ends_a_slow_command_and_the_next_apply_tells(forge: Forge, tmp_path: Path) -> None:
    folder = forge.clone("a")
    script(tmp_path, f"touch {tmp_path}/began\nsleep 300")
    process = started(folder, *APPLY)
    until((tmp_path / "began").exists, "the command at work")
    process.send_signal(signal.SIGTERM)
    status, said = ended(process)
    assert status not in {0, None}, said
    assert left_running(tmp_path / "tell.sh") == []
    script(tmp_path, f"cat >> {tmp_path}/told\necho >> {tmp_path}/told")
    assert ran(folder, *APPLY)[0] == 1
    assert told(tmp_path) == [FAILURE]


def test_without_the_flag_nothing_is_run_and_a_warning_says_why(forge: Forge, tmp_path: Path) -> None:
    status, said = ran(forge.clone("a"), *(word for word in APPLY if word != "--allow-commands"))
    assert (status, told(tmp_path)) == (1, [])
    assert "nobody was told of the failure of threads/main" in said
    assert "--allow-commands" in said


@pytest.mark.parametrize("command", [("plan",), ("validate",), ("status",), ("plan", "--refresh")])
def test_nothing_but_apply_runs_a_command(forge: Forge, tmp_path: Path, command: tuple[str, ...]) -> None:
    ran(forge.clone("a"), *command)
    assert told(tmp_path) == []
