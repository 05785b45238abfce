"""``threadsync watch``."""

from __future__ import annotations

import click

from threadsync.cli._options import global_options, workspace


@click.command()
@global_options
def watch() -> None:
    """Validate and plan again whenever a file is saved; Ctrl-C ends it.

    Shows every problem at its line, and for each post that changed what apply would do and the exact
    text its networks would get, with its count; drafts too. It writes nothing and asks no network.
    """
    from threadsync.cli._watching import run

    run(workspace)
