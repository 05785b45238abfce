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


def _without_absent(value: Json) -> Json:
    if isinstance(value, Mapping):
        cleaned = {key: _without_absent(inner) for key, inner in value.items()}
        return {key: inner for key, inner in cleaned.items() if inner not in (None, (), [], {}, "")}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_without_absent(inner) for inner in value]
    return value


def digest_of(content: Mapping[str, Json]) -> ContentDigest:
    """Hash *content* in a canonical form; absent and empty values do not count."""
    canonical = json.dumps(
        _without_absent(content), sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    return ContentDigest(hashlib.sha256(canonical.encode()).hexdigest())


def digest_of_segments(digests: Sequence[ContentDigest]) -> ContentDigest:
    """Hash a whole publication from the digests of its segments."""
    return ContentDigest(hashlib.sha256("\n".join(digests).encode()).hexdigest())
