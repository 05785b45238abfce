"""Rounds of chaos: the real program in child processes, struck down and started again until it is done."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, assert_never

from msgspec import Struct

from threadsync.cli._exit import Exit
from threadsync.cli._trial import program, seen, wait_until
from threadsync.cli.chaos_choices import (
    KILL,
    AfterRequests,
    AfterSeconds,
    AtRecord,
    Kill,
    Moment,
    Strike,
    choose,
)
from threadsync.cli.chaos_ledger import Round, compare
from threadsync.cli.chaos_state import Home, StateKind, home
from threadsync.cli.chaos_story import TOKEN_VARIABLE, Chapter, Network, chapters, write_project
from threadsync.execution.clock import Clock
from threadsync.sandbox import bluesky
from threadsync.sandbox.server import Sandbox
from threadsync.sandbox.threads import Profile
from threadsync.statefile.processes import NEW_GROUP

RUN_SECONDS_MAX = 120.0
"""How long a run may take that is left alone; one that takes longer hangs."""
STOP_SECONDS_MAX = 10.0
"""How long a run may take to end after SIGTERM or SIGINT: the law says 5, this machine may be busy."""
UNFINISHED_MAX = 6
"""How many runs of a chapter may end by themselves without having got through."""

_CRASH = b"Traceback (most recent call last)"
"""What a run never prints, unless it is struck while Python itself still starts."""
NO_RECORD = "no-record"
"""Stands for the last record where a run had written none yet, or had folded its journal already."""


class Trial(Struct, frozen=True):
    """What all rounds share."""

    folder: Path
    sandbox: Sandbox
    seed: int
    kill: Kill
    state: StateKind
    network: Network
    clock: Clock
    stopped: Callable[[], bool]
    """Whether the person wants it to end."""
    tell: Callable[[], None]
    """Called whenever a round has grown."""

    def take(self, current: Round) -> None:
        """Take one round; *current* grows while it lasts."""
        began = self.clock.monotonic()
        try:
            self._take(current)
        finally:
            current.seconds = self.clock.monotonic() - began

    def _take(self, current: Round) -> None:
        account, token = self.network.account(current.number), f"THCHAOS{secrets.token_hex(16)}"
        if self.network is Network.THREADS:
            self.sandbox.add_profile(Profile(account, token=token))
        else:
            self.sandbox.add_account(bluesky.Profile(account, app_password=token))
        root = self.folder / f"round-{current.number}"
        place = home(self.state, root, self.clock)
        write_project(
            root, number=current.number, network=self.network, sandbox=self.sandbox, state=place.declared
        )
        (root / "runs").mkdir()
        project = _Project(self, current, root, place, token)
        for chapter in chapters(current.number, self.network):
            chapter.write(root)
            if not project.carry_out(chapter):
                break
        else:
            project.check_plan()
        if self.stopped():
            return
        ours = [post for post in seen(self.sandbox) if post.profile == account]
        current.compared = compare(chapter.wanted, ours)
        search(self.folder, token, current)
        if token.encode() in place.hidden():
            current.secrets_found += 1
            current.failures.append("the token is in the branch of the state")
        current.over = True


def search(folder: Path, token: str, current: Round) -> None:
    """Look for *token* in every file below *folder*: nothing may have written it down (law 12)."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and token.encode() in path.read_bytes():
            current.secrets_found += 1
            current.failures.append(f"the token is in {path.relative_to(folder)}")


class JournalSeen(Struct, frozen=True):
    """A journal as it lies on the disk."""

    header: bytes = b""
    """Its first line, which no other journal has."""
    records: int = 0
    last: str = NO_RECORD

    @staticmethod
    def read(content: bytes) -> JournalSeen:
        """Read the lines that are whole."""
        *lines, _ = content.split(b"\n")
        if len(lines) < 2:
            return JournalSeen(lines[0] if lines else b"")
        return JournalSeen(lines[0], len(lines) - 1, json.loads(lines[-1])["note"]["note"])

    def records_since(self, before: JournalSeen) -> int:
        """Return how many records there are, unless it is still the journal *before*."""
        return self.records if self.header != before.header else 0

    def last_since(self, before: JournalSeen) -> str:
        """Return the kind of the last record, unless it is still the journal *before*."""
        return self.last if self.header != before.header else NO_RECORD


class _Project(Struct, frozen=True):
    """The project of one round, and the runs on it."""

    trial: Trial
    current: Round
    root: Path
    home: Home
    token: str

    def carry_out(self, chapter: Chapter) -> bool:
        """Apply until it gets through; return whether it did."""
        run = unfinished = 0
        place = f"{self.current.number}/{chapter.name}"
        while not self.trial.stopped():
            run += 1
            strike = choose(self.trial.kill, seed=self.trial.seed, place=place, run=run)
            struck = self.current.kills.total()
            status = self._apply(strike)
            if status == Exit.DONE or self.current.failures:
                return status == Exit.DONE
            unfinished += self.current.kills.total() == struck
            if unfinished > UNFINISHED_MAX:
                self._failed(f"apply did not get through in {unfinished} runs, and ended with {status}")
                return False
        return False

    def check_plan(self) -> None:
        """Plan once more: nothing may be left that apply would do, wait for, or that is blocked."""
        log = self._log("plan")
        with (
            log.open("wb") as out,
            log.with_suffix(".json").open("wb") as result,
            self._started("plan", "--format", "json", stdout=result, stderr=out) as child,
        ):
            self._wait(child, RUN_SECONDS_MAX, _never)
            child.kill()
        if self.trial.stopped():
            return
        if child.returncode != Exit.DONE:
            self._failed(f"the last plan ended with {child.returncode}")
            return
        plan = json.loads(log.with_suffix(".json").read_bytes())
        left = [
            f"{each['action']} {each['address']}" for each in plan["actions"] if each["action"] != "no-op"
        ]
        if left:
            self._failed(f"the last plan is not empty: {', '.join(left)}")

    def _apply(self, strike: Strike | None) -> int:
        """Run apply, strike it down when its moment comes, and return how it ended."""
        sandbox, journal = self.trial.sandbox, self._journal()
        calls, fired = sandbox.calls(), Counter(sandbox.faults_fired())
        log = self._log("apply")
        with (
            log.open("wb") as out,
            self._started("apply", "--yes", "--first-run", stdout=out, stderr=out) as child,
        ):
            try:
                sent = self._strike(child, strike, journal)
            finally:
                child.kill()
        if sent is not None and child.returncode != Exit.DONE:
            self.current.kills[sent.name] += 1
            if sent is KILL:
                self.current.killed_after[self._journal().last_since(journal)] += 1
        elif _CRASH in log.read_bytes():
            self._failed("apply crashed")
        self.current.requests += sandbox.calls() - calls
        self.current.faults += Counter(sandbox.faults_fired()) - fired
        self.trial.tell()
        return child.returncode

    def _strike(
        self, child: subprocess.Popen[bytes], strike: Strike | None, journal: JournalSeen
    ) -> signal.Signals | None:
        """Send what *strike* says when its moment comes, and return it; None where the run ended before."""
        due = self._due(strike.moment, journal) if strike is not None else _never
        came = self._wait(child, RUN_SECONDS_MAX, due)
        if child.poll() is not None or self.trial.stopped():
            return None
        if strike is None or not came:
            self._failed(f"apply hung: it was killed after {RUN_SECONDS_MAX:g} seconds")
            return None
        child.send_signal(strike.signal)
        if strike.signal is not KILL and not self._wait(child, STOP_SECONDS_MAX, _never):
            self._failed(f"apply had not ended {STOP_SECONDS_MAX:g} seconds after {strike.signal.name}")
        child.kill()
        child.wait()
        return strike.signal

    def _wait(self, child: subprocess.Popen[bytes], seconds: float, due: Callable[[], bool]) -> bool:
        """Wait until *child* has ended, *due*, or the person ends it all; return whether one of them came."""
        return wait_until(
            lambda: child.poll() is not None or due() or self.trial.stopped(), seconds, self.trial.clock
        )

    def _due(self, moment: Moment, journal: JournalSeen) -> Callable[[], bool]:
        """Return whether *moment* has come, as a question that can be asked again and again."""
        clock, sandbox = self.trial.clock, self.trial.sandbox
        match moment:
            case AfterRequests(requests):
                last = sandbox.calls() + requests
                return lambda: sandbox.calls() >= last
            case AfterSeconds(seconds):
                moment_seconds = clock.monotonic() + seconds
                return lambda: clock.monotonic() >= moment_seconds
            case AtRecord(records):
                return lambda: self._journal().records_since(journal) >= records
            case _:
                assert_never(moment)

    @contextmanager
    def _started(
        self, *arguments: str, stdout: IO[bytes], stderr: IO[bytes]
    ) -> Iterator[subprocess.Popen[bytes]]:
        self.current.runs += 1
        with (
            self.home.runner(self.current.runs) as folder,
            subprocess.Popen(  # noqa: S603  (our own program)
                program(folder, *arguments),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env={**self.home.environ(os.environ), TOKEN_VARIABLE: self.token},
                creationflags=NEW_GROUP,
                start_new_session=True,  # Ctrl-C is for us: a run is struck only as was chosen
            ) as child,
        ):
            yield child

    def _log(self, command: str) -> Path:
        return self.root / "runs" / f"{self.current.runs + 1:03}-{command}.txt"

    def _journal(self) -> JournalSeen:
        return JournalSeen.read(self.home.journal())

    def _failed(self, what: str) -> None:
        self.current.failures.append(f"{what} (run {self.current.runs})")


def _never() -> bool:
    return False
