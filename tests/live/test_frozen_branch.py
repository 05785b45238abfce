"""A freeze and a withdrawal reach every runner that shares the branch: real git, real processes."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.live.forge import BRANCH, Forge, git
from tests.live.projects import asked, published, ran
from threadsync.sandbox.server import Sandbox

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        shutil.which("git") is None, reason="not tested without git: runners that share a branch"
    ),
]


def test_what_one_freezes_and_takes_down_no_other_runner_brings_back(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    forge = Forge.made(tmp_path, sandbox, {"one": "Only once"})
    assert ran(forge.checkout("runner-1"), "apply", "--yes", "--first-run")[0] == 0
    phone = forge.checkout("phone")
    before = int(git(forge.origin, "rev-list", "--count", BRANCH))
    assert ran(phone, "freeze", "--why", "wrong account")[0] == 0
    pushes = int(git(forge.origin, "rev-list", "--count", BRANCH)) - before
    assert pushes == 2, "one for the lock, one for the freeze"

    requests = asked(sandbox, "GET", "/")
    status, said = ran(forge.checkout("runner-2"), "apply", "--yes")
    assert status == 2
    assert "(wrong account)" in said
    assert asked(sandbox, "GET", "/") == requests

    assert ran(phone, "withdraw", "one@threads/main", "--yes")[0] == 0
    assert published(sandbox) == Counter()
    assert ran(phone, "unfreeze")[0] == 0
    status, said = ran(forge.checkout("runner-3"), "apply", "--yes")
    assert (status, "was-taken-down" in said) == (0, True)
    assert published(sandbox) == Counter()
