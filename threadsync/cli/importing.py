"""``threadsync import``."""

from __future__ import annotations

import click

from threadsync.cli._options import global_options, workspace


@click.command("import")
@click.argument("address")
@click.argument("reference")
@global_options
def import_(address: str, reference: str) -> None:
    """Bind a post that is on the network already.

    REFERENCE is its id or its permalink (of a chain: of the first segment), ADDRESS the KEY@TARGET
    that it becomes. It reads the account and changes nothing there.
    """
    from threadsync.cli._done import say_done
    from threadsync.operations.importing import import_post

    say_done(import_post(workspace(), address, reference))
