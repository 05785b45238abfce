"""``safety.apply_from`` as a person and a runner meet it: the real program, real clones, exit statuses.

The target is a real network's, and its credential is nowhere: an apply that may go on ends there, unsent.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.live.forge import Forge, git
from tests.live.projects import ran
from threadsync.sandbox.server import Sandbox

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("git") is None, reason="not tested without git: safety.apply_from"),
]

PROJECT = """\
version: 1
id: live
posts: posts
state: state/threadsync.json
targets:
  threads/main: {account: main, credential: env:NOT_THERE}
safety: {apply_from: {branch: main, clean: true}}
"""
APPLY = ("apply", "--yes", "--first-run")


@pytest.fixture
def forge(sandbox: Sandbox, tmp_path: Path) -> Forge:
    forge = Forge.made(tmp_path, sandbox, {"one": "Only once"})
    (tmp_path / "first/threadsync.yaml").write_text(PROJECT)
    git(tmp_path / "first", "commit", "--quiet", "--all", "--message=real")
    git(tmp_path / "first", "push", "--quiet", str(forge.origin), "HEAD:main")
    return forge


def test_a_clone_on_the_branch_and_a_runner_at_its_tip_go_on(forge: Forge) -> None:
    for folder in (forge.clone("laptop"), forge.checkout("runner")):
        status, said = ran(folder, *APPLY)
        assert (status, "NOT_THERE" in said, "apply_from" in said) == (1, True, False), said


def test_a_draft_branch_ends_with_2_one_message_and_nothing_written(forge: Forge) -> None:
    laptop = forge.clone("laptop")
    git(laptop, "switch", "--quiet", "-c", "draft")
    (laptop / "posts/two.md").write_text("---\nkey: two\ntargets: [threads/main]\n---\nA draft\n")
    git(laptop, "add", ".")
    git(laptop, "commit", "--quiet", "--message=draft")
    status, said = ran(laptop, *APPLY)
    assert (status, said.count("safety.apply_from"), "NOT_THERE" in said) == (2, 1, False), said
    assert "merged into main" in " ".join(said.split())
    assert git(laptop, "status", "--porcelain") == ""
    status, said = ran(laptop, "plan")
    assert (status, "would refuse to run from here" in " ".join(said.split())) == (0, True), said


def test_a_post_that_nobody_committed_ends_with_2(forge: Forge) -> None:
    laptop = forge.clone("laptop")
    (laptop / "posts/two.md").write_text("---\nkey: two\ntargets: [threads/main]\n---\nQuick\n")
    status, said = ran(laptop, *APPLY)
    assert (status, "posts/two.md differs from the commit" in " ".join(said.split())) == (2, True), said
