"""A child process is ended with all it has started, kindly at first, and never left running by a signal."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from pathlib import Path

import pytest

from threadsync.statefile.processes import started

ENVIRON = {"PATH": os.environ["PATH"]}
CHILD = "exec 3> held; trap 'echo tidied > said; exit' TERM; sleep 60 & echo; wait"


def test_a_process_that_still_runs_at_the_end_may_tidy_up_and_takes_what_it_started_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A git that is killed leaves the locks of its refs behind, and every later push fails at them."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("held")
    held = os.open("held", os.O_RDONLY | os.O_NONBLOCK)
    with started(["sh", "-c", CHILD], ENVIRON) as process:
        assert process.stdout is not None
        process.stdout.readline()
    assert Path("said").read_text() == "tidied\n"
    ended, _, _ = select.select([held], [], [], 10)
    assert (len(ended), os.read(held, 1)) == (1, b""), "the last one that held it is gone"
    os.close(held)


def test_one_that_does_not_heed_it_is_killed() -> None:
    with started(["sh", "-c", "trap '' TERM; echo; sleep 600"], ENVIRON) as process:
        assert process.stdout is not None
        process.stdout.readline()
    assert process.returncode == -signal.SIGKILL


def test_one_that_has_ended_is_left_alone() -> None:
    with started(["sh", "-c", "exit 7"], ENVIRON) as process:
        process.communicate()
    assert process.returncode == 7


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_is_being_started_does_not_leave_it_running(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its handler raises once the process is known, so that the end of the block ends it."""
    begun: list[subprocess.Popen[bytes]] = []

    class Slow(subprocess.Popen[bytes]):
        """The signal comes when the process runs, and the constructor has not returned."""

        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)  # type: ignore[call-overload]
            begun.append(self)
            os.kill(os.getpid(), number)

    monkeypatch.setattr(subprocess, "Popen", Slow)
    before = signal.signal(number, _interrupt)
    try:
        with pytest.raises(KeyboardInterrupt), started(["sleep", "600"], ENVIRON):
            pytest.fail("the block is not entered")
        assert signal.getsignal(number) is _interrupt
    finally:
        signal.signal(number, before)
    (process,) = begun
    assert process.poll() is not None


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
