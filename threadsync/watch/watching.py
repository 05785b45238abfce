"""The loop of ``watch``: waits for a burst of changes to be over, looks, and shows what is new.

Nothing that a file says or does ends it: a project file that is broken for a moment, a state that another
run is writing, a post that vanishes between two system calls are shown, and looked at again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue

from threadsync.content.project import PROJECT_FILE, StateBranch
from threadsync.errors import ThreadsyncError
from threadsync.execution.clock import Clock
from threadsync.model.state import State
from threadsync.operations.caches import CACHE_DIRECTORY
from threadsync.operations.preview import Preview, preview
from threadsync.operations.workspace import Workspace
from threadsync.watch.debounce import Burst, grown
from threadsync.watch.files import FileWatch, Folder
from threadsync.watch.seen import News, news

LOOK_SECONDS = 60.0
"""How long after a look the next one comes although no file changed: a post becomes due meanwhile."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person is told: everything at first, then what is new, or what cannot be read just now."""

    first: Callable[[Preview], None]
    new: Callable[[News, Preview], None]
    problem: Callable[[ThreadsyncError], None]


@dataclass(slots=True)
class Watching:
    """Watches the project that *opened* opens anew each time, until ``stop``."""

    root: Path
    opened: Callable[[], Workspace]
    clock: Clock
    shown: Shown
    _changes: SimpleQueue[bool] = field(default_factory=SimpleQueue)
    """A change each; False asks for the end."""
    _last: Preview | None = None
    _problem: str = ""
    _state: tuple[State | None, float] | None = None
    """The shared state as it was fetched, and when; it is not asked for at every key stroke."""
    _folders: tuple[Folder, ...] = ()
    _state_file: Path | None = None

    def run(self) -> None:
        """Look, and look again at every change, until ``stop`` is called.

        Raises:
            WatchError: the system watches no more files.
        """
        self._folders = (Folder(self.root),)
        files = FileWatch(lambda: self._changes.put(True), self._matters)
        files.start()
        try:
            while True:
                files.watch(self._folders)  # before the look, so that nothing is missed after it
                self._look()
                files.watch(self._folders)
                if not self._changed():
                    return
        finally:
            files.stop()

    def stop(self) -> None:
        """End ``run``; safe in a signal handler."""
        self._changes.put(False)

    def _changed(self) -> bool:
        """Wait for a burst of changes to be over, or for ``LOOK_SECONDS``; return False for the end."""
        burst: Burst | None = None
        until_seconds = self.clock.monotonic() + LOOK_SECONDS
        while True:
            if burst is not None:
                until_seconds = burst.over_at_seconds
            try:
                goes_on = self._changes.get(timeout=max(0.0, until_seconds - self.clock.monotonic()))
            except Empty:
                return True
            if not goes_on:
                return False
            burst = grown(burst, self.clock.monotonic())

    def _look(self) -> None:
        try:
            workspace = self.opened()
            found = preview(workspace, self._prior(workspace))
        except ThreadsyncError as error:
            if str(error) != self._problem:
                self._problem = str(error)
                self.shown.problem(error)
            return
        self._folders = self._folders_of(workspace, found)
        mended, self._problem = bool(self._problem), ""
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
        """Return the state; one that has to be fetched is fetched once a minute."""
        if not isinstance(workspace.project.state, StateBranch):
            return workspace.store.read().state
        now = self.clock.monotonic()
        if self._state is None or now - self._state[1] >= LOOK_SECONDS:
            self._state = workspace.store.read().state, now
        return self._state[0]

    def _folders_of(self, workspace: Workspace, found: Preview) -> tuple[Folder, ...]:
        """Return the folders that can matter to what was seen."""
        project = workspace.project
        folders = {Folder(project.root), Folder(project.posts, recursive=True)}
        self._state_file = None
        if isinstance(project.state, Path):
            self._state_file = project.state
            folders.add(Folder(project.state.parent))
        wanted = (*found.prepared.desired.publications.values(), *found.drafts)
        media = {
            (project.root / item.path).parent
            for each in wanted
            for segment in each.publication.segments
            for item in segment.media
        }
        folders |= {Folder(folder) for folder in media if not folder.is_relative_to(project.posts)}
        return tuple(sorted(folders, key=lambda folder: (folder.path, folder.recursive)))

    def _matters(self, path: Path) -> bool:
        if CACHE_DIRECTORY in path.parts or ".git" in path.parts:
            return False
        if self._state_file is not None and path.parent == self._state_file.parent:
            return path == self._state_file or path.name == PROJECT_FILE
        return True
