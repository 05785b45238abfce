"""The lock beside the state: one writer at a time, and everybody can see who.

A lock is a file made exclusively, with its holder in it. One left by a process that has died on this
machine is broken by the next run; any other is a person's decision (``state force-unlock``). Whoever was
force-unlocked and still lives finds out at its next ``Lease.check``, before it writes or publishes again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from math import inf
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

from threadsync.errors import StateLocked
from threadsync.statefile.disk import Disk, FileIdentity
from threadsync.statefile.machine import Machine
from threadsync.statefile.shapes import (
    TEXT,
    TIME,
    WHOLE,
    Field,
    MisfitError,
    Shape,
    compact,
    parsed,
    to_bytes,
)
from threadsync.statefile.shapes import write_time as shown_time

POLL_SECONDS = 0.25
"""How often a held lock is looked at."""
GUARD_WAIT_SECONDS = 5.0
"""How long another process may take to break a dead lock: a few file operations."""
GUARDS_DEEP_MAX = 3
"""How many processes may have died while breaking one another's locks before a person is asked."""
GAPS_MAX = 100
"""How often a lock may vanish between two looks at it before something is wrong with the disk."""


class Clock(Protocol):
    """The waits of this module."""

    def monotonic(self) -> float:
        """Return seconds on a clock that never jumps."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let *seconds* pass."""
        ...


class Holder(Struct, frozen=True):
    """Who asks for the lock: shown to whoever finds it held."""

    user: str
    command: str
    since: datetime


class LockInfo(Struct, frozen=True):
    """What a lock file says; *nonce* is empty (and all else) where it cannot be read."""

    nonce: str = ""
    pid: int = 0
    host: str = ""
    boot_id: str = ""
    process_start: str = ""
    user: str = ""
    since: datetime | None = None
    command: str = ""

    def __str__(self) -> str:
        if not self.nonce:
            return "somebody whose name cannot be read"
        since = f" since {shown_time(self.since)}" if self.since is not None else ""
        return f"{self.user} on {self.host} ({self.command}, process {self.pid}){since}"


_LOCK: Final = Shape(
    LockInfo,
    Field("nonce", TEXT),
    Field("pid", WHOLE),
    Field("host", TEXT),
    Field("boot_id", TEXT, ""),
    Field("process_start", TEXT, ""),
    Field("user", TEXT, ""),
    Field("since", TIME, None),
    Field("command", TEXT, ""),
)


def read_lock(disk: Disk, path: Path) -> LockInfo | None:
    """Return who holds the lock at *path*, or None where nobody does."""
    return parse_lock(disk.read(path))


def parse_lock(data: bytes | None) -> LockInfo | None:
    """Return whom a lock names, or None where there is none."""
    if data is None:
        return None
    try:
        return _LOCK.read(parsed(data))
    except (ValueError, MisfitError):
        return LockInfo()


def lock_bytes(machine: Machine, nonce: str, holder: Holder) -> bytes:
    """Return the content of a lock that this process of *machine* takes for *holder*."""
    info = LockInfo(
        nonce=nonce,
        pid=machine.pid,
        host=machine.host,
        boot_id=machine.boot_id,
        process_start=machine.process_start(machine.pid) or "",
        user=holder.user,
        since=holder.since,
        command=holder.command,
    )
    return to_bytes(compact(_LOCK.write(info))) + b"\n"


def is_dead(machine: Machine, found: LockInfo) -> bool:
    """Whether the holder was a process of *machine* that has ended; of others nobody here can tell."""
    if not found.nonce or not found.boot_id:
        return False  # without it, two machines of one name that share a disk would look the same
    if (found.host, found.boot_id) != (machine.host, machine.boot_id):
        return False
    started = machine.process_start(found.pid)
    if started is None:
        return True
    return bool(started and found.process_start) and started != found.process_start


class Lease(Struct):
    """The lock while it is ours; *broken* is the dead process's lock that it took the place of."""

    disk: Disk
    path: Path
    nonce: str
    broken: LockInfo | None = None
    _seen: FileIdentity | None = None

    def check(self) -> None:
        """Return if the lock is still ours; costs one ``stat``.

        Raises:
            StateLocked: it was force-unlocked, or the disk was taken away.
        """
        seen = self.disk.identity(self.path)
        if seen is not None and seen == self._seen:
            return
        found = read_lock(self.disk, self.path)
        if found is None or found.nonce != self.nonce:
            raise taken_away(found, str(self.path))
        self._seen = seen

    def release(self) -> None:
        """Give the lock back; one that is somebody else's by now is left alone."""
        found = read_lock(self.disk, self.path)
        if found is not None and found.nonce == self.nonce:
            self.disk.remove(self.path)


class Lock(Struct, frozen=True):
    """The lock file at *path*, as the process *machine* describes can take it."""

    path: Path
    disk: Disk
    clock: Clock
    machine: Machine
    new_id: Callable[[], str]

    def acquire(self, holder: Holder, timeout_seconds: float) -> Lease:
        """Take the lock, waiting up to *timeout_seconds* for whoever holds it.

        Raises:
            StateLocked: it is held by another host or a live process; the message names the holder.
            StateUnwritable: the disk refused the lock file.
        """
        lease = self._take(self.path, holder, timeout_seconds, deep=0)
        litter = read_lock(self.disk, self._guard(self.path))
        if litter is not None and is_dead(self.machine, litter):
            self._remove_same(self._guard(self.path), litter, holder, deep=2)
        return lease

    def force(self, seen: LockInfo, holder: Holder) -> None:
        """Remove the lock that a person was shown as *seen*, whoever holds it.

        Raises:
            StateLocked: it is another one by now.
        """
        if not self._remove_same(self.path, seen, holder, deep=1):
            raise changed(read_lock(self.disk, self.path), str(self.path))

    def _take(self, path: Path, holder: Holder, timeout_seconds: float, *, deep: int) -> Lease:
        nonce = self.new_id()
        content = lock_bytes(self.machine, nonce, holder)
        until = self.clock.monotonic() + timeout_seconds
        broken: LockInfo | None = None
        gaps = 0
        while True:
            if self.disk.create_exclusive(path, content):
                lease = Lease(self.disk, path, nonce, broken)
                lease.check()
                return lease
            found = read_lock(self.disk, path)
            if found is None and gaps < GAPS_MAX:
                gaps += 1
                continue
            if found is not None and deep < GUARDS_DEEP_MAX and is_dead(self.machine, found):
                if self._remove_same(path, found, holder, deep=deep + 1):
                    broken = found
                continue
            left = until - self.clock.monotonic()
            if left <= 0:
                raise self._locked(path, found or LockInfo())
            self.clock.sleep(min(POLL_SECONDS, left))

    def _remove_same(self, path: Path, seen: LockInfo, holder: Holder, *, deep: int) -> bool:
        """Remove the lock at *path* if it still is the one in *seen*.

        Two processes may have seen the same dead lock, and the second must not remove what the first
        has put in its place. So both first take a lock of their own, the guard, and look again.
        """
        guard = self._take(self._guard(path), holder, GUARD_WAIT_SECONDS, deep=deep)
        try:
            found = read_lock(self.disk, path)
            return found is not None and found.nonce == seen.nonce and self.disk.remove(path)
        finally:
            guard.release()

    @staticmethod
    def _guard(path: Path) -> Path:
        return path.with_name(f"{path.name}.guard")

    def _locked(self, path: Path, found: LockInfo) -> StateLocked:
        if path != self.path:
            return StateLocked(
                f"another process is breaking a dead lock: {found}",
                where=str(path),
                remedy="That takes milliseconds. If it stays, its process has died too: remove that file.",
            )
        return locked(found, self.machine, str(self.path))


def locked(found: LockInfo, machine: Machine, where: str, left_seconds: float = inf) -> StateLocked:
    """Say who holds the state at *where*, since when, and what can be done.

    *left_seconds* is when the lock lapses by itself if its holder is dead; never, unless it is a lease.
    """
    if found.host == machine.host and not (found.boot_id and machine.boot_id):
        look = f"Look whether process {found.pid} of this machine, or of another one of its name, still runs."
    elif (found.host, found.boot_id) == (machine.host, machine.boot_id):
        look = f"Process {found.pid} of this machine is running."
    elif found.host == machine.host and found.boot_id.split()[:1] == machine.boot_id.split()[:1]:
        look = f"Process {found.pid} ran in another container of this machine; only that one can tell."
    elif found.host == machine.host:
        look = "This machine has restarted since, or another one has its name."
    else:
        look = f"Only {found.host or 'its own machine'} can tell whether that run still lives."
    if left_seconds < inf:
        look = f"{look} If it does not, its lock lapses by itself in {left_seconds:.0f} seconds."
    return StateLocked(
        f"the state is locked by {found}",
        where=where,
        remedy=f"{look} Wait for it with --lock-timeout SECONDS. If you know that it has ended, break "
        "the lock with `threadsync state force-unlock`; the next apply settles what it left under way.",
    )


def taken_away(found: LockInfo | None, where: str) -> StateLocked:
    """Say that the lock of this run is no longer its own."""
    now = "nobody holds it now" if found is None else f"now it is held by {found}"
    return StateLocked(
        f"the lock of this run was taken away: {now}",
        where=where,
        remedy="Nothing more was sent or recorded. Let the other run end, then run this command "
        "again: it settles what was under way.",
    )


def changed(found: LockInfo | None, where: str) -> StateLocked:
    """Say that the lock to be broken is not the one that was shown."""
    held = "nobody holds it" if found is None else f"it is held by {found}"
    return StateLocked(
        f"the lock has changed since it was shown: {held}",
        where=where,
        remedy="Look at it again with `threadsync state force-unlock`.",
    )
