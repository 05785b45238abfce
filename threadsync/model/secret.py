"""A secret as a value that shows nowhere (law 12)."""

from __future__ import annotations

HIDDEN = "[secret]"
"""What stands in a text where a secret was."""


class SecretText:
    """A secret that has no text, representation or pickle; ``reveal`` is the one way to its value."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself."""
        return self._value

    def __repr__(self) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretText) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a secret is never pickled or copied: hand on the SecretText itself")
