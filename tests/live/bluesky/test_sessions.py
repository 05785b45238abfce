"""Processes that share a session: one opens or renews it, and the others use what it got."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import threadsync as package
from tests.live.projects import ENVIRON
from tests.live.waiting import PATIENCE_SECONDS
from threadsync.sandbox.server import Sandbox, running
from threadsync.sandbox.settings import SandboxSettings

pytestmark = pytest.mark.live

HANDLE = "lift-report.test"
PROGRAM = """
import sys
from threadsync import Client
from threadsync.providers.bluesky import api

url, folder, handle = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
with Client(
    network="bluesky", identifier=handle, token=f"sandbox-{handle}", base_url=url, sessions=folder
) as client:
    print(client.run(api.get_session()).handle)
"""
PROCESSES = 4


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running(SandboxSettings(seed=7)) as found:
        yield found


def at_once(sandbox: Sandbox, folder: Path) -> list[str]:
    """Let several processes ask at once, and return what each was told."""
    arguments = [sys.executable, "-c", PROGRAM, sandbox.base_url, str(folder), HANDLE]
    environ = ENVIRON | {"PYTHONPATH": str(Path(package.__file__).parents[1])}
    processes = [
        subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ)
        for _ in range(PROCESSES)
    ]
    for each in processes:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in processes:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    return [each.communicate(timeout=PATIENCE_SECONDS)[0].strip() for each in processes]


def asked(sandbox: Sandbox) -> Counter[str]:
    return Counter(each.path.rpartition(".")[2] for each in sandbox.requests())


def test_processes_that_begin_together_log_in_once_and_one_renews_what_ended(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    assert at_once(sandbox, tmp_path) == [HANDLE] * PROCESSES
    assert asked(sandbox) == {"createSession": 1, "getSession": PROCESSES}
    (kept,) = tmp_path.glob("*.json")
    if sys.platform != "win32":
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    sandbox.engine.bluesky.expire_sessions(HANDLE)
    sandbox.engine.forget_requests()
    assert at_once(sandbox, tmp_path) == [HANDLE] * PROCESSES
    told = asked(sandbox)
    assert (told["createSession"], told["refreshSession"]) == (0, 1)
    assert PROCESSES < told["getSession"] <= 2 * PROCESSES, "each was sent again at most once"
