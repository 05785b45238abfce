"""``threadsync state …``: looking into the state and mending it."""

from __future__ import annotations

import click

from threadsync.cli._completing import complete_addresses
from threadsync.cli._done import patience, say_done
from threadsync.cli._options import (
    asked,
    format_option,
    global_options,
    lock_timeout_option,
    selectors,
    workspace,
)
from threadsync.cli.show import show as show_publication


@click.group()
@global_options
def state() -> None:
    """Look into the state and mend it.

    Each change is made under the lock and keeps a backup; none of them touches a network's posts.
    """


@state.command("list")
@selectors
@global_options
@format_option("text", "json")
def list_(selectors: tuple[str, ...]) -> None:
    """List what the state holds: bindings and tombstones."""
    from threadsync.cli._terminal import output, say
    from threadsync.operations.surgery import state_list
    from threadsync.views.json import as_text, entries_json
    from threadsync.views.standing_text import entries_text

    opened = workspace()
    entries = state_list(opened, selectors)
    if asked().format == "json":
        say(as_text(entries_json(entries)))
    else:
        terminal = output()
        say(entries_text(entries, width=terminal.width, color=terminal.color, zone=opened.project.zone))


@state.command()
@global_options
@format_option("text", "json")
def history() -> None:
    """List the copies of the state, and say how the newest comes back.

    A state in a file has its copies on this machine; one that is shared has them where it is.
    """
    from threadsync.cli._terminal import output, say
    from threadsync.operations.surgery import state_history
    from threadsync.views.json import as_text, history_json
    from threadsync.views.standing_text import history_text

    opened = workspace()
    entries = state_history(opened)
    if asked().format == "json":
        say(as_text(history_json(entries)))
    else:
        terminal = output()
        say(history_text(entries, width=terminal.width, color=terminal.color, zone=opened.project.zone))


@state.command()
@click.option("--copy", default="", metavar="NAME", help="Print this one of state history instead.")
@global_options
def pull(copy: str) -> None:
    """Print the state as JSON, as it is now.

    What an interrupted run left beside it is in it. To keep a copy: threadsync state pull > copy.json
    """
    from threadsync.cli._terminal import say
    from threadsync.operations.surgery import state_pull

    say(state_pull(workspace(), copy).decode())


@state.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option(
    "--replace-lineage",
    is_flag=True,
    help="FILE is a copy of another state than the one in use, and that is meant.",
)
@lock_timeout_option
@global_options
def push(file: str, *, replace_lineage: bool, lock_timeout: float) -> None:
    """Put a copy of the state back in its place.

    FILE is what state pull printed, a backup, or - for standard input. The state as it was stays in the
    history. What was published since the copy was made is blocked by the next apply, not sent again.
    """
    from threadsync.operations.surgery import state_push

    with click.open_file(file, "rb") as opened:
        encoded = opened.read()
    named = "standard input" if file == "-" else file
    waiting = patience(lock_timeout)
    say_done(state_push(workspace(), encoded, named, replace_lineage=replace_lineage, patience=waiting))


@state.command("mv")
@click.argument("old", shell_complete=complete_addresses)
@click.argument("new")
@lock_timeout_option
@global_options
def move(old: str, new: str, *, lock_timeout: float) -> None:
    """Give a publication, or a whole target, another name.

    OLD and NEW are both KEY@TARGET, or both targets. Nothing on the network changes.
    """
    from threadsync.operations.surgery import state_move

    say_done(state_move(workspace(), old, new, patience(lock_timeout)))


@state.command("rm")
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...", shell_complete=complete_addresses)
@lock_timeout_option
@global_options
def remove(addresses: tuple[str, ...], *, lock_timeout: float) -> None:
    """Erase what the state knows of publications.

    Their tombstones too; their posts stay up.
    """
    from threadsync.operations.surgery import state_remove

    say_done(state_remove(workspace(), addresses, patience(lock_timeout)))


@state.command()
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...", shell_complete=complete_addresses)
@lock_timeout_option
@global_options
def accept(addresses: tuple[str, ...], *, lock_timeout: float) -> None:
    """Record today's files as what is live.

    A post that the network no longer has is recorded as taken down; for that the account is read.
    """
    from threadsync.operations.surgery import state_accept

    say_done(state_accept(workspace(), addresses, patience(lock_timeout)))


@state.command()
@click.argument("address", shell_complete=complete_addresses)
@click.option("--published", metavar="REFERENCE", help="It was published: the id or permalink of the post.")
@click.option("--not-published", is_flag=True, help="It was not published; the next apply does it.")
@lock_timeout_option
@global_options
def resolve(address: str, published: str | None, *, not_published: bool, lock_timeout: float) -> None:
    """Say what became of a publication in doubt.

    Look at the account first: what you say is believed.
    """
    from threadsync.operations.surgery import state_resolve

    waiting = patience(lock_timeout)
    say_done(
        state_resolve(
            workspace(), address, published=published, not_published=not_published, patience=waiting
        )
    )


@state.command("force-unlock")
@global_options
def force_unlock() -> None:
    """Break the lock of a run that is dead.

    Make sure that it is: what it had begun is settled by the next apply.
    """
    from threadsync.operations.surgery import force_unlock as unlock

    say_done(unlock(workspace()))


state.add_command(show_publication)
