"""``threadsync import``."""

from __future__ import annotations

import click

from threadsync.cli._completing import complete_addresses
from threadsync.cli._options import global_options, lock_timeout_option, workspace


@click.command("import")
@click.argument("address", shell_complete=complete_addresses)
@click.argument("reference")
@lock_timeout_option
@global_options
def import_(address: str, reference: str, *, lock_timeout: float) -> None:
    """Bind a post that is on the network already.

    REFERENCE is its id or its permalink (of a chain: of the first segment), ADDRESS the KEY@TARGET
    that it becomes. It reads the account and changes nothing there.
    """
    from threadsync.cli._done import patience, say_done
    from threadsync.operations.importing import import_post

    say_done(import_post(workspace(), address, reference, patience(lock_timeout)))
