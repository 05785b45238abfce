"""A person at a terminal who logs in: opens the address that is shown, and pastes the one it ends on.

``python person.py COMMAND…`` is that command, at a terminal of its own, with somebody in front of it. The
network, at THREADSYNC_TEST_NETWORK, lets the app in without asking. Where the command asks for a token, or
for an app password, that of THREADSYNC_TEST_TOKEN is typed. What the command says goes on to standard output.
"""

from __future__ import annotations

import os
import pty
import re
import sys

import requests

NETWORK = "THREADSYNC_TEST_NETWORK"
WINDOW = re.compile(rb"https?://\S+(/oauth/authorize\?\S+)\s")
ASKED = re.compile(rb"(?:Token|App password) of \S+: ?$")
WIDE = "400"
"""Columns of the terminal, so that an address is one line."""


def answers(seen: bytes) -> str:
    """Return what is typed next, once it is clear what is asked for; empty while it is not."""
    if ASKED.search(seen):
        return os.environ["THREADSYNC_TEST_TOKEN"]
    found = WINDOW.search(seen)
    if found is None:
        return ""
    window = f"{os.environ[NETWORK]}{found[1].decode()}"
    with requests.get(window, allow_redirects=False, timeout=10) as sent:
        return sent.headers["Location"]


def main() -> int:
    """Run the command and be its person."""
    seen, said = b"", ""

    def read(terminal: int) -> bytes:
        nonlocal seen, said
        part = os.read(terminal, 1024)
        seen += part
        if not said:
            said = answers(seen)
            if said:
                os.write(terminal, f"{said}\n".encode())
        return part

    os.environ["COLUMNS"] = WIDE
    status = pty.spawn(sys.argv[1:], read)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
