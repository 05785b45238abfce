"""``threadsync withdraw``."""

from __future__ import annotations

import click

from threadsync.cli._completing import complete_addresses
from threadsync.cli._options import (
    format_option,
    global_options,
    lock_timeout_option,
    why_option,
    workspace,
)


@click.command()
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...", shell_complete=complete_addresses)
@why_option
@click.option("--yes", is_flag=True, help="Take them down without asking.")
@lock_timeout_option
@global_options
@format_option("text", "json", "markdown")
@click.pass_context
def withdraw(
    ctx: click.Context, addresses: tuple[str, ...], *, why: str, yes: bool, lock_timeout: float
) -> None:
    """Take live posts down now; they never come back by themselves.

    It shows what is lost with them, and asks. Their files may stay: they are blocked (was-taken-down)
    until they say republish: true. It works under a freeze, and reads no post files. Run it again
    after anything that went wrong; the next apply goes on with it too.
    """
    from threadsync.cli._applying import run
    from threadsync.operations.withdrawing import options_of
    from threadsync.operations.withdrawing import withdraw as take_down

    opened = workspace()
    options = options_of(
        addresses,
        why=why,
        yes=yes,
        lock_timeout_seconds=lock_timeout,
        deletes_max=opened.project.safety.deletes_max,
    )
    ctx.exit(run(opened, options, carry_out=take_down))
