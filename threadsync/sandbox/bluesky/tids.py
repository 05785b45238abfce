"""Timestamp ids: 53 bits of microseconds and 10 of a clock, in 13 characters (atproto.com/specs/tid)."""

from __future__ import annotations

import re

_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
_FORM = re.compile(r"[2-7a-j][2-7a-z]{12}")
_CLOCKS = 1024


def tid(microseconds: int, clock: int) -> str:
    """Write a TID down."""
    number = (microseconds << 10) | (clock % _CLOCKS)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(60, -1, -5))


def is_tid(text: str) -> bool:
    """Whether a text has the form of a TID; nobody looks at the time in it."""
    return _FORM.fullmatch(text) is not None
