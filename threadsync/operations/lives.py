"""When a project's credentials were last renewed, beside a plan: by the network, the state, or from here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from threadsync.errors import DatabaseError
from threadsync.model.facts import CredentialLife, Facts
from threadsync.model.ids import MAIN, TargetName
from threadsync.model.state import State
from threadsync.model.urls import is_loopback
from threadsync.operations.caches import log_path
from threadsync.operations.workspace import Workspace
from threadsync.planning.allowances import AccountView, CredentialView

if TYPE_CHECKING:
    from threadsync.execution.apilog import Renewal


def credential_views(workspace: Workspace, prior: State | None, facts: Facts) -> tuple[CredentialView, ...]:
    """Return what is known of the credential of every target whose network renews it.

    What the network says now comes first; else the latest of what it said at the last look, and of what was
    done from here.
    """
    targets = workspace.project.targets
    renewable = [
        name
        for name in sorted(targets)
        if any(each.role == MAIN and each.renewable for each in workspace.providers[name].about.roles)
    ]
    here = _renewed_here(workspace) if renewable else {}
    found: list[CredentialView] = []
    for name in renewable:
        base_url = targets[name].base_url
        view = CredentialView(
            name, facts.of(name).life, is_local=base_url is not None and is_loopback(base_url)
        )
        seen = prior.accounts_seen.get(name) if prior is not None else None
        if view.life is None:
            view = _latest(view, seen.life if seen is not None else None, here.get(name))
        found.append(view)
    return tuple(found)


def _latest(view: CredentialView, seen: CredentialLife | None, here: Renewal | None) -> CredentialView:
    if here is not None and (seen is None or seen.renewed_at is None or here.at > seen.renewed_at):
        return replace(view, life=CredentialLife(here.expires_at, here.at), renewed_here=True)
    return replace(view, life=seen)


def _renewed_here(workspace: Workspace) -> Mapping[TargetName, Renewal]:
    path = log_path(workspace.project.root)
    if not path.exists():
        return {}
    from threadsync.execution.apilog import read_renewals  # where there is no log, a plan does without it

    try:
        found = read_renewals(path)
    except DatabaseError:
        return {}  # `log` says what is wrong with the log; here nothing is known of a renewal
    return {target: renewal for (target, role), renewal in found.items() if role == MAIN}


def with_lives(
    accounts: Iterable[AccountView], credentials: Iterable[CredentialView]
) -> tuple[AccountView, ...]:
    """Return *accounts* with the life of their credentials as it is known now."""
    lives = {view.target: view.life for view in credentials}
    return tuple(replace(each, life=lives.get(each.target) or each.life) for each in accounts)
