"""Whether the disk that the state is on does what a state rests on: tried out with files of our own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from threadsync.operations.checkup import Check, ok, problem, warning
from threadsync.operations.workspace import Workspace


def check_disk(workspace: Workspace) -> Iterator[Check]:
    """The disk of the state takes writes, syncs them and knows hard links, on which the lock rests."""
    state = workspace.project.state
    if not isinstance(state, Path):
        return
    folder = next(each for each in state.parents if each.is_dir())
    try:
        yield from _tried(folder)
    except OSError as error:
        remedy = "Give this user the right to write there, make room, or move the state (state:)."
        yield problem("disk", f"{folder} cannot be written: {error.strerror}", remedy)


def _tried(folder: Path) -> Iterator[Check]:
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".threadsync-doctor.")
    link = Path(f"{name}.link")
    try:
        try:
            os.write(descriptor, b"x")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            link.hardlink_to(name)
        except OSError as error:
            yield warning(
                "disk",
                f"{folder} has no hard links ({error.strerror}): a crash may leave an empty lock",
                "threadsync works there; if a lock stays, run threadsync state force-unlock.",
            )
        else:
            yield ok("disk", f"{folder} takes writes, syncs them and knows hard links")
    finally:
        with suppress(OSError):
            link.unlink(missing_ok=True)
            Path(name).unlink()
