"""What ``demo`` and ``chaos`` share: our own program as a child process, and the sandbox as the witness.

The witness knows nothing of our state: what became of the posts is read from its ledger.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from threadsync.execution.clock import Clock
from threadsync.sandbox.server import Sandbox

POLL_SECONDS = 0.002
"""How often a condition is looked at; short, so that a kill comes where it was meant to."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One post as the network tells it; one that was taken down is not *live*."""

    remote_id: str
    profile: str
    text: str
    parent: str = ""
    """The id of the post it is a reply to; empty where it is none."""
    permalink: str = ""
    live: bool = True


def seen(sandbox: Sandbox) -> tuple[Seen, ...]:
    """Return every post that was ever published on *sandbox*, without the parts of carousels."""
    ledger = sandbox.ledger()
    return (*_rows(ledger["posts"], live=True), *_rows(ledger["deletions"], live=False))


def _rows(rows: object, *, live: bool) -> list[Seen]:
    assert isinstance(rows, list), "the ledger lists them"
    return [
        Seen(row["id"], row["profile"], row["text"], row["parent"], row["permalink"], live) for row in rows
    ]


def program(folder: Path, *arguments: str) -> list[str]:
    """Return the command line that runs this very program on the project in *folder*."""
    return [sys.executable, "-m", "threadsync", "--project", str(folder), *arguments]


def wait_until(over: Callable[[], bool], seconds: float, clock: Clock) -> bool:
    """Wait until *over*, for *seconds* at most; return whether it is."""
    deadline = clock.monotonic() + seconds
    while not over():
        if clock.monotonic() > deadline:
            return False
        clock.sleep(POLL_SECONDS)
    return True
