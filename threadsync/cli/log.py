"""``threadsync log``."""

from __future__ import annotations

import click

from threadsync.cli._completing import complete_targets
from threadsync.cli._options import WholeNumber, asked, format_option, global_options, workspace

CALLS_MAX = 1_000_000


@click.command()
@click.option(
    "--target", metavar="TARGET", help="Only calls for this target.", shell_complete=complete_targets
)
@click.option(
    "--since", metavar="SPAN|TIME", help="Only calls since then, like 30m, 12h, 2d or '2026-12-03 08:30'."
)
@click.option("--errors", is_flag=True, help="Only calls that were refused or not answered.")
@click.option("--run", metavar="RUN", help="Only calls of this run, as reports and the state name it.")
@click.option(
    "--limit",
    type=WholeNumber(min=1, max=CALLS_MAX),
    default=50,
    show_default=True,
    help="The newest N calls.",
    metavar="N",
)
@global_options
@format_option("text", "json")
def log(*, target: str | None, since: str | None, errors: bool, run: str | None, limit: int) -> None:
    """Show what was asked of the networks, the newest last.

    Each call has its time, operation, parameters without secrets, status, the row of the table of
    errors that decided, ids, and how long it took. Calls are kept for 30 days.
    """
    from threadsync.cli._terminal import note, output, say
    from threadsync.operations.log import log as read
    from threadsync.views.json import as_text
    from threadsync.views.json_desk import log_json
    from threadsync.views.log_text import log_text

    opened = workspace()
    calls = read(opened, target=target, since=since, run=run, errors=errors, limit=limit + 1)
    older, calls = len(calls) > limit, calls[-limit:]
    if asked().format == "json":
        say(as_text(log_json(calls)))
        return
    terminal = output()
    say(log_text(calls, width=terminal.width, color=terminal.color, zone=opened.project.zone))
    if older and not asked().quiet:
        note(
            f"There are older calls: these are the newest {limit:,}. --limit N shows more, --run RUN one run."
        )
