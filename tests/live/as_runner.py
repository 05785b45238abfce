"""``python -m tests.live.as_runner ARGUMENT…``: the command line, on the runner that the environment names.

``RUNNER_NAME`` is the machine's name, ``CLOCK_AHEAD_SECONDS`` how far its clock is ahead, so that what is due
in an hour can be due now.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from threadsync.cli import root
from threadsync.cli._options import Asked
from threadsync.execution.clock import SystemClock
from threadsync.operations.workspace import Workspace, open_project
from threadsync.statefile.shared import SharedStore
from threadsync.statefile.store import FileStore
from threadsync.testing.machine import FakeMachine


class ClockAhead(SystemClock):
    """The clock of this machine, some time later."""

    def now(self) -> datetime:
        """Return the time."""
        return super().now() + timedelta(seconds=float(os.environ.get("CLOCK_AHEAD_SECONDS", "0")))


def main() -> None:
    host = os.environ["RUNNER_NAME"]

    def opened(folder: Path | None) -> Workspace:
        workspace = open_project(folder, exact=folder is not None, clock=ClockAhead())
        assert isinstance(workspace.store, FileStore | SharedStore)
        machine = FakeMachine(host, f"boot of {host}", os.getpid())
        return replace(workspace, store=replace(workspace.store, machine=machine))

    root.main(sys.argv[1:], prog_name="threadsync", obj=Asked(open_project=opened))


if __name__ == "__main__":
    main()
