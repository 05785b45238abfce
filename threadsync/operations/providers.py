"""``providers``: which networks this threadsync speaks, and what they take."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from threadsync.errors import PluginError, ThreadsyncError
from threadsync.model.capabilities import Capabilities
from threadsync.model.ids import NetworkName, TargetName
from threadsync.providers.authorizing import AppSetting
from threadsync.providers.base import About, ProviderContext
from threadsync.providers.loading import PROVIDERS, faulty_plugins, load_provider


class ProviderRow(Struct, frozen=True):
    """One provider, by its name in ``provider:`` and before the / of a target."""

    name: NetworkName
    about: About
    capabilities: Capabilities
    base_url: str
    """The network's own address."""
    app: tuple[AppSetting, ...] = ()
    """What an app is known by that people authorize in a browser; empty where a credential is pasted."""


def providers(tell: Callable[[ThreadsyncError], None] = lambda _: None) -> tuple[ProviderRow, ...]:
    """Return every provider that can be used; *tell* is told of those that cannot, and why."""
    rows = []
    for fault in faulty_plugins():
        tell(fault)
    for each in PROVIDERS:
        try:
            made = load_provider(NetworkName(each), ProviderContext(TargetName(f"{each}/any")))
        except PluginError as error:
            tell(error)
            continue
        app = made.authorizing.settings if made.authorizing is not None else ()
        rows.append(ProviderRow(NetworkName(each), made.about, made.capabilities, made.default_base_url, app))
    return tuple(rows)
