"""The rights that a project's credentials need: from what its posts are, and what apply does and reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import assert_never

from threadsync.content.loader import in_full
from threadsync.content.project import Project
from threadsync.model.ids import TargetName
from threadsync.model.post import OnChange, OnRemove, Publication
from threadsync.operations.workspace import Workspace
from threadsync.providers.base import Provider, Scope, ScopeUse


def needed_scopes(workspace: Workspace) -> Mapping[TargetName, tuple[Scope, ...]]:
    """Return what the main credential of each target needs; drafts count, they are to be posts some day."""
    content = workspace.read(workspace.project, in_full)
    every = [*content.publications.values(), *content.drafts.values()]
    found: dict[TargetName, tuple[Scope, ...]] = {}
    for name, provider in workspace.providers.items():
        own = [publication for publication in every if publication.address.target == name]
        removes = _removes(workspace.project, own)
        named = frozenset[str]().union(*(provider.scopes(publication) for publication in own))
        found[name] = tuple(scope for scope in provider.about.scopes if _is_needed(scope, removes, named))
    return found


def _is_needed(scope: Scope, removes: bool, named: frozenset[str]) -> bool:
    match scope.use:
        case ScopeUse.EVERY:
            return True
        case ScopeUse.REMOVING:
            return removes
        case ScopeUse.SOME_POSTS:
            return scope.name in named
        case ScopeUse.OTHER:
            return False
        case _:
            assert_never(scope.use)


def _removes(project: Project, publications: Iterable[Publication]) -> bool:
    """Whether posts may be taken down without another word on the command line."""
    policies = project.policies
    if policies.on_remove == OnRemove.DELETE or policies.on_change == OnChange.REPLACE:
        return True
    controls = [publication.control for publication in publications]
    return any(
        each.withdraw
        or each.replace is not None
        or each.on_remove is OnRemove.DELETE
        or each.on_change is OnChange.REPLACE
        for each in controls
    )


def scopes_in_order(provider: Provider, names: Iterable[str]) -> tuple[str, ...]:
    """Return *names*, each once, those that the provider knows first and in its order."""
    known = [scope.name for scope in provider.about.scopes]
    wanted = set(names)
    return (*(name for name in known if name in wanted), *sorted(wanted - set(known)))
