"""``threadsync init``."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from threadsync.cli._exit import Exit
from threadsync.cli._options import asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadsync.operations.init import Started, Wishes

WHERE = "Where is its token (env:NAME, file:PATH, keyring:NAME)"
PICTURES = "Public address of the posts folder, for pictures (empty: none)"


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False, metavar="[DIR]")
@click.option("--target", metavar="TARGET", help="What to call the account here, like threads/main.")
@click.option("--account", metavar="HANDLE", help="The handle or id of the account; others are refused.")
@click.option("--credential", metavar="WHERE", help="Where its token is: env:NAME, file:PATH, keyring:NAME.")
@click.option("--zone", metavar="ZONE", help="The time zone of the posts, like Europe/Vienna.")
@click.option("--media-url", metavar="URL", help="The public address where the posts folder will be.")
@click.option("--base-url", metavar="URL", help="The address of a sandbox, instead of the real network.")
@click.option("--check", is_flag=True, help="Look up the account with the token; changes nothing there.")
@click.pass_context
def init(
    ctx: click.Context,
    folder: Path | None,
    *,
    target: str | None,
    account: str | None,
    credential: str | None,
    zone: str | None,
    media_url: str | None,
    base_url: str | None,
    check: bool,
) -> None:
    """Make a project in DIR: its file, an example draft, what git ignores.

    At a terminal it asks for what no option says, each with a default; elsewhere the defaults hold.
    Nothing that is there is overwritten, and what it writes validates.
    """
    from threadsync.cli._terminal import error_output, note
    from threadsync.operations.init import Wishes, guessed_zone
    from threadsync.operations.init import init as start
    from threadsync.views.findings_text import findings_text

    defaults = Wishes(zone=guessed_zone(os.environ))
    wishes = Wishes(
        _answer(target, "Name of the account here", defaults.target, lambda said: Wishes(target=said)),
        _answer(account, "Handle of the account (empty: later)", "", _with_account).removeprefix("@"),
        _answer(credential, WHERE, defaults.credential, lambda said: Wishes(credential=said)),
        _answer(zone, "Time zone", defaults.zone, lambda said: Wishes(zone=said)),
        _answer(media_url, PICTURES, "", lambda said: Wishes(media_url=said)),
        base_url or "",
    )
    started = start(folder or asked().project or Path(), wishes, check=check)
    _tell(started, wishes.account)
    if started.findings:
        terminal = error_output()
        note(findings_text(started.findings, width=terminal.width, color=terminal.color).removesuffix("\n"))
    is_unsure = started.is_other or bool(started.account_problem)
    ctx.exit(Exit.FAILED if is_unsure or any(each.is_error for each in started.findings) else Exit.DONE)


def _with_account(said: str) -> Wishes:
    from threadsync.operations.init import Wishes

    return Wishes(account=said.removeprefix("@"))


def _answer(given: str | None, question: str, default: str, wish: Callable[[str], Wishes]) -> str:
    """Return what an option says, or else the person, or else the default.

    What the person says is asked for again until *wish* makes something of it that can be granted.
    """
    from threadsync.cli._terminal import error_output, is_attended, note
    from threadsync.operations.init import fault_of
    from threadsync.views.desk_text import lines_text

    if given is not None or not is_attended():
        return default if given is None else given
    while True:
        answer: str = click.prompt(question, default=default, show_default=bool(default), err=True)
        fault = fault_of(wish(answer.strip()))
        if fault is None:
            return answer.strip()
        note(lines_text(fault, width=error_output().width).removesuffix("\n"))


def _tell(started: Started, account: str) -> None:
    from threadsync.cli._terminal import error_output, note, say
    from threadsync.content.escape import printable
    from threadsync.operations.init import EXAMPLE
    from threadsync.views.desk_text import lines_text

    for name in started.files:
        say(f"{printable(str(started.root / name))}\n")
    lines = []
    if started.is_other:
        lines.append(f"The token opens @{started.account}, and you said {account}: correct one of them.")
    elif started.account:
        how = ", as you said" if account else "; it is written down"
        lines.append(f"The token opens @{started.account}{how}.")
    elif started.account_problem:
        lines.append(f"The account could not be looked up: {started.account_problem}")
    here = shlex.join(["cd", str(started.root)]) + " && " if started.root != Path() else ""
    if not started.account:
        lines.append("A token that there is not yet: threadsync auth login TARGET gets it.")
    lines += [
        f"Next: {here}threadsync doctor",
        f"Then edit posts/{EXAMPLE}.md: give it a publish: time and take draft: true out. threadsync plan "
        "shows what would go out.",
    ]
    note(lines_text(lines, width=error_output().width).removesuffix("\n"))
