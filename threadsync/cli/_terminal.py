"""What standard output and standard error are: how wide, and whether they take colour."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

import click
from msgspec import Struct

from threadsync.cli._errors import WIDTH_CELLS
from threadsync.cli._options import Asked, asked
from threadsync.errors import OutputError
from threadsync.views.seen import Detail

WIDTH_CELLS_MAX = 120
"""Longer rows are hard to read."""


class Terminal(Struct, frozen=True):
    """One of the two outputs."""

    width: int
    color: bool


def output() -> Terminal:
    """Return what standard output is."""
    return terminal(sys.stdout, os.environ)


def error_output() -> Terminal:
    """Return what standard error is."""
    return terminal(sys.stderr, os.environ)


def _columns() -> int:
    return shutil.get_terminal_size((WIDTH_CELLS, 24)).columns


def terminal(stream: TextIO, environ: Mapping[str, str], columns: Callable[[], int] = _columns) -> Terminal:
    """Return what *stream* is; one that is no terminal has a fixed width and no colour."""
    if not stream.isatty():
        return Terminal(WIDTH_CELLS, color=False)
    unwanted = environ.get("TERM") == "dumb" or bool(environ.get("NO_COLOR")) or _no_color()
    return Terminal(min(columns(), WIDTH_CELLS_MAX), color=not unwanted)


def _no_color() -> bool:
    ctx = click.get_current_context(silent=True)
    return ctx is not None and ctx.find_root().ensure_object(Asked).no_color


def detail() -> Detail:
    """Return how much is to be said."""
    said = asked()
    return Detail.QUIET if said.quiet else Detail.VERBOSE if said.verbose else Detail.NORMAL


def is_attended() -> bool:
    """Whether somebody can be asked: both standard input and standard output are a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def say(text: str) -> None:
    """Print a result, which ends with its own line break.

    Raises:
        OutputError: standard output takes no more, as on a full disk.
    """
    try:
        # Colour has been decided on; Click must not strip it, nor add it.
        click.echo(text, nl=False, color=True)
    except BrokenPipeError:
        raise  # whoever reads has enough (`| head`): Click ends the command without a word
    except OSError as error:
        raise refused(error) from error


def refused(error: OSError) -> OutputError:
    """Return *error*, of a write to standard output, as one that a person can act on."""
    _let_go(sys.stdout)
    return OutputError(
        f"standard output cannot be written: {error.strerror}.",
        remedy="Send it elsewhere, or make room. What was done is on record: see threadsync status.",
    )


def _let_go(stream: TextIO) -> None:
    """Send what *stream* still holds to nowhere; Python would try to write it once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def note(text: str) -> None:
    """Print what is not a result, on standard error."""
    click.echo(text, err=True, color=True)


def folder_in_repository(root: Path) -> str:
    """Return the project's folder seen from here, where workflows stand: the top of the repository."""
    here = Path.cwd().resolve()
    below = root.resolve()
    return below.relative_to(here).as_posix() if below.is_relative_to(here) and below != here else ""
