"""``python -m tests.live.as_watched LOG ARGUMENT…``: the command line, with all that it reaches for in LOG.

A line an event of the interpreter (docs.python.org/3/library/audit_events.html): what it opened, which
programs it started, to whom it connected.
"""

from __future__ import annotations

import os
import sys

WATCHED = ("open", "subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "socket.connect")


def main() -> None:
    log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in WATCHED:
            os.write(log, f"{event}\t{arguments[0]!r}\n".encode())

    sys.addaudithook(watch)
    from threadsync.cli import root

    root.main(sys.argv[2:], prog_name="threadsync")


if __name__ == "__main__":
    main()
