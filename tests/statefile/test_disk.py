"""The two disks: the real one keeps its word, and the simulated one breaks it in every way a real one can."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from threadsync.errors import StateError, StateUnwritable
from threadsync.statefile.disk import Disk, LocalDisk, is_leftover_of, refused, temporary_name
from threadsync.testing.disk import Crash, Crashed, Loss, MemoryDisk, When

posix = pytest.mark.skipif(
    sys.platform == "win32", reason="not tested on Windows: modes, links and pipes of POSIX"
)


@pytest.fixture(params=[LocalDisk, MemoryDisk])
def disk(request: pytest.FixtureRequest) -> Disk:
    made = request.param()
    assert isinstance(made, LocalDisk | MemoryDisk)
    return made


class TestEveryDisk:
    def test_what_is_not_there_is_none(self, disk: Disk, tmp_path: Path) -> None:
        assert disk.read(tmp_path / "a") is None
        assert disk.identity(tmp_path / "a") is None
        assert disk.list(tmp_path / "nowhere") == ()
        assert disk.remove(tmp_path / "a") is False

    def test_replace_writes_and_swaps(self, disk: Disk, tmp_path: Path) -> None:
        path = tmp_path / "new" / "folder" / "a"
        disk.replace(path, b"one")
        before = disk.identity(path)
        disk.replace(path, b"two!")
        assert disk.read(path) == b"two!"
        assert disk.list(path.parent) == ("a",)
        assert disk.identity(path) != before
        assert disk.identity(path) == disk.identity(path)

    def test_appending_makes_the_file_and_adds_to_it(self, disk: Disk, tmp_path: Path) -> None:
        path = tmp_path / "j"
        for part in (b"one", b"two"):
            handle = disk.open_append(path)
            handle.append(part)
            handle.sync()
            handle.close()
        assert disk.read(path) == b"onetwo"

    def test_creating_exclusively_happens_once(self, disk: Disk, tmp_path: Path) -> None:
        path = tmp_path / "new" / "l"
        assert disk.create_exclusive(path, b"mine")
        assert not disk.create_exclusive(path, b"yours")
        assert disk.read(path) == b"mine"
        assert disk.list(path.parent) == ("l",)
        assert disk.remove(path)
        assert disk.create_exclusive(path, b"yours")

    def test_syncing_a_folder_changes_nothing_to_be_seen(self, disk: Disk, tmp_path: Path) -> None:
        disk.replace(tmp_path / "a", b"")
        disk.sync_dir(tmp_path)
        assert disk.list(tmp_path) == ("a",)


class TestLocalDisk:
    @posix
    def test_replace_keeps_the_mode(self, tmp_path: Path) -> None:
        path = tmp_path / "s"
        path.write_bytes(b"one")
        path.chmod(0o640)
        LocalDisk().replace(path, b"two")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640

    @posix
    def test_a_new_file_gets_the_mode_new_files_get_here(self, tmp_path: Path) -> None:
        (tmp_path / "ordinary").touch()
        LocalDisk().replace(tmp_path / "s", b"")
        LocalDisk().create_exclusive(tmp_path / "l", b"")
        modes = {path.name: path.stat().st_mode for path in tmp_path.iterdir()}
        assert len(set(modes.values())) == 1

    @posix
    def test_two_names_of_one_file_are_one(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "real")
        disk = LocalDisk()
        assert disk.resolve(tmp_path / "link" / "s") == disk.resolve(tmp_path / "real" / "s")

    @pytest.mark.parametrize(
        "write",
        [
            lambda disk, path: disk.replace(path, b"x"),
            lambda disk, path: disk.create_exclusive(path, b"x"),
            lambda disk, path: disk.open_append(path),
            lambda disk, path: disk.remove(path),
            lambda disk, path: disk.sync_dir(path),
        ],
        ids=["replace", "create", "append", "remove", "sync"],
    )
    def test_a_refusal_names_the_path_and_what_to_do(
        self, tmp_path: Path, write: Callable[[Disk, Path], object]
    ) -> None:
        (tmp_path / "file").touch()
        path = tmp_path / "file" / "below"
        with pytest.raises(StateUnwritable, match="the disk refused a write") as caught:
            write(LocalDisk(), path)
        assert caught.value.where == str(path)
        assert caught.value.remedy
        assert isinstance(caught.value.__cause__, OSError)

    @pytest.mark.skipif(
        not Path("/dev/full").exists(),
        reason="not tested without /dev/full: what a disk that is really full says",
    )
    def test_a_full_disk_is_called_so(self) -> None:
        handle = LocalDisk().open_append(Path("/dev/full"))
        with pytest.raises(StateUnwritable, match="No space left") as caught:
            handle.append(b"x")
        assert caught.value.remedy.startswith("Make room")
        handle.close()
        handle.close()

    def test_a_replace_that_fails_leaves_nothing_behind(self, tmp_path: Path) -> None:
        (tmp_path / "s").mkdir()
        with pytest.raises(StateUnwritable):
            LocalDisk().replace(tmp_path / "s", b"x")
        assert os.listdir(tmp_path) == ["s"]

    def test_what_cannot_be_read_is_an_error_not_an_absence(self, tmp_path: Path) -> None:
        with pytest.raises(StateError, match="cannot be read") as caught:
            LocalDisk().read(tmp_path)
        assert caught.value.where == str(tmp_path)

    @posix
    def test_a_pipe_keeps_no_reader_waiting(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(StateError, match="a pipe, a socket or a device, not a file"):
            LocalDisk().read(tmp_path / "pipe")

    @posix
    @pytest.mark.parametrize("link", ["s", "folder"])
    def test_a_link_to_nowhere_is_an_error_not_an_absence(self, tmp_path: Path, link: str) -> None:
        (tmp_path / link).symlink_to("gone")
        path = tmp_path / ("s" if link == "s" else "folder/s")
        with pytest.raises(StateError, match="it is a link to gone, where nothing is") as caught:
            LocalDisk().resolve(path)
        assert caught.value.where == str(tmp_path / link)

    @posix
    def test_links_that_lead_in_a_circle_are_an_error_too(self, tmp_path: Path) -> None:
        (tmp_path / "s").symlink_to("s")
        with pytest.raises(StateError, match="where nothing is"):
            LocalDisk().resolve(tmp_path / "s")

    @pytest.mark.parametrize(
        ("method", "step"),
        [
            ("replace", lambda disk, path: disk.replace(path, b"new")),
            ("unlink", lambda disk, path: disk.remove(path)),
            ("hardlink_to", lambda disk, path: disk.create_exclusive(path.with_name("l"), b"")),
            ("read_bytes", lambda disk, path: disk.read(path)),
        ],
        ids=["replace", "remove", "create", "read"],
    )
    def test_what_another_program_has_open_is_waited_for(
        self,
        method: str,
        step: Callable[[Disk, Path], object],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Windows refuses these steps on an open file; a virus scanner has it open for a moment."""
        path, left, slept = tmp_path / "s", [2], list[float]()
        path.write_bytes(b"old")
        real = getattr(Path, method)

        def busy(self: Path, *arguments: object, **options: object) -> object:
            if left[0]:
                left[0] -= 1
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return real(self, *arguments, **options)

        monkeypatch.setattr(Path, method, busy)
        assert step(LocalDisk(slept.append, tries_max=3), path) is not False
        assert (left, len(slept)) == ([0], 2)
        left[0] = 3
        with pytest.raises(StateError):
            step(LocalDisk(slept.append, tries_max=3), path.with_name("s"))
        assert len(slept) == 4, "the last refusal is final"

    def test_without_hard_links_it_still_creates_once(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(self: Path, target: Path) -> None:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

        monkeypatch.setattr(Path, "hardlink_to", refuse)
        assert LocalDisk().create_exclusive(tmp_path / "l", b"mine")
        assert not LocalDisk().create_exclusive(tmp_path / "l", b"yours")
        assert (tmp_path / "l").read_bytes() == b"mine"
        assert os.listdir(tmp_path) == ["l"]


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "Make room"),
        (errno.EDQUOT, "Make room"),
        (errno.EROFS, "mounted read-only"),
        (errno.EACCES, "the right to write"),
        (errno.ENOENT, "is gone"),
        (errno.EIO, "Check that disk"),
    ],
)
def test_every_refusal_has_its_own_remedy(number: int, remedy: str) -> None:
    error = refused(Path("s.json"), OSError(number, os.strerror(number)))
    assert os.strerror(number) in error.problem
    assert remedy in error.remedy


def test_leftovers_are_known_by_their_names() -> None:
    state = Path("/p/s.json")
    assert is_leftover_of("s.json", temporary_name(state, "0123abcd"))
    assert is_leftover_of("s.json", temporary_name(Path("/p/s.json.lock.guard"), "0123abcd"))
    assert is_leftover_of("", temporary_name(state, "0123abcd"))
    for other in ("s.json", "s.json.journal", ".s.json.tmp", ".t.json.0123abcd.tmp", ".xs.json.0123abcd.tmp"):
        assert not is_leftover_of("s.json", other)


class TestMemoryDisk:
    def test_a_crash_stops_everything_after_it(self) -> None:
        disk = MemoryDisk(crash=Crash(1, When.TORN))
        with pytest.raises(Crashed):
            disk.replace(Path("/d/a"), b"abcdef")
        for after in (lambda: disk.read(Path("/d/a")), lambda: disk.list(Path("/d"))):
            with pytest.raises(Crashed):
                after()
        assert list(disk.survivor().files().values()) == [b"abc"]

    @pytest.mark.parametrize("loss", Loss)
    def test_replacing_leaves_the_old_or_the_new(self, loss: Loss) -> None:
        path, effect, seen = Path("/d/a"), 0, set()
        while True:
            for when in When:
                disk = MemoryDisk(crash=Crash(effect, when))
                disk.put(path, b"old")
                try:
                    disk.replace(path, b"new")
                except Crashed:
                    seen.add(disk.survivor(loss).files()[path])
                else:
                    assert disk.survivor(Loss.ALL).files() == {path: b"new"}
                    assert seen == {b"old", b"new"}
                    return
            effect += 1

    def test_a_power_cut_takes_what_was_not_synced(self) -> None:
        disk = MemoryDisk()
        disk.put(Path("/d/j"), b"")
        handle = disk.open_append(Path("/d/j"))
        handle.append(b"one")
        handle.sync()
        handle.append(b"three!")
        left = {loss: disk.survivor(loss).files()[Path("/d/j")] for loss in Loss}
        assert left == {
            Loss.NOTHING: b"onethree!",
            Loss.NAMES: b"onethree!",
            Loss.HALVES: b"onethr",
            Loss.CONTENTS: b"one",
            Loss.ALL: b"one",
        }

    def test_a_name_survives_a_power_cut_once_its_folder_was_synced(self) -> None:
        disk = MemoryDisk()
        disk.open_append(Path("/d/j"))
        assert disk.survivor(Loss.NAMES).files() == {}
        disk.sync_dir(Path("/d"))
        assert list(disk.survivor(Loss.NAMES).files()) == [Path("/d/j")]
        disk.remove(Path("/d/j"))
        assert list(disk.survivor(Loss.NAMES).files()) == [Path("/d/j")]
        assert disk.survivor(Loss.NOTHING).files() == {}

    def test_a_full_disk_takes_a_part_and_refuses(self) -> None:
        disk = MemoryDisk(capacity_bytes=5)
        handle = disk.open_append(Path("/d/j"))
        handle.append(b"abc")
        with pytest.raises(StateUnwritable, match="No space left"):
            handle.append(b"defg")
        assert disk.files() == {Path("/d/j"): b"abcde"}
        with pytest.raises(StateUnwritable):
            disk.replace(Path("/d/s"), b"x")
        assert list(disk.files()) == [Path("/d/j")]
