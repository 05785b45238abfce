"""The one module that knows watchdog: tells when a file that matters has changed.

Only folders that can matter are watched: that of the project file, that of the posts with all below it,
that of the state, and those of media elsewhere. One that vanishes and comes back (a branch switch, a
restored backup) is watched again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from threadsync.content.walking import is_ignored
from threadsync.errors import WatchError

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver, ObservedWatch

_READING = frozenset({"opened", "closed_no_write"})
"""Kinds of events that change nothing; our own reading makes them."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder to watch, with all below it or alone."""

    path: Path
    recursive: bool = False


@dataclass(slots=True)
class _Watched:
    watch: ObservedWatch
    identity: tuple[int, int]


@dataclass(slots=True)
class FileWatch(FileSystemEventHandler):
    """Calls *changed*, from a thread of its own, whenever a file in the folders has changed."""

    changed: Callable[[], None]
    matters: Callable[[Path], bool]
    """Whether a file whose name says nothing against it is one of ours."""
    _observer: BaseObserver = field(default_factory=Observer)
    _watched: dict[Folder, _Watched] = field(default_factory=dict)

    def start(self) -> None:
        """Begin.

        Raises:
            WatchError: the system watches no more files.
        """
        with _refusing(""):
            self._observer.start()

    def stop(self) -> None:
        """End, and wait for the thread to be gone."""
        self._observer.stop()
        self._observer.join()

    def watch(self, folders: Iterable[Folder]) -> None:
        """Watch just *folders* from now on; those that do not exist are tried again at the next call.

        Raises:
            WatchError: the system watches no more files.
        """
        wanted = {folder: identity for folder in folders if (identity := _identity(folder.path)) is not None}
        for folder, known in list(self._watched.items()):
            if wanted.get(folder) != known.identity:
                self._observer.unschedule(known.watch)
                del self._watched[folder]
        for folder, identity in wanted.items():
            if folder not in self._watched:
                with _refusing(str(folder.path)):
                    watch = self._observer.schedule(self, str(folder.path), recursive=folder.recursive)
                    self._watched[folder] = _Watched(watch, identity)

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Take an event from watchdog's thread."""
        if event.event_type in _READING:
            return
        paths = [Path(os.fsdecode(each)) for each in (event.src_path, event.dest_path) if each]
        if any(not is_ignored(path.name) and self.matters(path) for path in paths):
            self.changed()

    def __hash__(self) -> int:
        return id(self)  # watchdog keeps handlers in a set


@contextmanager
def _refusing(where: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        return  # it has just vanished; the next call finds out
    except OSError as error:
        raise WatchError(
            f"the system watches no more files: {error.strerror or error}",
            where=where,
            remedy="On Linux raise fs.inotify.max_user_watches (sysctl), or close what else watches files.",
        ) from error


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
