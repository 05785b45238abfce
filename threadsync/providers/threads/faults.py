"""Errors of the Threads API, classified by what may be done next.

The subcode decides before the code, and neither does the text: texts are localised to the account's
language. Sources: developers.facebook.com/docs/threads/troubleshooting and
developers.facebook.com/docs/graph-api/guides/error-handling; rows marked ``observed`` were reported
by users of the API and are not in the documentation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from threadsync.flows.effects import Response
from threadsync.model.fault import Fault, FaultClass
from threadsync.providers.answers import time_in
from threadsync.providers.threads.faults_rows import ROWS, UNKNOWN_REFUSAL, UNKNOWN_SERVER, FaultRow

__all__ = ("ROWS", "UNKNOWN_REFUSAL", "UNKNOWN_SERVER", "FaultRow", "classify", "refusal")

_PASSING = frozenset({FaultClass.THROTTLED, FaultClass.QUOTA, FaultClass.TRANSIENT})
"""What passes with time."""


def _is_refusal(response: Response) -> bool:
    """Whether *response* carries an error; Threads answers some with status 200."""
    body = response.json
    return response.status >= 400 or (isinstance(body, dict) and "error" in body)


def refusal(response: Response) -> Fault | None:
    """Return the error that *response* carries; None where it carries none."""
    return classify(response) if _is_refusal(response) else None


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
    if row.kind not in _PASSING:
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
