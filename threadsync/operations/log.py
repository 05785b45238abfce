"""``log``: what was asked of the networks, as the API log has it."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime

from threadsync.content.times import TimeProblem, moment, window_of
from threadsync.errors import UsageError
from threadsync.execution.apilog import Call, read_calls
from threadsync.operations.connections import Secrets, log_database
from threadsync.operations.workspace import Workspace


def log(
    workspace: Workspace,
    *,
    target: str | None = None,
    since: str | None = None,
    run: str | None = None,
    errors: bool = False,
    limit: int,
) -> tuple[Call, ...]:
    """Return the newest *limit* calls that fit, oldest first; *since* is a span (``2d``) or a time.

    Raises:
        UsageError: *since* is neither, or there is no such target.
        ProjectError: the project names a database whose address is not there, or cannot be used.
        DatabaseError: the log cannot be read.
    """
    targets = workspace.project.targets
    if target is not None and target not in targets:
        raise UsageError(
            f"there is no target {target}.", remedy=f"The project has: {', '.join(sorted(targets))}."
        )
    at = None if since is None else since_of(since, workspace.clock.now(), workspace.project.zone)
    project = workspace.project
    with closing(log_database(project, Secrets(project.root))) as database:
        return read_calls(database, target=target, since=at, run=run, errors=errors, limit=limit)


def since_of(text: str, now: datetime, zone: str | None) -> datetime:
    """Return the time that ``--since`` names: a span before *now*, or a time in *zone*.

    Raises:
        UsageError: it is neither.
    """
    try:
        return now - window_of(text)
    except TimeProblem:
        pass  # then it is a time
    try:
        return moment(text, zone)
    except TimeProblem as error:
        raise UsageError(
            f"{text!r} is neither a span nor a time.",
            remedy="Write a span like 30m, 12h or 2d, or a time like '2026-12-03 08:30'.",
        ) from error
