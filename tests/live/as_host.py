"""``python -m tests.live.as_host HOST BOOT ARGUMENT…``: the command line, as a process of another machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from msgspec.structs import replace

from threadsync.cli import root
from threadsync.cli._options import Asked
from threadsync.operations.workspace import Workspace, open_project
from threadsync.statefile.shared import SharedStore
from threadsync.statefile.store import FileStore
from threadsync.testing.machine import FakeMachine


def main() -> None:
    host, boot_id, *arguments = sys.argv[1:]
    machine = FakeMachine(host, boot_id, os.getpid())

    def opened(folder: Path | None) -> Workspace:
        workspace = open_project(folder, exact=True)
        assert isinstance(workspace.store, FileStore | SharedStore)
        return replace(workspace, store=replace(workspace.store, machine=machine))

    root.main(arguments, prog_name="threadsync", obj=Asked(open_project=opened))


if __name__ == "__main__":
    main()
