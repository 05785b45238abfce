"""What may be asked how often (docs.bsky.app/docs/advanced-guides/rate-limits).

Writes cost points: create 3, update 2, delete 1. The four headers describe the tightest limit of a call,
and a call that is refused uses up what was left.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from threadsync.sandbox.bluesky import errors
from threadsync.sandbox.bluesky.errors import XrpcError
from threadsync.sandbox.bluesky.state import State
from threadsync.sandbox.bluesky.values import Generation, Request

HOUR: Final = 3_600
DAY: Final = 86_400
FIVE_MINUTES: Final = 300
REQUESTS_PER_FIVE_MINUTES: Final = 3_000

POINTS: Mapping[str, int] = MappingProxyType({"create": 3, "update": 2, "delete": 1})
_WRITES: Mapping[str, str] = MappingProxyType(
    {
        "com.atproto.repo.createRecord": "create",
        "com.atproto.repo.putRecord": "update",
        "com.atproto.repo.deleteRecord": "delete",
    }
)


class _Limit(Struct, frozen=True):
    """One limit a call runs into: what is counted, how much of it, and how much the call costs."""

    counted: str
    limit: int
    window_seconds: int
    cost: int = 1


def points_of(request: Request) -> int:
    """Return what a call costs; every write of a batch counts."""
    if request.nsid in _WRITES:
        return POINTS[_WRITES[request.nsid]]
    if request.nsid != "com.atproto.repo.applyWrites" or request.input is None:
        return 0
    writes = request.input.get("writes")
    if not isinstance(writes, list):
        return 0
    kinds = [str(each.get("$type")).rpartition("#")[2] for each in writes if isinstance(each, dict)]
    return sum(POINTS.get(kind, 0) for kind in kinds)


def admit(state: State, request: Request, did: str, now: float) -> dict[str, str] | XrpcError:
    """Count a call, and return the headers of its answer; refuse it when a limit is reached."""
    if not state.switches.rate_limits:
        return {}
    limits = _limits(state, request, did)
    tight = [each for each in limits if _left(state, each, now) < each.cost]
    for each in limits:
        left = _left(state, each, now)
        if left > 0:
            state.use(each.counted, min(each.cost, left), now)
    shown = min(tight or limits, key=lambda each: _left(state, each, now))
    headers = _headers(state, shown, now)
    if not tight:
        return headers
    if state.switches.generation != Generation.V0_4:
        headers["Retry-After"] = str(max(int(headers["RateLimit-Reset"]) - int(now), 1))
    return errors.throttled(headers)


def _limits(state: State, request: Request, did: str) -> list[_Limit]:
    switches = state.switches
    limits = [_Limit("requests", REQUESTS_PER_FIVE_MINUTES, FIVE_MINUTES)]
    if points := points_of(request):
        limits.append(_Limit(f"points {did}", switches.points_per_hour, HOUR, points))
        limits.append(_Limit(f"day points {did}", switches.points_per_day, DAY, points))
    if request.nsid == "com.atproto.repo.uploadBlob":
        limits.append(_Limit(f"blobs {did}", switches.blobs_per_day, DAY))
    if request.nsid == "com.atproto.server.createSession":
        who = str((request.input or {}).get("identifier", ""))
        limits.append(_Limit(f"logins {who}", switches.logins_per_five_minutes, FIVE_MINUTES))
        limits.append(_Limit(f"day logins {who}", switches.logins_per_day, DAY))
    return limits


def _left(state: State, limit: _Limit, now: float) -> int:
    return limit.limit - state.used(limit.counted, now=now, window_seconds=limit.window_seconds)


def _headers(state: State, limit: _Limit, now: float) -> dict[str, str]:
    since = now - limit.window_seconds
    first = next((at for at, _ in state.usage.get(limit.counted, ()) if at > since), now)
    return {
        "RateLimit-Limit": str(limit.limit),
        "RateLimit-Remaining": str(max(_left(state, limit, now), 0)),
        "RateLimit-Reset": str(ceil(first + limit.window_seconds)),
        "RateLimit-Policy": f"{limit.limit};w={limit.window_seconds}",
    }
