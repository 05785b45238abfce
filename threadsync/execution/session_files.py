"""Where sessions are kept across processes: files that only this user can read."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from threadsync.errors import ProjectError, StateLocked
from threadsync.execution.clock import Clock
from threadsync.execution.credentials import write_private
from threadsync.model.secret import SecretText
from threadsync.statefile.disk import LocalDisk
from threadsync.statefile.lock import Holder, Lock
from threadsync.statefile.machine import LocalMachine

OPENING_SECONDS = 60.0
"""How long another process that opens the same account is waited for."""
MARK_LENGTH = 12
"""How much of the digest of a credential is in the name of its file."""


def forget(folder: Path, name: str) -> None:
    """Remove the sessions of the account *name* from *folder*, whatever credential opened them.

    Raises:
        ProjectError: one cannot be removed.
    """
    for path in folder.glob(f"{_stem(name)}-{'?' * MARK_LENGTH}.json"):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise ProjectError(
                f"the session of {name} cannot be removed: {error.strerror}",
                remedy=f"Remove {path} yourself.",
            ) from error


def _stem(name: str) -> str:
    return quote(name.replace("/", "-"), safe="")


class SessionFile:
    """The session of the account *name*, in *folder*; see ``SessionStore``.

    There is one for each credential, so that a session of another password is not taken for its own.
    """

    def __init__(self, folder: Path, name: str, clock: Clock, credential: Callable[[], SecretText]) -> None:
        self._folder = folder
        self._name = name
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
            write_private(path, text)
        except OSError as error:
            raise self._unwritable(error) from error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """See ``SessionStore.alone``.

        Raises:
            ProjectError: another process does not come to an end, or the folder cannot be written.
        """
        path = self._path().with_suffix(".lock")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error
        lock = Lock(path, LocalDisk(self._clock.sleep), self._clock, LocalMachine(), lambda: uuid.uuid4().hex)
        try:
            lease = lock.acquire(Holder("threadsync", "login", self._clock.now()), OPENING_SECONDS)
        except StateLocked as error:
            raise ProjectError(
                f"another process has been logging in to {self._name} for {OPENING_SECONDS:.0f} s",
                remedy=f"If you know that it has ended, remove {path}, then try again.",
            ) from error
        try:
            yield
        finally:
            lease.release()

    def _unwritable(self, error: OSError) -> ProjectError:
        return ProjectError(
            f"the session of {self._name} cannot be kept: {error.strerror}",
            remedy=f"Make {self._folder} writable for this user.",
        )

    def _path(self) -> Path:
        known = hashlib.sha256(os.fsencode(self._credential().reveal())).hexdigest()[:MARK_LENGTH]
        return self._folder / f"{_stem(self._name)}-{known}.json"
