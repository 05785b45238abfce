"""Record keys: which one a post gets, so that whoever tries again, writes to the same place.

A TID is 64 bits: a 0, 53 bits of microseconds since 1970 and 10 bits of a clock's id, written as 13
characters that sort as the time does (https://atproto.com/specs/tid). Nobody checks the time in it, so it is
chosen: a post's key follows from what it is, never from a clock or from chance.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from threadsync.model.ids import Address

ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
SPREAD_MICROSECONDS = 800_000
"""Posts of one second are spread over so much of it; what is left holds the segments of a chain."""
SEGMENT_MICROSECONDS = 1_000
"""The time between the segments of a chain: equal times sort in no defined order."""
AHEAD_SECONDS_MAX = 1.0
"""How far the time of a post that goes out now may be ahead: it is of a second that has begun."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCK_BITS = 10
_CHARACTERS = 13


def encoded(at: datetime, clock_id: int) -> str:
    """Return the TID of the aware time *at* and of *clock_id* (0 to 1023)."""
    value = ((at - _EPOCH) // timedelta(microseconds=1)) << _CLOCK_BITS | clock_id
    return "".join(ALPHABET[value >> 5 * place & 31] for place in reversed(range(_CHARACTERS)))


def time_of(tid: str) -> datetime:
    """Return the time that *tid* tells.

    Raises:
        ValueError: it is none.
    """
    if len(tid) != _CHARACTERS or tid[0] not in ALPHABET[:16]:
        raise ValueError(f"{tid!r} is no TID")
    value = 0
    for character in tid:
        value = value << 5 | ALPHABET.index(character)
    return _EPOCH + timedelta(microseconds=value >> _CLOCK_BITS)


def chosen(project: str, address: Address, generation: int, index: int, at: datetime) -> tuple[str, datetime]:
    """Return the record key of a segment and the exact time it tells, which is its ``createdAt``.

    It is that of the second of *at*, and of which *project*, publication, *generation* (how many keys before
    it held something that is not ours) and segment it is: the same for everyone who asks.
    """
    said = "\x00".join((project, str(address), str(generation))).encode()
    hashed = int.from_bytes(hashlib.sha256(said).digest())
    spread = hashed % SPREAD_MICROSECONDS + index * SEGMENT_MICROSECONDS
    time = at.astimezone(UTC).replace(microsecond=0) + timedelta(microseconds=spread)
    return encoded(time, hashed >> 64 & 1023), time
