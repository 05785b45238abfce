"""``threadsync doctor``."""

from __future__ import annotations

import sys

import click

from threadsync.cli._exit import Exit
from threadsync.cli._options import asked, format_option, global_options, workspace


@click.command()
@click.option("--offline", is_flag=True, help="Ask no network: neither accounts nor media hosts.")
@global_options
@format_option("text", "json")
@click.pass_context
def doctor(ctx: click.Context, *, offline: bool) -> None:
    """Go through this set-up, and say what to mend.

    It looks at the machine, the project, git, the state, every credential and what it opens, the
    clock, and the media hosts: a bucket is given a picture of one pixel, which is taken away again.
    Nothing else is changed. Ends with 1 if there is a problem.
    """
    from threadsync.cli._terminal import output, say
    from threadsync.operations.doctor import doctor as examine
    from threadsync.views.desk_text import doctor_text
    from threadsync.views.json import as_text
    from threadsync.views.json_desk import doctor_json

    checks = examine(workspace, encoding=sys.stdout.encoding or "", offline=offline)
    document = doctor_json(checks)
    if asked().format == "json":
        say(as_text(document))
    else:
        terminal = output()
        say(doctor_text(checks, width=terminal.width, color=terminal.color, quiet=asked().quiet))
    ctx.exit(Exit.DONE if document["ok"] else Exit.FAILED)
