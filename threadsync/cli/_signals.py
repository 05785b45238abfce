"""SIGINT, SIGTERM and SIGHUP during an apply: the first stops it in good order, the second ends it at once.

Before anything is under way, and while a question is open, the first one raises ``KeyboardInterrupt``.
Ending at once is safe too: what was begun is on record, and the next apply goes on from there.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

HANGUP: signal.Signals | None = getattr(signal, "SIGHUP", None)
"""Windows has none."""
_BREAK: signal.Signals | None = getattr(signal, "SIGBREAK", None)
"""Ctrl-Break, which Windows alone has: by it one program asks another to end."""
NUMBERS = (signal.SIGINT, signal.SIGTERM, *(each for each in (HANGUP, _BREAK) if each is not None))
SAID = b"\nStopping: what is under way is finished or put on record. Once more ends it at once.\n"
WAKE_SECONDS = 0.5
"""How late a signal may be heard of at a question."""
SHOW_CURSOR = b"\x1b[?25h"
"""The live table hides it (DECTCEM of the VT510 manual), and a run that ends at once cannot take it off."""


class Signals:
    """Takes the signals for the length of a ``with`` block."""

    def __init__(self) -> None:
        self.came = False
        self._asking = False
        self._stop: Callable[[], None] | None = None
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        for number in NUMBERS:
            if number == HANGUP and signal.getsignal(int(number)) is signal.SIG_IGN:
                continue  # nohup: who started us wants it to go on
            self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # just what signal() had returned
        self._before.clear()

    def started(self, stop: Callable[[], None]) -> None:
        """Call *stop* when the first signal comes."""
        self._stop = stop

    @contextmanager
    def asking(self) -> Iterator[None]:
        """While a question is open, a signal ends the question: nothing is under way."""
        self._asking = True
        try:
            with _waking():
                yield
        finally:
            self._asking = False

    def _take(self, number: int, _: FrameType | None) -> None:
        if self.came:
            _leave(number)
        self.came = True
        if self._asking or self._stop is None:
            raise KeyboardInterrupt
        # Straight to the file: the interrupted code may be in the middle of a buffered write.
        with suppress(OSError):  # the terminal may be what went away
            os.write(2, SAID)
        self._stop()


@contextmanager
def _waking() -> Iterator[None]:
    """Let a signal end a wait for an answer, whenever it comes.

    One that comes just before that wait does not end it, and Python hears of it only afterwards; so a
    timer ends it now and then, and Python takes it up again. Windows has no such timer, and needs none:
    there Python itself ends the wait at Ctrl-C.
    """
    if sys.platform == "win32":
        yield
    else:
        before = signal.signal(signal.SIGALRM, lambda *_: None)
        signal.setitimer(signal.ITIMER_REAL, WAKE_SECONDS, WAKE_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


def _leave(number: int) -> None:
    """End this process now, and leave a terminal as it was found."""
    with suppress(OSError):
        if os.isatty(2) and os.environ.get("TERM") not in {None, "dumb", "unknown"}:
            os.write(2, SHOW_CURSOR)
    os._exit(128 + number)
