"""The ``fields`` parameter: ``id,children{id,media_url}``, parsed; one unknown name fails the call."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

from msgspec import Struct


class Field(Struct, frozen=True):
    """One field asked for, and which of its own fields; ``None`` when it was not expanded."""

    name: str
    inner: tuple[Field, ...] | None = None


Fields: TypeAlias = tuple[Field, ...]


class MalformedFields(Struct, frozen=True):
    """A ``fields`` text that has no meaning."""

    reason: str


@lru_cache(maxsize=512)
def parse_fields(text: str) -> Fields | MalformedFields:
    """Parse a ``fields`` text; a field named twice counts once."""
    if text.count("{") != text.count("}"):
        return MalformedFields("fields: unbalanced braces")
    found, rest = _parse(text)
    if rest:
        return MalformedFields(f"fields: unexpected {rest[0]!r}")
    return found


def _parse(text: str) -> tuple[Fields, str]:
    """Read fields up to the end or a closing brace; return them and what is left."""
    found: dict[str, Field] = {}
    while text and text[0] != "}":
        end = next((at for at, mark in enumerate(text) if mark in ",{}"), len(text))
        name, text = text[:end].strip(), text[end:]
        inner: Fields | None = None
        if text[:1] == "{":
            inner, text = _parse(text[1:])
            text = text[1:]
        if name:
            found[name] = Field(name, inner)
        text = text.removeprefix(",")
    return tuple(found.values()), text
