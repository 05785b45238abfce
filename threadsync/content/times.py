"""Times as people write them, in a zone, to moments (law 15)."""

from __future__ import annotations

import difflib
import re
import zoneinfo
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[ T](\d\d):(\d\d)(?::(\d\d))?(?: ?(?:(Z)|([+-])(\d\d):?(\d\d)))?)?",
    re.ASCII,
)
_WINDOW = re.compile(r"(\d{1,6})([mhd])", re.ASCII)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
WINDOW_MAX = timedelta(days=366)


class TimeProblem(ValueError):
    """A time cannot be told; *rule* and *remedy* as in a finding, *key* names the part of ``publish``."""

    def __init__(self, rule: str, problem: str, remedy: str | None = None, *, key: str = "at") -> None:
        self.rule = rule
        self.problem = problem
        self.remedy = remedy
        self.key = key
        super().__init__(problem)


@lru_cache(maxsize=64)
def zone_named(name: str) -> zoneinfo.ZoneInfo:
    """Return the zone *name*.

    Raises:
        TimeProblem: there is no such zone.
    """
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        # A folder of the zone database, or a path out of it, is no zone either.
        known = sorted(zoneinfo.available_timezones())
        near = difflib.get_close_matches(name[:80], known, n=1, cutoff=0.6)
        near = near or [each for each in known if each.rpartition("/")[2].lower() == name.lower()]
        remedy = f"Did you mean {near[0]}?" if near else "Write an IANA name, like Europe/Vienna."
        raise TimeProblem("time/zone", "is no time zone", remedy, key="zone") from error


def moment(text: str, zone: str | None) -> datetime:
    """Return the moment *text* means, in UTC; a date alone is its midnight.

    A time that happens twice (the clock goes back) is the first one.

    Raises:
        TimeProblem: it is no time, does not exist in the zone, or needs a zone.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise TimeProblem("time/form", "is no time", "Write it like 2026-12-03 08:30.")
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in match.group(1, 2, 3, 4, 5, 6))
        local = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  (its zone comes next)
        if match[7] or match[8]:
            return local.replace(tzinfo=_offset(match)).astimezone(UTC)
        if zone is None:
            raise TimeProblem("time/zone-missing", "needs a time zone")
        return _in_zone(local, zone)
    except (OverflowError, ValueError) as error:
        if isinstance(error, TimeProblem):
            raise
        raise TimeProblem("time/form", "does not exist in the calendar", "Correct the date.") from error


def _offset(match: re.Match[str]) -> timezone:
    if match[7]:
        return UTC
    sign = -1 if match[8] == "-" else 1
    return timezone(sign * timedelta(hours=int(match[9]), minutes=int(match[10])))


def _in_zone(local: datetime, name: str) -> datetime:
    zone = zone_named(name)
    at = local.replace(tzinfo=zone).astimezone(UTC)
    there = at.astimezone(zone).replace(tzinfo=None)
    if there != local:
        raise TimeProblem(
            "time/gap",
            f"does not exist in {name}: the clock is put forward over it",
            f"Write {there:%Y-%m-%d %H:%M}, which is the same moment, or another time.",
        )
    return at


@lru_cache(maxsize=64)
def window_of(text: str) -> timedelta:
    """Return a window: ``90m``, ``1h``, ``2d``.

    Raises:
        TimeProblem: it has another form, is nothing, or is longer than a year.
    """
    match = _WINDOW.fullmatch(text)
    window = int(match[1]) * _UNITS[match[2]] if match is not None else timedelta(0)
    if not timedelta(0) < window <= WINDOW_MAX:
        raise TimeProblem(
            "time/window", "is no window", "Write minutes, hours or days, like 90m, 1h or 2d.", key="window"
        )
    return window
