"""A disk that fills up, is read-only, or loses its lock in the middle of an apply: what was done is told."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from click.testing import Result
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from tests.cli.conftest import runner
from tests.operations.world import World
from tests.rights import modes_in_force
from threadsync.flows.effects import Request
from threadsync.model.ids import Address, TargetName
from threadsync.operations.workspace import Workspace
from threadsync.statefile.disk import AppendHandle, LocalDisk, refused
from threadsync.statefile.store import FileStore
from threadsync.testing.fakes import Answered

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schema/plan.schema.json").read_bytes())
REPORTED = Draft202012Validator({**SCHEMA, "$ref": "#/$defs/report"})
POSTS = {
    "one": ["Number one."],
    "chain": ["Part one.", "Part two."],
    "two": ["Number two."],
    "after": ["After one."],
}
APPLY = ("apply", "--yes", "--first-run", "--format", "json")


class FailingDisk(LocalDisk):
    """Takes *good* writes, and refuses all after them with *error*; half of what is appended is written."""

    def __init__(self, good: float, error: int = errno.ENOSPC) -> None:
        super().__init__()
        self.good = good
        self.error = error

    def spend(self, path: Path) -> None:
        if self.good < 1:
            raise refused(path, OSError(self.error, os.strerror(self.error)))
        self.good -= 1

    def replace(self, path: Path, data: bytes) -> None:
        self.spend(path)
        super().replace(path, data)

    def create_exclusive(self, path: Path, data: bytes) -> bool:
        self.spend(path)
        return super().create_exclusive(path, data)

    def open_append(self, path: Path) -> AppendHandle:
        self.spend(path)
        return _FailingAppend(self, path, super().open_append(path))


@dataclass
class _FailingAppend:
    disk: FailingDisk
    path: Path
    file: AppendHandle

    def append(self, data: bytes) -> None:
        try:
            self.disk.spend(self.path)
        except Exception:
            self.file.append(data[: len(data) // 2])
            raise
        self.file.append(data)

    def sync(self) -> None:
        self.file.sync()

    def close(self) -> None:
        self.file.close()


@dataclass
class OnDisk(World):
    """A world whose state is on *disk*; *at_request* is called with the number of each request."""

    disk: LocalDisk = field(default_factory=LocalDisk)
    at_request: Callable[[int], None] = lambda _: None

    @property
    def workspace(self) -> Workspace:
        found = super().workspace
        assert isinstance(found.store, FileStore)
        return replace(found, store=replace(found.store, disk=self.disk))

    def answer(self, target: TargetName, request: Request) -> Answered:
        self.at_request(len(self.sent) + 1)
        return super().answer(target, request)


def begun(root: Path) -> OnDisk:
    world = OnDisk(root)
    for key, texts in POSTS.items():
        front = {"reply_to": "one"} if key == "after" else {}
        world.post(key, "\n\n---\n\n".join(texts), **front)
    return world


def check_report(world: OnDisk, done: Result, problem: str) -> list[str]:
    """What the report says is what is live; return what became of each action."""
    document = json.loads(done.stdout)
    assert not [error.message for error in REPORTED.iter_errors(document)]
    report, live = document["report"], world.live()
    assert problem in report["failure"]["problem"]
    assert (report["failure"]["where"].startswith(str(world.root)), report["stopped"]) == (True, False)
    for each in report["actions"]:
        there = [text in live for text in POSTS[each["key"]]]
        match each["became"]:
            case "applied":
                assert all(there)
            case "interrupted" if any(there):
                assert "may be on the network already" in each["why"]
            case "interrupted":
                assert "the run was stopped" in each["why"]
            case became:
                assert became == "not-tried"
                assert not any(there)
    return [each["became"] for each in report["actions"]]


def check_whole(world: OnDisk) -> None:
    run = runner(world)
    done = run(*APPLY)
    assert done.exit_code == 0, done.output
    assert sorted(world.live()) == sorted(text for texts in POSTS.values() for text in texts)
    assert run("plan", "--detailed-exitcode").exit_code == 0


def worlds(folder: Path) -> Iterator[tuple[int, OnDisk]]:
    for number in count():
        yield number, begun(folder / str(number))


def test_wherever_the_disk_fills_up_what_was_done_is_told_and_the_next_run_goes_on(tmp_path: Path) -> None:
    seen: set[str] = set()
    statuses: list[int] = []
    for number, world in worlds(tmp_path):
        world.disk = FailingDisk(number)
        done = runner(world)(*APPLY)
        statuses.append(done.exit_code)
        if done.exit_code == 0:
            break
        if done.exit_code == 1:
            assert world.live() == []
            assert "No space left on device" in " ".join(done.stderr.split())
            assert "Make room on that disk" in " ".join(done.stderr.split())
        else:
            assert done.exit_code == 4
            seen.update(check_report(world, done, "No space left on device"))
            known = world.state
            bound = {*known.bindings, *known.open}
            live = world.live()
            named = {Address.parse(f"{key}@threads/main") for key, texts in POSTS.items() if texts[0] in live}
            assert named <= bound, "nothing went out without its intent"
        world.disk = LocalDisk()
        check_whole(world)
    assert seen == {"applied", "interrupted", "not-tried"}
    assert statuses == [*sorted(statuses[:-1]), 0], "first nothing, then a part, then all"
    assert statuses.count(4) > 5


def test_a_state_that_cannot_be_folded_at_the_end_is_told_although_all_was_applied(tmp_path: Path) -> None:
    last = next(n for n, world in worlds(tmp_path / "a") if _applied_with(world, n).exit_code == 0) - 1
    world = begun(tmp_path / "b")
    done = _applied_with(world, last)
    assert done.exit_code == 4
    assert check_report(world, done, "No space left") == ["applied"] * len(POSTS)
    world.disk = LocalDisk()
    check_whole(world)


def _applied_with(world: OnDisk, good_writes: int) -> Result:
    world.disk = FailingDisk(good_writes)
    return runner(world)(*APPLY)


def test_a_person_reads_both_the_report_and_the_error(tmp_path: Path) -> None:
    world = begun(tmp_path)
    world.disk = FailingDisk(9)
    done = runner(world)("apply", "--yes", "--first-run", "--quiet")
    assert done.exit_code == 4
    said = " ".join(done.stdout.split())
    assert "Not all was done: " in said
    assert "the disk refused a write: No space left on device" in said
    assert said.endswith(
        "Make room on that disk, then run the same command again: it goes on where it stopped."
    )


@pytest.mark.parametrize("command", [("plan",), ("status",), ("state", "list"), ("state", "history")])
def test_a_read_only_disk_can_be_read(tmp_path: Path, command: tuple[str, ...]) -> None:
    world = begun(tmp_path)
    world.apply("one")
    world.disk = FailingDisk(0, errno.EROFS)
    done = runner(world)(*command)
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "command",
    [
        ("apply", "--yes"),
        ("state", "mv", "one@threads/main", "first@threads/main"),
        ("state", "rm", "one@threads/main"),
        ("state", "accept", "one@threads/main"),
        ("import", "two@threads/main", "17"),
    ],
)
@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (errno.EROFS, "mounted read-only: mount it writable"),
        (errno.EACCES, "the right to write there"),
        (errno.ENOSPC, "Make room on that disk"),
    ],
)
def test_what_must_write_is_refused_on_a_disk_that_takes_no_write(
    tmp_path: Path, command: tuple[str, ...], error: int, remedy: str
) -> None:
    world = begun(tmp_path)
    world.apply("one")
    sent, state = len(world.sent), (world.root / "state/threadsync.json").read_bytes()
    world.disk = FailingDisk(0, error)
    done = runner(world)(*command)
    assert (done.exit_code, done.stdout) == (1, "")
    assert remedy in " ".join(done.stderr.split())
    assert len(world.sent) == sent
    assert (world.root / "state/threadsync.json").read_bytes() == state
    assert os.listdir(world.root / "state") == ["threadsync.json"]


def test_a_folder_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    world = begun(tmp_path)
    world.apply("one")
    folder = world.root / "state"
    folder.chmod(0o555)
    try:
        with modes_in_force():
            done = runner(world)("apply", "--yes")
    finally:
        folder.chmod(0o755)
    assert (done.exit_code, "the right to write there" in " ".join(done.stderr.split())) == (1, True)
    check_whole(world)


def somebody_else(lock: Path) -> None:
    """What another host writes when it has broken the lock and taken it."""
    content = {**json.loads(lock.read_bytes()), "nonce": "n-2", "host": "elsewhere", "pid": 7}
    lock.unlink()
    lock.write_bytes(json.dumps(content).encode())


@dataclass
class Theft:
    """Takes the lock away when the request with the number *at* goes out."""

    world: OnDisk
    take: Callable[[Path], None]
    at: int
    live_then: int | None = None

    def __call__(self, request: int) -> None:
        if request == self.at:
            self.take(self.world.root / "state/threadsync.json.lock")
            self.live_then = len(self.world.live())


@pytest.mark.parametrize("take", [Path.unlink, somebody_else])
def test_whenever_the_lock_is_taken_away_nothing_more_is_sent_and_what_was_done_is_told(
    tmp_path: Path, take: Callable[[Path], None]
) -> None:
    seen: set[str] = set()
    for number, world in worlds(tmp_path):
        theft = Theft(world, take, number + 1)
        world.at_request = theft
        run = runner(world)
        done = run(*APPLY)
        if theft.live_then is None:
            assert done.exit_code == 0
            break
        # The request that was on its way when the lock went is the last that may have made something visible.
        assert len(world.live()) <= theft.live_then + 1
        world.at_request = lambda _: None
        if done.exit_code == 1:
            assert world.live() == []
            assert "the lock of this run was taken away" in " ".join(done.stderr.split())
        else:
            assert done.exit_code == 4
            seen.update(check_report(world, done, "the lock of this run was taken away"))
        if take is somebody_else:
            assert "elsewhere" in run(*APPLY).stderr
            assert run("state", "force-unlock").exit_code == 0
        check_whole(world)
    assert seen == {"applied", "interrupted", "not-tried"}
