"""What a look at a project leaves for the next one, so that only what changed is read and seen anew.

What a file says is known by its bytes, by the project file, and by what was found at each media path that
it names. Its bytes count as unchanged while size, inode and both times of the file are the same, unless it
was written so shortly before it was read that a further write may have left the same times (the rule git
follows for its index); in any doubt it is read again, and only said anew if it says something else.

All that is kept is of the last look, so it grows with the project alone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

from msgspec import Struct, field
from msgspec.structs import replace

from threadsync.content.loader import Content, Said, Shorten, load, said_in
from threadsync.content.media import Found, MediaFinder
from threadsync.content.project import Project
from threadsync.content.reading import decode, read_bytes
from threadsync.content.walking import PostFile
from threadsync.media.cache import CachedProbe, Stamp, stamp_of
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.state import State
from threadsync.operations.caches import CACHE_DIRECTORY, ignored
from threadsync.operations.workspace import LastLook, Workspace
from threadsync.statefile.store import Snapshot

STAMPS_TELL = sys.platform != "win32"
"""Whether a stamp tells of every change: Windows has no time that nobody can set."""


class _Known(Struct, frozen=True):
    """What a file said when it was read last."""

    stamp: Stamp | None
    """None where it may have been written since without another stamp."""
    digest: bytes
    said: Said
    media: Mapping[str, Found]
    """What was found at each path that it names."""


class Memory(Struct):
    """What was read and seen of one project; *now_ns* is the wall clock."""

    now_ns: Callable[[], int] = time.time_ns
    _project: Project | None = None
    _probe: CachedProbe = field(default_factory=lambda: CachedProbe(None))
    _known: dict[str, _Known] = field(default_factory=dict)
    """By path: in one project it tells the rest of a ``PostFile``."""
    _before: dict[str, _Known] = field(default_factory=dict)
    _last: LastLook = field(default_factory=LastLook)
    _snapshot: Snapshot | None = None

    def within(self, workspace: Workspace) -> Workspace:
        """Return *workspace*, opened anew, with what is remembered of its project."""
        if workspace.project != self._project:
            project = self._project = workspace.project
            self._probe = CachedProbe(project.root / CACHE_DIRECTORY / "media.json")
            self._known, self._last, self._snapshot = {}, LastLook(), None
        return replace(workspace, read=self._read, last=self._last)

    def state(self, workspace: Workspace) -> State | None:
        """Return the state of *workspace*: the very same as before, where not a byte of it has changed.

        Raises:
            StateError: it cannot be used.
        """
        self._snapshot = workspace.store.read(self._snapshot)
        return self._snapshot.state

    def _read(self, project: Project, shorten: Shorten) -> Content:
        self._before, self._known = self._known, {}
        content = load(project, self._probe, reader=self._said, shorten=shorten)
        self._before = {}
        if self._probe.save():
            ignored(project.root / CACHE_DIRECTORY)
        return content

    def _said(self, files: Sequence[PostFile], project: Project, media: MediaFinder) -> list[Said]:
        return [self._said_by(file, project, media) for file in files]

    def _said_by(self, file: PostFile, project: Project, media: MediaFinder) -> Said:
        known, stamp = self._before.get(file.path), stamp_of(file.path)
        if known is not None and known.media:
            now = {path: media.at(path) for path in known.media}
            known = known if now == known.media else None
        if known is None or known.stamp is None or known.stamp != stamp:
            now_ns = self.now_ns()
            data = read_bytes(file.path, file.file)
            if isinstance(data, Diagnostic):
                return said_in(data, file, project, media)
            digest = sha256(data).digest()
            # The stamp was taken before the file was read: a write in between shows in the next stamp.
            told = stamp if STAMPS_TELL and stamp is not None and stamp.is_older_than(now_ns) else None
            if known is not None and known.digest == digest:
                known = replace(known, stamp=told)
            else:
                media.asked = {}
                said = said_in(decode(data, file.file), file, project, media)
                known = _Known(told, digest, said, media.asked)
        self._known[file.path] = known
        return known.said
