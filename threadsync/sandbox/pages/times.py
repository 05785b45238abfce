"""Times as a page shows them: how long ago, and exactly."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

from threadsync.sandbox.threads.showing import timestamp

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))


class Moment(Struct, frozen=True):
    """A time, in three ways of writing it."""

    iso: str
    relative: str
    """``5 min ago``, ``in 3 h``, ``just now``."""
    exact: str

    @staticmethod
    def of(seconds: float, now: float) -> Moment:
        """Write *seconds* (Unix time) as seen at *now*."""
        return Moment(timestamp(seconds), _relative(seconds - now), _exact(seconds))


def _relative(seconds: float) -> str:
    for unit, length in _UNITS:
        if abs(seconds) >= length:
            amount = f"{int(abs(seconds) // length)} {unit}"
            return f"{amount} ago" if seconds < 0 else f"in {amount}"
    return "just now"


def _exact(seconds: float) -> str:
    time = datetime.fromtimestamp(int(seconds), UTC)
    return f"{time.day} {time:%b %Y, %H:%M} UTC"
