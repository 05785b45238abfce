"""``threadsync demo``."""

from __future__ import annotations

import click

from threadsync.cli._exit import Exit


@click.command()
@click.pass_context
def demo(ctx: click.Context) -> None:
    """Take the whole tour on a local Threads and a local Bluesky.

    It plans, applies, edits a post, kills an apply in the middle and finishes it, on a copy of the
    examples in a temporary folder, which it keeps; nothing leaves this machine. Ends with 0 only if
    all that it shows really held.
    """
    from threadsync.cli.demo_tour import take_tour

    ctx.exit(Exit.DONE if take_tour(click.echo) else Exit.FAILED)
