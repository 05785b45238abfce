"""Blocks of options in posts for networks that the schemas do not know: other packages speak them.

The schema of posts is closed, so such blocks are set aside before a post is held against it. What may stand
in them, their provider says: an option that it does not claim is refused (``threadsync.planning.claims``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from threadsync.content import schemas
from threadsync.model.ids import Json, TargetName, network_of

NETWORK_BLOCKS = frozenset({"threads", "bluesky", "mattermost"})
"""The networks that the schema of posts has a block for."""


def foreign_networks(targets: Iterable[object]) -> frozenset[str]:
    """Return the networks of *targets* that have no block of their own in the schema of posts.

    One that is called like a key of posts has none at all.
    """
    others = frozenset(network_of(TargetName(str(each))) for each in targets) - NETWORK_BLOCKS
    if not others:
        return others  # as in most projects, which need not wait for the schema
    known = schemas.load_schema("post")["properties"]
    assert isinstance(known, Mapping), "a schema's properties are a mapping"
    return others.difference(known)


def without(value: Json, foreign: frozenset[str]) -> Json:
    """Return *value*, the keys of a post, without blocks for *foreign* networks, wherever they may stand.

    What held nothing else is not left empty: the schema takes that for a slip.
    """
    if not isinstance(value, Mapping):
        return value
    kept = {key: each for key, each in value.items() if not (key in foreign and _is_block(each))}
    entries, overrides = kept.get("segments"), kept.get("overrides")
    if isinstance(entries, list):
        kept["segments"] = [without(each, foreign) or (_SAYS_NOTHING if each else each) for each in entries]
    if isinstance(overrides, Mapping):
        inner = {name: without(each, foreign) for name, each in overrides.items()}
        kept["overrides"] = {
            name: each for name, each in inner.items() if each != {} or overrides[name] == {}
        }
        if not kept["overrides"] and overrides:
            del kept["overrides"]
    return kept


_SAYS_NOTHING: Json = {"link": None}
"""A segment with a key that is not set."""


def _is_block(value: Json) -> bool:
    return value is None or isinstance(value, Mapping)
