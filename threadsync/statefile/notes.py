"""The notes of the journal and what they hold, written as JSON and read back.

The names here are the file format: they stay when the model is renamed, and a field that is added
later gets a default, so that older files still open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from threadsync.model import holding as h
from threadsync.model import journal as j
from threadsync.model.facts import CredentialLife, Drift, Quota, SeenPost
from threadsync.model.ids import Json
from threadsync.model.trouble import Trouble, TroubleKind, Untroubled
from threadsync.statefile.shapes import (
    ADDRESS,
    FLAG,
    JSON,
    NUMBER,
    TEXT,
    TIME,
    WHOLE,
    Field,
    Kind,
    MisfitError,
    Shape,
    as_object,
    listed,
    mapped,
)

TEXTS: Final = listed(TEXT)
EMPTY: Final[Mapping[str, Json]] = {}

RENDERED: Final = Shape(
    j.Rendered,
    Field("index", WHOLE),
    Field("digest", TEXT),
    Field("text", TEXT),
    Field("media", TEXTS, ()),
    Field("alts", TEXTS, ()),
    Field("options", mapped(JSON), EMPTY),
    Field("quotes", TEXT, None),
    Field("reposts", TEXT, None),
)

PUBLISHED: Final = Shape(
    j.Published,
    Field("index", WHOLE),
    Field("digest", TEXT),
    Field("remote_id", TEXT),
    Field("text", TEXT),
    Field("at", TIME),
    Field("permalink", TEXT, ""),
    Field("media", TEXTS, ()),
    Field("ids", mapped(TEXT), EMPTY),
    Field("bound_by", TEXT, "receipt"),
    Field("expires_at", TIME, None),
)

JOB: Final = Shape(
    j.Job,
    Field("verb", TEXT),
    Field("segments", listed(RENDERED.kind), ()),
    Field("parent", TEXT, None),
    Field("keep", WHOLE, 0),
    Field("protect", FLAG, False),
    Field("on_remove", TEXT, "forget"),
    Field("republished", FLAG, False),
    Field("forget_as", TEXT, ""),
    Field("digest_version", WHOLE, 1),
    Field("by", TEXT, ""),
    Field("said", TEXT, ""),
)


def _read_drift(raw: Json) -> Drift:
    text = TEXT.read(raw)
    if text not in set(Drift):
        raise MisfitError("this version of threadsync does not know such a drift", unknown=True)
    return Drift(text)


DRIFT: Final[Kind[Drift]] = Kind(str, _read_drift)
SEEN_POST: Final = Shape(SeenPost, Field("drift", DRIFT, Drift.NONE), Field("counts", mapped(WHOLE), EMPTY))
QUOTA: Final = Shape(
    Quota,
    Field("used", WHOLE, None),
    Field("total", WHOLE, None),
    Field("unknown", TEXT, ""),
    Field("scope", TEXT, ""),
    Field("window_seconds", NUMBER, None),
)
LIFE: Final = Shape(
    CredentialLife,
    Field("expires_at", TIME, None),
    Field("renewed_at", TIME, None),
    Field("endless", FLAG, False),
)
POSTS: Final = Field("posts", mapped(SEEN_POST.kind))
ACCOUNT: Final = (
    Field("handle", TEXT),
    Field("at", TIME),
    Field("quotas", mapped(QUOTA.kind), EMPTY),
    Field("life", LIFE.kind, None),
)

_ADDRESS: Final = Field("address", ADDRESS)
_AT: Final = Field("at", TIME)
_INDEX: Final = Field("index", WHOLE)
_DIGEST: Final = Field("digest", TEXT)
_REMOTE_ID: Final = Field("remote_id", TEXT)
_WHY: Final = Field("why", TEXT)
_PROTECT: Final = Field("protect", FLAG, False)
_ON_REMOVE: Final = Field("on_remove", TEXT, "forget")
_DIGEST_VERSION: Final = Field("digest_version", WHOLE, 1)

_BY: Final = Field("by", TEXT, "")
_SAID: Final = Field("why", TEXT, "")
HOLD: Final = (_AT, _BY, _SAID, Field("digest", TEXT, ""))
FREEZE: Final = Shape(h.Freeze, _AT, _BY, _SAID)
HEARTBEAT: Final = Shape(h.Heartbeat, _AT, Field("run", TEXT, ""), _BY, Field("counts", mapped(WHOLE), EMPTY))
LULL: Final = Shape(
    h.Lull,
    Field("since", TIME),
    Field("until", TIME),
    _WHY,
    Field("target", TEXT, None),
    Field("address", ADDRESS, None),
)
LULLS: Final = listed(LULL.kind)


def _read_kind(raw: Json) -> TroubleKind:
    text = TEXT.read(raw)
    if text not in set(TroubleKind):
        raise MisfitError("this version of threadsync does not know such a trouble", unknown=True)
    return TroubleKind(text)


TROUBLE: Final = (
    Field("kind", Kind(str, _read_kind)),
    Field("since", TIME),
    _AT,
    Field("problem", TEXT),
    Field("remedy", TEXT, ""),
    Field("addresses", listed(ADDRESS), ()),
    Field("known", TEXTS, ()),
    Field("told", TEXTS, ()),
    Field("until", TIME, None),
)

NOTES: Final[Mapping[str, Shape[Any]]] = {  # one table for the whole union; a test compares the two
    "run-started": Shape(
        j.RunStarted,
        Field("run", TEXT),
        _AT,
        Field("plan", TEXT, ""),
        Field("commit", TEXT, ""),
        Field("by", TEXT, ""),
    ),
    "target-bound": Shape(
        j.TargetBound,
        Field("target", TEXT),
        Field("origin", TEXT),
        Field("account_id", TEXT),
        Field("handle", TEXT),
        Field("since", TIME),
        _AT,
        Field("channel", TEXT, ""),
    ),
    "begun": Shape(j.Begun, _ADDRESS, Field("job", JOB.kind), _AT),
    "staged": Shape(j.Staged, _ADDRESS, _INDEX, _DIGEST, Field("name", TEXT), Field("remote", TEXT), _AT),
    "intent": Shape(
        j.Intent,
        _ADDRESS,
        _INDEX,
        _DIGEST,
        Field("verb", TEXT),
        Field("key", TEXT),
        Field("covers", TEXT),
        _AT,
    ),
    "receipt": Shape(j.Receipt, _ADDRESS, Field("published", PUBLISHED.kind)),
    "confirmed": Shape(j.Confirmed, _ADDRESS, _REMOTE_ID, Field("permalink", TEXT), _AT),
    "deleted": Shape(j.Deleted, _ADDRESS, _REMOTE_ID, _AT),
    "settled": Shape(j.Settled, _ADDRESS, _INDEX, Field("reuse", FLAG), _AT),
    "doubted": Shape(j.Doubted, _ADDRESS, _INDEX, _WHY, _AT, Field("candidates", TEXTS, ())),
    "ended": Shape(j.Ended, _ADDRESS, Field("outcome", TEXT), _AT, Field("why", TEXT, "")),
    "forgotten": Shape(j.Forgotten, _ADDRESS, _WHY, _AT, Field("digest", TEXT, "")),
    "moved": Shape(j.Moved, Field("old", ADDRESS), Field("new", ADDRESS), _AT),
    "adopted": Shape(
        j.Adopted,
        _ADDRESS,
        Field("segments", listed(PUBLISHED.kind)),
        _AT,
        _PROTECT,
        _ON_REMOVE,
        _DIGEST_VERSION,
    ),
    "accepted": Shape(j.Accepted, _ADDRESS, Field("digests", TEXTS), _AT, _DIGEST_VERSION),
    "kept": Shape(j.Kept, _ADDRESS, Field("protect", FLAG), Field("on_remove", TEXT), _AT),
    "erased": Shape(j.Erased, _ADDRESS, _AT),
    "target-moved": Shape(j.TargetMoved, Field("old", TEXT), Field("new", TEXT), _AT),
    "posts-seen": Shape(j.PostsSeen, _ADDRESS, POSTS, _AT),
    "account-seen": Shape(j.AccountSeen, Field("target", TEXT), *ACCOUNT),
    "hold": Shape(h.Hold, _ADDRESS, *HOLD),
    "released": Shape(h.Released, _ADDRESS, _AT),
    "freeze": FREEZE,
    "unfrozen": Shape(h.Unfrozen, _AT),
    "heartbeat": HEARTBEAT,
    "lulls": Shape(h.Lulls, Field("lulls", LULLS), _AT),
    "trouble": Shape(Trouble, Field("target", TEXT), *TROUBLE),
    "untroubled": Shape(Untroubled, Field("target", TEXT), _AT),
}

_WORDS: Final[Mapping[object, str]] = {shape.make: word for word, shape in NOTES.items()}
IN_FLIGHT: Final = ("staged", "intent", "settled", "doubted")


def write_note(note: j.Note) -> dict[str, Json]:
    """Return *note* as an object; ``note`` names what sort it is."""
    word = _WORDS[type(note)]
    return {"note": word, **NOTES[word].write(note)}


def read_note(raw: Json) -> j.Note:
    """Return the note *raw* holds.

    Raises:
        MisfitError: it is not one, or of a sort that this version does not know.
    """
    found = as_object(raw)
    word = found.get("note")
    if not isinstance(word, str) or word not in NOTES:
        raise MisfitError("this version of threadsync does not know such a note", ("note",), unknown=True)
    note: j.Note = NOTES[word].read({name: held for name, held in found.items() if name != "note"})
    return note


def _read_in_flight(raw: Json) -> j.InFlight:
    note = read_note(raw)
    if isinstance(note, j.InFlight):
        return note
    raise MisfitError(f"expected one of {', '.join(IN_FLIGHT)}", ("note",))


IN_FLIGHT_KIND: Final[Kind[j.InFlight]] = Kind(write_note, _read_in_flight)
