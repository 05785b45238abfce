"""Where the sessions of a project's accounts are kept: files that only this user can read, in its cache."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from threadsync.errors import ProjectError, StateLocked
from threadsync.execution.clock import Clock
from threadsync.execution.credentials import write_private
from threadsync.model.ids import TargetName
from threadsync.model.secret import SecretText
from threadsync.operations.caches import CACHE_DIRECTORY, ignored
from threadsync.operations.provenance import Surroundings
from threadsync.statefile.disk import LocalDisk
from threadsync.statefile.lock import Lock
from threadsync.statefile.machine import LocalMachine

OPENING_SECONDS = 60.0
"""How long another process that opens the same account is waited for."""


class SessionFile:
    """The session of one target; one for each credential, so that a new one is not taken for the old."""

    def __init__(
        self, root: Path, target: TargetName, clock: Clock, credential: Callable[[], SecretText]
    ) -> None:
        self._folder = root / CACHE_DIRECTORY / "sessions"
        self._root = root
        self._target = target
        self._clock = clock
        self._credential = credential

    def read(self) -> str | None:
        """See ``SessionStore.read``; what cannot be read is not there."""
        try:
            return self._path().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def write(self, text: str) -> None:
        """See ``SessionStore.write``.

        Raises:
            ProjectError: it cannot be written.
        """
        path = self._path()
        try:
            ignored(self._root / CACHE_DIRECTORY)
            write_private(path, text)
        except OSError as error:
            raise ProjectError(
                f"the session of {self._target} cannot be kept: {error.strerror}",
                remedy=f"Make {path.parent} writable for this user.",
            ) from error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """See ``SessionStore.alone``.

        Raises:
            ProjectError: another process does not come to an end.
        """
        ignored(self._root / CACHE_DIRECTORY)
        self._folder.mkdir(parents=True, exist_ok=True)
        surroundings = Surroundings()
        path = self._path().with_suffix(".lock")
        lock = Lock(path, LocalDisk(self._clock.sleep), self._clock, LocalMachine(), surroundings.new_id)
        try:
            lease = lock.acquire(surroundings.holder("login", self._clock.now()), OPENING_SECONDS)
        except StateLocked as error:
            raise ProjectError(
                f"another process has been logging in to {self._target} for {OPENING_SECONDS:.0f} s.",
                remedy=f"If you know that it has ended, remove {path}, then run this command again.",
            ) from error
        try:
            yield
        finally:
            lease.release()

    def _path(self) -> Path:
        known = hashlib.sha256(os.fsencode(self._credential().reveal())).hexdigest()[:12]
        return self._folder / f"{self._target.replace('/', '-')}-{known}.json"
