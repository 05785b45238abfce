"""``threadsync freeze`` and ``threadsync unfreeze``."""

from __future__ import annotations

import click

from threadsync.cli._options import global_options, lock_timeout_option, why_option, workspace


@click.command()
@why_option
@lock_timeout_option
@global_options
def freeze(*, why: str, lock_timeout: float) -> None:
    """Let every apply refuse until unfreeze, wherever the state is shared.

    While an apply runs it cannot be frozen: stop that first (Ctrl-C, or cancel its CI job), or wait for
    it with --lock-timeout. Taking down (withdraw) works while everything is frozen.
    """
    from threadsync.cli._done import patience, say_done
    from threadsync.operations.holding import freeze as put

    say_done(put(workspace(), why=why, patience=patience(lock_timeout)))


@click.command()
@lock_timeout_option
@global_options
def unfreeze(*, lock_timeout: float) -> None:
    """Let apply act again.

    What is past its window by then waits for a yes, whatever its if_late says.
    """
    from threadsync.cli._done import patience, say_done
    from threadsync.operations.holding import unfreeze as let_go

    say_done(let_go(workspace(), patience=patience(lock_timeout)))
