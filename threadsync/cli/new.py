"""``threadsync new``."""

from __future__ import annotations

import click

from threadsync.cli._completing import complete_targets
from threadsync.cli._exit import Exit
from threadsync.cli._options import global_options, workspace


@click.command()
@click.argument("title")
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="TARGET",
    shell_complete=complete_targets,
    help="Where it goes; may be given several times. Without it, the defaults of the project, or all.",
)
@click.option("--yaml", is_flag=True, help="Write YAML instead of Markdown.")
@global_options
@click.pass_context
def new(ctx: click.Context, title: str, targets: tuple[str, ...], *, yaml: bool) -> None:
    """Write a draft called TITLE, and print where it is.

    A draft is checked and previewed and never planned, until its line draft: true is taken out.
    """
    from threadsync.cli._terminal import error_output, note, say
    from threadsync.content.escape import printable
    from threadsync.operations.new import new as write
    from threadsync.views.findings_text import findings_text

    drafted = write(workspace(), title, targets, yaml=yaml)
    say(f"{printable(drafted.file)}\n")
    if drafted.findings:
        terminal = error_output()
        note(findings_text(drafted.findings, width=terminal.width, color=terminal.color).removesuffix("\n"))
    ctx.exit(Exit.FAILED if any(each.is_error for each in drafted.findings) else Exit.DONE)
