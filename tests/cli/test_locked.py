"""A held lock: who wants to write is told at once who holds it, and waits only if it asked to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Run, runner
from tests.operations.world import START, World
from threadsync.statefile.lock import Holder
from threadsync.testing.fakes import FakeClock

LOCK = "state/threadsync.json.lock"
WRITERS = (
    ("apply", "--yes"),
    ("state", "mv", "hello@threads/main", "greeting@threads/main"),
    ("state", "rm", "hello@threads/main"),
    ("state", "accept", "hello@threads/main"),
    ("state", "resolve", "hello@threads/main", "--not-published"),
    ("import", "more@threads/main", "17"),
)


@contextmanager
def held(world: World) -> Iterator[None]:
    """Let another run hold the state."""
    world.post("hello", "Good morning.")
    world.apply()
    world.post("more", "Good evening.")
    with world.workspace.store.open(Holder("tom", "threadsync apply", START), 0.0):
        yield


@pytest.mark.parametrize("command", WRITERS)
def test_whoever_finds_a_lock_is_told_at_once_who_holds_it_since_when_and_what_to_do(
    run: Run, world: World, command: tuple[str, ...]
) -> None:
    with held(world):
        then, sent = world.clock.seconds, len(world.sent)
        done = run(*command)
        assert (done.exit_code, world.clock.seconds, len(world.sent)) == (1, then, sent)
        said = " ".join(done.stderr.split())
        assert "the state is locked by tom on " in said
        assert "(threadsync apply, process " in said
        assert "since 2026-11-21T12:00:00Z" in said
        assert "Wait for it with --lock-timeout SECONDS." in said
        assert "threadsync state force-unlock" in said


@pytest.mark.parametrize("command", WRITERS)
def test_whoever_waits_is_told_for_whom_and_gives_up_in_time(
    run: Run, world: World, command: tuple[str, ...]
) -> None:
    with held(world):
        then = world.clock.seconds
        done = run(*command, "--lock-timeout", "30")
        assert (done.exit_code, world.clock.seconds) == (1, then + 30)
        waiting = done.stderr.splitlines()[0]
        assert ("aiting for " in waiting, "tom on " in waiting) == (True, True)
        assert "Error:" in done.stderr.split(waiting)[1]


class LettingGo(FakeClock):
    """A clock at whose next wait the holder of *lock* lets go of it."""

    lock: Path | None = None

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.lock is not None:
            self.lock.unlink()
            self.lock = None


@pytest.mark.parametrize(
    "command", [("apply", "--yes"), ("state", "mv", "hello@threads/main", "greeting@threads/main")]
)
def test_whoever_waits_goes_on_when_the_lock_is_free(tmp_path: Path, command: tuple[str, ...]) -> None:
    clock = LettingGo(START)
    world = World(tmp_path, clock=clock)
    run = runner(world)
    with held(world):
        clock.lock = tmp_path / LOCK
        done = run(*command, "--lock-timeout", "30")
        assert done.exit_code == 0, done.output
        assert "aiting for " in done.stderr.splitlines()[0]


@pytest.mark.parametrize(
    "command", [("plan",), ("status",), ("state", "list"), ("show", "hello@threads/main")]
)
def test_whoever_only_reads_needs_no_lock(run: Run, world: World, command: tuple[str, ...]) -> None:
    with held(world):
        assert run(*command).exit_code == 0


def test_a_broken_lock_lets_the_next_one_work_and_names_whose_it_was(run: Run, world: World) -> None:
    world.post("hello", "Good morning.")
    world.apply()
    content = {"nonce": "n", "pid": 7, "host": "elsewhere", "user": "tom", "command": "threadsync apply"}
    world.write(LOCK, json.dumps(content))
    assert run("state", "rm", "hello@threads/main").exit_code == 1
    done = run("state", "force-unlock")
    assert (done.exit_code, done.stdout) == (
        0,
        "The lock of tom on elsewhere (threadsync apply, process 7) is broken. "
        "What it had begun is settled by the next apply.\n",
    )
    assert run("state", "rm", "hello@threads/main").exit_code == 0


def test_quiet_tells_what_is_blocked_and_what_to_do_about_it(run: Run, world: World) -> None:
    world.post("hello", "Good morning.")
    world.apply()
    world.post("hello", "Good evening.")
    for command in (("plan",), ("apply", "--yes")):
        done = run(*command, "--quiet")
        assert "! blocked  hello@threads/main  (needs-consent)\n    What to do: " in done.stdout
        assert "--allow-replace=hello@threads/main" in done.stdout


def test_a_mistyped_network_is_told_at_its_line(world: World) -> None:
    text = (world.root / "threadsync.yaml").read_text()
    world.write("threadsync.yaml", text.replace("threads/brand:", "thread/brand:"))
    done = runner(world)("validate")
    line = text.splitlines().index(next(row for row in text.splitlines() if "threads/brand" in row)) + 1
    assert done.exit_code == 1
    assert (
        f"threadsync.yaml:{line}:3: error: there is no provider thread.\n    Did you mean threads?"
        in done.stderr
    )
