"""The loop of ``watch``: waits for a burst of changes to be over, looks, and shows what is new.

Nothing that a file says or does ends it: a project file that is broken for a moment, a state that another
run is writing, a post that vanishes between two system calls are shown, and looked at again. Where changes
cannot be heard of it looks by itself, now and then.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue

from msgspec import Struct, field
from msgspec.structs import replace

from threadsync.content.project import Project
from threadsync.content.walking import is_ignored
from threadsync.errors import StateError, ThreadsyncError, WatchError
from threadsync.execution.clock import Clock
from threadsync.model.state import State
from threadsync.operations.caches import CACHE_DIRECTORY
from threadsync.operations.collecting import uncollected
from threadsync.operations.memory import Memory
from threadsync.operations.preview import Preview, preview
from threadsync.operations.workspace import Workspace
from threadsync.watch.debounce import LOOK_SECONDS, Burst, grown, pause_seconds
from threadsync.watch.files import FileWatch, Folder
from threadsync.watch.seen import News, news

FOLDERS_SECONDS = 1.0
"""How often it is seen whether the folders are still the ones that are watched."""
_MENDED_UNHEARD = frozenset({"file/no-posts", "file/unreadable", "media/missing"})
"""The rules for what is not there to be watched: it may come back, or into another folder, unheard."""


class Shown(Struct, frozen=True):
    """What a person is told: everything at first, then what is new, or what cannot be read just now."""

    first: Callable[[Preview], None]
    new: Callable[[News, Preview], None]
    problem: Callable[[ThreadsyncError], None]
    looked: Callable[[Workspace, Preview], None] = lambda _workspace, _preview: None
    """Is told of every look at which all could be read, whether or not something is new."""


class Watching(Struct):
    """Watches the project that *opened* opens anew each time, until ``stop``."""

    root: Path
    opened: Callable[[], Workspace]
    clock: Clock
    shown: Shown
    files: Callable[[Callable[[], None], Callable[[Path], bool]], FileWatch] = FileWatch
    """Makes what hears of changes: it is told whom to call, and which files matter."""
    _changes: SimpleQueue[bool] = field(default_factory=SimpleQueue)
    """A change each; False asks for the end."""
    _memory: Memory = field(default_factory=Memory)
    _last: Preview | None = None
    _problem: str = ""
    _state: tuple[State | None, float] | None = None
    """The shared state as it was fetched, and when; it is not asked for at every key stroke."""
    _fetch_problem: str = ""
    _folders: tuple[Folder, ...] = ()
    _media: frozenset[str] = frozenset()
    _state_file: Path | None = None
    _is_deaf: bool = False
    """Whether the system refuses to watch all of the folders."""
    _took_seconds: float = 0.0

    def run(self) -> None:
        """Look, and look again at every change, until ``stop`` is called."""
        self._folders = (Folder(self.root),)
        files = self.files(lambda: self._changes.put(True), self._matters)
        try:
            self._listen(files)
            again = True
            while again:
                began_seconds = self.clock.monotonic()
                with uncollected(for_good=self._last is None and not self._problem):
                    self._look(files)
                self._took_seconds = self.clock.monotonic() - began_seconds
                again = self._listen(files) or self._changed(files)
        finally:
            files.stop()

    def stop(self) -> None:
        """End ``run``; safe in a signal handler."""
        self._changes.put(False)

    def _listen(self, files: FileWatch) -> bool:
        """Watch what can matter; return whether something of it may have changed unheard since the look."""
        try:
            is_new = files.watch(self._folders)
        except WatchError as error:
            if not self._is_deaf:
                self.shown.problem(error)
            self._is_deaf = True
            return False
        self._is_deaf = False
        return is_new

    def _changed(self, files: FileWatch) -> bool:
        """Wait for the end of a burst of changes, or for the next look's time; return False for the end."""
        burst: Burst | None = None
        look_seconds = self.clock.monotonic() + pause_seconds(self._took_seconds, hears_all=self._hears_all())
        while True:
            if burst is not None:
                until = burst.over_at_seconds
            else:
                until = min(look_seconds, self.clock.monotonic() + FOLDERS_SECONDS)
            try:
                goes_on = self._changes.get(timeout=max(0.0, until - self.clock.monotonic()))
            except Empty:
                if burst is not None or until == look_seconds or (not self._is_deaf and files.is_stale()):
                    return True
                continue
            if not goes_on:
                return False
            burst = grown(burst, self.clock.monotonic())

    def _hears_all(self) -> bool:
        # A folder that was gone for the look alone is, watched or stale, as it was before: nothing tells.
        if self._is_deaf or self._problem:
            return False
        findings = self._last.prepared.findings if self._last is not None else ()
        return all(finding.rule not in _MENDED_UNHEARD for finding in findings)

    def _look(self, files: FileWatch) -> None:
        try:
            workspace = self._memory.within(self.opened())
            self._folders = self._folders_of(workspace.project)
            self._listen(files)  # before the files are read, so that nothing is missed after it
            found = preview(workspace, self._prior(workspace))
        except ThreadsyncError as error:
            if str(error) != self._problem:
                self._problem = str(error)
                self.shown.problem(error)
            return
        self._media = found.prepared.media
        self._folders = self._folders_of(workspace.project)
        mended, self._problem = bool(self._problem), ""
        self.shown.looked(workspace, found)
        before, self._last = self._last, found
        if before is None:
            self.shown.first(found)
            return
        new = news(before, found)
        if mended and not found.prepared.findings:
            new = replace(new, mended=True)
        if new:
            self.shown.new(new, found)

    def _prior(self, workspace: Workspace) -> State | None:
        """Return the state; one that has to be fetched is fetched once a minute, and kept while offline."""
        if isinstance(workspace.project.state, Path):
            return self._memory.state(workspace)
        now = self.clock.monotonic()
        if self._state is None or now - self._state[1] >= LOOK_SECONDS:
            try:
                self._state = self._memory.state(workspace), now
                self._fetch_problem = ""
            except StateError as error:
                if self._state is None:
                    raise
                self._state = self._state[0], now
                if str(error) != self._fetch_problem:
                    self._fetch_problem = str(error)
                    self.shown.problem(error)
        return self._state[0]

    def _folders_of(self, project: Project) -> tuple[Folder, ...]:
        """Return the folders that can matter to *project*, with those of the media that were seen."""
        folders = {Folder(project.root), Folder(project.posts, recursive=True)}
        self._state_file = None
        if isinstance(project.state, Path):
            self._state_file = project.state
            folders.add(Folder(project.state.parent))
        for folder in {posixpath.dirname(path) for path in self._media}:
            if not (project.root / folder).is_relative_to(project.posts):
                folders.add(Folder(project.root / folder))
        return tuple(sorted(folders, key=lambda folder: (folder.path, folder.recursive)))

    def _matters(self, path: Path) -> bool:
        below = path.relative_to(self.root).parts if path.is_relative_to(self.root) else path.parts
        if "/".join(below) in self._media:
            return True  # whatever its name is
        if is_ignored(path.name) or CACHE_DIRECTORY in below or ".git" in below:
            return False
        state = self._state_file
        # What stands beside the state while a run writes it: its journal and its lock.
        is_beside = (
            state is not None and path.parent == state.parent and path.name.startswith(f"{state.name}.")
        )
        return not is_beside
