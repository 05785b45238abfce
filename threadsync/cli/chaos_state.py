"""Where the state of a chaos round lives, and the folder of each run: always the same one, or a new one.

With a branch every run is on a machine of its own: it begins in a new folder, and what the one before it
did not push is gone. The git here is the person's, without any of their settings.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from enum import StrEnum
from pathlib import Path
from typing import Protocol, assert_never

from msgspec import Struct

from threadsync.cli._trial import wait_until
from threadsync.execution.clock import Clock

CLEAR_SECONDS_MAX = 10.0
"""How long the git of a run that was killed may go on writing into its folder."""

_FILE = "state/threadsync.json"
_BRANCH = "threadsync-state"
_NAME = "threadsync.json"
REMOTE = "remote.git"
"""The repository, in the folder of its round."""


class StateKind(StrEnum):
    """Where the state lives."""

    FILE = "file"
    BRANCH = "branch"


class Home(Protocol):
    """The state of one round, and where its runs work."""

    @property
    def declared(self) -> str:
        """What the project file says of it."""
        ...

    def environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the variables of a run, made of those of this process."""
        ...

    def runner(self, number: int) -> AbstractContextManager[Path]:
        """Return the folder of run *number*, with the posts as they are now."""
        ...

    def journal(self) -> bytes:
        """Return the journal as the next run would find it; empty where there is none."""
        ...

    def hidden(self) -> bytes:
        """Return all that is stored in a form in which a search of the files does not find it."""
        ...


class OnDisk(Struct, frozen=True):
    """The state is a file beside the posts, and every run works there."""

    root: Path
    declared: str = _FILE

    def environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        """See ``Home.environ``."""
        return dict(environ)

    def runner(self, number: int) -> AbstractContextManager[Path]:
        """See ``Home.runner``."""
        del number
        return nullcontext(self.root)

    def journal(self) -> bytes:
        """See ``Home.journal``."""
        try:
            return (self.root / f"{_FILE}.journal").read_bytes()
        except FileNotFoundError:
            return b""

    def hidden(self) -> bytes:
        """See ``Home.hidden``."""
        return b""


class InBranch(Struct):
    """The state is in a branch of a bare repository in *root*, and every run has a new folder."""

    root: Path
    clock: Clock
    declared: str = f"{{branch: {_BRANCH}}}"
    _seen: tuple[str, bytes] = ("", b"")
    """The newest commit that was looked at, and the journal in it."""

    def environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        """See ``Home.environ``."""
        others = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
        return {**others, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}

    def made(self) -> InBranch:
        """Make the repository, and return this."""
        self._git(self.root, "init", "--quiet", "--bare", REMOTE)
        return self

    @contextmanager
    def runner(self, number: int) -> Iterator[Path]:
        """See ``Home.runner``; the folder is gone afterwards, as a lost machine would be."""
        folder = self.root / f"runner-{number:03}"
        self._git(self.root, "init", "--quiet", folder.name)
        self._git(folder, "remote", "add", "origin", str(self.root / REMOTE))
        shutil.copy(self.root / "threadsync.yaml", folder)
        shutil.copytree(self.root / "posts", folder / "posts")
        try:
            yield folder
        finally:
            clear(folder, self.clock)

    def journal(self) -> bytes:
        """See ``Home.journal``."""
        remote = self.root / REMOTE
        found = self._git(remote, "for-each-ref", "--format=%(objectname)", f"refs/heads/{_BRANCH}")
        tip = found.decode().strip()
        if tip != self._seen[0]:
            listed = self._git(remote, "ls-tree", tip, f"{_NAME}.journal").split()
            self._seen = tip, self._git(remote, "cat-file", "blob", listed[2].decode()) if listed else b""
        return self._seen[1]

    def hidden(self) -> bytes:
        """See ``Home.hidden``: git compresses what it keeps."""
        return self._git(self.root / REMOTE, "cat-file", "--batch", "--batch-all-objects")

    def _git(self, at: Path, *arguments: str) -> bytes:
        done = subprocess.run(  # noqa: S603  (fixed words and paths of ours)
            ["git", "-C", str(at), *arguments],  # noqa: S607  (found as the person's shell does)
            env=self.environ(os.environ),
            capture_output=True,
            check=True,
        )
        return done.stdout


def home(kind: StateKind, root: Path, clock: Clock) -> Home:
    """Make a home of *kind* for a round, in its new folder *root*."""
    root.mkdir(parents=True)
    match kind:
        case StateKind.FILE:
            return OnDisk(root)
        case StateKind.BRANCH:
            return InBranch(root, clock).made()
        case _:
            assert_never(kind)


def clear(folder: Path, clock: Clock) -> None:
    """Remove *folder*, in which a git whose run was killed may still be writing."""

    def is_gone() -> bool:
        if sys.platform == "win32":  # it removes nothing that is read-only, as git's objects are
            for path in folder.rglob("*"):
                with suppress(OSError):
                    path.chmod(stat.S_IWRITE)
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()

    if not wait_until(is_gone, CLEAR_SECONDS_MAX, clock):
        shutil.rmtree(folder)
