"""``threadsync status``."""

from __future__ import annotations

import click

from threadsync.cli._options import (
    asked,
    format_option,
    global_options,
    selectors,
    span_option,
    workspace,
)


@click.command()
@selectors
@click.option(
    "--fail-if-overdue",
    "grace",
    metavar="SPAN",
    help="End with 1 if a publication should have been live for longer than this, like 30m, and is not.",
)
@global_options
@format_option("text", "json")
@click.pass_context
def status(ctx: click.Context, selectors: tuple[str, ...], grace: str | None) -> None:
    """Show what is where, from the files and the state.

    A SELECTOR is a key, a path, KEY@TARGET, a target, or a glob of one of these.
    """
    from threadsync.cli._exit import Exit
    from threadsync.cli._terminal import error_output, note, output, say
    from threadsync.operations.status import overdue
    from threadsync.operations.status import status as standing
    from threadsync.views.json import as_text, status_json
    from threadsync.views.standing_text import overdue_text, status_text

    span = span_option("--fail-if-overdue", grace) if grace is not None else None
    opened = workspace()
    found = standing(opened, selectors)
    if asked().format == "json":
        say(as_text(status_json(found)))
    else:
        terminal = output()
        now, zone = opened.clock.now(), opened.project.zone
        say(status_text(found, width=terminal.width, color=terminal.color, now=now, zone=zone))
    late = overdue(found.rows, opened.clock.now(), span) if span is not None else ()
    if late:
        terminal = error_output()
        text = overdue_text(late, width=terminal.width, color=terminal.color, zone=opened.project.zone)
        note(text.removesuffix("\n"))
        ctx.exit(Exit.FAILED)
