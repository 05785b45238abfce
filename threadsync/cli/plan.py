"""``threadsync plan``."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from threadsync.cli._exit import Exit
from threadsync.cli._options import (
    asked,
    check_max_chars,
    consent_options,
    exclude_option,
    format_option,
    global_options,
    max_chars_option,
    moment_option,
    selectors,
    workspace,
)

if TYPE_CHECKING:
    from threadsync.operations.plan import Prepared
    from threadsync.operations.workspace import Workspace


@click.command()
@selectors
@exclude_option
@click.option("--at", metavar="TIME", help="Plan for this time, like '2026-12-03 08:30', instead of now.")
@click.option(
    "--refresh", is_flag=True, help="Read the accounts as apply would: quotas, drift, what a replace loses."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Save the plan, for apply --plan; it holds no secrets.",
)
@consent_options
@click.option("--detailed-exitcode", is_flag=True, help="End with 3 if apply would change something.")
@click.option("--no-cache", is_flag=True, help="Read every file anew, and believe nothing that was kept.")
@max_chars_option
@global_options
@format_option("text", "json", "markdown", "html")
@click.pass_context
def plan(
    ctx: click.Context,
    selectors: tuple[str, ...],
    exclude: tuple[str, ...],
    at: str | None,
    *,
    refresh: bool,
    out: Path | None,
    allow_replace: tuple[str, ...],
    allow_delete: tuple[str, ...],
    allow_duplicate: tuple[str, ...],
    late: tuple[str, ...],
    detailed_exitcode: bool,
    no_cache: bool,
    max_chars: int | None,
) -> None:
    """Show what apply would do; changes nothing, and asks no network unless --refresh is given.

    A SELECTOR is a key, a path, KEY@TARGET, a target, or a glob of one of these. Ends with 1 if files
    have errors: then apply would do nothing.
    """
    from msgspec.structs import replace

    from threadsync.cli._terminal import say
    from threadsync.operations.collecting import uncollected
    from threadsync.operations.partly import plan_partly
    from threadsync.operations.plan import plan as prepare
    from threadsync.operations.workspace import read_posts
    from threadsync.planning.planfile import PlanOptions

    check_max_chars(max_chars)
    began_ns = time.time_ns()
    opened = workspace()
    opened = replace(opened, read=partial(read_posts, cached=not no_cache, shared=True))
    when = moment_option(at, opened.project.zone) if at is not None else None
    options = PlanOptions(selectors, exclude, allow_replace, allow_delete, allow_duplicate, late)
    # Only what a plain `plan` prints is kept, and made from what was kept.
    is_plain = asked().is_plain and options == PlanOptions() and when is None and not refresh
    is_kept = is_plain and not no_cache and out is None
    with uncollected():
        partly = plan_partly(opened) if is_kept else None
        prepared = partly or prepare(opened, at=when, options=options, refresh=refresh, briefly=out is None)
    text = _text(opened, prepared, max_chars)
    say(text)
    if is_kept and partly is None:
        from threadsync.operations.remembering import remember

        remember(opened.project, prepared, text, began_ns=began_ns)
    if out is not None:
        from threadsync.operations.saved import save
        from threadsync.views.json import plan_json

        save(opened, prepared, options, plan_json(prepared), out)
    if prepared.has_errors:
        ctx.exit(Exit.FAILED)
    ctx.exit(Exit.CHANGES_PENDING if detailed_exitcode and prepared.plan.effective else Exit.DONE)


def _text(opened: Workspace, prepared: Prepared, max_chars: int | None) -> str:
    """Return the plan in the format that was asked for."""
    match asked().format:
        case "json":
            from threadsync.views.json import as_text, plan_json

            return as_text(plan_json(prepared))
        case "markdown":
            import os

            from threadsync.operations.forge_place import seen_here
            from threadsync.views.markdown import plan_markdown

            seen = seen_here(os.environ, opened.project.root)
            return plan_markdown(prepared, seen=seen, chars_max=max_chars)
        case "html":
            from threadsync.operations.picturing import plan_page

            return plan_page(opened, prepared)
        case _:
            from threadsync.cli._terminal import detail, output
            from threadsync.views.plan_text import plan_text

            terminal = output()
            return plan_text(prepared, width=terminal.width, color=terminal.color, detail=detail())
