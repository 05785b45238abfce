"""Providers of other packages, found by entry point: a package may teach threadsync a network.

A distribution says in its metadata, under ``[project.entry-points."threadsync.providers"]``, which of its
objects makes the provider of which name (https://packaging.python.org/en/latest/specifications/entry-points/).
Nothing of it is imported before a target of that name is opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import TypeAlias

from threadsync.errors import PluginError, ThreadsyncError
from threadsync.providers.base import API_VERSION, Provider, ProviderContext

GROUP = "threadsync.providers"
"""The entry points that are providers."""
NAME = re.compile(r"[a-z0-9_-]+")
"""What a provider may be called: it is the part of a target's name before the /."""

Maker: TypeAlias = Callable[[ProviderContext], Provider]


def offered() -> Mapping[str, tuple[EntryPoint, ...]]:
    """Return what the installed packages offer, by name; nothing of it is imported."""
    found: dict[str, list[EntryPoint]] = {}
    for each in entry_points(group=GROUP):
        found.setdefault(each.name, []).append(each)
    return {name: tuple(entries) for name, entries in sorted(found.items())}


def unusable(name: str, entries: Collection[EntryPoint], built_in: Collection[str]) -> PluginError | None:
    """Return why what is offered under *name* is never taken; None where it may be."""
    packages = ", ".join(map(_package, entries))
    if name in built_in:
        return PluginError(
            f"the provider {name!r} of {packages} is not used: threadsync has one of that name.",
            remedy="Use it under a name of its own, which its package chooses, or remove the package.",
        )
    if not NAME.fullmatch(name):
        return PluginError(
            f"the provider {name!r} of {packages} is not used: no target can be called after it.",
            remedy="Names of providers are small letters, digits, - and _; tell whoever made the package.",
        )
    if len(entries) > 1:
        return PluginError(
            f"the provider {name!r} is offered {len(entries)} times: by {packages}.",
            remedy="Keep one of these packages, and remove the others.",
        )
    return None


def made(entry: EntryPoint, context: ProviderContext) -> Provider:
    """Import what *entry* names, and make the provider of one target with it.

    Raises:
        PluginError: it cannot be imported, is for another version of the seam, or makes no provider.
        ThreadsyncError: the provider refuses the settings of the target.
    """
    here, remedy = str(context.target), "Tell whoever made the package, or install another version of it."
    whose = f"the provider {entry.name!r} of {_package(entry)}"
    try:
        make: Maker = entry.load()
        version = getattr(make, "api_version", None)
        provider = make(context) if version == API_VERSION else None
    except ThreadsyncError:
        raise  # what is wrong with the settings of the target, in the provider's own words
    except Exception as error:  # it is code of others, which may raise anything
        raise PluginError(
            f"{whose} cannot be loaded from {entry.value}: {type(error).__name__}: {error}.",
            where=here,
            remedy=remedy,
        ) from error
    if provider is None:
        said = f"is for version {version}" if version is not None else "does not say for which version it is"
        raise PluginError(
            f"{whose} {said} of the seam; this threadsync has version {API_VERSION}.",
            where=here,
            remedy=f"{remedy} (api_version, see docs/providers.md)",
        )
    lacks = sorted(name for name in vars(Provider) if name[0] != "_" and not hasattr(type(provider), name))
    if lacks:
        raise PluginError(f"{whose} lacks {', '.join(lacks)}.", where=here, remedy=remedy)
    return provider


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else "a package without a name"
