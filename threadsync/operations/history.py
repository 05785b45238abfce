"""What git knows of the repository that a project lies in: where in it, and which commit brought a file."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from threadsync.operations.provenance import GIT_SECONDS

WHOLE: Final = "false"
"""What git answers where the clone is not shallow."""
_SETTINGS: Final = (
    "-c",
    "safe.bareRepository=explicit",  # a folder that only looks like a repository names no command to run
    "-c",
    "log.showSignature=false",  # what it shows would stand among the answers
)


def below(root: Path) -> str:
    """Return the folder of *root* in its repository, with ``/`` at its end; empty at the top and outside."""
    return _git(root, "rev-parse", "--show-prefix")


def is_shallow(root: Path) -> bool:
    """Whether git cannot tell which commit brought what: the clone has a part of its history, or none."""
    return _git(root, "rev-parse", "--is-shallow-repository") != WHOLE


def brought_by(root: Path, path: str) -> str:
    """Return the commit of the branch's own line that changed *path* last; empty where none is known.

    Of a merge that is the commit of the merge, which is what forges know a pull request by.
    """
    return _git(root, "log", "-1", "--first-parent", "--format=%H", "HEAD", "--", path)


def changed_in(root: Path, commit: str) -> frozenset[str]:
    """Return the files that *commit* changed against its first parent, relative to *root*."""
    shown = ("--first-parent", "-m", "--format=", "--name-only", "--no-renames", "-z", "--relative")
    names = _git(root, "log", "-1", *shown, commit, "--")
    return frozenset(name for name in names.split("\0") if name)


def _git(root: Path, *arguments: str) -> str:
    """Return what git answers; empty where it cannot."""
    try:
        answer = subprocess.run(  # noqa: S603  (fixed words and paths of the project)
            ["git", *_SETTINGS, "--literal-pathspecs", "-C", str(root), *arguments],  # noqa: S607  (as the person's shell)
            capture_output=True,
            timeout=GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    text = answer.stdout.decode("utf-8", "surrogateescape")
    return text.rstrip("\n") if answer.returncode == 0 else ""
