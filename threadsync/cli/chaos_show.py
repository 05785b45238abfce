"""What ``chaos`` needs around the rounds: a folder, the sandbox, signals, progress, the last words."""

from __future__ import annotations

import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from threadsync.cli._exit import Exit
from threadsync.cli._options import asked
from threadsync.cli._signals import NUMBERS
from threadsync.cli._terminal import note, output, say
from threadsync.cli._trial import on_its_disk
from threadsync.cli.chaos_choices import Kill
from threadsync.cli.chaos_ledger import Outcome, Round
from threadsync.cli.chaos_run import Trial
from threadsync.cli.chaos_state import StateKind, clear
from threadsync.cli.chaos_story import Network
from threadsync.cli.chaos_views import chaos_json, chaos_text, round_line
from threadsync.execution.clock import SystemClock
from threadsync.sandbox.server import running
from threadsync.sandbox.settings import SandboxSettings, parse_fault
from threadsync.sandbox.threads import Fault, Switches
from threadsync.views.json import as_text

if TYPE_CHECKING:
    from rich.status import Status

SEEDS = 1_000_000
SWITCHES = Switches(image_delay_seconds=0.05, carousel_delay_seconds=0.05)
"""Pictures are ready sooner than on a real network; nothing hangs on that."""


class Settings(Struct, frozen=True):
    """What the command line asks for."""

    rounds: int
    kill: Kill
    state: StateKind
    network: Network
    faults: tuple[Fault, ...]
    seed: int
    keep: bool


def settings(
    rounds: int, kill: str, state: str, network: str, faults: Sequence[str], *, seed: int | None, keep: bool
) -> Settings:
    """Read the options.

    Raises:
        click.UsageError: a fault is none, there is no git for a state in a branch, or what a network needs
            is not installed.
    """
    home, place = StateKind(state), Network(network)
    if place is Network.BLUESKY and find_spec("libipld") is None:
        raise click.UsageError("--network bluesky needs one more package: pip install 'threadsync[bluesky]'")
    if home is StateKind.BRANCH and shutil.which("git") is None:
        raise click.UsageError(
            "--state branch needs git, which is not installed. Install it, or leave it out."
        )
    try:
        armed = tuple(parse_fault(text) for text in faults if text != "none")
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    chosen = secrets.randbelow(SEEDS) if seed is None else seed
    return Settings(rounds, Kill(kill), home, place, armed, chosen, keep)


def run(wanted: Settings) -> Exit:
    """Take all rounds, tell how they go, and return the exit status."""
    rounds: list[Round] = []
    with on_its_disk(), _stopping() as stop:
        folder = Path(tempfile.mkdtemp(prefix="threadsync-chaos-"))
        try:
            _take(wanted, folder, rounds, stop)
        finally:
            kept = wanted.keep or any(each.problems for each in rounds)
            if not kept:
                clear(folder, SystemClock())
    outcome = Outcome(wanted.seed, wanted.state, wanted.rounds, tuple(rounds), str(folder) if kept else "")
    if asked().format == "json":
        say(as_text(chaos_json(outcome)))
    else:
        terminal = output()
        say(chaos_text(outcome, width=terminal.width, color=terminal.color))
    return Exit.DONE if outcome.held else Exit.FAILED


def _take(wanted: Settings, folder: Path, rounds: list[Round], stop: _Stop) -> None:
    """Take one round after another; *rounds* grows, so that what was counted outlives whatever ends it."""
    network = SandboxSettings(
        data=folder / "sandbox", seed=wanted.seed, faults=wanted.faults, switches=SWITCHES
    )
    with _progress(wanted.rounds) as progress, running(network) as sandbox:
        trial = Trial(
            folder,
            sandbox,
            wanted.seed,
            wanted.kill,
            wanted.state,
            wanted.network,
            SystemClock(),
            stopped=lambda: stop.came,
            tell=lambda: progress.grown(rounds[-1]),
        )
        for number in range(1, wanted.rounds + 1):
            if stop.came:
                return
            rounds.append(Round(number))
            trial.take(rounds[-1])
            progress.over(rounds[-1])


class _Stop(Struct):
    """Whether a signal asked us to end; what is under way is ended by the loops that wait for it."""

    came: bool = False

    def take(self, number: int, frame: FrameType | None) -> None:
        """Remember that one came."""
        del number, frame
        self.came = True


@contextmanager
def _stopping() -> Iterator[_Stop]:
    """Take SIGINT, SIGTERM and SIGHUP for the length of a ``with`` block."""
    stop = _Stop()
    before = {number: signal.signal(number, stop.take) for number in NUMBERS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Progress(Struct):
    """A line a round on standard error, and at a terminal a row that moves in between."""

    planned: int
    status: Status | None

    def grown(self, current: Round) -> None:
        """Show how far a round is."""
        if self.status is not None:
            self.status.update(round_line(current, self.planned))

    def over(self, current: Round) -> None:
        """Say how a round ended."""
        if current.over and not asked().quiet:
            note(round_line(current, self.planned))


@contextmanager
def _progress(planned: int) -> Iterator[_Progress]:
    if asked().quiet or not sys.stderr.isatty():
        yield _Progress(planned, None)
        return
    from rich.console import Console

    with Console(stderr=True, highlight=False).status(f"round 1 of {planned}") as status:
        yield _Progress(planned, status)
