"""Values that do not show, or do not compare, all that they hold; see docs/adr/0014-values.md."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct


class Discreet(Struct, frozen=True):
    """A value whose texts leave out what is *hidden*: secrets, and what leads to them (law 12)."""

    hidden: ClassVar[frozenset[str] | None] = None
    """The names of fields; None hides all of them."""

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """Return what is shown, by name; rich would ask msgspec for all of it otherwise."""
        hidden = self.__struct_fields__ if self.hidden is None else self.hidden
        return [(name, getattr(self, name)) for name in self.__struct_fields__ if name not in hidden]


class Besides(Discreet, frozen=True):
    """A value for which what is *hidden* does not count: two that differ in nothing else are equal."""

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._counts() == other._counts()

    def __hash__(self) -> int:
        return hash(self._counts())

    def _counts(self) -> tuple[object, ...]:
        return tuple(value for _, value in self.__rich_repr__())
