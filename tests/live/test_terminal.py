"""apply at a real terminal (a pty) and under real signals."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.projects import ENVIRON, command, project_into, published, ran, started
from tests.live.waiting import PATIENCE_SECONDS, until, until_said
from threadsync.sandbox.server import Sandbox
from threadsync.sandbox.threads import Fault, FaultKind

pytestmark = pytest.mark.live

CONTROL_C = "\x03"


def project(root: Path, sandbox: Sandbox, *keys: str, account: str = "account: main") -> None:
    project_into(root, sandbox, {key: f"Post {key}" for key in keys}, account=account)


BECOMES = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Makes standard input the terminal of the session, whose keys send signals, and becomes the command."""


class AtTerminal:
    """A process whose standard input, output and error are one terminal, which it is in charge of."""

    def __init__(self, root: Path, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", BECOMES, *command(root, *arguments)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**ENVIRON, "HOME": str(root)},
            start_new_session=True,
        )
        os.close(slave)
        self.seen = ""

    def until(self, text: str) -> None:
        """Read on until *text* has come."""
        until(lambda: text in self.seen or not self._read(), repr(text), lambda: self.seen)
        assert text in self.seen, self.seen

    def _read(self) -> bool:
        if not self._more():
            return True
        try:
            read = os.read(self.master, 65536)
        except OSError:  # the other side is closed
            return False
        self.seen += read.decode(errors="replace").replace("\r\n", "\n")
        return bool(read)

    def _more(self) -> bool:
        return bool(select.select([self.master], [], [], 0.2)[0])

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def ended(self) -> int:
        """Read to the end and return the exit status."""
        until(lambda: not self._read() or self.process.poll() is not None, "its end", lambda: self.seen)
        until(lambda: not self._read() or not self._more(), "the end of what it says", lambda: self.seen)
        status = self.process.wait(PATIENCE_SECONDS)
        os.close(self.master)
        return status


def live(sandbox: Sandbox) -> list[str]:
    return sorted(published(sandbox).elements())


def test_a_person_says_yes_to_each_question(tmp_path: Path, sandbox: Sandbox) -> None:
    """Laws 7 and 8: the first run and the account are confirmed by name, then the plan as a whole."""
    project(tmp_path, sandbox, "one", account="since: 2026-01-01 00:00")
    (tmp_path / "threadsync.yaml").write_text((tmp_path / "threadsync.yaml").read_text() + "zone: UTC\n")
    terminal = AtTerminal(tmp_path, "apply")
    terminal.until("Is this the first run, publishing 1 post on threads/main? [y/N]: ")
    terminal.type("y\n")
    terminal.until("Is threads/main that account? [y/N]: ")
    assert "opens @main (" in terminal.seen
    terminal.type("y\n")
    terminal.until("Carry out this action? [y/N]: ")
    assert "│ Post one" in terminal.seen
    assert live(sandbox) == []
    terminal.type("y\n")
    assert terminal.ended() == 0
    assert "\x1b[32mapplied     + create  one@threads/main\x1b[0m" in terminal.seen
    assert live(sandbox) == ["Post one"]


@pytest.mark.parametrize("verb", ["insights", "refresh"])
def test_a_command_that_reads_says_so_while_it_does(tmp_path: Path, sandbox: Sandbox, verb: str) -> None:
    project(tmp_path, sandbox, "one")
    assert ran(tmp_path, "apply", "--yes", "--first-run")[0] == 0
    terminal = AtTerminal(tmp_path, verb)
    assert terminal.ended() == 0
    assert "reading the account" in terminal.seen
    assert "finished" not in terminal.seen, "nothing is under way"
    assert "reading the account" not in ran(tmp_path, verb)[1]


def test_enter_means_no(tmp_path: Path, sandbox: Sandbox) -> None:
    project(tmp_path, sandbox, "one")
    terminal = AtTerminal(tmp_path, "apply", "--first-run")
    terminal.until("Carry out this action? [y/N]: ")
    terminal.type("\n")
    assert terminal.ended() == 1
    assert "Nothing was done." in terminal.seen
    assert live(sandbox) == []


def test_control_c_at_a_question_ends_it(tmp_path: Path, sandbox: Sandbox) -> None:
    project(tmp_path, sandbox, "one")
    terminal = AtTerminal(tmp_path, "apply", "--first-run")
    terminal.until("Carry out this action? [y/N]: ")
    terminal.type(CONTROL_C)
    assert terminal.ended() == 1
    assert "Stopped. Nothing is lost: run the command again." in terminal.seen
    assert "Traceback" not in terminal.seen
    assert live(sandbox) == []


def applying(root: Path) -> subprocess.Popen[str]:
    return started(root, "apply", "--yes", "--first-run", stderr=subprocess.PIPE)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_finishes_what_is_under_way_and_the_next_run_goes_on(
    tmp_path: Path, sandbox: Sandbox, number: signal.Signals
) -> None:
    """Law 16."""
    project(tmp_path, sandbox, "one", "two")
    sandbox.arm(Fault("publish", FaultKind.SLOW, times=None, seconds=PATIENCE_SECONDS))
    process = applying(tmp_path)
    until(lambda: bool(live(sandbox)), "the first post")
    process.send_signal(number)
    until_said("Stopping: what is under way is finished or put on record.", process.stderr)
    sandbox.disarm()
    output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 4, output + errors
    again = applying(tmp_path)
    output, errors = again.communicate(timeout=PATIENCE_SECONDS)
    assert again.returncode == 0, output + errors
    assert live(sandbox) == ["Post one", "Post two"]


def test_a_second_signal_ends_it_at_once_and_nothing_is_published_twice(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    project(tmp_path, sandbox, "one")
    sandbox.arm(Fault("publish", FaultKind.SLOW, seconds=PATIENCE_SECONDS))
    process = applying(tmp_path)
    until(lambda: bool(live(sandbox)), "the first post")
    process.send_signal(signal.SIGTERM)
    until_said("Stopping: ", process.stderr)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 128 + signal.SIGTERM
    sandbox.disarm()
    again = applying(tmp_path)
    output, errors = again.communicate(timeout=PATIENCE_SECONDS)
    assert again.returncode == 0, output + errors
    assert live(sandbox) == ["Post one"]
