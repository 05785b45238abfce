"""What is watched: folders that vanish and come back, limits of the system, and no word of mere reading."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest
from watchdog.events import (
    DirModifiedEvent,
    FileClosedNoWriteEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileOpenedEvent,
    FileSystemEvent,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

from threadsync.errors import WatchError
from threadsync.watch.files import FileWatch, Folder


class Refusing(Observer):  # type: ignore[misc, valid-type]  # which class it is depends on the platform
    """A system that watches nothing."""

    number = errno.ENOSPC

    def schedule(self, *_: object, **__: object) -> ObservedWatch:
        raise OSError(self.number, "limit reached")


def no_instance() -> BaseObserver:
    raise OSError(errno.EMFILE, "inotify instance limit reached")


@pytest.fixture
def heard() -> list[bool]:
    return []


@pytest.fixture
def files(heard: list[bool]) -> Iterator[FileWatch]:
    made = FileWatch(lambda: heard.append(True), lambda path: path.suffix == ".md")
    yield made
    made.stop()


def test_a_folder_that_comes_goes_or_is_replaced_is_stale_until_it_is_watched(
    files: FileWatch, tmp_path: Path
) -> None:
    posts = tmp_path / "posts"
    folders = [Folder(tmp_path), Folder(posts, recursive=True)]
    files.watch(folders)
    assert not files.is_stale()
    posts.mkdir()
    assert files.is_stale()
    files.watch(folders)
    assert not files.is_stale()
    posts.rename(tmp_path / "away")
    posts.mkdir()
    assert files.is_stale()
    files.watch(folders)
    posts.rmdir()
    assert files.is_stale()
    files.watch(folders)
    assert not files.is_stale()


def test_it_is_told_whether_what_is_watched_is_what_was_watched(files: FileWatch, tmp_path: Path) -> None:
    posts = tmp_path / "posts"
    folders = [Folder(tmp_path), Folder(posts, recursive=True)]
    assert files.watch(folders)
    assert not files.watch(folders)
    posts.mkdir()
    assert files.watch(folders)
    assert not files.watch(folders)
    posts.rmdir()
    assert files.watch(folders)  # it was there when the files were read
    assert not files.watch(folders)
    assert not files.watch(folders[:1])


@pytest.mark.parametrize(
    ("number", "setting"), [(errno.ENOSPC, "max_user_watches"), (errno.EMFILE, "max_user_instances")]
)
def test_a_limit_of_the_system_is_named_with_what_to_do(number: int, setting: str, tmp_path: Path) -> None:
    refusing = type("Refusing", (Refusing,), {"number": number})
    files = FileWatch(lambda: None, lambda _: True, refusing)
    with pytest.raises(WatchError, match="watches no more files") as told:
        files.watch([Folder(tmp_path)])
    files.stop()
    assert f"fs.inotify.{setting}" in (told.value.remedy or "")


def test_a_system_that_has_no_more_watchers_is_a_limit_too(tmp_path: Path) -> None:
    files = FileWatch(lambda: None, lambda _: True, no_instance)
    with pytest.raises(WatchError, match="watches no more files"):
        files.watch([Folder(tmp_path)])
    files.stop()


@pytest.mark.parametrize(
    ("event", "is_told"),
    [
        (FileModifiedEvent("/p/a.md"), True),
        (FileMovedEvent("/p/new", "/p/a.md"), True),
        (FileModifiedEvent("/p/a.txt"), False),
        (FileOpenedEvent("/p/a.md"), False),
        (FileClosedNoWriteEvent("/p/a.md"), False),
        (DirModifiedEvent("/p/folder.md"), False),  # an editor's swap file makes it too
    ],
)
def test_only_a_change_of_a_file_that_matters_is_told(
    files: FileWatch, heard: list[bool], event: FileSystemEvent, is_told: bool
) -> None:
    files.on_any_event(event)
    assert bool(heard) is is_told
