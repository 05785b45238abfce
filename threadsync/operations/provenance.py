"""Where a run comes from: the commit, the CI job, who holds the lock, and fresh ids."""

from __future__ import annotations

import getpass
import os
import subprocess
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from threadsync.execution.clock import Clock
from threadsync.operations.checkout import Checkout, checkout_of
from threadsync.statefile.lock import Holder

GIT_SECONDS = 5.0
CI_RUN_VARIABLES = ("GITHUB_RUN_ID", "CI_JOB_URL", "CI_PIPELINE_ID", "FORGEJO_RUN_ID")
CI_PERSON_VARIABLES = ("GITHUB_ACTOR", "FORGEJO_ACTOR", "GITLAB_USER_LOGIN")
"""Who started the job (docs.github.com, "Variables reference"; docs.gitlab.com, "Predefined variables")."""
OTHER_ACTIONS = ("FORGEJO_", "GITEA_")
"""What else speaks of ``GITHUB_…``, and has its jobs at other addresses."""


def user_name() -> str:
    """Return the name of who runs this: in CI of the person that started the job."""
    person = next((os.environ[name] for name in CI_PERSON_VARIABLES if os.environ.get(name)), "")
    if person:
        return person
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "somebody"  # a container's user may have no name


def commit(root: Path) -> str:
    """Return the commit that *root* is at; empty where it is not in a git repository."""
    try:
        answer = subprocess.run(  # noqa: S603  (fixed words and a path of the project)
            # A folder that only looks like a repository is none: its settings may name commands to run.
            ["git", "-C", str(root), "-c", "safe.bareRepository=explicit", "rev-parse", "HEAD"],  # noqa: S607  (git is found as the person's shell does)
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def ci_run() -> str:
    """Return the CI job that runs this, by its address where that is known; empty outside CI."""
    server, repository, run = (
        os.environ.get(f"GITHUB_{each}") for each in ("SERVER_URL", "REPOSITORY", "RUN_ID")
    )
    if server and repository and run and not any(name.startswith(OTHER_ACTIONS) for name in os.environ):
        return f"{server}/{repository}/actions/runs/{run}"
    return next((os.environ[name] for name in CI_RUN_VARIABLES if os.environ.get(name)), "")


class Surroundings(Struct, frozen=True):
    """What a run writes down of where it takes place; a simulated world has its own."""

    user: Callable[[], str] = user_name
    commit: Callable[[Path], str] = commit
    ci_run: Callable[[], str] = ci_run
    new_id: Callable[[], str] = lambda: uuid.uuid4().hex
    """Gives a text that no other call gives."""
    checkout: Callable[[Path, Clock], Checkout] = checkout_of
    """Gives what git says of the checkout that a project lies in."""

    def who(self) -> str:
        """Return who asks for something: the person, and the CI job if it is one."""
        job = self.ci_run()
        return f"{self.user()} in {job}" if job else self.user()

    def holder(self, command: str, since: datetime) -> Holder:
        """Return who asks for the lock."""
        return Holder(self.user(), f"threadsync {command}", since)
