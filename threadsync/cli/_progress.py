"""How an apply goes, on standard error: a live table at a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

from threadsync.cli._options import asked
from threadsync.content.escape import printable
from threadsync.errors import ThreadsyncError
from threadsync.execution.seams import Finished, Interrupted, Unwatched, Watcher
from threadsync.flows.core import Done, Raised
from threadsync.flows.effects import Request, Visibility
from threadsync.model.journal import Note
from threadsync.views.progress_text import note_text, waiting_text

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

ROWS_MAX = 20
"""How many publications the live table shows at once."""


class Progress(Watcher, Protocol):
    """A watcher that can be put aside while something else is printed."""

    def pause(self) -> None:
        """Leave the terminal alone until the next event."""
        ...


class Silent(Unwatched):
    """Says nothing."""

    def pause(self) -> None:
        """Do nothing."""


class _Told(ABC):
    """Turns events into a few words each, and hands on those that say something new."""

    def __init__(self) -> None:
        self._last: dict[str, str] = {}

    def waiting(self, name: str, why: str, seconds: float) -> None:
        """Say what a flow waits for."""
        del seconds  # it changes from poll to poll, and the next one is told again
        self._say(name, waiting_text(why))

    def requesting(self, name: str, request: Request) -> None:
        """Say that an account is read; publishing is told by the notes on record."""
        if request.visibility is Visibility.READ and "@" not in name:
            self._say(name, "reading the account")

    def recorded(self, name: str, notes: tuple[Note, ...]) -> None:
        """Say what went on record."""
        for note in notes:
            self._say(name, note_text(note))

    def finished(self, finished: Finished[object]) -> None:
        """Say how a flow ended, where no note says it."""
        match finished.end:
            case Raised(error=ThreadsyncError(problem=problem)):
                self._say(finished.name, f"failed: {problem}")
            case Raised(error=error):
                self._say(finished.name, f"failed: {error}")
            case Interrupted():
                self._say(finished.name, "interrupted; the next apply goes on")
            case Done():
                pass
        self._gone(finished.name)

    def _say(self, name: str, words: str) -> None:
        if words and self._last.get(name) != words:
            self._last[name] = words
            self._changed(name, printable(words))

    @abstractmethod
    def _changed(self, name: str, words: str) -> None:
        """Show that *name* is at *words* now."""

    def _gone(self, name: str) -> None:
        self._last.pop(name, None)


class Lines(_Told):
    """A line each time something changes; *write* prints one."""

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self._write = write

    def pause(self) -> None:
        """Do nothing: lines leave nothing behind that moves."""

    def _changed(self, name: str, words: str) -> None:
        self._write(f"{printable(name)}: {words}")


class Table(_Told):
    """A row for each publication that is under way, drawn over and over on *stream*."""

    def __init__(self, stream: TextIO, *, color: bool) -> None:
        super().__init__()
        self._stream = stream
        self._color = color
        self._rows: dict[str, str] = {}
        self._over = 0
        self._live: Live | None = None

    def pause(self) -> None:
        """Take the table off the terminal; the next event puts it back."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _changed(self, name: str, words: str) -> None:
        self._rows[name] = words
        self._draw()

    def _gone(self, name: str) -> None:
        super()._gone(name)
        self._rows.pop(name, None)
        self._over += "@" in name
        self._draw()

    def _draw(self) -> None:
        if self._live is None:
            from rich.console import Console
            from rich.live import Live

            console = Console(file=self._stream, no_color=not self._color, highlight=False)
            self._live = Live(
                console=console,
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        self._live.update(self._table(), refresh=True)

    def _table(self) -> RenderableType:
        from rich.table import Table as Grid
        from rich.text import Text

        grid = Grid.grid(padding=(0, 2))
        for name, words in list(self._rows.items())[:ROWS_MAX]:
            grid.add_row(Text(printable(name), style="bold"), Text(words))
        more = len(self._rows) - ROWS_MAX
        waiting = f", {more} more under way" if more > 0 else ""
        if self._over or any("@" in name for name in self._rows):
            grid.add_row(Text(f"{self._over} finished{waiting}", style="dim"), Text(""))
        return grid


@contextmanager
def shown_while_reading() -> Iterator[Progress]:
    """Show at a terminal which accounts are read meanwhile; elsewhere nothing, and nothing of it is left."""
    from threadsync.cli._terminal import error_output

    shows = sys.stderr.isatty() and not asked().quiet
    progress = Table(sys.stderr, color=error_output().color) if shows else Silent()
    try:
        yield progress
    finally:
        progress.pause()
