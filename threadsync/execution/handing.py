"""Handing a secret over to a command that the person named: on its standard input, and nowhere else."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import Final

from threadsync.content.escape import printable
from threadsync.errors import ProjectError, UsageError
from threadsync.execution.credentials import scrubbed
from threadsync.model.secret import SecretText
from threadsync.statefile.processes import started

COMMAND_SECONDS: Final = 120.0
"""How long the command may take."""
SAID_CHARACTERS_MAX: Final = 1000
"""How much of the end of what it says is shown."""


def words_of(command: str) -> list[str]:
    """Return the words of *command*, as a POSIX shell parts them; no shell is asked.

    Raises:
        UsageError: there are none, or a quotation mark is not closed.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(
            f"the command {command!r} cannot be read: {error}",
            remedy="Close every quotation mark. No shell reads it, so a pipe needs a script.",
        ) from error
    if not words:
        raise UsageError(
            "the command is empty", remedy="Name one that reads the token from its standard input."
        )
    return words


def hand_over(command: str, secret: SecretText, *, before: SecretText) -> None:
    """Run *command* here with *secret* alone on its standard input, without a line break.

    What it says is shown without it, and without the one *before*, which may be in its environment.

    Raises:
        UsageError: *command* cannot be read.
        ProjectError: it could not be run, took too long, or failed; one that ends well is believed.
    """
    words = words_of(command)
    try:
        with started(words, os.environ, stderr=subprocess.STDOUT) as running:
            said, _ = running.communicate(secret.reveal().encode(), timeout=COMMAND_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise _failed(words[0], f"took longer than {COMMAND_SECONDS:.0f} s, and was ended", "") from error
    except OSError as error:
        raise _failed(words[0], f"cannot be run: {error.strerror}", "") from error
    if running.returncode != 0:
        told = scrubbed(said.decode("utf-8", "replace"), [secret, before])
        raise _failed(words[0], f"ended with the status {running.returncode}", told)


def _failed(program: str, how: str, said: str) -> ProjectError:
    tail = " ".join(said.split())[-SAID_CHARACTERS_MAX:]
    return ProjectError(f"the command {program} {how}" + (f"; it says: {printable(tail)}" if tail else ""))
