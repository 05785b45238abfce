"""Runs a command for as long as whoever started it holds its standard input, however they end: ``launcher``.

    keeper.py FOLDER USER COMMAND…

The command is run as USER, a number, of which 0 is whoever runs this. In the end it is told to stop, and the
folder is removed with all that it left there.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading

STOP = signal.SIGTERM if sys.platform == "win32" else signal.SIGINT
"""It ends its clients: https://www.postgresql.org/docs/current/server-shutdown.html"""


def main(folder: str, user: str, *command: str) -> int:
    """Return the exit status of *command*."""
    runs_as = int(user) or None
    server = subprocess.Popen(command, user=runs_as, group=runs_as, stdin=subprocess.DEVNULL)
    let_go = threading.Event()

    def end() -> None:
        sys.stdin.buffer.read()
        let_go.set()
        server.send_signal(STOP)

    threading.Thread(target=end, daemon=True).start()
    status = server.wait()
    if let_go.is_set():
        shutil.rmtree(folder, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
