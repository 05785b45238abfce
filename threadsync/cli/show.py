"""``threadsync show``."""

from __future__ import annotations

import click

from threadsync.cli._completing import complete_addresses
from threadsync.cli._options import asked, format_option, global_options, workspace


@click.command()
@click.argument("address", shell_complete=complete_addresses)
@global_options
@format_option("text", "json")
def show(address: str) -> None:
    """Show one publication: file, live posts, what apply would do.

    ADDRESS is KEY@TARGET.
    """
    from threadsync.cli._terminal import output, say
    from threadsync.operations.status import show as look
    from threadsync.views.json import as_text, show_json
    from threadsync.views.standing_text import show_text

    opened = workspace()
    known = look(opened, address)
    if asked().format == "json":
        say(as_text(show_json(known)))
        return
    terminal = output()
    say(
        show_text(
            known,
            width=terminal.width,
            color=terminal.color,
            now=opened.clock.now(),
            zone=opened.project.zone,
        )
    )
