"""Selectors: a key, a path, an address, a target or a glob, the same everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from threadsync.errors import UsageError
from threadsync.model.ids import Address

Selects = Callable[[Address], bool]


def _names(address: Address, path: str | None) -> tuple[str, ...]:
    own = (str(address), address.key, address.target)
    return own if path is None else (*own, path)


def _chosen(selector: str, names: tuple[str, ...]) -> bool:
    cleaned = selector.removeprefix("./")
    return cleaned in names or any(fnmatchcase(name, cleaned) for name in names)


def selection(
    selectors: Sequence[str],
    exclude: Sequence[str],
    known: Iterable[Address],
    paths: Mapping[Address, str],
) -> Selects:
    """Return what *selectors* choose and *exclude* does not; no selector chooses everything.

    Raises:
        UsageError: a selector chooses nothing.
    """
    known = sorted(set(known))
    names = {address: _names(address, paths.get(address)) for address in known}
    for selector in (*selectors, *exclude):
        if not any(_chosen(selector, each) for each in names.values()):
            every = sorted({name for each in names.values() for name in each})
            close = get_close_matches(selector, every, n=3)
            hint = f" Did you mean {' or '.join(close)}?" if close else ""
            raise UsageError(
                f"{selector!r} selects no publication.",
                remedy=f"Name a key, a path, KEY@TARGET, a target, or a glob of one.{hint}",
            )

    def selects(address: Address) -> bool:
        called = names.get(address) or _names(address, paths.get(address))
        chosen = not selectors or any(_chosen(selector, called) for selector in selectors)
        return chosen and not any(_chosen(selector, called) for selector in exclude)

    return selects


def address_of(text: str, known: Iterable[Address]) -> Address:
    """Read an address that must be known.

    Raises:
        UsageError: it is none, or nothing has it.
    """
    known = sorted(set(known))
    try:
        address = Address.parse(text)
    except ValueError as error:
        of_key = [str(each) for each in known if each.key == text]
        hint = f" Did you mean {' or '.join(of_key)}?" if of_key else ""
        raise UsageError(str(error) + "." + hint) from error
    if address not in known:
        close = get_close_matches(text, [str(each) for each in known], n=3)
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        raise UsageError(f"there is no publication {text}.", remedy=f"See threadsync status.{hint}")
    return address
