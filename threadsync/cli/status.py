"""``threadsync status``."""

from __future__ import annotations

import click

from threadsync.cli._options import asked, format_option, global_options, selectors, workspace


@click.command()
@selectors
@global_options
@format_option("text", "json")
def status(selectors: tuple[str, ...]) -> None:
    """Show what is where, from the files and the state.

    A SELECTOR is a key, a path, KEY@TARGET, a target, or a glob of one of these.
    """
    from threadsync.cli._terminal import output, say
    from threadsync.operations.status import status as standing
    from threadsync.views.json import as_text, status_json
    from threadsync.views.standing_text import status_text

    opened = workspace()
    rows = standing(opened, selectors)
    if asked().format == "json":
        say(as_text(status_json(rows)))
    else:
        terminal = output()
        say(status_text(rows, width=terminal.width, color=terminal.color, zone=opened.project.zone))
