"""Who calls, and with what rights; looking at a token and making it live longer.

developers.facebook.com/docs/threads/get-started/long-lived-tokens,
.../troubleshooting/debug-access-token.
"""

from __future__ import annotations

from hashlib import blake2b

from threadsync.sandbox.threads import errors
from threadsync.sandbox.threads.call import Call
from threadsync.sandbox.threads.errors import ApiError
from threadsync.sandbox.threads.state import State, Token
from threadsync.sandbox.threads.values import Request, Response, TokenDigest, token_digest

GRANT_SECONDS = 7_776_000
"""How long a permission lasts: 90 days from the day its token was given."""


def authenticate(state: State, request: Request, now: float) -> Token | ApiError:
    """Find the token of a call; a missing one is answered like a wrong one."""
    token = state.tokens.get(request.token) if request.token else None
    if token is None:
        return errors.token_unknown()
    if token.expires_at is not None and now >= token.expires_at:
        return errors.token_expired(token.expires_at)
    return token


def new_secret(state: State, prefix: str) -> str:
    """Make a secret that follows from the seed; only its digest is kept."""
    state.number += 1
    state.serial += 1
    return prefix + blake2b(f"{state.seed}#{state.number}".encode(), digest_size=16).hexdigest()


def is_secret_of_app(state: State, request: Request) -> bool:
    """Whether a call names the app's own secret."""
    return request.params.get("client_secret_digest") == state.app.secret


def issue(
    state: State,
    account: str,
    scopes: frozenset[str],
    *,
    now: float,
    life_seconds: float,
    is_short_lived: bool,
) -> str:
    """Make a token for a profile, and return it."""
    secret = new_secret(state, "THS" if is_short_lived else "THL")
    state.tokens[token_digest(secret)] = Token(account, scopes, now, now + life_seconds, is_short_lived)
    return secret


def exchange(call: Call) -> Response:
    """Give a long-lived token for a short-lived one; the app's secret is needed."""
    if call.param("grant_type") != "th_exchange_token":
        return call.refuse(errors.invalid_parameter("grant_type must be th_exchange_token"))
    if not is_secret_of_app(call.state, call.request):
        return call.refuse(errors.invalid_parameter("client_secret is not that of the app"))
    if not call.token.is_short_lived:
        return call.refuse(errors.invalid_parameter("only a short-lived token is exchanged"))
    return _long_lived(call)


def refresh(call: Call) -> Response:
    """Give a new token for a long-lived one that is at least a day old; the old one goes on working."""
    if call.param("grant_type") != "th_refresh_token":
        return call.refuse(errors.invalid_parameter("grant_type must be th_refresh_token"))
    if call.token.is_short_lived:
        return call.refuse(errors.invalid_parameter("only a long-lived token is refreshed"))
    if call.now < call.token.issued_at + call.state.switches.refresh_age_min_seconds:
        return call.refuse(errors.permission_missing())
    return _long_lived(call)


def _long_lived(call: Call) -> Response:
    life = call.state.switches.token_life_seconds
    token = call.token
    secret = issue(
        call.state, token.account, token.scopes, now=call.now, life_seconds=life, is_short_lived=False
    )
    return call.answer({"access_token": secret, "token_type": "bearer", "expires_in": int(life)})


def debug(call: Call) -> Response:
    """Tell what a token is: whose, how long it lives, which scopes it carries."""
    if "input_token_digest" not in call.request.params:
        return call.refuse(errors.invalid_parameter("input_token is required"))
    asked = call.state.tokens.get(TokenDigest(call.param("input_token_digest")))
    if asked is None:
        return call.answer({"data": {"type": "USER", "is_valid": False, "scopes": []}})
    is_endless = asked.expires_at is None
    return call.answer(
        {
            "data": {
                "type": "USER",
                "application": call.state.app.name,
                "data_access_expires_at": 0 if is_endless else int(asked.issued_at) + GRANT_SECONDS,
                "expires_at": int(asked.expires_at or 0),
                "is_valid": is_endless or call.now < (asked.expires_at or 0),
                "issued_at": int(asked.issued_at),
                "scopes": sorted(asked.scopes),
                "user_id": asked.account,
            }
        }
    )
