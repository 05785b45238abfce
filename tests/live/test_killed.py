"""Real processes that want the same state at once; what kills do to it, test_chaos.py shows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.live.projects import ended, project_into, published, started
from tests.live.waiting import PATIENCE_SECONDS, until, until_said
from threadsync.sandbox.server import Sandbox
from threadsync.sandbox.threads import Fault, FaultKind

pytestmark = pytest.mark.live


def test_two_applies_at_once_one_works_and_the_other_says_who_holds_the_lock(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    project_into(tmp_path, sandbox, {"a": "Only once"})
    sandbox.arm(Fault("create", FaultKind.SLOW, seconds=PATIENCE_SECONDS))
    first = started(tmp_path, "apply", "--yes", "--first-run")
    until((tmp_path / "state/threadsync.json.lock").exists, "the lock of the first apply")
    status, said = ended(started(tmp_path, "apply", "--yes", "--first-run"))
    assert status == 1
    for words in (f"process {first.pid}", "threadsync apply", "--lock-timeout", "state force-unlock"):
        assert words in said
    third = started(tmp_path, "apply", "--yes", "--lock-timeout", "60")
    until_said("waiting for its lock", third.stdout)
    sandbox.disarm()
    assert [ended(each)[0] for each in (first, third)] == [0, 0]
    assert published(sandbox) == Counter(["Only once"])
