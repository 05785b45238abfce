"""Who lives on this machine: asked of the real one, and of stand-ins for the systems that are not here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from threadsync.statefile.machine import LocalMachine, MacSystem, answer
from threadsync.statefile.windows import Kernel32, WindowsSystem

ME = os.getpid()

# This machine


def test_this_process_lives_and_keeps_its_start() -> None:
    machine = LocalMachine()
    assert machine.pid == os.getpid()
    assert machine.process_start(machine.pid) == machine.process_start(machine.pid)
    assert machine.process_start(machine.pid) is not None
    assert machine.host
    assert machine.boot_id == LocalMachine().boot_id


def test_a_process_that_ended_is_dead_even_before_it_is_reaped() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert LocalMachine().process_start(child.pid) is not None
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.close()
    child.stdout.read()  # returns when the process has closed its output, at its end
    child.stdout.close()
    if Path("/proc/self/stat").exists():
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert LocalMachine().process_start(child.pid) is None, "a zombie is dead"
    child.wait()
    assert LocalMachine().process_start(child.pid) is None


# macOS


class Programs:
    """What sysctl and ps say."""

    def __init__(self, said: str) -> None:
        self.said = said
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, *command: str) -> str:
        self.asked.append(command)
        return self.said


def test_a_mac_tells_its_boot_by_the_id_of_the_session() -> None:
    programs = Programs("B2A9")
    assert LocalMachine(MacSystem(programs)).boot_id == "B2A9"
    assert programs.asked == [("/usr/sbin/sysctl", "-n", "kern.bootsessionuuid")]


@pytest.mark.parametrize(
    ("said", "start"),
    [
        ("Ss   Mon  3 Aug 09:15:00 2026", "Mon 3 Aug 09:15:00 2026"),
        ("Z    Mon  3 Aug 09:15:00 2026", None),
        ("", ""),
    ],
    ids=["it lives", "it is dead, and nobody has asked after it", "ps says nothing"],
)
def test_a_mac_tells_since_when_a_process_lives(said: str, start: str | None) -> None:
    assert LocalMachine(MacSystem(Programs(said))).process_start(ME) == start


def test_a_mac_asks_nobody_about_a_process_that_is_not_there(ended: int) -> None:
    programs = Programs("S Mon 3 Aug 09:15:00 2026")
    assert LocalMachine(MacSystem(programs)).process_start(ended) is None
    assert programs.asked == []


@pytest.mark.skipif(
    shutil.which("ps") != "/usr/bin/ps",
    reason="not tested without a ps like macOS's",
)
def test_a_real_ps_understands_the_question() -> None:
    said = MacSystem().start(ME)
    assert said is not None
    assert said.split()[-1].isdigit(), f"{said} ends with the year"
    assert said == MacSystem().start(ME)


def test_a_program_that_is_not_there_says_nothing() -> None:
    assert answer("/nowhere/ps") == ""


# Windows


def windows(
    *, handle: int = 7, error: int = 0, code: int = 259, asks: int = 1
) -> tuple[WindowsSystem, list[int]]:
    """Return a Windows with one process, and the handles that were closed."""
    closed: list[int] = []

    def exit_code(_: int, found: object) -> int:
        found._obj.value = code  # type: ignore[attr-defined]  # what byref() holds
        return asks

    def times(_: int, began: object, *__: object) -> int:
        began._obj.dwHighDateTime, began._obj.dwLowDateTime = 1, 2  # type: ignore[attr-defined]
        return asks

    def close(process: int) -> int:
        closed.append(process)
        return 1

    kernel32 = Kernel32(lambda *_: handle, exit_code, times, close, lambda: error)
    return WindowsSystem(lambda: kernel32, lambda: "guid"), closed


@pytest.mark.parametrize(
    ("found", "start"),
    [
        (windows(), str((1 << 32) + 2)),
        (windows(code=1), None),
        (windows(handle=0, error=87), None),
        (windows(handle=0, error=5), ""),
        (windows(asks=0), ""),
    ],
    ids=["it lives", "it has ended, and somebody holds it", "there is none", "it is another's", "no answer"],
)
def test_windows_tells_since_when_a_process_lives(
    found: tuple[WindowsSystem, list[int]], start: str | None
) -> None:
    """One that nothing can be told of counts as alive."""
    system, closed = found
    assert LocalMachine(system).process_start(ME) == start
    assert system.boot_id() == "guid"
    assert closed in ([], [7]), "what was opened is closed, once"


@pytest.fixture
def ended() -> int:
    """The id of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid
