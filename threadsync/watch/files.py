"""The one module that knows watchdog: tells when a file that matters has changed.

Only folders that can matter are watched: that of the project file, that of the posts with all below it,
that of the state, and those of media elsewhere. One that vanishes and comes back (a branch switch, a
restored backup, a permission) is watched again. Of reading nothing is heard: our own look at ten thousand
posts would fill the system's queue, and what is saved meanwhile would be lost.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from watchdog.events import DirModifiedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from threadsync.errors import WatchError

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver, ObservedWatch

_READING = frozenset({"opened", "closed_no_write"})
"""Kinds of events that change nothing; our own reading makes them."""
_REMEDIES = {
    errno.ENOSPC: "raise fs.inotify.max_user_watches (sysctl), or close what else watches files",
    errno.EMFILE: "raise fs.inotify.max_user_instances (sysctl), or close what else watches files",
}
"""The limits of inotify(7), by the error of inotify_add_watch(2) and inotify_init(2)."""


class Folder(Struct, frozen=True):
    """A folder to watch, with all below it or alone."""

    path: Path
    recursive: bool = False


class _Watched(Struct):
    watch: ObservedWatch
    identity: tuple[int, int]


class FileWatch(Struct, FileSystemEventHandler, eq=False):
    """Calls *changed*, from a thread of its own, whenever a file in the folders has changed.

    It is equal to itself alone: watchdog keeps handlers in a set.
    """

    changed: Callable[[], None]
    matters: Callable[[Path], bool]
    """Whether a file is one of ours."""
    observer: Callable[[], BaseObserver] = Observer
    _observer: BaseObserver | None = None
    _wanted: Mapping[Folder, tuple[int, int] | None] = field(default_factory=dict)
    """Those to be watched, and which each was when that was asked for last; None: there was none."""
    _watched: dict[Folder, _Watched] = field(default_factory=dict)

    def stop(self) -> None:
        """End, and wait for the thread to be gone."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None

    def watch(self, folders: Iterable[Folder]) -> bool:
        """Watch just *folders* from now on; of those that do not exist ``is_stale`` tells when they do.

        Returns whether one is another than at the call before, or was not asked for then: what changed in
        it meanwhile was not heard of.

        Raises:
            WatchError: the system watches no more files; what it watches is watched.
        """
        before, self._wanted = self._wanted, {folder: _identity(folder.path) for folder in folders}
        with _refusing(""):
            observer = self._begun()
        found = {folder: identity for folder, identity in self._wanted.items() if identity is not None}
        for folder, known in list(self._watched.items()):
            if found.get(folder) != known.identity:
                observer.unschedule(known.watch)
                del self._watched[folder]
        new = [folder for folder in found if folder not in self._watched]
        for folder in new:
            with _refusing(str(folder.path)):
                self._watched[folder] = _Watched(self._scheduled(observer, folder), found[folder])
        if sys.platform == "linux":
            # One below another that finds no place is left out without a word, also one that comes later.
            with _refusing(""):
                observer.unschedule(self._scheduled(observer, Folder(Path(os.sep))))
        others = [each for each, now in self._wanted.items() if each not in before or before[each] != now]
        return bool(new or others)

    def is_stale(self) -> bool:
        """Whether a folder has come, gone or been replaced since ``watch``; the system need not tell that."""
        watched = {folder: known.identity for folder, known in self._watched.items()}
        return any(_identity(folder.path) != watched.get(folder) for folder in self._wanted)

    def _begun(self) -> BaseObserver:
        if self._observer is None:
            observer = self.observer()
            observer.start()
            self._observer = observer
        return self._observer

    def _scheduled(self, observer: BaseObserver, folder: Folder) -> ObservedWatch:
        heard = [
            each
            for each in FileSystemEvent.__subclasses__()
            if each.event_type not in _READING and each is not DirModifiedEvent
        ]
        return observer.schedule(self, str(folder.path), recursive=folder.recursive, event_filter=heard)

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Take an event from watchdog's thread."""
        if event.event_type in _READING or isinstance(event, DirModifiedEvent):
            return  # what changed in a folder is told of by itself
        paths = [Path(os.fsdecode(each)) for each in (event.src_path, event.dest_path) if each]
        if any(map(self.matters, paths)):
            self.changed()


@contextmanager
def _refusing(where: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        return  # it has just vanished; the next call finds out
    except OSError as error:
        what = _REMEDIES.get(error.errno or 0, "see what the system says of it")
        raise WatchError(
            f"the system watches no more files: {error.strerror or error}.",
            where=where,
            remedy=f"Files are looked at every few seconds instead. For more, {what}.",
        ) from error


def _identity(path: Path) -> tuple[int, int] | None:
    """Return which folder is at *path*; None where there is none that can be read."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if os.access(path, os.R_OK | os.X_OK) else None
