"""``threadsync plan``."""

from __future__ import annotations

import click

from threadsync.cli._exit import Exit
from threadsync.cli._options import (
    asked,
    exclude_option,
    format_option,
    global_options,
    moment_option,
    selectors,
    workspace,
)


@click.command()
@selectors
@exclude_option
@click.option("--at", metavar="TIME", help="Plan for this time, like '2026-12-03 08:30', instead of now.")
@click.option("--detailed-exitcode", is_flag=True, help="End with 3 if apply would change something.")
@global_options
@format_option("text", "json")
@click.pass_context
def plan(
    ctx: click.Context,
    selectors: tuple[str, ...],
    exclude: tuple[str, ...],
    at: str | None,
    *,
    detailed_exitcode: bool,
) -> None:
    """Show what apply would do; changes nothing and asks no network.

    A SELECTOR is a key, a path, KEY@TARGET, a target, or a glob of one of these. Ends with 1 if files
    have errors: then apply would do nothing.
    """
    from threadsync.cli._terminal import detail, output, say
    from threadsync.operations.plan import plan as prepare
    from threadsync.views.json import as_text, plan_json
    from threadsync.views.plan_text import plan_text

    opened = workspace()
    when = moment_option(at, opened.project.zone) if at is not None else None
    prepared = prepare(opened, selectors, exclude=exclude, at=when)
    if asked().format == "json":
        say(as_text(plan_json(prepared)))
    else:
        terminal = output()
        say(plan_text(prepared, width=terminal.width, color=terminal.color, detail=detail()))
    if prepared.has_errors:
        ctx.exit(Exit.FAILED)
    ctx.exit(Exit.CHANGES_PENDING if detailed_exitcode and prepared.plan.effective else Exit.DONE)
