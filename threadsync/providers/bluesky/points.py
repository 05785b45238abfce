"""What writes take of an account's allowances: points for records, and a number of files.

Source: https://docs.bsky.app/docs/advanced-guides/rate-limits (points); that files are counted, and what the
headers of an answer tell, was observed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from threadsync.flows.effects import JsonBody, Request, Response
from threadsync.providers.accounts import Told, Window
from threadsync.providers.answers import time_in

POINTS: Final = "points"
BLOBS: Final = "blobs"
HOUR_SECONDS: Final = 3600.0
DAY_SECONDS: Final = 86400.0
CREATE: Final = 3
UPDATE: Final = 2
DELETE: Final = 1

_METHODS: Final[Mapping[str, Mapping[str, int]]] = {
    "/xrpc/com.atproto.repo.createRecord": {POINTS: CREATE},
    "/xrpc/com.atproto.repo.putRecord": {POINTS: UPDATE},
    "/xrpc/com.atproto.repo.deleteRecord": {POINTS: DELETE},
    "/xrpc/com.atproto.repo.uploadBlob": {BLOBS: 1},
}
_WRITES: Final = {"create": CREATE, "update": UPDATE, "delete": DELETE}
_POLICY: Final = re.compile(r"([0-9]{1,9});w=([0-9]{1,9})")


class BlueskySpending(Struct, frozen=True):
    """The allowances of an account that no endpoint tells, but the headers of an answer to a write."""

    @property
    def windows(self) -> tuple[Window, ...]:
        """5,000 points an hour and 35,000 a day; 1,000 files a day."""
        return (
            Window(POINTS, 5_000, HOUR_SECONDS),
            Window(POINTS, 35_000, DAY_SECONDS),
            Window(BLOBS, 1_000, DAY_SECONDS),
        )

    def cost(self, request: Request) -> Mapping[str, int]:
        """Making a record takes 3 points, putting one 2, deleting one 1; a batch what its writes take."""
        if request.path == "/xrpc/com.atproto.repo.applyWrites":
            return {POINTS: sum(map(_points_of, _writes_in(request)))}
        return _METHODS.get(request.path, {})

    def told(self, request: Request, response: Response) -> Told | None:
        """Read ``RateLimit-*``, which describe the tightest limit there is; it may be one of requests."""
        said = {name: response.headers.get(f"ratelimit-{name}", "") for name in ("remaining", "reset")}
        policy = _POLICY.match(response.headers.get("ratelimit-policy", ""))
        answered = time_in(response.headers.get("date", ""))
        if policy is None or answered is None or not all(map(_is_number, said.values())):
            return None
        total, seconds = int(policy[1]), float(policy[2])
        resets = max(0.0, int(said["reset"]) - answered.timestamp())
        for window in self.windows:
            if window.what in self.cost(request) and window.seconds == seconds:
                return Told(window.what, seconds, total, int(said["remaining"]), resets)
        return None


def _writes_in(request: Request) -> list[object]:
    value = request.body.value if isinstance(request.body, JsonBody) else None
    writes = value.get("writes") if isinstance(value, Mapping) else None
    return list(writes) if isinstance(writes, list) else []


def _points_of(write: object) -> int:
    kind = str(write.get("$type", "")) if isinstance(write, Mapping) else ""
    return _WRITES.get(kind.rpartition("#")[2], CREATE)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
