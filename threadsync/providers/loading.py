"""Names to providers; only those that a project names are imported."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from threadsync.errors import ProviderNotFound
from threadsync.model.ids import NetworkName
from threadsync.providers.base import Provider, ProviderContext


def _threads() -> Callable[[ProviderContext], Provider]:
    from threadsync.providers.threads.provider import ThreadsProvider

    return ThreadsProvider


def _bluesky() -> Callable[[ProviderContext], Provider]:
    from threadsync.providers.bluesky.provider import BlueskyProvider

    return BlueskyProvider


BUILT_IN: dict[str, Callable[[], Callable[[ProviderContext], Provider]]] = {
    "bluesky": _bluesky,
    "threads": _threads,
}


def load_provider(name: NetworkName, context: ProviderContext) -> Provider:
    """Make the provider of *name* for one target.

    Raises:
        ProviderNotFound: there is none of that name.
    """
    make = BUILT_IN.get(name)
    if make is None:
        close = get_close_matches(name, BUILT_IN, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise ProviderNotFound(
            f"there is no provider {name!r} in this version of threadsync.",
            where=str(context.target),
            remedy=f"Providers: {', '.join(sorted(BUILT_IN))}.{hint}",
        )
    return make()(context)
