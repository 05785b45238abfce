"""A post, the project's defaults and its overrides, laid over each other for one target.

Pure. The closest layer wins: target over network over post over defaults. Scalars and lists replace,
mappings merge, null removes. ``text`` and ``segments`` are not merged: the closest layer that has one of
them gives all of the words.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from threadsync.content.segments import Declared
from threadsync.content.yaml12 import Path
from threadsync.model.diagnostic import Location
from threadsync.model.ids import Json, TargetName, network_of

TEXT_KEYS = ("text", "segments")
_NOT_MERGED = frozenset({"key", "targets", "notes", "overrides", *TEXT_KEYS})


class Layer(Struct, frozen=True):
    """One mapping of keys, and where it stands in the post file; None for the project's defaults."""

    values: Mapping[str, Json]
    path: Path | None


def merged(below: Mapping[str, Json], above: Mapping[str, Json]) -> dict[str, Json]:
    """Return *below* with *above* laid over it."""
    found = dict(below)
    for key, value in above.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, dict):
            under = found.get(key)
            if key == "publish" and isinstance(under, str):
                under = {"at": under}
            # Also where there is nothing below: a null inside removes, and never stays.
            found[key] = merged(under if isinstance(under, dict) else {}, value)
        else:
            found[key] = value
    return found


def layers_for(target: TargetName, declared: Declared, defaults: Mapping[str, Json]) -> list[Layer]:
    """Return the layers that make up the post on *target*, the closest last."""
    found = [Layer(defaults, None)] if defaults else []
    found.append(Layer(declared.values, ()))
    overrides = declared.values.get("overrides")
    if isinstance(overrides, dict):
        for name in (str(network_of(target)), str(target)):
            layer = overrides.get(name)
            if isinstance(layer, dict):
                found.append(Layer(layer, ("overrides", name)))
    return found


def values_of(layers: list[Layer]) -> dict[str, Json]:
    """Return the keys that hold, without the words."""
    found: dict[str, Json] = {}
    for layer in layers:
        found = merged(found, layer.values)
    for key in _NOT_MERGED:
        found.pop(key, None)
    return found


def places_of_keys(
    layers: list[Layer], values: Mapping[str, Json], declared: Declared, defaults: Mapping[str, Location]
) -> dict[str, Location]:
    """Return where each key that holds is declared, by the closest layer that does."""
    found: dict[str, Location] = {}
    for layer in layers:
        for key in layer.values:
            if key not in values and key not in _NOT_MERGED:
                continue
            if layer.path is not None:
                found[key] = declared.key_place((*layer.path, key))
            elif key in defaults:
                found[key] = defaults[key]
    return found


def place_of(key: str, layers: list[Layer], declared: Declared, *inside: str | int) -> Location | None:
    """Return where the value of *key* (or something inside it) stands in the post file, if it does there."""
    for layer in reversed(layers):
        if layer.path is not None and layer.values.get(key) is not None:
            return declared.place((*layer.path, key, *inside))
    return None
