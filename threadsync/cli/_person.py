"""Asking the person at the terminal; Enter, and anything but a clear yes, means no."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

import click

from threadsync.content.escape import printable
from threadsync.operations.asking import AskAccount, AskApply, AskFirstRun, AskLate, AskReplace, Question
from threadsync.views.plan_text import action_text
from threadsync.views.words import many

if TYPE_CHECKING:
    from datetime import datetime

    from threadsync.cli._progress import Progress
    from threadsync.cli._signals import Signals
    from threadsync.cli._terminal import Terminal


class AtTerminal:
    """The person who started the command."""

    def __init__(
        self, terminal: Terminal, progress: Progress, signals: Signals, *, now: datetime, zone: str | None
    ) -> None:
        self._terminal = terminal
        self._progress = progress
        self._signals = signals
        self._now = now
        self._zone = zone

    def confirm(self, question: Question) -> bool:
        """Ask *question*.

        Raises:
            KeyboardInterrupt: the person ended the question, and so the command.
        """
        self._progress.pause()
        if isinstance(question, AskReplace | AskLate):
            shown = action_text(
                question.blocked,
                width=self._terminal.width,
                color=self._terminal.color,
                now=self._now,
                zone=self._zone,
            )
            click.echo(shown, nl=False, err=True, color=True)
        with self._signals.asking():
            try:
                return click.confirm(printable(words(question)), default=False, err=True)
            except click.Abort as error:
                click.echo(err=True)  # the question is still on this line
                raise KeyboardInterrupt from error


def words(question: Question) -> str:
    """Return *question* in words."""
    match question:
        case AskApply(prepared=prepared):
            number = len(prepared.plan.effective)
            return f"Carry out {'this action' if number == 1 else f'these {number} actions'}?"
        case AskFirstRun(targets=targets, creates=creates):
            where = f" on {', '.join(targets)}" if targets else ""
            return f"There is no state yet. Is this the first run, publishing {many(creates, 'post')}{where}?"
        case AskAccount(target=target, account=account):
            whose = f"@{account.handle} ({account.account_id} at {account.origin})"
            return f"The credential of {target} opens {whose}. Is {target} that account?"
        case AskReplace(blocked=blocked):
            return f"Replace {blocked.address}, and take the old post down with all it has gathered?"
        case AskLate(blocked=blocked):
            return f"Publish {blocked.address} all the same?"
        case _:
            assert_never(question)
