"""Times as people read them: local beside UTC, and how far off they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_UNITS = ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute"))


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None  # a zone that this machine does not know: UTC says it all the same


def told(at: datetime, zone: str | None) -> str:
    """Return *at* to the minute, in *zone* and in UTC: ``2026-12-03 08:30 Europe/Vienna (07:30 UTC)``."""
    there = _zone(zone) if zone else None
    try:
        utc = at.astimezone(UTC)
        local = at.astimezone(there or UTC)
    except OverflowError:
        return at.isoformat()  # a document may say that it is the year 1
    if there is None or zone == "UTC":
        return f"{utc:%Y-%m-%d %H:%M} UTC"
    beside = f"{utc:%H:%M}" if utc.date() == local.date() else f"{utc:%Y-%m-%d %H:%M}"
    return f"{local:%Y-%m-%d %H:%M} {zone} ({beside} UTC)"


def local(at: datetime, zone: str | None) -> str:
    """Return *at* to the minute, for a page that names the zone elsewhere: ``2026-12-03 08:30``."""
    there = _zone(zone) if zone else None
    return f"{at.astimezone(there or UTC):%Y-%m-%d %H:%M}"


def zone_told(zone: str | None) -> str:
    """Return the zone that ``local`` tells times in."""
    return zone if zone and _zone(zone) is not None else "UTC"


def ahead(span: timedelta) -> str:
    """Return how far off a time is, in its largest unit: ``in 11 days``; empty for one that is past."""
    if span <= timedelta(0):
        return ""
    for unit, word in _UNITS:
        number = round(span / unit)
        if span >= unit:
            return f"in {number} {word}{'s' if number != 1 else ''}"
    return "in less than a minute"


def ago(span: timedelta) -> str:
    """Return how long ago a time is, in its largest unit: ``3 days ago``."""
    off = ahead(span).removeprefix("in ")
    return f"{off} ago" if off and span >= _UNITS[-1][0] else "just now"


def stamp(at: datetime) -> str:
    """Return *at* as JSON has it: RFC 3339, in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
