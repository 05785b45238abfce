"""``watch`` at a terminal: shows what is new, and ends at the first signal."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC
from types import FrameType
from zoneinfo import ZoneInfo

from threadsync.cli._signals import NUMBERS
from threadsync.cli._terminal import error_output, note, output, say
from threadsync.errors import ThreadsyncError
from threadsync.operations.preview import Preview
from threadsync.operations.workspace import Workspace
from threadsync.views.findings_text import error_text
from threadsync.views.watch_text import first_text, news_text
from threadsync.watch.seen import News
from threadsync.watch.watching import Shown, Watching

WATCHING = "Watching. Save a file to see what it would do; Ctrl-C ends this.\n"


def run(opened: Callable[[], Workspace], told: Callable[[Shown], Shown] = lambda shown: shown) -> None:
    """Watch the project that *opened* opens, until a signal comes.

    What is shown at the terminal may be *told* elsewhere too. It ends at once, whatever is under way: nothing
    but throw-away caches is ever written.

    Raises:
        ProjectError: there is no project when it begins.
    """
    begun = opened()
    shown = told(Shown(_first, _new(begun), _problem))
    watching = Watching(begun.project.root, opened, begun.clock, shown)
    ending = False

    def end(_: int, __: FrameType | None) -> None:
        nonlocal ending
        if not ending:
            ending = True
            watching.stop()
            raise KeyboardInterrupt

    # One that is ignored stays so: whoever started us with nohup or in the background wants it to go on.
    heard = [number for number in NUMBERS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.getsignal(number) for number in heard}
    try:
        with suppress(KeyboardInterrupt):
            for number in heard:
                signal.signal(number, end)
            note(WATCHING)
            watching.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _first(preview: Preview) -> None:
    terminal = output()
    say(first_text(preview.prepared, preview.drafts, width=terminal.width, color=terminal.color))


def _new(workspace: Workspace) -> Callable[[News, Preview], None]:
    def show(news: News, preview: Preview) -> None:
        terminal, zone = output(), preview.prepared.zone
        text = news_text(
            preview.prepared,
            preview.drafts,
            findings=news.findings,
            standing=news.standing,
            fewer=news.fewer,
            mended=news.mended,
            actions=news.actions,
            changed=news.drafts,
            gone=news.gone,
            at=workspace.clock.now().astimezone(ZoneInfo(zone) if zone is not None else UTC),
            width=terminal.width,
            color=terminal.color,
        )
        say(f"\n{text}")

    return show


def _problem(error: ThreadsyncError) -> None:
    terminal = error_output()
    note(error_text(error, width=terminal.width, color=terminal.color))
