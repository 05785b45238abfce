"""``threadsync apply``."""

from __future__ import annotations

from pathlib import Path

import click

from threadsync.cli._completing import complete_words
from threadsync.cli._options import (
    WholeNumber,
    all_of,
    check_max_chars,
    consent_options,
    exclude_option,
    format_option,
    global_options,
    lock_timeout_option,
    max_chars_option,
    selectors,
    workspace,
)

_CONSENTS = all_of(
    [
        click.option(
            "--yes", is_flag=True, help="Carry the plan out without asking; it answers nothing else."
        ),
        click.option("--first-run", is_flag=True, help="There is no state yet, and that is right."),
        consent_options,
        *(
            click.option(
                f"--max-{word}",
                type=WholeNumber(min=0),
                metavar="N",
                help=f"Allow {word} up to N a target.",
            )
            for word in ("creates", "replaces", "deletes")
        ),
    ]
)
"""What a person would otherwise be asked, or is never asked."""
FAIL_ON = ("blocked", "ask", "overdue")


def _words(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, ...]:
    said = tuple(word.strip() for word in (value or "").split(",") if word.strip())
    strange = [word for word in said if word not in FAIL_ON]
    if strange:
        raise click.BadParameter(f"{strange[0]!r} is none of {', '.join(FAIL_ON)}.", ctx, parameter)
    return said


@click.command()
@selectors
@exclude_option
@_CONSENTS
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Carry out what this saved plan shows, and nothing else.",
)
@click.option(
    "--fail-on",
    callback=_words,
    shell_complete=complete_words(*FAIL_ON),
    metavar="WORDS",
    help="End with 1 if something is blocked, waits for a person's yes (ask), or should be live by now and "
    "is not (overdue): blocked,ask,overdue.",
)
@click.option(
    "--allow-commands",
    is_flag=True,
    help="Run the commands that the project file names: those that bring media to their hosts, and those "
    "that are told of troubles (notify).",
)
@lock_timeout_option
@max_chars_option
@global_options
@format_option("text", "json", "markdown")
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
    plan_file: Path | None,
    fail_on: tuple[str, ...],
    allow_commands: bool,
    lock_timeout: float,
    max_chars: int | None,
) -> None:
    """Show what is to be done, ask, do it, and report.

    At a terminal it asks first, and Enter means no. Elsewhere it needs --yes, and on the first run
    --first-run too. Run again after anything that went wrong: it goes on where it stopped. A saved
    plan is refused (2) once what it was made from has changed. Ends with 4 where only a part was done
    or what became of something is uncertain.
    """
    from msgspec.structs import replace

    from threadsync.cli._applying import run
    from threadsync.operations.apply import ApplyOptions
    from threadsync.operations.saved import load

    check_max_chars(max_chars)
    saved = load(plan_file) if plan_file is not None else None
    options = ApplyOptions(
        selectors, exclude, yes, first_run, allow_replace, allow_delete, allow_duplicate, late,
        max_creates, max_replaces, max_deletes, lock_timeout, saved,
    )  # fmt: skip
    ctx.exit(run(replace(workspace(), allow_commands=allow_commands), options, fail_on, max_chars))
