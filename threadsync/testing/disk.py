"""A disk in memory that can die inside any write, and forget what was not synced.

Every change is an *effect* with a number. ``MemoryDisk(crash=Crash(7, When.TORN))`` dies in the middle of
its eighth effect: ``Crashed`` is raised, and by everything after it, as nothing runs in a dead process.
``survivor`` is the disk as the next process finds it, with or without a power cut.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from msgspec import Struct, field

from threadsync.errors import StateUnwritable
from threadsync.statefile.disk import AppendHandle, FileIdentity, refused, temporary_name


class Crashed(BaseException):
    """The simulated process has died; not an ``Exception``, so that nothing catches it by accident."""


class When(StrEnum):
    """Where in an effect the process dies."""

    BEFORE = "before"
    TORN = "torn"
    """In the middle: half of the bytes are written; as ``BEFORE`` where an effect is one step."""
    AFTER = "after"


class Loss(StrEnum):
    """What a crash takes with it of what was not synced."""

    NOTHING = "nothing"
    """The process died, the machine did not."""
    CONTENTS = "contents"
    """A power cut; names were written out, contents only where they were synced."""
    HALVES = "halves"
    """A power cut; of what was appended and not synced, half was written out."""
    NAMES = "names"
    """A power cut; contents were written out, names only where their folder was synced."""
    ALL = "all"
    """A power cut; nothing was written out but what was synced."""


class Crash(Struct, frozen=True):
    """Die in the effect with the number *effect*, counted from 0."""

    effect: int
    when: When


class _File(Struct):
    """A file; its content only ever grows, and so much of its start is synced."""

    inode: int
    content: bytearray
    synced_bytes: int = 0
    modified_ns: int = 0

    def after(self, loss: Loss) -> _File:
        match loss:
            case Loss.NOTHING | Loss.NAMES:
                kept = len(self.content)
            case Loss.CONTENTS | Loss.ALL:
                kept = self.synced_bytes
            case Loss.HALVES:
                kept = self.synced_bytes + (len(self.content) - self.synced_bytes) // 2
        return _File(self.inode, self.content[:kept], kept, self.modified_ns)


class MemoryDisk(Struct):
    """A ``Disk`` in memory.

    *capacity_bytes* makes it full: the write that goes over it is done in part and then refused.
    *interfere* is called before each effect with its number, to let another process act just then.
    """

    crash: Crash | None = None
    capacity_bytes: int | None = None
    interfere: Callable[[int], None] | None = None
    effects: int = 0
    """How many effects there have been."""
    written_bytes: int = 0
    """How many bytes were written, all told."""
    crashed: bool = False
    _names: dict[Path, _File] = field(default_factory=dict)
    _durable_names: dict[Path, _File] = field(default_factory=dict)
    _inodes: int = 0
    _ticks_ns: int = 0

    def survivor(self, loss: Loss = Loss.NOTHING) -> MemoryDisk:
        """Return the disk as the next process finds it."""
        names = self._durable_names if loss in {Loss.NAMES, Loss.ALL} else self._names
        files = {id(each): each.after(loss) for each in names.values()}
        kept = {path: files[id(each)] for path, each in names.items()}
        return MemoryDisk(
            _names=kept, _durable_names=dict(kept), _inodes=self._inodes, _ticks_ns=self._ticks_ns
        )

    def files(self) -> dict[Path, bytes]:
        """Return every file there is."""
        return {path: bytes(each.content) for path, each in sorted(self._names.items())}

    def put(self, path: Path, data: bytes) -> None:
        """Lay *data* down at *path* from outside, durably and without an effect."""
        self._names[path] = self._durable_names[path] = self._file(data, synced_bytes=len(data))

    def resolve(self, path: Path) -> Path:
        """See ``Disk.resolve``; there are no links here."""
        return path

    def read(self, path: Path) -> bytes | None:
        """See ``Disk.read``."""
        self._alive()
        found = self._names.get(path)
        return None if found is None else bytes(found.content)

    def identity(self, path: Path) -> FileIdentity | None:
        """See ``Disk.identity``."""
        self._alive()
        found = self._names.get(path)
        return None if found is None else FileIdentity(found.inode, found.modified_ns, len(found.content))

    def list(self, directory: Path) -> tuple[str, ...]:
        """See ``Disk.list``."""
        self._alive()
        return tuple(sorted(path.name for path in self._names if path.parent == directory))

    def open_append(self, path: Path) -> AppendHandle:
        """See ``Disk.open_append``."""
        self._alive()
        if path not in self._names:
            self._effect(lambda: self._link(path, self._file(b"")))
        return _MemoryAppend(self, path, self._names[path])

    def replace(self, path: Path, data: bytes) -> None:
        """See ``Disk.replace``; its steps are effects of their own."""
        draft = self._draft(path, data)

        def move() -> None:
            self._link(path, self._names.pop(draft))

        self._effect(move)
        self.sync_dir(path.parent)

    def create_exclusive(self, path: Path, data: bytes) -> bool:
        """See ``Disk.create_exclusive``."""
        draft = self._draft(path, data)
        made = False

        def link() -> None:
            nonlocal made
            if path not in self._names and draft in self._names:
                made = True
                self._link(path, self._names[draft])

        self._effect(link)
        self._effect(lambda: self._unlink(draft))
        return made

    def remove(self, path: Path) -> bool:
        """See ``Disk.remove``."""
        there = path in self._names
        if there:
            self._effect(lambda: self._unlink(path))
        return there

    def sync_dir(self, directory: Path) -> None:
        """See ``Disk.sync_dir``."""

        def sync() -> None:
            for path in [each for each in self._durable_names if each.parent == directory]:
                del self._durable_names[path]
            self._durable_names.update({p: f for p, f in self._names.items() if p.parent == directory})

        self._effect(sync)

    def write(self, path: Path, file: _File, data: bytes) -> None:
        """Write *data* behind the content of *file*: one effect, which may be torn or find the disk full."""

        def put(part: bytes) -> None:
            file.content += part
            self._ticks_ns += 1
            file.modified_ns = self._ticks_ns
            self.written_bytes += len(part)

        if self.capacity_bytes is not None:
            used = sum(len(each.content) for each in self._names.values())
            room = max(0, self.capacity_bytes - used)
            if len(data) > room:
                self._effect(lambda: put(data[:room]))
                raise refused(path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        self._effect(lambda: put(data), lambda: put(data[: len(data) // 2]))

    def sync(self, file: _File) -> None:
        """Make the content of *file* durable: one effect."""

        def sync() -> None:
            file.synced_bytes = len(file.content)

        self._effect(sync)

    def _draft(self, path: Path, data: bytes) -> Path:
        draft = path.with_name(temporary_name(path, f"{self.effects:08x}"))
        file = self._file(b"")
        self._effect(lambda: self._link(draft, file))
        try:
            self.write(draft, file, data)
        except StateUnwritable:
            self._unlink(draft)
            raise
        self.sync(file)
        return draft

    def _effect(self, act: Callable[[], None], torn: Callable[[], None] = lambda: None) -> None:
        self._alive()
        number, self.effects = self.effects, self.effects + 1
        if self.interfere is not None:
            self.interfere(number)
        if self.crash is None or number != self.crash.effect:
            act()
            return
        if self.crash.when is When.AFTER:
            act()
        elif self.crash.when is When.TORN:
            torn()
        self.crashed = True
        raise Crashed

    def _alive(self) -> None:
        if self.crashed:
            raise Crashed

    def _file(self, content: bytes, synced_bytes: int = 0) -> _File:
        self._inodes += 1
        self._ticks_ns += 1
        return _File(self._inodes, bytearray(content), synced_bytes, self._ticks_ns)

    def _link(self, path: Path, file: _File) -> None:
        self._names[path] = file

    def _unlink(self, path: Path) -> None:
        self._names.pop(path, None)


class _MemoryAppend(Struct):
    disk: MemoryDisk
    path: Path
    file: _File

    def append(self, data: bytes) -> None:
        self.disk.write(self.path, self.file, data)

    def sync(self) -> None:
        self.disk.sync(self.file)

    def close(self) -> None:
        """Hold nothing: there is nothing to let go of."""
