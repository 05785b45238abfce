"""What makes a process look as if it ran on another system.

The libraries are loaded as they are here, and may keep what they hold. Then what that system lacks is
taken away, what it alone has is put there, and the package is loaded once more. It shows that no module
needs what is not there, and that the code for that system runs; not that the system does what we think.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import importlib
import os
import pkgutil
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

NOT_ON_WINDOWS = {
    "os": """O_NONBLOCK O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_SYNC O_DSYNC O_NOCTTY fdatasync fork forkpty
        killpg getuid geteuid getgid getegid getpgid getpgrp setsid setpgid getsid wait wait3 wait4 waitid
        chown lchown fchown fchmod mkfifo mknod uname statvfs fstatvfs pread pwrite readv writev posix_spawn
        nice getpriority getloadavg sync openpty ttyname tcgetpgrp pipe2 sendfile sysconf pathconf
        getgroups ctermid lockf sched_getaffinity confstr setuid setgid""",
    "signal": """SIGKILL SIGALRM SIGHUP SIGQUIT SIGUSR1 SIGUSR2 SIGCHLD SIGPIPE SIGTSTP SIGCONT setitimer
        getitimer ITIMER_REAL alarm pause pthread_kill pthread_sigmask sigwait siginterrupt""",
}
NOT_ON_MACOS = {"os": "fdatasync sched_getaffinity", "signal": ""}
NO_MODULES_ON_WINDOWS = ("fcntl", "termios", "tty", "pty", "pwd", "grp", "resource", "syslog", "readline")


def pretend(platform: str) -> None:
    """Let this process look as if it ran on *platform*, ``win32`` or ``darwin``."""
    load_all()
    for name in [name for name in sys.modules if name.partition(".")[0] == "threadsync"]:
        del sys.modules[name]
    sys.platform = platform
    for module, names in (NOT_ON_WINDOWS if platform == "win32" else NOT_ON_MACOS).items():
        for name in names.split():
            with contextlib.suppress(AttributeError):
                delattr(sys.modules[module], name)
    if platform == "win32":
        for name in NO_MODULES_ON_WINDOWS:
            sys.modules[name] = None  # type: ignore[assignment]  # as the import system has it
        _add_windows()
    else:
        fcntl.F_FULLFSYNC = -1  # type: ignore[attr-defined]  # refused, as by a disk that does not know it
    load_all()


def load_all() -> None:
    """Import every module of the package."""
    package = importlib.import_module("threadsync")
    for each in pkgutil.walk_packages(package.__path__, "threadsync."):
        if not each.name.endswith("__main__"):
            importlib.import_module(each.name)


def _add_windows() -> None:
    subprocess.Popen.kill = lambda self: self.send_signal(9)  # type: ignore[method-assign]  # no SIGKILL by name
    signal.SIGBREAK = signal.Signals.SIGUSR1  # type: ignore[attr-defined]
    signal.CTRL_BREAK_EVENT = signal.Signals.SIGUSR2  # type: ignore[attr-defined]
    msvcrt, winreg = ModuleType("msvcrt"), ModuleType("winreg")
    msvcrt.LK_NBLCK = 2  # type: ignore[attr-defined]
    msvcrt.locking = _locking  # type: ignore[attr-defined]
    winreg.KEY_READ = winreg.KEY_WOW64_64KEY = winreg.HKEY_LOCAL_MACHINE = 0  # type: ignore[attr-defined]
    winreg.OpenKey = lambda *_: contextlib.nullcontext()  # type: ignore[attr-defined]
    winreg.QueryValueEx = lambda *_: ("a-guid", 1)  # type: ignore[attr-defined]
    sys.modules |= {"msvcrt": msvcrt, "winreg": winreg}
    ctypes.WinDLL = lambda *_, **__: Kernel32()  # type: ignore[attr-defined]
    ctypes.get_last_error = lambda: 87  # type: ignore[attr-defined]


def _locking(descriptor: int, mode: int, length: int) -> None:
    """Refuse to lock what another one holds; nothing is locked twice through different descriptors."""
    assert (mode, length) == (2, 1)
    assert os.lseek(descriptor, 0, os.SEEK_CUR) > os.fstat(descriptor).st_size, "behind the end"
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Kernel32:
    """Windows' functions, answered from ``/proc``; each takes ``argtypes``, as those of ctypes do."""

    def __getattr__(self, name: str) -> object:
        def function(*arguments: object) -> int:
            return int(getattr(self, f"_{name}")(*arguments))

        setattr(self, name, function)
        return function

    def _OpenProcess(self, access: int, inherit: bool, pid: int) -> int:
        assert (access, inherit) == (0x1000, False)
        return pid if Path(f"/proc/{pid}").exists() else 0

    def _GetExitCodeProcess(self, process: int, code: object) -> int:
        zombie = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        code._obj.value = 1 if zombie else 259  # type: ignore[attr-defined]  # what byref() holds
        return 1

    def _GetProcessTimes(self, process: int, began: object, *_: object) -> int:
        ticks = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19])
        began._obj.dwLowDateTime = ticks  # type: ignore[attr-defined]
        return 1

    def _CloseHandle(self, process: int) -> int:
        return process
