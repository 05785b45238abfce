"""Tokens of Threads: what the network tells of one, and how one is made to live longer.

The endpoints are those of ``api``; here is what the provider makes of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from threadsync.errors import ApiError, Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import now
from threadsync.flows.effects import Flow
from threadsync.flows.retry import retried
from threadsync.model.fault import Fault, FaultClass
from threadsync.providers.authorizing import Renewed
from threadsync.providers.base import Examined, ProviderContext
from threadsync.providers.threads import api_oauth as api

RENEWABLE_AFTER = timedelta(hours=24)
"""How old a token must be (docs/threads/get-started/long-lived-tokens)."""
_NO_ROW = frozenset({FaultClass.FORBIDDEN, FaultClass.INVALID})
"""Kinds of refusal that may mean any condition of a renewal: no page says which code stands for which."""
_TOO_YOUNG = (
    "Threads renews a token that is at least a day old and has the scope threads_basic. The one you have is "
    "as good as before."
)


def examine(bounds: Bounds) -> Flow[Examined]:
    """Ask what Threads tells of the token; what it does not is unknown, not an error."""
    found = yield from retried(api.debug_token, bounds, why="asking about the token")
    match found:
        case Fault(problem=problem):
            return Examined(unknown=f"{problem} (it answers testers of the token's app alone)")
        case Unanswered(problem=problem):
            return Examined(unknown=problem)
        case api.TokenFacts(is_valid=False):
            return Examined(unknown="Threads says that the token is not valid")
    return Examined(found.scopes, found.issued_at, found.expires_at, found.endless)


def renew(context: ProviderContext) -> Flow[Renewed]:
    """Get a new token for the one in use; asking twice harms nobody, since both go on working.

    Raises:
        ApiError, Unanswered: there is none.
    """
    asked_at = yield from now()
    found = yield from retried(api.refresh_token, context.bounds, why="renewing the token")
    if isinstance(found, Fault):
        if found.kind in _NO_ROW:
            found = replace(found, remedy=_unrenewed((yield from examine(context.bounds)), asked_at))
        raise ApiError(found, where=str(context.target))
    if isinstance(found, Unanswered):
        raise found
    ends = asked_at + timedelta(seconds=found.expires_in) if found.expires_in is not None else None
    return Renewed(found.access_token, ends)


def _unrenewed(known: Examined, at: datetime) -> str:
    """Return what to do about a refusal to renew; no code of Threads says which condition is not met."""
    if known.scopes is not None and "threads_basic" not in known.scopes:
        return "The token lacks the scope threads_basic: log in again, with threadsync auth login."
    may = known.issued_at + RENEWABLE_AFTER if known.issued_at is not None else None
    if may is None or may <= at:
        return _TOO_YOUNG
    return (
        "Threads renews a token that is at least 24 hours old: this one may be renewed from "
        f"{may:%Y-%m-%d %H:%M} "
        "UTC on, and is as good as before until then."
    )
