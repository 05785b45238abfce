"""Facts about media files, kept between runs so that an unchanged file is not read again.

A file counts as unchanged while its size, inode and both its times are the same. That alone would
miss a change within one tick of the file system's clock, so a file is remembered only once its
times lie ``GRANULARITY_SECONDS`` back (the rule git follows for its index). The cache can be thrown
away at any time: without it, or without the right to write it, everything works, only slower.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeGuard

from msgspec import to_builtins
from msgspec.structs import replace

from threadsync.media.probe import PROBE_VERSION, probe
from threadsync.model.ids import Json, MediaDigest
from threadsync.model.post import AudioFacts, MediaFacts, VideoFacts

GRANULARITY_SECONDS = 2
"""The coarsest clock of a file system in use (FAT's)."""

_GRANULARITY_NS = GRANULARITY_SECONDS * 1_000_000_000


class Stamp(NamedTuple):
    """What of a file tells that it was not written since; times in nanoseconds."""

    size_bytes: int
    inode: int
    mtime_ns: int
    ctime_ns: int

    def is_older_than(self, moment_ns: int) -> bool:
        """Whether a write after *moment_ns* could not have left these times."""
        return max(self.mtime_ns, self.ctime_ns) < moment_ns - _GRANULARITY_NS


_Entries = dict[str, tuple[Stamp, MediaFacts]]
Learnt: TypeAlias = tuple[set[str], _Entries]


class CachedProbe:
    """``probe`` with a memory; call it with a path, and ``save`` it when all files were asked for.

    *cache_file* is where the memory lies between runs; None keeps it for this object's life.
    *now_ns* is the wall clock in nanoseconds. Not for several workers at once.
    """

    def __init__(self, cache_file: Path | None, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._file = cache_file
        self._now_ns = now_ns
        self._known = {} if cache_file is None else _read(cache_file)
        self._loaded = dict(self._known)
        self._asked: set[str] = set()

    def __call__(self, path: Path) -> MediaFacts | str:
        """Return what ``probe`` would return for *path* now."""
        name = str(path.absolute())
        self._asked.add(name)
        now_ns = self._now_ns()
        stamp = stamp_of(path)
        known = self._known.get(name)
        if stamp is not None and known is not None and known[0] == stamp:
            return known[1]
        found = probe(path)
        # The stamp was taken before the file was read: a write in between shows in the next stamp.
        if stamp is not None and _is_final(found) and stamp.is_older_than(now_ns):
            self._known[name] = (stamp, found)
        return found

    def learnt(self) -> Learnt:
        """Return what a fork of this one was asked for, and what it found that this one does not know."""
        found = {name: entry for name, entry in self._known.items() if entry is not self._loaded.get(name)}
        return self._asked, found

    def learn(self, learnt: Learnt) -> None:
        """Count as asked for, and know, what a fork of this one has ``learnt``."""
        asked, found = learnt
        self._asked |= asked
        self._known |= found

    def save(self, *, partly: bool = False) -> bool:
        """Write what is known of the files asked for; return whether it is on disk now.

        Where they were but a part of all (*partly*), nothing is forgotten of the others.

        A folder that may not be written, or a full disk, is no reason to stop: False says so.
        """
        if self._file is None:
            return False
        kept = {name: entry for name, entry in self._known.items() if partly or name in self._asked}
        self._known, self._asked = kept, set()
        if kept == self._loaded:
            return self._file.exists()
        try:
            self._file.parent.mkdir(exist_ok=True)
            replace_file(self._file, _encode(kept))
        except OSError:
            return False
        self._loaded = dict(kept)
        return True


def _is_final(found: MediaFacts | str) -> TypeGuard[MediaFacts]:
    """Whether asking again would find the same: a video is read as soon as PyAV is installed."""
    return not isinstance(found, str) and (found.kind != "video" or found.video is not None)


def stamp_of(path: str | Path) -> Stamp | None:
    """Return the stamp of the file at *path*, or where a link there leads; None where there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116  (a str, where there are many)
    except (OSError, ValueError):
        # probe() says in words what is the matter with the file.
        return None
    return Stamp(found.st_size, found.st_ino, found.st_mtime_ns, found.st_ctime_ns)


def replace_file(path: Path, content: bytes | bytearray) -> None:
    """Swap *path* for *content*, so that another process reads the old or the new, never a mix.

    Raises:
        OSError: its folder may not be written, or the disk is full; *path* is as it was.
    """
    descriptor, draft = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(draft).replace(path)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise


def _encode(entries: _Entries) -> bytes:
    rows: dict[str, Json] = {
        name: [
            [stamp.size_bytes, stamp.inode, stamp.mtime_ns, stamp.ctime_ns],
            [facts.digest, facts.size_bytes, facts.kind, facts.format, facts.width, facts.height],
            [facts.animated, facts.has_metadata],
            to_builtins(facts.video),
        ]
        for name, (stamp, facts) in sorted(entries.items())
    }
    whole = {"probe_version": PROBE_VERSION, "checksum": _checksum(rows), "files": rows}
    return json.dumps(whole, indent=1).encode()


def _checksum(rows: Mapping[str, object]) -> str:
    # A flipped bit in a digest would look like a changed picture, and so like a changed post.
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def _read(cache_file: Path) -> _Entries:
    """Read a cache; one that is missing, damaged or another version's is an empty one."""
    try:
        with cache_file.open("rb") as file:
            written_ns = os.fstat(file.fileno()).st_mtime_ns
            whole: object = json.loads(file.read())
    except (OSError, ValueError, RecursionError):
        return {}
    match whole:
        case {"probe_version": version, "checksum": checksum, "files": dict(rows)} if (
            version == PROBE_VERSION and checksum == _checksum(rows)
        ):
            entries = {str(name): entry for name, row in rows.items() if (entry := _entry(row))}
            # The file system's own clock wrote this time: it guards against a wall clock ahead of it.
            return {name: entry for name, entry in entries.items() if entry[0].is_older_than(written_ns)}
        case _:
            return {}


def _entry(row: object) -> tuple[Stamp, MediaFacts] | None:
    match row:
        case [
            [int(size), int(inode), int(mtime), int(ctime)],
            [str(digest), int(size_bytes), str(kind), str(name), int(width), int(height)],
            [bool(animated), bool(has_metadata)],
            None | {} as video,
        ]:
            facts = MediaFacts(MediaDigest(digest), size_bytes, kind, name, width, height, animated)
            facts = replace(facts, video=_video(video), has_metadata=has_metadata)
            return Stamp(size, inode, mtime, ctime), facts
        case _:
            return None


def _video(row: Mapping[str, Any] | None) -> VideoFacts | None:
    """Read what ``_encode`` wrote: its checksum and version were compared."""
    if row is None:
        return None
    audio = row["audio"]
    return VideoFacts(**{**row, "audio": None if audio is None else AudioFacts(**audio)})
