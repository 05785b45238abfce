"""Git repositories around a project in a temporary folder; nothing of the person's own settings counts."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ENVIRON = {
    "PATH": os.environ.get("PATH", os.defpath),
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_DATE": "2026-11-21T12:00:00Z",
    "GIT_COMMITTER_DATE": "2026-11-21T12:00:00Z",
}


def git(at: Path, *arguments: str) -> str:
    """Run git in *at*, and return what it printed."""
    who = ("-c", "user.name=Maria", "-c", "user.email=maria@example.org")
    done = subprocess.run(
        ["git", "-C", str(at), *who, *arguments], env=ENVIRON, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def begun(at: Path) -> None:
    """Make *at* a repository with a first commit of all that is in it."""
    git(at, "init", "--quiet", "--initial-branch=main")
    committed(at, "begin")


def committed(at: Path, message: str) -> str:
    """Commit all that is in *at*, and return the commit."""
    git(at, "add", "--all")
    git(at, "commit", "--quiet", "--allow-empty", f"--message={message}")
    return git(at, "rev-parse", "HEAD")


def merged(at: Path, message: str, *, squash: bool = False) -> str:
    """Merge the branch ``work`` into ``main`` as a forge does, and return the commit that made."""
    git(at, "checkout", "--quiet", "main")
    if squash:
        git(at, "merge", "--quiet", "--squash", "work")
        git(at, "commit", "--quiet", f"--message={message}")
    else:
        git(at, "merge", "--quiet", "--no-ff", f"--message={message}", "work")
    git(at, "branch", "--quiet", "-D", "work")
    return git(at, "rev-parse", "HEAD")
