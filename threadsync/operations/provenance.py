"""Where a run comes from: the commit, the CI job, and who holds the lock."""

from __future__ import annotations

import getpass
import subprocess
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from threadsync.statefile.lock import Holder

GIT_SECONDS = 5.0
CI_RUN_VARIABLES = ("GITHUB_RUN_ID", "CI_JOB_URL", "CI_PIPELINE_ID", "FORGEJO_RUN_ID")


def commit(root: Path) -> str:
    """Return the commit that *root* is at; empty where it is not in a git repository."""
    try:
        answer = subprocess.run(  # noqa: S603  (fixed words and a path of the project)
            ["git", "-C", str(root), "rev-parse", "HEAD"],  # noqa: S607  (git is found as the person's shell does)
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def ci_run(environ: Mapping[str, str]) -> str:
    """Return the CI job that runs this; empty outside CI."""
    return next((environ[name] for name in CI_RUN_VARIABLES if environ.get(name)), "")


def holder(command: str, since: datetime) -> Holder:
    """Return who asks for the lock."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "somebody"  # a container's user may have no name
    return Holder(user, f"threadsync {command}", since)
