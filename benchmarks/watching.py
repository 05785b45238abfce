"""``watch`` as an author has it open: W1, from the save of a file to the new plan on the terminal."""

from __future__ import annotations

import os
import select
import subprocess
import time
from functools import partial

from benchmarks.corpus import POSTS, beginning
from benchmarks.measure import environ, installed
from benchmarks.planning import corpus, warmed
from benchmarks.rows import Measured, Row, Sample, Setting

FEW, MANY = 1_000, 10_000
PATIENCE_SECONDS = 120.0
"""How long words are waited for that never come."""
BETWEEN_SECONDS = 0.5
"""How long nothing is done between a plan that was shown and the next save."""

TRIED = (
    "what each file said, what its networks make of it and what stays as it is are kept by value from one "
    "look to the next: 5.3 s of processor time a save became 0.38 s. What is left grows with the project: to "
    "walk and stat every file is a fifth of it, to plan three tenths. Left out: to look at just what the "
    "system tells of, because what is not heard of would be missed; media paths as text in place of "
    "pathlib (3 %)."
)


def saves(setting: Setting, *, posts: int) -> Measured:
    """Save one post again and again, and see how long it takes until its new text is shown."""
    root = warmed(corpus(setting, posts))
    path = min((root / POSTS).rglob("*.md"))
    before = path.read_text()
    samples: list[Sample] = []
    with subprocess.Popen(
        (installed(root.parent), "watch"),
        cwd=root,
        env=environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        shown = process.stdout.fileno()
        try:
            _until("No changes", shown)
            for number in range(setting.pairs):
                _quiet(shown)
                began = time.perf_counter()
                path.write_text(beginning(before, f"Saved-{number}"))
                _until(f"Saved-{number}", shown)
                samples.append(Sample(time.perf_counter() - began))
        finally:
            process.kill()
            path.write_text(before)
    return Measured(tuple(samples), "0.1 s of it waits for the editor to be done")


def _until(words: str, shown: int) -> None:
    """Read what is *shown* until *words* are.

    Raises:
        TimeoutError: they were not, for ``PATIENCE_SECONDS``.
    """
    text, deadline = b"", time.monotonic() + PATIENCE_SECONDS
    while words.encode() not in text:
        if not select.select([shown], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise TimeoutError(f"watch did not show {words!r}.")
        text += os.read(shown, 1 << 16)


def _quiet(shown: int) -> None:
    """Read what is *shown* until nothing more comes."""
    while select.select([shown], [], [], BETWEEN_SECONDS)[0]:
        os.read(shown, 1 << 16)


ROWS = (
    Row("W1", "`watch`: save to new plan, 1,000 posts", 0.2, None, partial(saves, posts=FEW), "s"),
    Row("W1", "`watch`: save to new plan, 10,000 posts", 0.5, 0.3, partial(saves, posts=MANY), "s", TRIED),
)
