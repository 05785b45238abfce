"""What is written for macOS and Windows, on what looks like them: see ``as_platform`` for what it shows.

What could be run on the real ones is in no test: docs/platforms.md says so.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.live.projects import ENVIRON, ROOT, project_into, published
from tests.live.waiting import PATIENCE_SECONDS
from threadsync.sandbox.server import Sandbox

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(sys.platform != "linux", reason="Linux plays the other two"),
]
PLATFORMS = pytest.mark.parametrize("platform", ["darwin", "win32"])


def run(code: str, *arguments: str) -> list[str]:
    """Return the lines that *code* prints in a process of its own, which must end well."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=ENVIRON, cwd=ROOT, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


COMMANDS = """
import sys
from tests.live.as_platform import pretend
platform, folder = sys.argv[1:]
pretend(platform)
from click.testing import CliRunner
from threadsync.cli import root

def ran(*arguments):
    done = CliRunner().invoke(root, ["--project", folder, *arguments])
    print(arguments[0], done.exit_code, "No changes." in done.output)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception

ran("--help")
ran("validate")
ran("plan", "--detailed-exitcode")
ran("apply", "--yes", "--first-run")
ran("plan", "--detailed-exitcode")
"""


@PLATFORMS
def test_every_module_and_the_everyday_commands_work_without_what_only_linux_has(
    platform: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Lock, journal, replace and receipts too: the next plan has nothing to do."""
    project_into(tmp_path, sandbox, {"one": "First.", "two": "Second."})
    (tmp_path / "posts/one.md").write_bytes((tmp_path / "posts/one.md").read_bytes().replace(b"\n", b"\r\n"))
    assert run(COMMANDS, platform, str(tmp_path)) == [
        "--help 0 False",
        "validate 0 False",
        "plan 3 False",
        "apply 0 False",
        "plan 0 True",
    ]
    assert published(sandbox) == Counter(["First.", "Second."])
    assert not (tmp_path / "state/threadsync.json.lock").exists()


LOCKED = """
import json, subprocess, sys
from tests.live.as_platform import pretend
pretend(sys.argv[1])
from datetime import UTC, datetime
from threadsync.statefile.lock import Holder, is_dead, lock_bytes, parse_lock
from threadsync.statefile.machine import LocalMachine

machine = LocalMachine()
child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
found = [machine.process_start(child.pid)]
child.communicate()
found += [machine.process_start(child.pid), machine.process_start(machine.pid)]
mine = parse_lock(lock_bytes(machine, "nonce", Holder("maria", "apply", datetime.now(UTC))))
print(json.dumps([found, machine.boot_id, is_dead(machine, mine)]))
"""


@PLATFORMS
def test_the_living_and_the_dead_are_told_apart(platform: str) -> None:
    (living, dead, own), boot_id, is_dead = json.loads(run(LOCKED, platform)[-1])
    assert (dead, is_dead) == (None, False)
    assert living
    assert own
    assert boot_id == ("a-guid" if platform == "win32" else ""), "Linux knows no kern.bootsessionuuid"


WINDOWS = """
import signal, sys
from tests.live.as_platform import pretend
pretend("win32")
from collections import Counter
from pathlib import Path
from threadsync.cli._signals import NUMBERS, Signals
from threadsync.cli.chaos_choices import Kill, choose
from threadsync.cli.chaos_state import clear
from threadsync.execution.clock import SystemClock
from threadsync.sandbox.datafolder import DataFolder
from threadsync.sandbox.problems import DataInUse
from threadsync.statefile.processes import started

folder = Path(sys.argv[1])
first = DataFolder(folder)
try:
    DataFolder(folder)
except DataInUse:
    print("held")
first.close()
DataFolder(folder).close()

command = ["sh", "-c", "trap 'exit 3' USR2; echo; while :; do sleep 0.01; done"]
with started(command, {"PATH": "/usr/bin:/bin"}) as process:
    process.stdout.readline()
print("ended with", process.returncode)

with Signals(), Signals().asking():
    print("asked", signal.SIGBREAK in NUMBERS)
strikes = [choose(Kill.RANDOM, seed=seed, place="", run=1) for seed in range(100)]
sent = Counter(each.signal for each in strikes)
print("struck", sent[signal.SIGTERM] > sent[signal.CTRL_BREAK_EVENT] > 0)

(folder / "object").write_bytes(b"")
(folder / "object").chmod(0o400)
rights = []
chmod = Path.chmod
Path.chmod = lambda self, mode: (rights.append(self.name), chmod(self, mode))
clear(folder, SystemClock())
print("cleared", not folder.exists(), "object" in rights)
"""


def test_what_windows_does_in_another_way(tmp_path: Path) -> None:
    """A byte is locked, Ctrl-Break asks, TerminateProcess kills, and what is read-only is made writable."""
    assert run(WINDOWS, str(tmp_path / "data")) == [
        "held",
        "ended with 3",
        "asked True",
        "struck True",
        "cleared True True",
    ]
