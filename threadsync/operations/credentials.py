"""A target's credentials as the commands about them see them: where each is, and when it was renewed."""

from __future__ import annotations

import os

from msgspec import Struct

from threadsync.errors import DatabaseError, UsageError
from threadsync.execution.apilog import Renewal, forget_renewal, note_renewal
from threadsync.execution.credentials import resolve
from threadsync.model.ids import Role, TargetName
from threadsync.model.secret import SecretText
from threadsync.model.target import Target
from threadsync.operations.caches import ignored, log_path
from threadsync.operations.unchanged import KEPT_FILE
from threadsync.operations.workspace import Workspace


class Stored(Struct, frozen=True):
    """What was done with a credential; *secret* is the new one, for who asked to see it."""

    lines: tuple[str, ...]
    secret: SecretText | None = None


def target_of(workspace: Workspace, name: str) -> Target:
    """Return the target *name*.

    Raises:
        UsageError: there is none.
    """
    found = workspace.project.targets.get(TargetName(name))
    if found is None:
        known = ", ".join(sorted(workspace.project.targets))
        raise UsageError(f"there is no target {name}.", remedy=f"The project has: {known}.")
    return found


def place_of(workspace: Workspace, target: str, role: Role) -> tuple[Target, str]:
    """Return *target*, and where its credential of *role* is.

    Raises:
        UsageError: there is no such target, or it does not say.
    """
    found = target_of(workspace, target)
    form = found.credentials.get(role)
    if form is None:
        raise UsageError(
            f"{target} declares no credential for the role {role}.",
            remedy=f"Write credential: file:PATH (or keyring:NAME) under {target} in threadsync.yaml.",
        )
    return found, form


def read_credential(workspace: Workspace, target: Target, role: Role) -> SecretText:
    """Read a credential that *target* declares.

    Raises:
        ProjectError: it is not there, or cannot be used.
    """
    return resolve(
        target.credentials[role],
        target=target.name,
        role=role,
        project_root=workspace.project.root,
        environ=os.environ,
    )


def note(workspace: Workspace, target: TargetName, role: Role, renewal: Renewal | None) -> None:
    """Remember a renewal, or that nothing is known of what is stored now; the next plan says so."""
    path = log_path(workspace.project.root)
    try:
        if renewal is None:
            forget_renewal(path, target, role)
        else:
            ignored(path.parent)
            note_renewal(path, target, role, renewal)
        (workspace.project.root / KEPT_FILE).unlink(missing_ok=True)
    except (OSError, DatabaseError) as error:
        workspace.tell(f"When it was renewed could not be written: {error}")
