"""Environments for clients that others wrote, each with one package.

One is made when it is first needed, and kept in ``.threadsync/venvs`` or where ``THREADSYNC_TEST_VENVS``
says. What cannot be had is not passed over in silence: the test is skipped, and says what is not checked.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

INSTALL_SECONDS_MAX = 300
UNREACHABLE = (
    "NewConnectionError",
    "ConnectTimeoutError",
    "Temporary failure in name resolution",
    "ProxyError",
)
"""What the installer says when it is not to blame."""
PYTHONS = tuple(f"python3.{minor}" for minor in range(11, 20))


def interpreter(
    package: str,
    *undeclared: str,
    python_min: tuple[int, int] = (3, 11),
    python_below: tuple[int, int] = (4, 0),
) -> Path:
    """Return the interpreter of an environment that holds *package*, ``NAME==VERSION``.

    What the package needs and does not name may be given besides, and which versions of Python it runs on.
    """
    found = _python(python_min, python_below)
    if found is None:
        pytest.skip(
            f"THE SANDBOX AND OUR CLIENT ARE NOT CHECKED AGAINST {package}: it needs a Python from "
            f"{'.'.join(map(str, python_min))} on, before {'.'.join(map(str, python_below))}; there is none"
        )
    python, version = found
    chosen = os.environ.get("THREADSYNC_TEST_VENVS")
    home = Path(chosen) if chosen else Path(__file__).parents[2] / ".threadsync" / "venvs"
    place = home / f"{package.replace('==', '-')}-py{version}"
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "ready").exists():
            _install(python, place, package, *undeclared)
            (place / "ready").touch()
    return place / "bin" / "python"


@cache
def _python(least: tuple[int, int], below: tuple[int, int]) -> tuple[str, str] | None:
    """Return a Python of these versions, and its version: the one that runs this, or one on the path."""
    others = (path for name in PYTHONS if (path := shutil.which(name)) is not None)
    for python in (sys.executable, *others):
        version = _version(python)
        if version is not None and least <= version < below:
            return python, f"{version[0]}.{version[1]}"
    return None


def _version(python: str) -> tuple[int, int] | None:
    """Return the version of *python*; None where it does not start, as what only stands for one does not."""
    asked = "import sys, venv, ensurepip; print(*sys.version_info[:2])"
    done = subprocess.run([python, "-c", asked], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        return None
    major, minor = done.stdout.split()
    return int(major), int(minor)


def _install(python: str, place: Path, package: str, *undeclared: str) -> None:
    subprocess.run([python, "-m", "venv", place], check=True, timeout=INSTALL_SECONDS_MAX)
    command = [place / "bin" / "python", "-m", "pip", "install", "--quiet", package, *undeclared]
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS_MAX, check=False)
    if done.returncode and any(sign in done.stderr for sign in UNREACHABLE):
        pytest.skip(
            f"THE SANDBOX AND OUR CLIENT ARE NOT CHECKED AGAINST {package}: "
            f"no registry can be reached\n{done.stderr}"
        )
    assert done.returncode == 0, done.stderr
