"""Running git's plumbing in a repository: bounded, without a prompt, untouched by hooks."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct, field

from threadsync.statefile.lock import Clock
from threadsync.statefile.processes import started
from threadsync.statefile.remote import Deadline

SLICE_SECONDS = 0.1
"""How often a step under way looks whether somebody is in a hurry by now."""

_NOBODY = "threadsync"
_MINE = "threadsync@localhost"
_SETTINGS = (
    f"core.hooksPath={os.devnull}",
    "gc.auto=0",
    "maintenance.auto=false",
    "push.gpgSign=false",
    "push.followTags=false",
    "advice.pushUpdateRejected=false",
    # Files of a pull request may look like a bare repository, whose settings name commands to run:
    # git-scm.com/docs/git-config, safe.bareRepository (git 2.38).
    "safe.bareRepository=explicit",
)
_OTHERS = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_PREFIX",
)
"""Set where threadsync runs inside a git hook: they would point git at another repository."""
_CREDENTIALS = re.compile(r"([a-z][a-z0-9+.-]*://)[^/@\s]+@", re.IGNORECASE)
_IDENTITY: Final = (("NAME", _NOBODY), ("EMAIL", _MINE))


class Ended(Struct, frozen=True):
    """How a git command ended; *code* is None where it was not done in time."""

    code: int | None
    out: bytes
    said: str

    @property
    def text(self) -> str:
        """What it printed."""
        return self.out.decode(errors="replace").strip()


class Git(Struct, frozen=True):
    """git at work in *directory*: its remotes and its credentials are used as git itself would use them."""

    directory: Path
    clock: Clock
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def run(self, deadline: Deadline, seconds_max: float, *arguments: str, fed: bytes = b"") -> Ended:
        """Run ``git ARGUMENTS``, fed with *fed*, for *seconds_max* at most, and less if *deadline* comes.

        Raises:
            OSError: there is no git that could be run.
        """
        settings = [part for each in _SETTINGS for part in ("-c", each)]
        ends_seconds = self.clock.monotonic() + seconds_max
        with started(["git", "-C", str(self.directory), *settings, *arguments], self._environ()) as process:
            feed: bytes | None = fed
            while True:
                left = min(ends_seconds - self.clock.monotonic(), deadline.left())
                try:
                    out, said = process.communicate(feed, timeout=max(0.0, min(SLICE_SECONDS, left)))
                except subprocess.TimeoutExpired:
                    feed = None  # it goes on by itself with what it was given
                    if left <= 0:
                        return Ended(None, b"", f"git {arguments[0]} was not done in time")
                else:
                    return Ended(process.returncode, out, masked(said.decode(errors="replace").strip()))

    def _environ(self) -> dict[str, str]:
        kept = {name: value for name, value in self.environ.items() if name not in _OTHERS}
        mine = {f"GIT_{who}_{what}": whom for who in ("AUTHOR", "COMMITTER") for what, whom in _IDENTITY}
        return {**kept, **mine, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "LANGUAGE": ""}


def masked(text: str) -> str:
    """Return *text* without the credentials of the addresses in it (law 12)."""
    return _CREDENTIALS.sub(r"\1***@", text)
