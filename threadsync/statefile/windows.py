"""What Windows tells of its processes: ``os.kill`` would end the one that it is asked about.

Written after the pages of OpenProcess, GetExitCodeProcess and GetProcessTimes at
learn.microsoft.com/windows/win32/api/processthreadsapi. Tested with a stand-in, never run on Windows.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from ctypes import wintypes

from msgspec import Struct

_MAY_ASK = 0x1000
"""PROCESS_QUERY_LIMITED_INFORMATION: the least right that tells whether it runs, and since when."""
_NO_SUCH_PROCESS = 87
"""ERROR_INVALID_PARAMETER, by which OpenProcess says that nobody has this id."""
_STILL_ACTIVE = 259
"""The exit code of a process that has none yet; an ended one stays visible while somebody holds it."""


class Kernel32(Struct, frozen=True):
    """The functions that are called; all but the last two return 0 where they fail."""

    open_process: Callable[[int, bool, int], int | None]
    exit_code: Callable[..., int]
    times: Callable[..., int]
    close: Callable[[int], int]
    last_error: Callable[[], int]


class WindowsSystem(Struct, frozen=True):
    """Windows: a process is told from a later one with its id by when it began, to 100 nanoseconds."""

    kernel32: Callable[[], Kernel32]
    machine_guid: Callable[[], str]

    def boot_id(self) -> str:
        """See ``System.boot_id``; what processes begin with holds across boots, so this is the machine's."""
        return self.machine_guid()

    def start(self, pid: int) -> str | None:
        """See ``System.start``."""
        kernel32 = self.kernel32()
        process = kernel32.open_process(_MAY_ASK, False, pid)
        if not process:
            return None if kernel32.last_error() == _NO_SUCH_PROCESS else ""
        try:
            code = wintypes.DWORD()
            if not kernel32.exit_code(process, ctypes.byref(code)):
                return ""
            if code.value != _STILL_ACTIVE:
                return None
            times = [wintypes.FILETIME() for _ in range(4)]  # began, ended, in the kernel, outside it
            if not kernel32.times(process, *map(ctypes.byref, times)):
                return ""
            return str(times[0].dwHighDateTime << 32 | times[0].dwLowDateTime)
        finally:
            kernel32.close(process)


def this_windows() -> WindowsSystem:
    """Return the Windows that this process runs on."""
    return WindowsSystem(_kernel32, _machine_guid)


def _kernel32() -> Kernel32:
    if sys.platform == "win32":
        library = ctypes.WinDLL("kernel32", use_last_error=True)
        time = ctypes.POINTER(wintypes.FILETIME)
        library.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
        library.OpenProcess.restype = wintypes.HANDLE
        library.GetExitCodeProcess.argtypes = (wintypes.HANDLE, ctypes.POINTER(wintypes.DWORD))
        library.GetProcessTimes.argtypes = (wintypes.HANDLE, time, time, time, time)
        library.CloseHandle.argtypes = (wintypes.HANDLE,)
        return Kernel32(
            library.OpenProcess,
            library.GetExitCodeProcess,
            library.GetProcessTimes,
            library.CloseHandle,
            ctypes.get_last_error,
        )
    else:  # noqa: RET505  (mypy checks the one branch that is this platform's)
        raise OSError("kernel32 is part of Windows")


def _machine_guid() -> str:
    if sys.platform == "win32":
        import winreg

        rights = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
        try:
            with winreg.OpenKey(
                winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography", 0, rights
            ) as key:
                return str(winreg.QueryValueEx(key, "MachineGuid")[0])
        except OSError:
            return ""
    else:
        return ""
