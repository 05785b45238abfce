"""The errors of forges, by what may be done next.

Sources: docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api and
…/rate-limits-for-the-rest-api, docs.gitlab.com/api/rest/troubleshooting and
docs.gitlab.com/administration/settings/rate_limit_on_notes_creation, and the interface description that
every Forgejo serves at ``/api/swagger``.
"""

from __future__ import annotations

from collections.abc import Mapping

from threadsync.flows.effects import Response
from threadsync.forges.base import Rights
from threadsync.model.fault import Fault, FaultClass
from threadsync.providers.answers import time_in

THROTTLED_SECONDS = 60.0
"""How long to wait after a limit of which no header says when it ends (GitHub: at least one minute)."""
SAID_CHARACTERS_MAX = 300


def fault_of(response: Response, rights: Rights) -> Fault | None:
    """Return the error that *response* of a forge carries; None where it carries none."""
    status = response.status
    if status < 300:
        return None
    said, forge = _said(response.json), rights.forge
    seconds = _throttled_seconds(response, said)
    if seconds is not None:
        return Fault(
            FaultClass.THROTTLED,
            f"{forge} takes no more requests for now{said}.",
            f"Run it again after {seconds:.0f} s.",
            "throttled",
            status,
            retry_after_seconds=seconds,
        )
    match status:
        case 401:
            kind, problem, remedy = FaultClass.UNAUTHORIZED, "does not accept the token", rights.token
        case 403:
            kind, problem, remedy = FaultClass.FORBIDDEN, "does not let this token do that", rights.comment
        case 404 | 410:
            kind, problem = FaultClass.GONE, "has no such thing, or does not show it to this token"
            remedy = f"Check --repository and --number. {rights.comment}"
        case 413 | 422 | 400:
            kind, problem = FaultClass.INVALID, "refuses the comment"
            remedy = "If it is too long, give a smaller --max-chars."
        case 423:
            kind, problem = FaultClass.FORBIDDEN, "has archived the repository"
            remedy = "Nobody can comment there."
        case _ if status >= 500:
            kind, problem, remedy = FaultClass.TRANSIENT, "stumbled", "Run it again later."
        case _ if status < 400:
            kind, problem = FaultClass.INVALID, "has the repository at another address"
            remedy = "It was moved or renamed: give its name of today with --repository."
        case _:
            kind, problem, remedy = FaultClass.INVALID, "refuses the request", rights.comment
    return Fault(kind, f"{forge} {problem} (HTTP {status}){said}.", remedy, kind.value, status)


def _said(body: object) -> str:
    """Return what the forge says of its refusal, in its own words."""
    if not isinstance(body, Mapping):
        return ""
    said = body.get("message") or body.get("error") or ""
    text = said if isinstance(said, str) else repr(said)
    return f": {text[:SAID_CHARACTERS_MAX].rstrip('.')}" if text else ""


def _throttled_seconds(response: Response, said: str) -> float | None:
    """Return after how long it may be asked again, where a limit was reached; None where none was."""
    headers = response.headers
    after = _seconds(headers.get("retry-after"))
    spent = "0" in {headers.get("x-ratelimit-remaining"), headers.get("ratelimit-remaining")}
    if response.status not in {403, 429}:
        return None
    if response.status == 403 and after is None and not spent and "rate limit" not in said.lower():
        return None
    if after is not None:
        return after
    ends = _seconds(headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset"))
    there = time_in(headers.get("date", ""))
    if spent and ends is not None and there is not None:
        return max(1.0, ends - there.timestamp())
    return THROTTLED_SECONDS


def _seconds(header: str | None) -> float | None:
    return float(header) if header is not None and header.isdecimal() else None
