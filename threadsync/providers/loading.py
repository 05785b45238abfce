"""Names to providers, threadsync's own and those of other packages; each is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from threadsync.errors import PluginError, ProviderNotFound
from threadsync.model.ids import NetworkName
from threadsync.providers.base import Provider, ProviderContext

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


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


DEFAULT: Final = NetworkName("threads")
"""The network of a client, and of a new project, that names none."""


class _Known(Collection[str]):
    """The names of all providers; what other packages offer is looked for once one of them is asked for."""

    def __contains__(self, name: object) -> bool:
        return name in BUILT_IN or name in _offered()

    def __iter__(self) -> Iterator[str]:
        offered = _offered()
        return iter(sorted({*BUILT_IN, *(name for name in offered if _fault(name, offered[name]) is None)}))

    def __len__(self) -> int:
        return len(tuple(iter(self)))


PROVIDERS: Final[Collection[str]] = _Known()
"""The names that a project may use; each that can be used is told when they are listed."""


def load_provider(name: NetworkName, context: ProviderContext) -> Provider:
    """Make the provider of *name* for one target; one of threadsync's own is never another package's.

    Raises:
        ProviderNotFound: there is none of that name.
        PluginError: the package that offers it is at fault, or several do.
    """
    make = BUILT_IN.get(name)
    if make is not None:
        return make()(context)
    entries = _offered().get(name, ())
    if not entries:
        close = get_close_matches(name, PROVIDERS, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise ProviderNotFound(
            f"there is no provider {name!r} in this version of threadsync, nor in a package beside it.",
            where=str(context.target),
            remedy=f"Providers: {', '.join(PROVIDERS)}.{hint}",
        )
    fault = _fault(name, entries)
    if fault is not None:
        raise PluginError(fault.problem, where=str(context.target), remedy=fault.remedy)
    from threadsync.providers.plugins import made

    return made(entries[0], context)


def faulty_plugins() -> tuple[PluginError, ...]:
    """Return why providers that other packages offer are never taken, one error each."""
    faults = (_fault(name, entries) for name, entries in _offered().items())
    return tuple(fault for fault in faults if fault is not None)


def _offered() -> Mapping[str, tuple[EntryPoint, ...]]:
    from threadsync.providers.plugins import offered

    return offered()


def _fault(name: str, entries: Collection[EntryPoint]) -> PluginError | None:
    from threadsync.providers.plugins import unusable

    return unusable(name, entries, BUILT_IN)
