"""``watch --preview``: what is shown at the terminal is shown in a browser too, as readers will see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from threadsync.cli._terminal import note
from threadsync.cli._watching import run
from threadsync.errors import ThreadsyncError
from threadsync.operations.workspace import Workspace
from threadsync.watch.watching import Shown
from threadsync.web.server import Served, served


def run_with_preview(opened: Callable[[], Workspace], port: int) -> None:
    """Watch the project that *opened* opens, and serve its preview on *port*, until a signal comes.

    Raises:
        ProjectError: there is no project when it begins.
        WatchError: the port is taken.
    """
    clock = opened().clock
    with served(port) as preview:
        note(f"Preview: {preview.address}\n")
        run(opened, lambda shown: _also(shown, preview, clock.now))


def _also(shown: Shown, preview: Served, now: Callable[[], datetime]) -> Shown:
    def problem(error: ThreadsyncError) -> None:
        preview.showing.problem(error, now())
        shown.problem(error)

    return replace(shown, looked=preview.showing.look, problem=problem)
