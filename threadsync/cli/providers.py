"""``threadsync providers``."""

from __future__ import annotations

import click

from threadsync.cli._errors import told
from threadsync.cli._options import asked, format_option


@click.command()
@format_option("text", "json")
def providers() -> None:
    """List the networks: what may be posted, limits, credentials."""
    from threadsync.cli._terminal import output, say
    from threadsync.operations.providers import providers as every
    from threadsync.views.desk_text import providers_text
    from threadsync.views.json import as_text
    from threadsync.views.json_desk import providers_json

    rows = every(lambda error: told(error).show())
    if asked().format == "json":
        say(as_text(providers_json(rows)))
        return
    terminal = output()
    say(providers_text(rows, width=terminal.width, color=terminal.color))
