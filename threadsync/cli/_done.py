"""Saying what a change of the state did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from threadsync.cli._options import asked

if TYPE_CHECKING:
    from threadsync.operations.surgery import Done, Patience


def patience(seconds: float) -> Patience:
    """Return how long to wait for the state, as ``--lock-timeout`` says."""
    from threadsync.cli._terminal import note
    from threadsync.content.escape import printable
    from threadsync.operations.surgery import Patience

    return Patience(seconds, lambda text: note(printable(text)))


def say_done(done: Done) -> None:
    """Print what was done, and where the state as it was before is kept."""
    from threadsync.cli._terminal import say
    from threadsync.content.escape import printable

    for line in done.lines:
        say(f"{printable(line)}\n")
    if done.backup and not asked().quiet:
        click.echo(f"The state as it was: {printable(done.backup)}", err=True)
