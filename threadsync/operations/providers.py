"""``providers``: which networks this threadsync speaks, and what they take."""

from __future__ import annotations

from msgspec import Struct

from threadsync.model.capabilities import Capabilities
from threadsync.model.ids import NetworkName, TargetName
from threadsync.providers.authorizing import AppSetting
from threadsync.providers.base import About, ProviderContext
from threadsync.providers.loading import BUILT_IN, load_provider


class ProviderRow(Struct, frozen=True):
    """One provider, by its name in ``provider:`` and before the / of a target."""

    name: NetworkName
    about: About
    capabilities: Capabilities
    base_url: str
    """The network's own address."""
    app: tuple[AppSetting, ...] = ()
    """What an app is known by that people authorize in a browser; empty where a credential is pasted."""


def providers() -> tuple[ProviderRow, ...]:
    """Return every provider there is."""
    rows = []
    for each in sorted(BUILT_IN):
        made = load_provider(NetworkName(each), ProviderContext(TargetName(f"{each}/any")))
        app = made.authorizing.settings if made.authorizing is not None else ()
        rows.append(ProviderRow(NetworkName(each), made.about, made.capabilities, made.default_base_url, app))
    return tuple(rows)
