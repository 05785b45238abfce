"""The workflows of the README: their steps in a shell, on checkouts as a runner has them.

Its tour is run by tests/test_documented_commands.py.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.live.forge import STATE, Forge, git
from tests.live.projects import (
    ENVIRON,
    ROOT,
    asked,
    assert_done,
    ended,
    posts_into,
    published,
    ran,
)
from tests.live.waiting import until
from threadsync.sandbox.server import Sandbox
from threadsync.sandbox.threads import Fault, FaultKind

README = (ROOT / "README.md").read_text()
SECONDS = 120

pytestmark = pytest.mark.live


def workflow(name: str) -> dict[str, Any]:
    """Return the workflow of that name; YAML 1.1 reads its `on:` as true."""
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)]
    (found,) = [block for block in blocks if block.get("name") == name]
    assert isinstance(found, dict)
    return found


def test_the_workflow_is_yaml_and_its_commands_exist() -> None:
    runs = [step["run"] for step in workflow("posts")["jobs"]["plan"]["steps"] if "run" in step]
    assert [run.split()[1] for run in runs if run.startswith("threadsync")] == ["validate", "plan"]


RUNNER = """\
#!/bin/sh
exec "{python}" -m tests.live.as_host "$RUNNER" "boot of $RUNNER" "$@"
"""


@pytest.mark.skipif(shutil.which("git") is None, reason="not tested without git: the workflow that applies")
class TestApplyFromCi:
    """The workflow's steps in a shell, as a runner runs them: one checkout a job, nothing left of it."""

    def forge(self, tmp_path: Path, sandbox: Sandbox) -> Forge:
        forge = Forge.made(tmp_path, sandbox, {"one": "Only once", "two": "This one too"})
        (tmp_path / "bin").mkdir()
        shim = tmp_path / "bin/threadsync"
        shim.write_text(RUNNER.format(python=sys.executable))
        shim.chmod(0o755)
        return forge

    def started(self, forge: Forge, runner: str, words: str = "") -> subprocess.Popen[str]:
        """Run all steps on a new *runner*; installing threadsync is what test_wheel.py does."""
        steps = [step for step in workflow("apply")["jobs"]["apply"]["steps"] if "run" in step]
        assert [step["run"].split()[0] for step in steps] == ["pip", "exec"]
        checkout = forge.checkout(runner)
        script = forge.root / f"{runner}.sh"
        script.write_text(f"{steps[1]['run'].partition('#')[0]} {words}\n")
        assert steps[1]["env"] == {"THREADS_TOKEN": "${{ secrets.THREADS_TOKEN }}"}
        environ = {
            **ENVIRON,
            "PATH": f"{forge.root / 'bin'}:{ENVIRON['PATH']}",
            "RUNNER": runner,
            "CI": "true",
        }
        return subprocess.Popen(
            ["bash", "-e", str(script)], env=environ, cwd=checkout,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def test_it_applies_what_was_merged_changes_nothing_again_and_goes_on_after_a_lost_runner(
        self, tmp_path: Path, sandbox: Sandbox
    ) -> None:
        forge = self.forge(tmp_path, sandbox)
        by_hand = forge.clone("by-hand")
        assert ran(by_hand, "apply", "--yes", "--first-run", "one")[0] == 0
        status, said = ended(self.started(forge, "runner-1"))
        assert (status, "1 applied" in said) == (0, True), said
        tip = forge.tip()
        status, said = ended(self.started(forge, "runner-2"))
        assert (status, "No changes." in said, forge.tip()) == (0, True, tip), said

        posts_into(by_hand, {"chain": "First part\n\n---\n\nSecond part", "three": "The third one"})
        git(by_hand, "add", ".")
        git(by_hand, "commit", "--quiet", "--message=more")
        git(by_hand, "push", "--quiet", "origin", "HEAD:main")
        lost = self.started(forge, "runner-3")
        until(lambda: lost.poll() is not None or published(sandbox).total() >= 3, "a third post, or its end")
        lost.kill()
        lost.communicate(timeout=SECONDS)
        status, said = ended(self.started(forge, "runner-4", "--lock-timeout 0"))
        assert (status, "is locked by maria on runner-3" in said) == (1, True), said
        assert ran(by_hand, "state", "force-unlock")[0] == 0
        status, said = ended(self.started(forge, "runner-5"))
        assert status == 0, said
        texts = ["Only once", "This one too", "First part", "Second part", "The third one"]
        assert_done(by_hand, sandbox, texts)

    def test_a_cancelled_job_reaches_apply_through_the_shell_of_its_step(
        self, tmp_path: Path, sandbox: Sandbox
    ) -> None:
        """The runner of GitHub signals the process of the step: without `exec`, bash keeps it to itself."""
        forge = self.forge(tmp_path, sandbox)
        sandbox.arm(Fault("create", FaultKind.SLOW, seconds=10))
        job = self.started(forge, "runner-1", "--first-run")
        until(lambda: asked(sandbox, "POST", "/threads") >= 1, "the first container asked for")
        job.send_signal(signal.SIGINT)
        status, said = ended(job)
        assert (status, "Stopping: what is under way" in said, "interrupted" in said) == (4, True, True)
        assert forge.names() <= {STATE}, "the lock is given back"
