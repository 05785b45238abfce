"""A child process that never outlives the block it is needed in, nor do those that it starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Final

END_SECONDS: Final = 0.3
"""How long a process may take to tidy up when it is told to end: one that is killed leaves locks behind."""

NEW_GROUP: Final[int] = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
"""As ``creationflags``: what ``start_new_session`` is elsewhere. Windows alone has it."""

_RAISING: Final = (signal.SIGINT, signal.SIGTERM)
"""The signals whose handlers may raise: a person ends the command."""


@contextmanager
def started(
    command: Sequence[str],
    environ: Mapping[str, str],
    *,
    folder: Path | None = None,
    stdout: IO[bytes] | int = subprocess.PIPE,
    stderr: IO[bytes] | int = subprocess.PIPE,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run *command* in *folder*, or else here; at the end of the block it is ended if it still runs.

    All its streams are piped, unless it is said where they go.

    It has a session of its own (on Windows a group): Ctrl-C in the terminal is for us, not for a push
    halfway.

    Raises:
        OSError: it cannot be run.
    """
    with ExitStack() as stack:
        with _undisturbed():
            process = subprocess.Popen(  # noqa: S603  (whoever calls says what)
                command,
                stdin=subprocess.PIPE,
                stdout=stdout,
                stderr=stderr,
                cwd=folder,
                env=environ,
                start_new_session=True,
                creationflags=NEW_GROUP,
            )
            stack.enter_context(process)
            stack.callback(_end, process)
        yield process


def _end(process: subprocess.Popen[bytes]) -> None:
    """End *process*, if it still runs, with all it has started (ssh, a helper): kindly, then for sure."""
    if process.poll() is not None:
        return
    for end in (_ask_to_end, _kill):
        with suppress(OSError):  # all of them have ended, which each system says in its own way
            end(process)
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)


def _ask_to_end(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.send_signal(signal.CTRL_BREAK_EVENT)  # to all of its group
    else:
        os.killpg(process.pid, signal.SIGTERM)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()  # it alone: a group cannot be killed there, only be asked
    else:
        os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Put off what Python's signal handlers do until the end of the block.

    ``Popen`` knows its process only once it returns: a handler that raises before would leave it running.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # handlers run in the main one
        return
    came: list[int] = []
    found = {number: signal.getsignal(number) for number in _RAISING}
    handlers = {number: handler for number, handler in found.items() if callable(handler)}
    for number in handlers:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for late in came:
            signal.raise_signal(late)
