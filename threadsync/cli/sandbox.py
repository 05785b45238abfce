"""``threadsync sandbox``."""

from __future__ import annotations

from pathlib import Path

import click

from threadsync.cli._errors import Told
from threadsync.cli._exit import Exit
from threadsync.cli._options import WholeNumber


@click.command()
@click.option(
    "--port",
    type=WholeNumber(min=0, max=65535),
    default=8471,
    show_default=True,
    help="The port on 127.0.0.1; 0 takes a free one.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Keep everything here; without it, everything is forgotten when it stops.",
)
@click.option("--seed", type=int, metavar="N", help="Make ids from this number.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="FAULT",
    help="OPERATION[#N]:KIND[:TIMES][:SECONDS], like publish:answer-lost; with bluesky/ in front for that "
    "network; may be given several times.",
)
@click.option(
    "--delay",
    "delays",
    multiple=True,
    metavar="KIND=SECONDS",
    help="How long a container of this kind is in progress, like image=2.",
)
def sandbox(
    port: int, data: Path | None, seed: int | None, faults: tuple[str, ...], delays: tuple[str, ...]
) -> None:
    """Run a local Threads and a local Bluesky, with a page of the posts on each.

    It listens on this machine alone, until it is stopped with Ctrl-C.
    """
    from threadsync.sandbox.problems import SandboxError
    from threadsync.sandbox.server import serve
    from threadsync.sandbox.settings import SandboxSettings, parse_fault, with_delays

    try:
        settings = SandboxSettings(
            port=port,
            data=data,
            seed=seed,
            faults=tuple(parse_fault(text) for text in faults),
            switches=with_delays(delays) if delays else None,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    try:
        serve(settings, started=lambda running: click.echo(running.base_url))
    except SandboxError as error:
        raise Told(f"Error: {error}", Exit.FAILED) from error
