"""Who this process is, and which of its neighbours live: by this a lock left by a dead one is known.

Each kind of system is asked in its own way. The ways of macOS and Windows are written after their
documentation and tested with stand-ins; they were never run there (docs/platforms.md).
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct, field

ANSWER_SECONDS: Final = 5.0
"""How long a small program of the system may take to say what it knows of a process."""


class Machine(Protocol):
    """Who this process is, and which of its neighbours live."""

    @property
    def host(self) -> str:
        """The name of this machine."""
        ...

    @property
    def boot_id(self) -> str:
        """What tells this machine from others of its name, and its process ids from those of another boot.

        Empty where the machine cannot tell: then none of its processes is ever declared dead.
        """
        ...

    @property
    def pid(self) -> int:
        """The id of this process."""
        ...

    def process_start(self, pid: int) -> str | None:
        """Return when a process began, in the machine's own unit; None where there is no such process.

        Empty where the process lives and its start cannot be told.
        """
        ...


class System(Protocol):
    """What a kind of operating system tells of its processes."""

    def boot_id(self) -> str:
        """See ``Machine.boot_id``."""
        ...

    def start(self, pid: int) -> str | None:
        """See ``Machine.process_start``."""
        ...


class LinuxSystem:
    """Linux, by ``/proc``; any other Unix has none and declares nobody dead.

    The fields of ``/proc/PID/stat`` are those of the manual page proc(5): after the command in
    parentheses, the first is the state and the twentieth the start, in ticks since boot.
    """

    def boot_id(self) -> str:
        """See ``Machine.boot_id``; the process namespace belongs to it, since ids mean little across two."""
        try:
            boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
            return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
        except OSError:
            return ""

    def start(self, pid: int) -> str | None:
        """See ``Machine.process_start``."""
        if not _is_there(pid):
            return None
        try:
            line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""  # no /proc, or it hides other people's processes
        fields = line.rpartition(")")[2].split()
        return None if fields[0] in {"Z", "X"} else fields[19]


def answer(*command: str) -> str:
    """Return what *command* prints, in English and UTC; empty where it cannot be run."""
    try:
        done = subprocess.run(  # noqa: S603  (fixed words, and a number)
            command,
            env={"LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=ANSWER_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


class MacSystem(Struct, frozen=True):
    """macOS, which has no ``/proc``: by the programs sysctl(8) and ps(1) that come with it."""

    answer: Callable[..., str] = answer

    def boot_id(self) -> str:
        """See ``Machine.boot_id``: an id that is made anew at each boot."""
        return self.answer("/usr/sbin/sysctl", "-n", "kern.bootsessionuuid")

    def start(self, pid: int) -> str | None:
        """See ``Machine.process_start``; to the second, by the machine's clock."""
        if not _is_there(pid):
            return None
        said = self.answer("/bin/ps", "-o", "state=", "-o", "lstart=", "-p", str(pid))
        state, _, began = said.partition(" ")
        return None if state.startswith("Z") else " ".join(began.split())


def _is_there(pid: int) -> bool:
    """Whether there is such a process, a dead one included that nobody has asked after; not for Windows."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it lives and belongs to somebody else
    return True


def _this_system() -> System:
    if sys.platform == "win32":
        from threadsync.statefile.windows import this_windows

        return this_windows()
    elif sys.platform == "darwin":  # noqa: RET505  (mypy checks the one branch that is this platform's)
        return MacSystem()
    else:
        return LinuxSystem()


class LocalMachine(Struct, frozen=True):
    """This machine."""

    system: System = field(default_factory=_this_system)

    @property
    def host(self) -> str:
        """See ``Machine.host``."""
        return socket.gethostname()

    @property
    def boot_id(self) -> str:
        """See ``Machine.boot_id``."""
        return self.system.boot_id()

    @property
    def pid(self) -> int:
        """See ``Machine.pid``."""
        return os.getpid()

    def process_start(self, pid: int) -> str | None:
        """See ``Machine.process_start``."""
        return self.system.start(pid)
