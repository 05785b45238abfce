"""How the live tests wait: on a condition, with a bound, and saying on expiry what never came.

Whatever they wait for is on this machine, so the bound is for a machine that is very busy; no test
passes or fails by it otherwise.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

PATIENCE_SECONDS = 60.0
LOOKS_SECONDS = 0.005
PRESSURE = Path("/proc/pressure/cpu")


def until(condition: Callable[[], bool], what: str, seen: Callable[[], str] = str) -> None:
    """Wait for *condition*; if it never comes, fail with *what* it is, and with what was *seen* instead."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE_SECONDS:.0f} s for {what}\n{seen()}"
        time.sleep(LOOKS_SECONDS)  # noqa: TID251  (a bounded wait on a condition)


class Stopwatch:
    """Tells how long something took, without the time in which anything here waited for a processor.

    So a bound of the product's holds on a machine that has time, and others at work make no test fail.
    Where the system does not say (https://docs.kernel.org/accounting/psi.html), all time counts.
    """

    def __init__(self) -> None:
        self._began = self._now()

    def seconds(self) -> float:
        """Return how long it is since it was made."""
        return self._now() - self._began

    def _now(self) -> float:
        return time.monotonic() - _stalled_seconds()


def _stalled_seconds() -> float:
    try:
        told = PRESSURE.read_text()
    except OSError:
        return 0.0
    return int(told.partition("total=")[2].split()[0]) / 1_000_000


def until_said(words: str, stream: IO[str] | None) -> str:
    """Read *stream* until *words* were said, and return all up to there; the rest is left for others."""
    assert stream is not None
    said = b""

    def is_said() -> bool:
        nonlocal said
        while words.encode() not in said and select.select([stream], [], [], 0)[0]:
            # A byte at a time and past the buffer, so that nothing is taken that others are to read.
            read = os.read(stream.fileno(), 1)
            assert read, f"it ended before it said {words!r}\n{said.decode(errors='replace')}"
            said += read
        return words.encode() in said

    until(is_said, f"the words {words!r}", lambda: said.decode(errors="replace"))
    return said.decode()


def until_listening(port: str) -> str:
    """Return the commands with which a script in bash waits until something listens on *port*."""
    knock = f"(: < /dev/tcp/127.0.0.1/{port}) 2>/dev/null"
    expired = f"echo 'waited for something to listen on port {port}' >&2; exit 1"
    return f"for n in $(seq 200); do {knock} && break; sleep 0.1; done; {knock} || {{ {expired}; }}"
