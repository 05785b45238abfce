"""A publication's content digest: the same on every machine and after every upgrade (law 11).

It covers the declaration: texts as written (templates included), alt texts, the sha256 of media
bytes, options, references as typed. It never covers control keys, file names, key order, nor
anything a probe, a rendition or a lookup made of the declaration. A key that is absent leaves no
trace, so that a key added to the format later changes no old digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from threadsync.model.ids import ContentDigest, Json

DIGEST_VERSION = 1

_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _without_absent(value: Json) -> Json:
    if isinstance(value, str | int | float | None):
        return value
    if isinstance(value, Mapping):
        cleaned = ((key, _without_absent(inner)) for key, inner in value.items() if inner is not None)
        # Nothing, and an empty text, list or mapping are absent; no and nought are said.
        return {key: inner for key, inner in cleaned if inner or isinstance(inner, int | float)}
    return [_without_absent(inner) for inner in value]


def digest_of(content: Mapping[str, Json]) -> ContentDigest:
    """Hash *content* in a canonical form; absent and empty values do not count."""
    canonical = _CANONICAL.encode(_without_absent(content))
    return ContentDigest(hashlib.sha256(canonical.encode()).hexdigest())


def digest_of_segments(digests: Sequence[ContentDigest]) -> ContentDigest:
    """Hash a whole publication from the digests of its segments."""
    return ContentDigest(hashlib.sha256("\n".join(digests).encode()).hexdigest())
