"""``threadsync auth …``: credentials, where they are, whose account they open, how long they live."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from threadsync.cli._completing import complete_targets
from threadsync.cli._exit import Exit
from threadsync.cli._options import asked, format_option, global_options, workspace

if TYPE_CHECKING:
    from threadsync.operations.auth import Stored

_TARGET = click.argument("target", shell_complete=complete_targets)
_ROLE = click.option(
    "--role", default="main", show_default=True, metavar="ROLE", help="Which of the target's credentials."
)


@click.group()
@global_options
def auth() -> None:
    """Look at credentials; store, renew and remove them.

    A project says where each credential is (env:NAME, file:PATH, keyring:NAME), never what it is. No
    command prints one, except auth refresh --show.
    """


@auth.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...", shell_complete=complete_targets)
@click.option("--offline", is_flag=True, help="Only look where they are; ask no network.")
@global_options
@format_option("text", "json")
@click.pass_context
def status(ctx: click.Context, targets: tuple[str, ...], *, offline: bool) -> None:
    """Show whose account each credential opens and how long it lives.

    It reads the accounts and changes nothing. What a network does not tell is said to be unknown. Ends
    with 1 if a credential cannot be used.
    """
    from threadsync.cli._terminal import output, say
    from threadsync.operations.auth import auth_status
    from threadsync.views.desk_text import auth_text
    from threadsync.views.json import as_text
    from threadsync.views.json_desk import auth_json

    opened = workspace()
    rows = auth_status(opened, targets, offline=offline)
    if asked().format == "json":
        say(as_text(auth_json(rows)))
    else:
        terminal, now = output(), opened.clock.now()
        say(auth_text(rows, width=terminal.width, color=terminal.color, now=now, zone=opened.project.zone))
    ctx.exit(Exit.FAILED if any(row.problem for row in rows) else Exit.DONE)


@auth.command()
@_TARGET
@_ROLE
@global_options
def login(target: str, role: str) -> None:
    """Store a token where the project says that it is.

    It is asked for without being shown; without a terminal it is read from standard input. Get one from
    the network first (Threads: the user token generator of your Meta app): this version opens no
    browser.
    """
    from threadsync.model.ids import Role
    from threadsync.operations.auth import auth_login

    opened = workspace()
    if sys.stdin.isatty():
        value = click.prompt(f"Token of {target}", hide_input=True, err=True)
    else:
        value = sys.stdin.read()
    _say(auth_login(opened, target, Role(role), value))


@auth.command()
@_TARGET
@_ROLE
@click.option("--show", is_flag=True, help="Print the new token on standard output.")
@global_options
def refresh(target: str, role: str, *, show: bool) -> None:
    """Renew a credential, and store the new one before it is used.

    One in the environment cannot be stored from here: with --show it is renewed and printed, for you
    to put where it is set.
    """
    from threadsync.cli._terminal import say
    from threadsync.model.ids import Role
    from threadsync.operations.auth import auth_refresh

    done = auth_refresh(workspace(), target, Role(role), show=show)
    if show and done.secret is not None:
        say(f"{done.secret.reveal()}\n")
    _say(done, err=show)


@auth.command()
@_TARGET
@_ROLE
@global_options
def logout(target: str, role: str) -> None:
    """Remove a credential from where it is stored; the network is not told."""
    from threadsync.model.ids import Role
    from threadsync.operations.auth import auth_logout

    _say(auth_logout(workspace(), target, Role(role)))


def _say(done: Stored, *, err: bool = False) -> None:
    from threadsync.cli._terminal import error_output, note, output, say
    from threadsync.views.desk_text import lines_text

    if err:
        note(lines_text(done.lines, width=error_output().width).removesuffix("\n"))
    else:
        say(lines_text(done.lines, width=output().width))
