"""Running a command that the project file names: bounded, without a shell, ended with the run.

What a project file says may come from anybody who can open a pull request, so such a command is run only
where the person, or the workflow that they wrote, said ``--allow-commands``; ``validate`` and ``plan`` run
none.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event
from typing import IO

from msgspec import Struct

from threadsync.content.escape import shown
from threadsync.execution.clock import Clock
from threadsync.model.facts import MediaProblem
from threadsync.statefile.processes import started

LOOK_SECONDS = 0.1
"""How often it is looked whether it has ended."""
OUTPUT_BYTES_MAX = 4096
"""How much of the beginning of its standard output is read."""
SAID_BYTES_MAX = 2000
"""How much of the end of its standard error is shown."""
PRINTED_BYTES_MAX = 10_000_000
"""After how much on either it is ended: what it prints lies on a disk that the state may need."""


class Ran(Struct, frozen=True):
    """How a command ended: *problem* is empty where it ended with the status 0."""

    problem: str
    """A clause about it: ``ended with the status 1``."""
    output: bytes = b""
    """The beginning of its standard output, a byte more than ``OUTPUT_BYTES_MAX`` where there is more."""
    said: bytes = b""
    """The end of its standard error."""


def run(
    words: Sequence[str],
    *,
    folder: Path,
    environ: Mapping[str, str],
    fed: bytes,
    seconds: float,
    clock: Clock,
    stopped: Event,
) -> Ran:
    """Run *words* in *folder*, fed with *fed*, for *seconds* at most; once it is *stopped*, end it."""
    try:
        with TemporaryFile() as output, TemporaryFile() as said:
            with started(words, environ, folder=folder, stdout=output, stderr=said) as running:
                ended = _awaited(running, fed, seconds, clock, stopped, printed=(output, said))
            if not ended and running.returncode != 0:
                ended = f"ended with the status {running.returncode}"
            return Ran(ended, _head(output), _tail(said))
    except OSError as error:
        return Ran(f"cannot be run: {error.strerror}")


def _awaited(
    running: subprocess.Popen[bytes],
    fed: bytes,
    seconds: float,
    clock: Clock,
    stopped: Event,
    *,
    printed: Sequence[IO[bytes]],
) -> str:
    """Wait for the end of the command; return why it is not waited for any longer."""
    until_seconds, feed = clock.monotonic() + seconds, fed or None
    while clock.monotonic() < until_seconds:
        try:
            running.communicate(feed, timeout=LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            feed = None  # it goes on by itself with what it was given
        else:
            return ""
        if stopped.is_set():
            return "was ended, since the run was stopped"
        if any(os.fstat(file.fileno()).st_size > PRINTED_BYTES_MAX for file in printed):
            return f"was ended, since it printed over {PRINTED_BYTES_MAX / 1e6:.0f} MB"
    return f"was ended, since it took longer than {seconds:.0f} s"


def words_of(command: str) -> list[str]:
    """Return the words of *command*, as a POSIX shell parts them.

    Raises:
        ValueError: a quotation mark is not closed.
    """
    return shlex.split(command)


def missing_program(command: str, owner: str, root: Path) -> MediaProblem | None:
    """Return that the program which the command of *owner* names is not there; None where it is."""
    program = words_of(command)[0]
    # A name with a slash is looked for from the project, as the command is run there.
    found = shutil.which(str(root / program) if os.path.dirname(program) else program)  # noqa: PTH120
    if found is not None:
        return None
    problem = f"the command of {owner} names {shown(program)}, which cannot be run"
    return MediaProblem(
        problem, f"Put it there and make it executable (chmod +x), or correct command: in {root}."
    )


def _head(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(OUTPUT_BYTES_MAX + 1)


def _tail(file: IO[bytes]) -> bytes:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - SAID_BYTES_MAX))
    return file.read()
