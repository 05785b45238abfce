"""The one way the state touches a disk, and its implementation on the local file system.

A store is only as safe as the order of its writes, so each step that a crash can part from the next
is a method here; ``threadsync.testing.disk`` implements the same protocol in memory and crashes inside
any of them.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from msgspec import Struct

from threadsync.errors import StateError, StateUnwritable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

TRIES_MAX: Final = 40 if sys.platform == "win32" else 1
"""How often a step is tried on a file that another program (a reader, a virus scanner) has open.

Only Windows refuses to replace or to remove it then.
"""
TRY_AGAIN_SECONDS: Final = 0.05

_TEMPORARY = re.compile(r"\.(?P<of>.+)\.[0-9a-f]{8}\.tmp")


class FileIdentity(Struct, frozen=True):
    """Which file a path names and whether it was written since, at the price of one ``stat``."""

    inode: int
    modified_ns: int
    size_bytes: int


class AppendHandle(Protocol):
    """A file held open at its end."""

    def append(self, data: bytes) -> None:
        """Write *data* behind what is there; a crash may leave a part of it.

        Raises:
            StateUnwritable: the disk refused; a part may have been written.
        """
        ...

    def sync(self) -> None:
        """Return when all that was appended survives a power cut.

        Raises:
            StateUnwritable: the disk refused; what is on it is unknown.
        """
        ...

    def close(self) -> None:
        """Let go of the file; nothing is synced by this."""
        ...


class Disk(Protocol):
    """Files as a store needs them."""

    def resolve(self, path: Path) -> Path:
        """Return the one name of *path*, links followed, so that two names cannot have two locks.

        Raises:
            StateError: a link on the way leads to nothing; that is no missing file, and no first run.
        """
        ...

    def read(self, path: Path) -> bytes | None:
        """Return all of a file, or None where there is none.

        Raises:
            StateError: there is one and it cannot be read.
        """
        ...

    def identity(self, path: Path) -> FileIdentity | None:
        """Return which file *path* is now, or None where there is none."""
        ...

    def list(self, directory: Path) -> tuple[str, ...]:
        """Return the names in *directory*, sorted; none where it does not exist."""
        ...

    def open_append(self, path: Path) -> AppendHandle:
        """Open a file at its end, made if need be.

        Raises:
            StateUnwritable: the disk refused.
        """
        ...

    def replace(self, path: Path, data: bytes) -> None:
        """Swap a file for *data*, durably: a crash leaves the old or the new one, never a mix.

        The folder is made if need be, the file's mode is kept.

        Raises:
            StateUnwritable: the disk refused; the old file is untouched.
        """
        ...

    def create_exclusive(self, path: Path, data: bytes) -> bool:
        """Make a file with *data* in it in one step; False where there is one already.

        Raises:
            StateUnwritable: the disk refused.
        """
        ...

    def remove(self, path: Path) -> bool:
        """Remove a file; False where there is none.

        Raises:
            StateUnwritable: the disk refused.
        """
        ...

    def sync_dir(self, directory: Path) -> None:
        """Return when the names in *directory* survive a power cut.

        Raises:
            StateUnwritable: the disk refused.
        """
        ...


def is_leftover_of(of: str, name: str) -> bool:
    """Whether *name* is what a crash left of writing the file *of*, its lock, or (empty) any file."""
    found = _TEMPORARY.fullmatch(name)
    return found is not None and (not of or found["of"] == of or found["of"].startswith(f"{of}."))


def temporary_name(path: Path, token: str) -> str:
    """Return the name *path* is written under before it is moved into place; *token* is 8 hex digits."""
    return f".{path.name}.{token}.tmp"


def refused(path: Path, error: OSError) -> StateUnwritable:
    """Say that the disk refused to write *path*, and what to do about this sort of refusal."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            remedy = "Make room on that disk, then run the same command again: it goes on where it stopped."
        case errno.EROFS:
            remedy = "The disk is mounted read-only: mount it writable or move the state (`state:`)."
        case errno.EACCES | errno.EPERM:
            remedy = "Give the user that runs threadsync the right to write there, then run it again."
        case errno.ENOENT | errno.ENOTDIR:
            remedy = "A folder on that path is gone: mount or restore it, then run the same command again."
        case _:
            remedy = "Check that disk, then run the same command again: it goes on where it stopped."
    return StateUnwritable(f"the disk refused a write: {error.strerror}", where=str(path), remedy=remedy)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise refused(path, error) from error


def _no_file(path: Path, what: str) -> StateError:
    return StateError(
        f"it cannot be read: this is {what}, not a file",
        where=str(path),
        remedy="Nothing was published. Check `state:`, or move it out of the way; `threadsync state history` "
        "lists the copies of the state that can be put in its place.",
    )


_TO_THE_DEVICE: Final[Callable[[int], None]] = getattr(os, "fdatasync", os.fsync)
"""Syncs the size too, and need not sync the times of the file; macOS and Windows have no such call."""


def _sync(descriptor: int, flush: Callable[[int], None] = _TO_THE_DEVICE) -> None:
    if sys.platform == "darwin":
        # fsync(2) of macOS leaves the data in the drive's cache; F_FULLFSYNC does not.
        import fcntl

        with suppress(OSError):  # not every file system of macOS knows it: fsync is what is left
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
    flush(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


_BINARY = getattr(os, "O_BINARY", 0)  # Windows would turn line ends otherwise


class _LocalAppend:
    def __init__(self, path: Path) -> None:
        self._path = path
        with _writing(path):
            self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _BINARY, 0o666)

    def append(self, data: bytes) -> None:
        try:
            _write_all(self._descriptor, data)
        except OSError as error:
            raise refused(self._path, error) from error

    def sync(self) -> None:
        try:
            _sync(self._descriptor)
        except OSError as error:
            raise refused(self._path, error) from error

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class LocalDisk:
    """The file system of this machine; *sleep* lets seconds pass before a step is tried again."""

    def __init__(
        self, sleep: Callable[[float], None] = lambda seconds: None, *, tries_max: int = TRIES_MAX
    ) -> None:
        self._sleep = sleep
        self._tries_max = tries_max

    def resolve(self, path: Path) -> Path:
        """See ``Disk.resolve``."""
        found = os.path.realpath(path)
        for each in (path, *path.parents):
            if os.path.islink(each) and not os.path.exists(each):  # noqa: PTH110,PTH114  (they never raise)
                raise StateError(
                    f"it is a link to {each.readlink()}, where nothing is",
                    where=str(each),
                    remedy="Nothing was published. Mount or restore what it leads to. If that is lost, "
                    "remove the link: `threadsync state history` then lists the copies kept on this machine.",
                )
        return Path(found)

    def read(self, path: Path) -> bytes | None:
        """See ``Disk.read``; a pipe is not opened, because it would keep its reader for ever."""
        try:
            mode = path.stat().st_mode
            if not stat.S_ISREG(mode):
                raise _no_file(path, "a folder" if stat.S_ISDIR(mode) else "a pipe, a socket or a device")
            return self._once_closed(path.read_bytes)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(
                f"it cannot be read: {error.strerror}",
                where=str(path),
                remedy="Nothing was published. Give the user that runs threadsync the right to read it, or "
                "check `state:`.",
            ) from error

    def identity(self, path: Path) -> FileIdentity | None:
        """See ``Disk.identity``."""
        try:
            found = path.stat()
        except OSError:
            return None
        return FileIdentity(found.st_ino, found.st_mtime_ns, found.st_size)

    def list(self, directory: Path) -> tuple[str, ...]:
        """See ``Disk.list``."""
        try:
            return tuple(sorted(each.name for each in directory.iterdir()))
        except OSError:
            return ()

    def open_append(self, path: Path) -> AppendHandle:
        """See ``Disk.open_append``."""
        return _LocalAppend(path)

    def replace(self, path: Path, data: bytes) -> None:
        """See ``Disk.replace``."""
        with _writing(path):
            draft = self._draft(path, data)
            try:
                with suppress(FileNotFoundError):
                    draft.chmod(stat.S_IMODE(path.stat().st_mode))
                self._once_closed(lambda: draft.replace(path))
            except OSError:
                draft.unlink(missing_ok=True)
                raise
        self.sync_dir(path.parent)

    def create_exclusive(self, path: Path, data: bytes) -> bool:
        """See ``Disk.create_exclusive``; a hard link makes name and content appear in one step."""
        with _writing(path):
            draft = self._draft(path, data)
            try:
                self._once_closed(lambda: path.hardlink_to(draft))
            except FileExistsError:
                return False
            except OSError as error:
                if not draft.exists():
                    return False  # the holder cleaned it away as a leftover: the file is there
                if error.errno in (errno.EACCES, errno.ENOSPC, errno.EROFS):
                    raise
                return _create_without_links(path, data)
            finally:
                draft.unlink(missing_ok=True)
        return True

    def remove(self, path: Path) -> bool:
        """See ``Disk.remove``."""
        with _writing(path):
            try:
                self._once_closed(path.unlink)
            except FileNotFoundError:
                return False
        return True

    def sync_dir(self, directory: Path) -> None:
        """See ``Disk.sync_dir``; Windows has no such call and keeps its directories in a journal."""
        if not hasattr(os, "O_DIRECTORY"):
            return
        with _writing(directory):
            descriptor = os.open(directory, os.O_RDONLY)
            try:
                _sync(descriptor, os.fsync)
            except OSError as error:
                # Some network and FUSE file systems cannot sync a directory; there is nothing better.
                if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                    raise
            finally:
                os.close(descriptor)

    def _once_closed(self, step: Callable[[], T]) -> T:
        """Carry out *step*, which Windows refuses for as long as another program has the file open."""
        for _ in range(self._tries_max - 1):
            try:
                return step()
            except PermissionError:
                self._sleep(TRY_AGAIN_SECONDS)
        return step()

    def _draft(self, path: Path, data: bytes) -> Path:
        """Write *data*, synced, to a new file beside *path*, with the mode a new file gets here."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(temporary_name(path, secrets.token_hex(4)))
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
        try:
            _write_all(descriptor, data)
            _sync(descriptor)
        except OSError:
            os.close(descriptor)
            draft.unlink(missing_ok=True)
            raise
        os.close(descriptor)
        return draft


def _create_without_links(path: Path, data: bytes) -> bool:
    """Make *path* on a file system that has no hard links: a crash here leaves it empty."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
    except FileExistsError:
        return False
    try:
        _write_all(descriptor, data)
        _sync(descriptor)
    finally:
        os.close(descriptor)
    return True
