"""``threadsync validate``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from threadsync.cli._exit import Exit
from threadsync.cli._options import asked, format_option, global_options, workspace
from threadsync.errors import ProjectError


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(), metavar="[PATH]...")
@global_options
@format_option("text", "json", "github")
@click.pass_context
def validate(ctx: click.Context, paths: tuple[str, ...]) -> None:
    """Check the files, offline and without credentials.

    Every finding has its file, line and column, what is wrong, and what to do next; all of them come
    at once. PATHs narrow what is reported. Ends with 1 if any finding is an error.
    """
    from msgspec.structs import replace

    from threadsync.cli._terminal import detail, folder_in_repository, output, say
    from threadsync.operations.collecting import uncollected
    from threadsync.operations.validate import validate as check
    from threadsync.operations.workspace import read_posts
    from threadsync.views.findings_text import validation_text
    from threadsync.views.github import github_annotations
    from threadsync.views.json import as_text, validation_json

    try:
        opened = workspace()
    except ProjectError as error:
        if asked().format == "github":
            below = folder_in_repository(asked().project or Path())
            say(github_annotations(error.findings, below=below))
        raise
    with uncollected():
        found = check(replace(opened, read=partial(read_posts, shared=True)), paths)
    match asked().format:
        case "json":
            say(as_text(validation_json(found)))
        case "github":
            say(github_annotations(found.findings, below=folder_in_repository(opened.project.root)))
        case _:
            terminal = output()
            say(validation_text(found, width=terminal.width, color=terminal.color, detail=detail()))
    ctx.exit(Exit.DONE if found.ok else Exit.FAILED)
