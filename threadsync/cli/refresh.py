"""``threadsync refresh``."""

from __future__ import annotations

import click

from threadsync.cli._exit import Exit
from threadsync.cli._options import (
    Number,
    asked,
    format_option,
    global_options,
    lock_timeout_option,
    selectors,
    workspace,
)

DAYS_MAX = 36_500


@click.command()
@selectors
@click.option(
    "--days",
    type=Number(min=0, max=DAYS_MAX, min_open=True),
    default=30,
    show_default=True,
    metavar="N",
    help="How far back own posts that no file declares are looked for.",
)
@click.option(
    "--detailed-exitcode", is_flag=True, help="End with 3 if a live post is not as it was published."
)
@lock_timeout_option
@global_options
@format_option("text", "json")
@click.pass_context
def refresh(
    ctx: click.Context,
    selectors: tuple[str, ...],
    *,
    days: float,
    detailed_exitcode: bool,
    lock_timeout: float,
) -> None:
    """Look at what is live: posts deleted, edited or hidden on the network, and posts nobody declared.

    It changes nothing on the network. What it saw (likes, quotas, the credential's life) is kept with
    the state, where plan, status and show find it. Ends with 1 if an account could not be read.
    """
    from threadsync.cli._done import patience
    from threadsync.cli._progress import shown_while_reading
    from threadsync.cli._terminal import detail, output, say
    from threadsync.operations.refresh import refresh as look
    from threadsync.views.json import as_text
    from threadsync.views.json_refresh import refresh_json
    from threadsync.views.refresh_text import refresh_text

    with shown_while_reading() as progress:
        looked = look(workspace(), selectors, days=days, patience=patience(lock_timeout), watcher=progress)
    if asked().format == "json":
        say(as_text(refresh_json(looked)))
    else:
        terminal = output()
        say(refresh_text(looked, width=terminal.width, color=terminal.color, detail=detail()))
    if looked.unread:
        ctx.exit(Exit.FAILED)
    ctx.exit(Exit.CHANGES_PENDING if detailed_exitcode and looked.drifted else Exit.DONE)
