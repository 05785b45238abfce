"""``threadsync hold`` and ``threadsync release``."""

from __future__ import annotations

import click

from threadsync.cli._completing import complete_selectors
from threadsync.cli._options import global_options, lock_timeout_option, why_option, workspace

_WHICH = click.argument(
    "selectors", nargs=-1, required=True, metavar="SELECTOR...", shell_complete=complete_selectors
)


@click.command()
@_WHICH
@why_option
@lock_timeout_option
@global_options
def hold(selectors: tuple[str, ...], *, why: str, lock_timeout: float) -> None:
    """Let apply not touch publications until they are released.

    It neither publishes nor changes nor takes them down, wherever the state is shared. A SELECTOR is a
    key, a path, KEY@TARGET, a target, or a glob of one of these; it means what is declared or live now.
    """
    from threadsync.cli._done import patience, say_done
    from threadsync.operations.holding import hold as put

    say_done(put(workspace(), selectors, why=why, patience=patience(lock_timeout)))


@click.command()
@_WHICH
@lock_timeout_option
@global_options
def release(selectors: tuple[str, ...], *, lock_timeout: float) -> None:
    """Let apply touch publications again that are held.

    What is past its window by then waits for a yes, whatever its if_late says.
    """
    from threadsync.cli._done import patience, say_done
    from threadsync.operations.holding import release as let_go

    say_done(let_go(workspace(), selectors, patience=patience(lock_timeout)))
