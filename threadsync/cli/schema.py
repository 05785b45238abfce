"""``threadsync schema``."""

from __future__ import annotations

import click

NAMES = ("post", "project", "state", "plan", "insights")


@click.command()
@click.argument("name", type=click.Choice(NAMES))
def schema(name: str) -> None:
    """Print a JSON Schema of the files and of the JSON output.

    post and project are what you write, state and plan what threadsync writes; plan also describes
    the JSON of the other commands, under $defs, and insights that of insights.
    """
    from threadsync.cli._terminal import say
    from threadsync.content.schemas import schema_text

    say(schema_text(name))
