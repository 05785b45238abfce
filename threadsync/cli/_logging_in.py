"""A login at the terminal: the browser is opened, and its answer met or pasted."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from threadsync.cli._terminal import error_output, note
from threadsync.execution.redirect import WAIT_SECONDS, can_be_met, meeting
from threadsync.operations.logging_in import finish_login
from threadsync.views.desk_text import lines_text

if TYPE_CHECKING:
    from threadsync.operations.credentials import Stored
    from threadsync.operations.logging_in import Login
    from threadsync.operations.workspace import Workspace


STANDARD_OUTPUT: Final = 1
STANDARD_ERROR: Final = 2
"""Their file descriptors, as a program that is started gets them."""


def pasted(question: str, *, hidden: bool = True) -> str:
    """Return what the person pastes at the terminal, or else what standard input holds.

    What is *hidden* is not shown while it is typed.
    """
    if not sys.stdin.isatty():
        return sys.stdin.read()
    answer: str = click.prompt(question, hide_input=hidden, err=True)
    return answer


def in_browser(workspace: Workspace, login: Login, *, opens: bool) -> Stored:
    """Send the person to the network, and finish the login with what comes back.

    Raises:
        ThreadsyncError: see ``finish_login``; or no answer came.
    """
    authorization = login.authorization
    _tell(f"Asking for: {', '.join(login.scopes)}.")
    answer = ""
    if opens and can_be_met(authorization.redirect_uri):
        with meeting(authorization.redirect_uri) as met:
            if _opened(authorization.url):
                _tell(f"Waiting up to {WAIT_SECONDS / 60:.0f} minutes for its answer; Ctrl-C ends that.")
                answer = met.answer(workspace.clock, stuck=login.stuck)
    elif opens:
        _opened(authorization.url)
    else:
        _tell("Open this address:", authorization.url)
    return finish_login(workspace, login, answer or _answer())


def _opened(url: str) -> bool:
    """Open *url* in a browser; False where there is none. The address is shown in any case."""
    with _aside():
        opened = webbrowser.open(url)
    if opened:
        _tell("Opened in the browser:", url)
        return True
    _tell("No browser could be opened here. Open this address in one:", url)
    return False


@contextmanager
def _aside() -> Iterator[None]:
    """Let what is started meanwhile print on standard error: on ours may be a token that another one reads.

    Chrome, for one, says there that it opens a window of a session that there is already.
    """
    ours = os.dup(STANDARD_OUTPUT)
    try:
        os.dup2(STANDARD_ERROR, STANDARD_OUTPUT)
        yield
    finally:
        os.dup2(ours, STANDARD_OUTPUT)
        os.close(ours)


def _answer() -> str:
    """Return what the person pastes: an address in one row, or an error in JSON, which may have several."""
    answer = pasted("Paste the address that the browser ends on, or the error that it shows", hidden=False)
    while answer.lstrip().startswith("{") and "}" not in answer and sys.stdin.isatty():
        answer += str(click.prompt("", prompt_suffix="", default="", show_default=False, err=True))
    return answer


def _tell(text: str, address: str = "") -> None:
    """Say something on standard error; an address stands in a row of its own, however long it is."""
    note(lines_text([text], width=error_output().width).removesuffix("\n"))
    if address:
        note(address)
