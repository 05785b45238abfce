"""``threadsync watch``."""

from __future__ import annotations

import click

from threadsync.cli._options import WholeNumber, global_options, workspace

PORT_MAX = 65_535


@click.command()
@click.option(
    "--preview",
    is_flag=True,
    help="Show posts and drafts as their readers will see them, in a browser on this machine.",
)
@click.option(
    "--port",
    type=WholeNumber(min=0, max=PORT_MAX),
    metavar="N",
    help="Where the preview is, on 127.0.0.1; 8472 unless said otherwise, 0 takes a free one.",
)
@global_options
def watch(*, preview: bool, port: int | None) -> None:
    """Validate and plan again whenever a file is saved; Ctrl-C ends it.

    Shows every problem at its line, and for each post that changed what apply would do and the exact
    text its networks would get, with its count; drafts too. It writes nothing and asks no network.
    """
    if port is not None and not preview:
        raise click.UsageError("--port says where the preview is: give --preview too.")
    if not preview:
        from threadsync.cli._watching import run

        run(workspace)
        return
    from threadsync.cli._previewing import run_with_preview
    from threadsync.web.server import PORT

    run_with_preview(workspace, PORT if port is None else port)
