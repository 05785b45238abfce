"""What stands in the tables of a state file: how each entry is written and read back."""

from __future__ import annotations

from typing import Final

from threadsync.model.holding import Hold
from threadsync.model.journal import AccountSeen, PostsSeen
from threadsync.model.state import Binding, Open, Provenance, TargetRecord, Tombstone
from threadsync.model.trouble import Trouble
from threadsync.statefile.notes import ACCOUNT, HOLD, IN_FLIGHT_KIND, JOB, POSTS, PUBLISHED, TROUBLE
from threadsync.statefile.shapes import FLAG, TEXT, TIME, WHOLE, Field, Shape, listed

_SEGMENTS = Field("segments", listed(PUBLISHED.kind), ())
_SUPERSEDED = Field("superseded", listed(PUBLISHED.kind), ())
_DIGEST_VERSION = Field("digest_version", WHOLE, 1)
_PROTECT = Field("protect", FLAG, False)
_ON_REMOVE = Field("on_remove", TEXT, "forget")
_REPUBLISHED = Field("republished", FLAG, False)

PROVENANCE = Shape(
    Provenance,
    Field("run", TEXT, ""),
    Field("commit", TEXT, ""),
    Field("plan", TEXT, ""),
    Field("by", TEXT, ""),
    Field("at", TIME, None),
)
BINDING = Shape(
    Binding,
    _SEGMENTS,
    _SUPERSEDED,
    _DIGEST_VERSION,
    _PROTECT,
    _ON_REMOVE,
    _REPUBLISHED,
    Field("provenance", PROVENANCE.kind, Provenance()),
    Field("taken_down", listed(PUBLISHED.kind), ()),
    outside=("address",),
)
TOMBSTONE = Shape(
    Tombstone,
    Field("digest", TEXT),
    Field("why", TEXT),
    Field("at", TIME),
    _SEGMENTS,
    _DIGEST_VERSION,
    _PROTECT,
    _ON_REMOVE,
    _REPUBLISHED,
    _SUPERSEDED,
    Field("by", TEXT, ""),
    Field("said", TEXT, ""),
    outside=("address",),
)
OPEN = Shape(
    Open,
    Field("job", JOB.kind),
    Field("begun", TIME),
    Field("notes", listed(IN_FLIGHT_KIND), ()),
    outside=("address",),
)
TARGET = Shape(
    TargetRecord,
    Field("origin", TEXT),
    Field("account_id", TEXT),
    Field("handle", TEXT),
    Field("since", TIME),
    Field("bound_at", TIME),
    Field("channel", TEXT, ""),
    outside=("target",),
)
POSTS_SEEN = Shape(PostsSeen, POSTS, Field("at", TIME), outside=("address",))
ACCOUNT_SEEN = Shape(AccountSeen, *ACCOUNT, outside=("target",))
HELD = Shape(Hold, *HOLD, outside=("address",))
TROUBLED = Shape(Trouble, *TROUBLE, outside=("target",))

SHAPES: Final = (PROVENANCE, BINDING, TOMBSTONE, OPEN, TARGET, POSTS_SEEN, ACCOUNT_SEEN, HELD, TROUBLED)
"""All of them; a test compares them with the model."""
