"""``threadsync init``."""

from __future__ import annotations

import os
import shlex
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import click

from threadsync.cli._exit import Exit
from threadsync.cli._options import asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadsync.operations.init import LookedUp, Started, WishedAccount, Wishes

WHERE = "Where is its token or password (env:NAME, file:PATH, keyring:NAME)"
ANOTHER = "Another account, like bluesky/brand (empty: none)"
PICTURES = "Public address of the posts folder, for pictures (empty: none)"


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False, metavar="[DIR]")
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="TARGET",
    help="What to call an account here, like threads/main or bluesky/brand; once for each.",
)
@click.option(
    "--account",
    "accounts",
    multiple=True,
    metavar="HANDLE",
    help="The handle or id of the account; others are refused. For several, in the order of --target.",
)
@click.option(
    "--credential",
    "credentials",
    multiple=True,
    metavar="WHERE",
    help="Where its token or password is: env:NAME, file:PATH, keyring:NAME; in that order too.",
)
@click.option("--zone", metavar="ZONE", help="The time zone of the posts, like Europe/Vienna.")
@click.option("--media-url", metavar="URL", help="The public address where the posts folder will be.")
@click.option("--base-url", metavar="URL", help="The address of a sandbox, instead of the real network.")
@click.option("--check", is_flag=True, help="Look up the account with the token; changes nothing there.")
@click.pass_context
def init(
    ctx: click.Context,
    folder: Path | None,
    *,
    targets: tuple[str, ...],
    accounts: tuple[str, ...],
    credentials: tuple[str, ...],
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
    from threadsync.operations.init import Wishes, fetches_media, guessed_zone
    from threadsync.operations.init import init as start
    from threadsync.views.findings_text import findings_text

    wished = _wished(targets, accounts, credentials)
    first, zone_here = wished[0], guessed_zone(os.environ)
    fetched = any(fetches_media(each.target) for each in wished)
    wishes = Wishes(
        first.target,
        first.account,
        first.credential,
        wished[1:],
        _answer(zone, "Time zone", zone_here, lambda said: Wishes(zone=said)),
        _answer(media_url if fetched else media_url or "", PICTURES, "", lambda said: Wishes(media_url=said)),
        base_url or "",
    )
    started = start(folder or asked().project or Path(), wishes, check=check)
    _tell(started, wishes)
    if started.findings:
        terminal = error_output()
        note(findings_text(started.findings, width=terminal.width, color=terminal.color).removesuffix("\n"))
    is_unsure = any(each.is_other or each.problem for each in started.accounts)
    ctx.exit(Exit.FAILED if is_unsure or any(each.is_error for each in started.findings) else Exit.DONE)


def _wished(
    targets: tuple[str, ...], accounts: tuple[str, ...], credentials: tuple[str, ...]
) -> tuple[WishedAccount, ...]:
    """Return the accounts that the options name, or else those that the person does."""
    number = max(len(targets), len(accounts), len(credentials), 1)
    if number > max(len(targets), 1):
        raise click.UsageError("There are more --account or --credential than --target.")
    given = zip_longest(targets, accounts, credentials)
    wished = [_account(*each) for each in given] or [_account(None, None, None)]
    if targets:
        return tuple(wished)
    while another := _answer(None, ANOTHER, "", _with_target):
        wished.append(_account(another, None, None))
    return tuple(wished)


def _account(target: str | None, account: str | None, credential: str | None) -> WishedAccount:
    from threadsync.operations.init import WishedAccount, Wishes, usual_place

    name = _answer(target, "Name of the account here", WishedAccount().target, _with_target)
    return WishedAccount(
        name,
        _answer(account, f"Handle of {name} (empty: later)", "", _with_account).removeprefix("@"),
        _answer(credential, WHERE, usual_place(name), lambda said: Wishes(credential=said)),
    )


def _with_target(said: str) -> Wishes:
    from threadsync.operations.init import Wishes

    return Wishes(target=said) if said else Wishes()


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


def _tell(started: Started, wishes: Wishes) -> None:
    from threadsync.cli._terminal import error_output, note, say
    from threadsync.content.escape import printable
    from threadsync.operations.init import EXAMPLE
    from threadsync.views.desk_text import lines_text

    for name in started.files:
        say(f"{printable(str(started.root / name))}\n")
    lines = [_looked_up(each) for each in started.accounts]
    here = shlex.join(["cd", str(started.root)]) + " && " if started.root != Path() else ""
    if not any(each.account for each in started.accounts):
        many = "TARGET" if wishes.more else wishes.target
        lines.append(f"A token or password that there is not yet: threadsync auth login {many} stores it.")
    lines += [
        f"Next: {here}threadsync doctor",
        f"Then edit posts/{EXAMPLE}.md: give it a publish: time and take draft: true out. threadsync plan "
        "shows what would go out.",
    ]
    note(lines_text(lines, width=error_output().width).removesuffix("\n"))


def _looked_up(found: LookedUp) -> str:
    target, wished = found.wished.target, found.wished.account
    if found.is_other:
        return f"{target}: the credential opens @{found.account}, and you said {wished}: correct one of them."
    if found.problem:
        return f"{target}: the account could not be looked up: {found.problem}"
    how = "as you said" if wished else "it is written down"
    return f"{target}: the credential opens @{found.account}; {how}."
