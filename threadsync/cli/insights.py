"""``threadsync insights``."""

from __future__ import annotations

import click

from threadsync.cli._exit import Exit
from threadsync.cli._options import asked, format_option, global_options, selectors, workspace


@click.command()
@selectors
@click.option(
    "--since",
    metavar="SPAN|TIME",
    help="Only what was published since then, like 30d or '2026-12-03 08:30'; 90d unless said otherwise.",
)
@click.option("--offline", is_flag=True, help="Ask no account; show what earlier looks have kept.")
@global_options
@format_option("text", "csv", "json", "html")
@click.pass_context
def insights(ctx: click.Context, selectors: tuple[str, ...], *, since: str | None, offline: bool) -> None:
    """Show what readers made of publications: views, likes, replies, by week, beside the account's median.

    It changes nothing on the networks and nothing in the state. The numbers are kept in a table beside
    the state, so that they can be told over time. `?` is a number that is not known. Ends with 1 if an
    account could not be read, or the numbers not be kept.
    """
    from threadsync.cli._progress import shown_while_reading
    from threadsync.cli._terminal import detail, output, say
    from threadsync.operations.insights import insights as look

    opened = workspace()
    with shown_while_reading() as progress:
        told = look(opened, selectors, since=since, offline=offline, watcher=progress)
    match asked().format:
        case "json":
            from threadsync.views.json import as_text
            from threadsync.views.json_insights import insights_json

            say(as_text(insights_json(told)))
        case "csv":
            from threadsync.views.insights_csv import insights_csv

            say(insights_csv(told))
        case "html":
            from threadsync.views.insights_html import insights_html

            say(insights_html(told))
        case _:
            from threadsync.views.insights_text import insights_text

            terminal = output()
            say(insights_text(told, width=terminal.width, color=terminal.color, detail=detail()))
    problems = [f"{each.target}: {each.problem}" for each in told.targets if each.problem]
    problems += [f"The numbers could not be kept: {told.unkept}"] if told.unkept else []
    for problem in problems if asked().format != "text" else ():
        opened.tell(problem)
    ctx.exit(Exit.FAILED if problems else Exit.DONE)
