"""Tokens of Threads: what the network tells of one, and how one is made to live longer.

The endpoints stand beside those of ``api``. Sources: developers.facebook.com/docs/threads/get-started/
long-lived-tokens and .../threads/troubleshooting/debug-access-token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from threadsync.errors import ApiError, Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import now
from threadsync.flows.effects import Flow, Request, Secret, Visibility
from threadsync.flows.retry import retried
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import MAIN
from threadsync.model.secret import SecretText
from threadsync.providers.base import Examined, ProviderContext, Renewed
from threadsync.providers.threads.api import VERSION, call

_NEW = "access_token"
_TOO_YOUNG = (
    "Threads renews a token that is at least a day old and has the scope threads_basic. The one you have is "
    "as good as before."
)


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made, and how long it lives; None where Threads did not say."""

    secret: SecretText
    life_seconds: int | None


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What Threads tells of a token; times are None where it left them out or says never (0)."""

    is_valid: bool
    scopes: frozenset[str]
    issued_at: datetime | None
    expires_at: datetime | None
    endless: bool


def refresh_token() -> Flow[NewToken]:
    """Get a new long-lived token for the one in use, which goes on working until it expires.

    It must be at least 24 hours old and not expired. Scope: threads_basic.
    """
    request = Request(
        "GET",
        "/refresh_access_token",
        {"grant_type": "th_refresh_token", _NEW: Secret(MAIN)},
        visibility=Visibility.STAGE,
        answer_secrets=(_NEW,),
    )
    return (yield from call(request, lambda body, how: NewToken(how.secrets[_NEW], _life(body))))


def debug_token() -> Flow[TokenFacts]:
    """Read what Threads knows of the token in use, asked with the token itself.

    Threads answers testers of the token's app alone.
    """
    request = Request("GET", f"{VERSION}/debug_token", {"input_token": Secret(MAIN)}, auth=MAIN)
    return (yield from call(request, lambda body, _: _facts(body)))


def examine(bounds: Bounds) -> Flow[Examined]:
    """Ask what Threads tells of the token; what it does not is unknown, not an error."""
    found = yield from retried(debug_token, bounds, why="asking about the token")
    match found:
        case Fault(problem=problem):
            return Examined(unknown=f"{problem} (it answers testers of the token's app alone)")
        case Unanswered(problem=problem):
            return Examined(unknown=problem)
        case TokenFacts(is_valid=False):
            return Examined(unknown="Threads says that the token is not valid")
    return Examined(found.scopes, found.issued_at, found.expires_at, found.endless)


def renew(context: ProviderContext) -> Flow[Renewed]:
    """Get a new token for the one in use; asking twice harms nobody, since both go on working.

    Raises:
        ApiError, Unanswered: there is none.
    """
    asked_at = yield from now()
    found = yield from retried(refresh_token, context.bounds, why="renewing the token")
    if isinstance(found, Fault):
        if found.kind is FaultClass.FORBIDDEN:
            found = replace(found, remedy=_TOO_YOUNG)
        raise ApiError(found, where=str(context.target))
    if isinstance(found, Unanswered):
        raise found
    ends = asked_at + timedelta(seconds=found.life_seconds) if found.life_seconds is not None else None
    return Renewed(found.secret, ends)


def _life(body: Mapping[str, object]) -> int | None:
    found = body.get("expires_in")
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _facts(body: Mapping[str, object]) -> TokenFacts:
    inner = body["data"]
    if not isinstance(inner, dict):
        raise TypeError("data is not an object")
    scopes = inner.get("scopes")
    return TokenFacts(
        inner.get("is_valid") is True,
        frozenset(str(scope) for scope in scopes) if isinstance(scopes, list) else frozenset(),
        _moment(inner.get("issued_at")),
        _moment(inner.get("expires_at")),
        endless=inner.get("expires_at") == 0,
    )


def _moment(seconds: object) -> datetime | None:
    is_time = isinstance(seconds, int) and not isinstance(seconds, bool) and seconds > 0
    return datetime.fromtimestamp(seconds, UTC) if is_time and isinstance(seconds, int) else None
