"""What ``demo`` and ``chaos`` share: our own program as a child process, and the sandbox as the witness.

The witness knows nothing of our state: what became of the posts is read from its ledger.
"""

from __future__ import annotations

import errno
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from threadsync.errors import OutputError
from threadsync.execution.clock import Clock
from threadsync.sandbox.server import Sandbox

POLL_SECONDS = 0.002
"""How often a condition is looked at; short, so that a kill comes where it was meant to."""


class Seen(Struct, frozen=True):
    """One post as the network tells it; one that was taken down is not *live*."""

    remote_id: str
    profile: str
    text: str
    parent: str = ""
    """The id of the post it is a reply to; empty where it is none."""
    permalink: str = ""
    live: bool = True


def seen(sandbox: Sandbox) -> tuple[Seen, ...]:
    """Return every post that was ever published on *sandbox*, on either network, no parts of carousels."""
    threads = sandbox.ledger()
    bluesky = threads["bluesky"]
    assert isinstance(bluesky, dict), "it has a ledger of its own"
    return tuple(
        row
        for ledger in (threads, bluesky)
        for row in (*_rows(ledger["posts"], live=True), *_rows(ledger["deletions"], live=False))
    )


def _rows(rows: object, *, live: bool) -> list[Seen]:
    assert isinstance(rows, list), "the ledger lists them"
    return [
        Seen(row["id"], row["profile"], row["text"], row["parent"], row["permalink"], live) for row in rows
    ]


def program(folder: Path, *arguments: str) -> list[str]:
    """Return the command line that runs this very program on the project in *folder*."""
    return [sys.executable, "-m", "threadsync", "--project", str(folder), *arguments]


_REFUSALS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES})


@contextmanager
def on_its_disk() -> Iterator[None]:
    """Tell a disk that refuses what a trial writes into its temporary folder as just that.

    Raises:
        OutputError: it does.
    """
    try:
        yield
    except OSError as error:
        copying = isinstance(error, shutil.Error)  # it lists what could not be copied, and has no number
        if not copying and error.errno not in _REFUSALS:
            raise
        why = "not all files could be copied" if copying else error.strerror
        raise OutputError(
            f"the disk of the temporary folder refused a write: {why}",
            where=tempfile.gettempdir(),
            remedy="Make room there, or name a folder on another disk (TMPDIR), and run it again. Nothing "
            "outside it was touched.",
        ) from error


def wait_until(over: Callable[[], bool], seconds: float, clock: Clock) -> bool:
    """Wait until *over*, for *seconds* at most; return whether it is."""
    deadline = clock.monotonic() + seconds
    while not over():
        if clock.monotonic() > deadline:
            return False
        clock.sleep(POLL_SECONDS)
    return True
