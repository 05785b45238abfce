"""SIGINT, SIGTERM and SIGHUP during an apply: the first stops it in good order, the second ends it at once.

Ending at once is safe too: what was begun is on record, and the next apply goes on from there.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

HANGUP: signal.Signals | None = getattr(signal, "SIGHUP", None)
"""Windows has none."""
NUMBERS = (signal.SIGINT, signal.SIGTERM, *((HANGUP,) if HANGUP is not None else ()))
SAID = b"\nStopping: what is under way is finished or put on record. Once more ends it at once.\n"


class Signals:
    """Takes the signals for the length of a ``with`` block, from ``started`` on."""

    def __init__(self) -> None:
        self.came = False
        self._asking = False
        self._stop: Callable[[], None] | None = None
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
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
        for number in NUMBERS:
            if number == HANGUP and signal.getsignal(int(number)) is signal.SIG_IGN:
                continue  # nohup: who started us wants it to go on
            self._before.setdefault(number, signal.signal(number, self._take))

    @contextmanager
    def asking(self) -> Iterator[None]:
        """While a question is open, a signal ends the question: nothing is under way."""
        self._asking = True
        try:
            yield
        finally:
            self._asking = False

    def _take(self, number: int, _: FrameType | None) -> None:
        if self._asking:
            raise KeyboardInterrupt
        if self.came:
            os._exit(128 + number)
        self.came = True
        # Straight to the file: the interrupted code may be in the middle of a buffered write.
        with suppress(OSError):  # the terminal may be what went away
            os.write(2, SAID)
        assert self._stop is not None, "signals are taken once there is something to stop"
        self._stop()
