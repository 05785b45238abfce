"""``threadsync auth …``: credentials, where they are, whose account they open, how long they live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from threadsync.cli._completing import complete_targets
from threadsync.cli._exit import Exit
from threadsync.cli._options import asked, format_option, global_options, workspace

if TYPE_CHECKING:
    from threadsync.operations.credentials import Stored

_TARGET = click.argument("target", shell_complete=complete_targets)
_ROLE = click.option(
    "--role", default="main", show_default=True, metavar="ROLE", help="Which of the target's credentials."
)


@click.group()
@global_options
def auth() -> None:
    """Look at credentials; store, renew and remove them.

    A project says where each credential is (env:NAME, file:PATH, keyring:NAME), never what it is. No
    command prints one, except auth login --print and auth refresh --show.
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
@click.option(
    "--token", is_flag=True, help="Store a token that there is already: pasted unseen, or piped in."
)
@click.option("--print", "prints", is_flag=True, help="Print the new token once, and store it nowhere.")
@click.option("--no-browser", is_flag=True, help="Open none: print the address, and take the pasted answer.")
@click.option(
    "--scope", "scopes", multiple=True, metavar="SCOPE", help="Ask for this right too; may be given often."
)
@global_options
def login(
    target: str, role: str, scopes: tuple[str, ...], *, token: bool, prints: bool, no_browser: bool
) -> None:
    """Let the app use the account, in a browser, and store the token where the project says.

    It asks for the rights that this project needs. What the app is known by comes from the target or from
    the environment; threadsync providers says by which names. An http:// redirect URI of this machine is met
    here; from another one, paste the whole address that the browser ends on.

    For a secret of the CI use --print: threadsync auth login TARGET --print | gh secret set NAME

    A network that gives no token in a browser, and any other --role, is asked for it as with --token. An
    app password is tried before it is stored, and whose account it opens is said.
    """
    from threadsync.cli._logging_in import in_browser, pasted
    from threadsync.cli._terminal import say
    from threadsync.model.ids import MAIN, Role
    from threadsync.operations.logging_in import auth_store, authorizing_of, begin_login, role_of

    opened = workspace()
    is_browsed = not token and role == MAIN and authorizing_of(opened, target) is not None
    if not is_browsed:
        if prints or no_browser or scopes:
            raise click.UsageError("--print, --no-browser and --scope are for a login in a browser.")
        asked_for = role_of(opened, target, Role(role)).name.capitalize()
        _say(auth_store(opened, target, Role(role), pasted(f"{asked_for} of {target}")))
        return
    begun = begin_login(opened, target, scopes=scopes, stores=not prints)
    done = in_browser(opened, begun, opens=not no_browser)
    if prints and done.secret is not None:
        say(f"{done.secret.reveal()}\n")
    _say(done, err=prints)


@auth.command()
@_TARGET
@_ROLE
@click.option("--show", is_flag=True, help="Print the new token on standard output.")
@click.option(
    "--write-back",
    default="",
    metavar="COMMAND",
    help="Run this with the new token on its standard input, such as 'gh secret set NAME'.",
)
@global_options
def refresh(target: str, role: str, *, show: bool, write_back: str) -> None:
    """Renew a credential, and store the new one before it is used.

    One that has expired cannot be renewed, and one that is too young may not be yet: the message says when.
    One in the environment cannot be stored from here: --write-back hands it to a command, on its standard
    input alone (no shell reads that command). If it fails, the new token is kept in .threadsync/, and the
    same command is given it again.
    """
    from threadsync.cli._terminal import say
    from threadsync.model.ids import Role
    from threadsync.operations.renewing import auth_refresh

    done = auth_refresh(workspace(), target, Role(role), show=show, write_back=write_back)
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
    from threadsync.operations.logging_in import auth_logout

    _say(auth_logout(workspace(), target, Role(role)))


def _say(done: Stored, *, err: bool = False) -> None:
    from threadsync.cli._terminal import error_output, note, output, say
    from threadsync.views.desk_text import lines_text

    if err:
        note(lines_text(done.lines, width=error_output().width).removesuffix("\n"))
    else:
        say(lines_text(done.lines, width=output().width))
