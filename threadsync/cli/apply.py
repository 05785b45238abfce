"""``threadsync apply``."""

from __future__ import annotations

import click

from threadsync.cli._options import (
    addresses_option,
    all_of,
    exclude_option,
    format_option,
    global_options,
    lock_timeout_option,
    selectors,
    workspace,
)

_CONSENTS = all_of(
    [
        click.option(
            "--yes", is_flag=True, help="Carry the plan out without asking; it answers nothing else."
        ),
        click.option("--first-run", is_flag=True, help="There is no state yet, and that is right."),
        addresses_option("--allow-replace", "Replace this live post by what its file says now."),
        addresses_option("--allow-delete", "Take this post down, whose file was removed."),
        addresses_option("--allow-duplicate", "Publish this although the account has a post like it."),
        addresses_option("--late", "Publish this although its window has passed."),
        *(
            click.option(
                f"--max-{word}",
                type=click.IntRange(min=0),
                metavar="N",
                help=f"Allow {word} up to N a target.",
            )
            for word in ("creates", "replaces", "deletes")
        ),
    ]
)
"""What a person would otherwise be asked, or is never asked."""


@click.command()
@selectors
@exclude_option
@_CONSENTS
@lock_timeout_option
@global_options
@format_option("text", "json")
@click.pass_context
def apply(
    ctx: click.Context,
    selectors: tuple[str, ...],
    exclude: tuple[str, ...],
    *,
    yes: bool,
    first_run: bool,
    allow_replace: tuple[str, ...],
    allow_delete: tuple[str, ...],
    allow_duplicate: tuple[str, ...],
    late: tuple[str, ...],
    max_creates: int | None,
    max_replaces: int | None,
    max_deletes: int | None,
    lock_timeout: float,
) -> None:
    """Show what is to be done, ask, do it, and report.

    At a terminal it asks first, and Enter means no. Elsewhere it needs --yes, and on the first run
    --first-run too. Run again after anything that went wrong: it goes on where it stopped. Ends with
    4 where only a part was done or what became of something is uncertain.
    """
    from threadsync.cli._applying import run
    from threadsync.operations.apply import ApplyOptions

    options = ApplyOptions(
        selectors, exclude, yes, first_run, allow_replace, allow_delete, allow_duplicate, late,
        max_creates, max_replaces, max_deletes, lock_timeout,
    )  # fmt: skip
    ctx.exit(run(workspace(), options))
