"""Errors of the Threads API, classified by what may be done next.

The subcode decides before the code, and neither does the text: texts are localised to the account's
language. Sources: developers.facebook.com/docs/threads/troubleshooting and
developers.facebook.com/docs/graph-api/guides/error-handling; rows marked ``observed`` were reported
by users of the API and are not in the documentation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from threadsync.flows.effects import Response
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import Json

_K = FaultClass


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One row of the table: what it matches, what it means, and an error body that it must match."""

    id: str
    mark: str
    """``documented``, ``observed`` (by several users) or ``reported`` (by one)."""
    kind: FaultClass
    remedy: str
    sample: Mapping[str, Json]
    sample_status: int = 400
    codes: tuple[int, ...] = ()
    subcodes: tuple[int, ...] = ()
    statuses: tuple[int, ...] = ()
    symbol: str = ""
    """A symbolic name that stands in the message."""
    window_seconds: float | None = None
    """How long the window is that the call was counted in: when it has passed, nothing of it is left."""


def _sample(
    code: int, subcode: int | None = None, message: str = "An error", **more: Json
) -> Mapping[str, Json]:
    error: dict[str, Json] = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    if subcode is not None:
        error["error_subcode"] = subcode
    return {"error": {**error, **more}}


_REAUTHORIZE = "Authorize the account again and store the new token; an expired one cannot be refreshed."
_LATER = "Run apply again later; it goes on where it stopped."
_EDIT = "Change the post, then plan again."

_WINDOW_SECONDS = 86_400.0
"""Calls and the account's allowances are counted over rolling 24 hours
(developers.facebook.com/docs/threads/overview#rate-limiting, .../threads/troubleshooting)."""

ROWS: tuple[FaultRow, ...] = (
    # Subcodes, which decide first.
    FaultRow(
        "not-found-yet",
        "observed",
        _K.NOT_READY,
        _LATER,
        _sample(24, 4279009, is_transient=False),
        subcodes=(4279009,),
    ),
    FaultRow(
        "carousel-children", "observed", _K.NOT_READY, _LATER, _sample(100, 4279004), subcodes=(4279004,)
    ),
    FaultRow(
        "link-attachment",
        "observed",
        _K.INVALID,
        "Use the address that the link finally leads to, or leave the link out.",
        _sample(-1, 4279047, "Fatal"),
        subcodes=(4279047,),
    ),
    FaultRow(
        "media-download",
        "observed",
        _K.MEDIA,
        "Make sure that the file can be fetched by anyone at its public address, then apply again.",
        _sample(1, 2207052, "An unknown error occurred"),
        subcodes=(2207052,),
    ),
    FaultRow(
        "access-tier",
        "observed",
        _K.FORBIDDEN,
        "The Meta app needs Advanced Access for this; ask for it in the app's dashboard.",
        _sample(10, 4279067),
        subcodes=(4279067,),
    ),
    FaultRow(
        "rate-limit",
        "reported",
        _K.THROTTLED,
        _LATER,
        _sample(613, 4279002),
        subcodes=(4279002,),
        window_seconds=_WINDOW_SECONDS,
    ),
    FaultRow(
        "spam-block",
        "observed",
        _K.BLOCKED,
        "Threads restricts this account for now; look at it in the app and wait before you apply again.",
        _sample(1, 2207051),
        subcodes=(2207051,),
    ),
    FaultRow(
        "user-restricted",
        "reported",
        _K.BLOCKED,
        "Threads does not let this account post; look at it in the app.",
        _sample(1, 4279013),
        subcodes=(4279013,),
    ),
    FaultRow(
        "already-reposted",
        "reported",
        _K.ALREADY_DONE,
        "Nothing is left to do.",
        _sample(1, 4279050),
        subcodes=(4279050,),
    ),
    FaultRow(
        "publish-quota",
        "reported",
        _K.QUOTA,
        "The account's 24-hour allowance is used up; apply again when it has moved on.",
        _sample(9, 2207042),
        subcodes=(2207042,),
        window_seconds=_WINDOW_SECONDS,
    ),
    FaultRow(
        "object-gone",
        "observed",
        _K.GONE,
        "Look at the account: the post may be deleted.",
        _sample(100, 33),
        subcodes=(33,),
    ),
    # Names that stand in the message.
    FaultRow(
        "link-limit",
        "documented",
        _K.INVALID,
        "A post may hold at most 5 different links.",
        _sample(100, None, "THREADS_API__LINK_LIMIT_EXCEEDED"),
        symbol="THREADS_API__LINK_LIMIT_EXCEEDED",
    ),
    FaultRow(
        "geo-gating-unavailable",
        "documented",
        _K.FORBIDDEN,
        "This account may not limit posts to countries.",
        _sample(100, None, "THREADS_API__FEATURE_NOT_AVAILABLE"),
        symbol="THREADS_API__FEATURE_NOT_AVAILABLE",
    ),
    FaultRow(
        "geo-gating-countries",
        "documented",
        _K.INVALID,
        "Use two-letter country codes.",
        _sample(100, None, "THREADS_API__GEO_GATING_INVALID_COUNTRY_CODES"),
        symbol="THREADS_API__GEO_GATING_INVALID_COUNTRY_CODES",
    ),
    # Codes.
    FaultRow(
        "token",
        "documented",
        _K.UNAUTHORIZED,
        _REAUTHORIZE,
        _sample(190, 463),
        sample_status=401,
        codes=(190,),
    ),
    FaultRow(
        "permission",
        "documented",
        _K.FORBIDDEN,
        "Authorize the account again with the scope that is missing.",
        _sample(10),
        codes=(10, *range(200, 300)),
    ),
    FaultRow(
        "app-rate-limit",
        "documented",
        _K.THROTTLED,
        _LATER,
        _sample(4),
        codes=(4, 17, 32, 341, 613),
        window_seconds=_WINDOW_SECONDS,
    ),
    FaultRow(
        "policy-block",
        "documented",
        _K.BLOCKED,
        "Threads blocked this for policy reasons; look at the account in the app.",
        _sample(368),
        codes=(368,),
    ),
    FaultRow("duplicate-post", "documented", _K.INVALID, _EDIT, _sample(506), codes=(506,)),
    FaultRow(
        "invalid-parameter",
        "documented",
        _K.INVALID,
        _EDIT,
        _sample(100, None, "Param text must be at most 500 characters long.", type="THApiException"),
        sample_status=500,
        codes=(100,),
    ),
    FaultRow("object-not-found", "observed", _K.NOT_READY, _LATER, _sample(24), codes=(24,)),
    FaultRow(
        "server-busy",
        "documented",
        _K.TRANSIENT,
        _LATER,
        _sample(2, is_transient=True),
        sample_status=500,
        codes=(1, 2),
    ),
    # Statuses, where the body says nothing that is known.
    FaultRow(
        "http-unauthorized",
        "documented",
        _K.UNAUTHORIZED,
        _REAUTHORIZE,
        {},
        sample_status=401,
        statuses=(401,),
    ),
    FaultRow(
        "http-forbidden",
        "documented",
        _K.FORBIDDEN,
        "Authorize the account again with the scope that is missing.",
        {},
        sample_status=403,
        statuses=(403,),
    ),
    FaultRow(
        "http-not-found",
        "observed",
        _K.GONE,
        "Check the base address.",
        {},
        sample_status=404,
        statuses=(404,),
    ),
    FaultRow(
        "http-too-many",
        "observed",
        _K.THROTTLED,
        _LATER,
        {},
        sample_status=429,
        statuses=(429,),
        window_seconds=_WINDOW_SECONDS,
    ),
)

UNKNOWN_SERVER = FaultRow("http-server-error", "documented", _K.TRANSIENT, _LATER, {}, sample_status=503)
UNKNOWN_REFUSAL = FaultRow(
    "unknown-refusal", "documented", _K.INVALID, "Look the error up in Meta's documentation.", {}
)


def is_refusal(response: Response) -> bool:
    """Whether *response* carries an error; Threads answers some with status 200."""
    body = response.json
    return response.status >= 400 or (isinstance(body, dict) and "error" in body)


def classify(response: Response) -> Fault:
    """Say what may be done after the error that *response* carries."""
    error = _error_of(response.json)
    code, subcode = _int(error.get("code")), _int(error.get("error_subcode"))
    message = " ".join(str(error.get(name, "")) for name in ("error_user_title", "message", "error_user_msg"))
    row = _row(response.status, code, subcode, message)
    said = str(error.get("message") or error.get("error_message") or f"HTTP {response.status}")
    title = error.get("error_user_msg") or error.get("error_user_title")
    problem = f"Threads says: {said}" + (f" ({title})" if title and title != said else "")
    numbers = (
        f"code {code}" + (f", subcode {subcode}" if subcode is not None else "") if code is not None else ""
    )
    return Fault(
        row.kind,
        f"{problem} [{numbers or f'HTTP {response.status}'}]",
        row.remedy,
        row.id,
        response.status,
        code,
        subcode,
        retry_after_seconds=_regained_seconds(response.headers, row),
    )


def _regained_seconds(headers: Mapping[str, str], row: FaultRow) -> float | None:
    """Return after how long the call may be made again, at the latest.

    No page of Threads documents a header for it, so each is optional: ``Retry-After`` in seconds or as a
    date (RFC 9110), which the answer's own ``Date`` is subtracted from, and Graph's usage header, in minutes
    (developers.facebook.com/docs/graph-api/overview/rate-limiting). Without them it is the whole window.
    """
    if row.kind not in {_K.THROTTLED, _K.QUOTA, _K.TRANSIENT}:
        return None
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return float(said)
    until, answered = time_in(said), time_in(headers.get("date", ""))
    if until is not None and answered is not None:
        return max(0.0, (until - answered).total_seconds())
    minutes = _estimated_minutes(headers.get(_USAGE, ""))
    return minutes * 60.0 if minutes else row.window_seconds


_USAGE = "x-business-use-case-usage"


def time_in(header: str) -> datetime | None:
    """Return the moment that *header* names (RFC 9110, to the second); None where it names none."""
    try:
        return parsedate_to_datetime(header).astimezone(UTC)
    except ValueError:
        return None


def _estimated_minutes(usage: str) -> int:
    """Return the longest ``estimated_time_to_regain_access`` of a usage header; 0 where it names none."""
    try:
        rows = json.loads(usage)
    except ValueError:
        return 0
    lists = rows.values() if isinstance(rows, dict) else ()
    each = [use for uses in lists if isinstance(uses, list) for use in uses if isinstance(use, dict)]
    return max((_int(use.get("estimated_time_to_regain_access")) or 0 for use in each), default=0)


def _error_of(body: object) -> Mapping[str, object]:
    if isinstance(body, dict):
        inner = body.get("error")
        return inner if isinstance(inner, dict) else body
    return {}


def _int(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _row(status: int, code: int | None, subcode: int | None, message: str) -> FaultRow:
    for row in ROWS:
        if subcode is not None and subcode in row.subcodes:
            return row
    for row in ROWS:
        if row.symbol and row.symbol in message:
            return row
    for row in ROWS:
        if code is not None and code in row.codes:
            return row
    for row in ROWS:
        if status in row.statuses:
            return row
    return UNKNOWN_SERVER if status >= 500 else UNKNOWN_REFUSAL
