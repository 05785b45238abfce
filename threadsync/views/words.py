"""Small pieces of wording that several views share."""

from __future__ import annotations


def many(number: int, word: str) -> str:
    """Return ``1 post``, ``2 posts``."""
    return f"{number} {word}{'' if number == 1 else 's'}"
