"""``watch --preview`` as an author has it open: W2, from the save of a file to the picture in a browser."""

from __future__ import annotations

import json
import subprocess
import time

import requests

from benchmarks.corpus import POSTS, beginning
from benchmarks.measure import environ, installed
from benchmarks.planning import corpus, warmed
from benchmarks.rows import Measured, Row, Sample, Setting, Unmeasured
from benchmarks.watching import FEW, PATIENCE_SECONDS
from tests.node import chromium
from threadsync.execution.clock import SystemClock
from threadsync.views.sheet_entries import id_of

LOOK_SECONDS = 0.2
"""How often the page is asked for until the first look is over."""


def saves(setting: Setting) -> Measured | Unmeasured:
    """Save one post again and again, and see how long it takes until a browser has painted its new text."""
    if why := chromium.missing():
        return Unmeasured(why)
    root = warmed(corpus(setting, FEW))
    path = min((root / POSTS).rglob("*.md"))
    before = path.read_text()
    key = next(line for line in before.splitlines() if line.startswith("key: ")).removeprefix("key: ")
    steps = [
        {
            "file": str(path),
            "text": beginning(before, f"Saved-{number}"),
            "watch": id_of(key),
            "words": f"Saved-{number}",
            "stay": id_of(key),
        }
        for number in range(setting.pairs + 1)
    ]
    with subprocess.Popen(
        (installed(root.parent), "watch", "--preview", "--port", "0"),
        cwd=root,
        env=environ(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        try:
            address = process.stderr.readline().removeprefix("Preview: ").strip()
            _until_shown(address, id_of(key))
            found = chromium.run("preview.mjs", address, json.dumps(steps))
        finally:
            process.kill()
            path.write_text(before)
    # The first one also makes the browser's own code ready.
    samples = tuple(Sample(step["milliseconds"] / 1000) for step in found["steps"][1:])
    return Measured(samples, "0.1 s of it waits for the editor to be done; two targets, 2,000 publications")


def _until_shown(address: str, words: str) -> None:
    """Wait until the page at *address* has *words*.

    Raises:
        TimeoutError: it had not, for ``PATIENCE_SECONDS``.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while words not in requests.get(address, timeout=PATIENCE_SECONDS).text:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the preview did not show {words!r}.")
        SystemClock().sleep(LOOK_SECONDS)


ROWS = (Row("W2", "`watch --preview`: save to picture in Chromium, 1,000 posts", 0.5, None, saves, "s"),)
