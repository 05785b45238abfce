"""``auth status``: whose account each credential opens, what it may do, and how long it lives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from threadsync.errors import DatabaseError, ProjectError, Unanswered
from threadsync.execution.apilog import Renewal, read_renewals
from threadsync.flows.core import attempt
from threadsync.flows.effects import Flow
from threadsync.model.facts import Account
from threadsync.model.fault import Fault
from threadsync.model.ids import MAIN, Role, TargetName
from threadsync.model.target import Target
from threadsync.operations.caches import log_path
from threadsync.operations.credentials import read_credential, target_of
from threadsync.operations.reading import read_with
from threadsync.operations.rights import needed_scopes
from threadsync.operations.workspace import Workspace, context_of
from threadsync.planning.readiness import is_account
from threadsync.providers.base import Examined, Provider, Scope
from threadsync.providers.loading import load_provider

LOOKS_MAX = 2
"""How often a network is asked here: a person waits for the answer."""
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
    """When it was last made or renewed here."""
    needed: tuple[Scope, ...] = ()
    """The rights that this project needs it to have; only told of one that the network was asked about."""

    @property
    def missing(self) -> tuple[Scope, ...]:
        """Those of them that it lacks, as far as the network tells."""
        held = self.examined.scopes if self.examined is not None else None
        return tuple(scope for scope in self.needed if held is not None and scope.name not in held)

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
    chosen = [target_of(workspace, name) for name in targets] or list(workspace.project.targets.values())
    renewals = _renewals(workspace)
    rows = [
        _found(workspace, target, role, renewals) for target in chosen for role in _roles(workspace, target)
    ]
    usable = [row for row in rows if not row.problem and not _is_of_app(workspace, row)]
    if offline or not usable:
        return tuple(rows)
    patient = impatient(workspace)
    answers = read_with(
        patient, [(row.target, _asked(patient.providers[row.target], row.role)) for row in usable]
    )
    known = dict(zip([(row.target, row.role) for row in usable], answers, strict=True))
    needed = needed_scopes(workspace)
    rows = [replace(row, needed=needed[row.target]) if row.role == MAIN else row for row in rows]
    return tuple(
        _told(workspace, row, *known[row.target, row.role]) if (row.target, row.role) in known else row
        for row in rows
    )


def impatient(workspace: Workspace) -> Workspace:
    """Return *workspace* with providers that ask a network that does not answer only a few times."""
    providers = {}
    for name, target in workspace.project.targets.items():
        context = context_of(target, workspace.project.id)
        few = min(LOOKS_MAX, context.bounds.retry_attempts_max)
        bounds = replace(context.bounds, retry_attempts_max=few)
        providers[name] = load_provider(target.provider, replace(context, bounds=bounds))
    return replace(workspace, providers=providers)


def _roles(workspace: Workspace, target: Target) -> list[Role]:
    known = workspace.providers[target.name].about.roles
    wanted = [each.role for each in known if not each.of_app or each.role in target.credentials]
    return [*wanted, *(role for role in target.credentials if role not in wanted)]


def _is_of_app(workspace: Workspace, row: CredentialStanding) -> bool:
    """Whether it opens no account: the network is asked with it at a login alone."""
    known = workspace.providers[row.target].about.roles
    return any(each.role == row.role and each.of_app for each in known)


def _renewals(workspace: Workspace) -> Mapping[tuple[TargetName, Role], Renewal]:
    try:
        return read_renewals(log_path(workspace.project.root))
    except DatabaseError:
        return {}  # `log` says what is wrong with the log; here nothing is known of a renewal


def _found(
    workspace: Workspace,
    target: Target,
    role: Role,
    renewals: Mapping[tuple[TargetName, Role], Renewal],
) -> CredentialStanding:
    """Look for a credential where the project says it is."""
    form = target.credentials.get(role, "")
    row = CredentialStanding(target.name, role, form, renewal=renewals.get((target.name, role)))
    if not form:
        return replace(
            row,
            problem=f"no credential is declared for {target.name}",
            remedy=f"Write credential: env:NAME (or file:PATH, keyring:NAME) under {target.name}.",
        )
    try:
        read_credential(workspace, target, role)
    except ProjectError as error:
        return replace(row, problem=error.problem, remedy=error.remedy)
    return row


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
