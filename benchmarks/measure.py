"""Run a command in a process of its own and see what it took; two of them in turns, to compare them.

A process begins with the peak memory of the one that started it, so what is measured is started by a Python
that has next to nothing loaded.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.rows import Sample

ROOT = Path(__file__).parents[1]
_BYTES_PER_KIBIBYTE = 1024  # ru_maxrss is in KiB on Linux
_STARTER = """
import json, os, sys, time
to = [
    (os.POSIX_SPAWN_OPEN, 1, sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
]
began = time.perf_counter()
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ, file_actions=to)
_, status, used = os.wait4(child, 0)
took = time.perf_counter() - began
print(json.dumps([took, used.ru_maxrss, os.waitstatus_to_exitcode(status)]))
"""


WRAPPER = """\
#!{python}
import sys
from threadsync.__main__ import main
if __name__ == '__main__':
    sys.argv[0] = sys.argv[0].removesuffix('.exe')
    sys.exit(main())
"""
"""What pip 26 installs as ``threadsync``; older ones import ``re`` here, which costs more than our start."""


@dataclass(frozen=True, slots=True)
class Used:
    """What a process took, from its start to its end."""

    seconds: float
    peak_mb: float


Pairs = tuple[tuple[Used, Used], ...]
"""Ours and the other side, as often as they were measured."""


def environ() -> Mapping[str, str]:
    """Return the environment of what is measured: this very threadsync, and no terminal.

    Its bytecode is used and kept, as that of what pip installs is, whatever holds for who measures.
    """
    own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**own, "PYTHONPATH": str(ROOT)}


@cache
def installed(folder: Path) -> str:
    """Compile threadsync and write the script that starts it into *folder*, as pip does; return its path."""
    compiling = (sys.executable, "-m", "compileall", "-q", str(ROOT / "threadsync"))
    subprocess.run(compiling, env=environ(), check=True)
    return script(folder / "threadsync", WRAPPER.format(python=sys.executable))


def script(path: Path, text: str) -> str:
    """Write a program to *path*, and return how it is run."""
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def used(command: Sequence[str], folder: Path, output: Path = Path(os.devnull)) -> Used:
    """Run *command* in *folder*, with what it prints written to *output*, and return what it took.

    Raises:
        RuntimeError: it ended with another status than 0.
    """
    starter = [sys.executable, "-I", "-S", "-c", _STARTER, str(output), *command]
    done = subprocess.run(starter, cwd=folder, env=environ(), check=True, stdout=subprocess.PIPE)
    seconds, peak_kibibytes, status = json.loads(done.stdout)
    if status != 0:
        raise RuntimeError(f"{' '.join(command)} ended with status {status}.")
    return Used(seconds, peak_kibibytes * _BYTES_PER_KIBIBYTE / 1_000_000)


def said(command: Sequence[str], folder: Path) -> str:
    """Run *command* in *folder* and return its standard output.

    Raises:
        subprocess.CalledProcessError: it ended with another status than 0.
    """
    return subprocess.run(
        command, cwd=folder, env=environ(), check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def in_turns(ours: Callable[[], Used], other: Callable[[], Used], pairs: int) -> Pairs:
    """Measure both sides so many times, one right after the other; which one goes first alternates."""
    found: list[tuple[Used, Used]] = []
    for number in range(pairs):
        if number % 2 == 0:
            first = ours()
            found.append((first, other()))
        else:
            last = other()
            found.append((ours(), last))
    return tuple(found)


def seconds(pairs: Pairs) -> tuple[Sample, ...]:
    """Return the times of *pairs*."""
    return tuple(Sample(ours.seconds, other.seconds) for ours, other in pairs)


def peaks(pairs: Pairs) -> tuple[Sample, ...]:
    """Return the peak memory of *pairs*."""
    return tuple(Sample(ours.peak_mb, other.peak_mb) for ours, other in pairs)
