"""``auth``: whose account each credential opens, how long it lives; storing, renewing and removing it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from threadsync.errors import ProjectError, StateLocked, Unanswered, UsageError
from threadsync.execution.apilog import Renewal, forget_renewal, note_renewal, read_renewal
from threadsync.execution.credentials import named, remove, resolve, store
from threadsync.flows.core import attempt
from threadsync.flows.effects import Flow
from threadsync.model.facts import Account
from threadsync.model.fault import Fault
from threadsync.model.ids import MAIN, Role, TargetName
from threadsync.model.secret import SecretText
from threadsync.model.target import Target
from threadsync.operations.caches import CACHE_DIRECTORY, ignored, log_path
from threadsync.operations.reading import read_with
from threadsync.operations.workspace import Workspace, context_of
from threadsync.planning.readiness import is_account
from threadsync.providers.base import Examined, Provider, Renewed
from threadsync.providers.loading import load_provider
from threadsync.statefile.disk import LocalDisk
from threadsync.statefile.lock import Lock
from threadsync.statefile.machine import LocalMachine

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOKS_MAX = 2
"""How often a network is asked here: a person waits for the answer."""
RENEWING_SECONDS = 60.0
"""How long another process that renews the same credential is waited for."""
SOON = timedelta(days=7)
"""A credential with less life left than this is warned about."""


class CredentialStanding(Struct, frozen=True):
    """One credential of a target, and all that could be found out about it."""

    target: TargetName
    role: Role
    form: str
    """Where it is: ``env:NAME``, ``file:PATH``, ``keyring:NAME``; empty where none is declared."""
    problem: str = ""
    """Why it cannot be used; empty where it can, as far as that was asked."""
    remedy: str = ""
    asked: bool = False
    """Whether the network was asked about it."""
    account: Account | None = None
    examined: Examined | None = None
    renewal: Renewal | None = None
    """When it was last renewed here."""

    @property
    def expires_at(self) -> datetime | None:
        """Until when it lives: as the network says, or else as it said at the last renewal."""
        told = self.examined.expires_at if self.examined is not None else None
        return told or (self.renewal.expires_at if self.renewal is not None else None)

    def left(self, now: datetime) -> timedelta | None:
        """Return how much life is left; None where nobody knows."""
        return self.expires_at - now if self.expires_at is not None else None


def auth_status(
    workspace: Workspace, targets: Sequence[str] = (), *, offline: bool = False
) -> tuple[CredentialStanding, ...]:
    """Return how the credentials of *targets* stand (of all, if none is named); each is tried by reading.

    With *offline* no network is asked. What a credential cannot do is said of it, and stops no other.

    Raises:
        UsageError: there is no such target.
    """
    chosen = [_target(workspace, name) for name in targets] or list(workspace.project.targets.values())
    rows = [_found(workspace, target, role) for target in chosen for role in _roles(workspace, target)]
    usable = [row for row in rows if row.form and not row.problem]
    if offline or not usable:
        return tuple(rows)
    patient = impatient(workspace)
    answers = read_with(
        patient, [(row.target, _asked(patient.providers[row.target], row.role)) for row in usable]
    )
    known = dict(zip([(row.target, row.role) for row in usable], answers, strict=True))
    return tuple(
        _told(workspace, row, *known[row.target, row.role]) if (row.target, row.role) in known else row
        for row in rows
    )


def impatient(workspace: Workspace) -> Workspace:
    """Return *workspace* with providers that ask a network that does not answer only a few times."""
    providers = {}
    for name, target in workspace.project.targets.items():
        context = context_of(target)
        few = min(LOOKS_MAX, context.bounds.retry_attempts_max)
        bounds = replace(context.bounds, retry_attempts_max=few)
        providers[name] = load_provider(target.provider, replace(context, bounds=bounds))
    return replace(workspace, providers=providers)


def _roles(workspace: Workspace, target: Target) -> list[Role]:
    known = [each.role for each in workspace.providers[target.name].about.roles]
    return [*known, *(role for role in target.credentials if role not in known)]


def _target(workspace: Workspace, name: str) -> Target:
    found = workspace.project.targets.get(TargetName(name))
    if found is None:
        known = ", ".join(sorted(workspace.project.targets))
        raise UsageError(f"there is no target {name}.", remedy=f"The project has: {known}.")
    return found


def _found(workspace: Workspace, target: Target, role: Role) -> CredentialStanding:
    """Look for a credential where the project says it is."""
    form = target.credentials.get(role, "")
    row = CredentialStanding(target.name, role, form)
    if not form:
        return replace(
            row,
            problem=f"no credential is declared for {target.name}",
            remedy=f"Write credential: env:NAME (or file:PATH, keyring:NAME) under {target.name}.",
        )
    try:
        _read(workspace, target, role)
    except ProjectError as error:
        return replace(row, problem=error.problem, remedy=error.remedy)
    try:
        return replace(row, renewal=read_renewal(log_path(workspace.project.root), target.name, role))
    except sqlite3.Error:
        return row  # `log` says what is wrong with the log; here nothing is known of a renewal


def _read(workspace: Workspace, target: Target, role: Role) -> SecretText:
    return resolve(
        target.credentials[role],
        target=target.name,
        role=role,
        project_root=workspace.project.root,
        environ=os.environ,
    )


def _asked(provider: Provider, role: Role) -> Flow[tuple[Account | Fault | Unanswered | None, Examined]]:
    """Ask whose account a credential opens, and what the network tells of it."""
    account = (yield from attempt(provider.identify())) if role == MAIN else None
    return account, (yield from provider.examine(role))


def _told(
    workspace: Workspace,
    row: CredentialStanding,
    account: Account | Fault | Unanswered | None,
    examined: Examined,
) -> CredentialStanding:
    row = replace(row, asked=True, examined=examined)
    if isinstance(account, Fault):
        return replace(row, problem=account.problem, remedy=account.remedy)
    if isinstance(account, Unanswered):
        remedy = "Check the address and the connection, then try again."
        return replace(row, problem=account.problem, remedy=remedy)
    declared = workspace.project.targets[row.target].account
    if account is not None and declared and not is_account(declared, account.account_id, account.handle):
        return replace(
            row,
            account=account,
            problem=f"it opens @{account.handle}, and the project says {declared}",
            remedy=f"Give {row.target} the credential of {declared}, or correct account: in threadsync.yaml.",
        )
    return replace(row, account=account)


# Changing what is stored.


class Stored(Struct, frozen=True):
    """What was done with a credential; *secret* is the new one, for who asked to see it."""

    lines: tuple[str, ...]
    secret: SecretText | None = None


def auth_login(workspace: Workspace, target: str, role: Role, value: str) -> Stored:
    """Store *value* where the project says that the credential is.

    Raises:
        UsageError: it is empty, has several lines, or the target declares no place for it.
        ProjectError: the place refuses it, or is the environment.
    """
    found, form = _declared(workspace, target, role)
    secret = value.strip()
    if not secret or not secret.isprintable():
        raise UsageError(
            "that is no token: it is empty, or has a line break or another control character in it.",
            remedy="Give the token alone, on one line. Nothing was stored.",
        )
    root = workspace.project.root
    store(form, SecretText(secret), target=found.name, role=role, project_root=root)
    _note(workspace, found.name, role, None)
    return Stored(
        (
            f"Stored in {form}: {named(found.name, role)}.",
            f"See whose account it opens: threadsync auth status {found.name}",
        )
    )


def auth_logout(workspace: Workspace, target: str, role: Role) -> Stored:
    """Take the credential away from where the project says it is; the network is not told.

    Raises:
        UsageError: the target declares no place for it.
        ProjectError: the place refuses, or is the environment.
    """
    found, form = _declared(workspace, target, role)
    was_there = remove(form, target=found.name, role=role, project_root=workspace.project.root)
    _note(workspace, found.name, role, None)
    if not was_there:
        return Stored((f"Nothing was stored in {form}.",))
    return Stored(
        (
            f"Removed from {form}: {named(found.name, role)}.",
            "It goes on working until it expires; to end it, take the app away in the account's settings.",
        )
    )


def auth_refresh(workspace: Workspace, target: str, role: Role, *, show: bool) -> Stored:
    """Get a new credential for the one that there is, and store it before it is used.

    One process at a time does so; who comes second uses what the first one stored. A credential of the
    environment cannot be stored: it is renewed only for who asked to see it (*show*).

    Raises:
        UsageError: it cannot be renewed, or only the environment could keep it.
        ProjectError: it is not there, or its place refuses the new one (the old one still works).
        ApiError, Unanswered: the network gave none.
    """
    found, form = _declared(workspace, target, role)
    provider = workspace.providers[found.name]
    if not any(each.role == role and each.renewable for each in provider.about.roles):
        raise UsageError(f"a {role!r} credential of {found.provider} cannot be renewed.")
    if form.startswith("env:") and not show:
        raise UsageError(
            f"{named(found.name, role)} is {form}, where threadsync cannot store a new one.",
            remedy="Run it with --show: then the new token is printed on standard output, for you to put "
            f"where {form.removeprefix('env:')} is set. Nothing was renewed.",
        )
    before = _read(workspace, found, role)
    with _alone(workspace, found, role, form):
        if _read(workspace, found, role) != before:
            return Stored((f"Another process has just renewed {named(found.name, role)}.",))
        renewed: Renewed
        (renewed,) = read_with(impatient(workspace), [(found.name, _renewed(workspace, found, role))])
        if not form.startswith("env:"):
            store(form, renewed.secret, target=found.name, role=role, project_root=workspace.project.root)
        _note(workspace, found.name, role, Renewal(workspace.clock.now(), renewed.expires_at))
    place = "Renewed, and stored nowhere" if form.startswith("env:") else f"Renewed, and stored in {form}"
    until = f" It lives until {renewed.expires_at:%Y-%m-%d}." if renewed.expires_at is not None else ""
    return Stored((f"{place}: {named(found.name, role)}.{until}",), renewed.secret)


def _renewed(workspace: Workspace, target: Target, role: Role) -> Flow[Renewed]:
    return impatient(workspace).providers[target.name].renew(role)


def _declared(workspace: Workspace, target: str, role: Role) -> tuple[Target, str]:
    found = _target(workspace, target)
    form = found.credentials.get(role)
    if form is None:
        raise UsageError(
            f"{target} declares no credential for the role {role}.",
            remedy=f"Write credential: file:PATH (or keyring:NAME) under {target} in threadsync.yaml.",
        )
    return found, form


@contextmanager
def _alone(workspace: Workspace, target: Target, role: Role, form: str) -> Iterator[None]:
    """Let no other process renew the same credential meanwhile."""
    root = workspace.project.root
    if form.startswith("file:"):
        path = Path(os.path.realpath(root / form.removeprefix("file:")))
        path = path.with_name(f"{path.name}.lock")
    else:
        ignored(root / CACHE_DIRECTORY)
        path = root / CACHE_DIRECTORY / f"renew-{target.name.replace('/', '-')}-{role}.lock"
    holder = workspace.surroundings.holder("auth refresh", workspace.clock.now())
    lock = Lock(
        path, LocalDisk(workspace.clock.sleep), workspace.clock, LocalMachine(), workspace.surroundings.new_id
    )
    try:
        lease = lock.acquire(holder, RENEWING_SECONDS)
    except StateLocked as error:
        raise ProjectError(
            f"another process has been renewing {named(target.name, role)} for {RENEWING_SECONDS:.0f} s.",
            remedy=f"If you know that it has ended, remove {path}, then run this command again.",
        ) from error
    try:
        yield
    finally:
        lease.release()


def _note(workspace: Workspace, target: TargetName, role: Role, renewal: Renewal | None) -> None:
    """Remember a renewal, or that there was none of what is stored now."""
    path = log_path(workspace.project.root)
    try:
        if renewal is None:
            forget_renewal(path, target, role)
        else:
            ignored(path.parent)
            note_renewal(path, target, role, renewal)
    except (OSError, sqlite3.Error) as error:
        workspace.tell(f"When it was renewed could not be written to {path}: {error}.")
