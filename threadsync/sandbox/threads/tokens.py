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


def authenticate(state: State, request: Request, now: float) -> Token | ApiError:
    """Find the token of a call; a missing one is answered like a wrong one."""
    token = state.tokens.get(request.token) if request.token else None
    if token is None:
        return errors.token_unknown()
    if token.expires_at is not None and now >= token.expires_at:
        return errors.token_expired(token.expires_at)
    return token


def refresh(call: Call) -> Response:
    """Give a new token for one that is at least a day old; the old one goes on working."""
    if call.param("grant_type") != "th_refresh_token":
        return call.refuse(errors.invalid_parameter("grant_type must be th_refresh_token"))
    switches = call.state.switches
    if call.now < call.token.issued_at + switches.refresh_age_min_seconds:
        return call.refuse(errors.permission_missing())
    call.state.number += 1
    mark = blake2b(f"{call.state.seed}#{call.state.number}".encode(), digest_size=16).hexdigest()
    secret = f"THL{mark}"
    call.state.tokens[token_digest(secret)] = Token(
        account=call.token.account,
        scopes=call.token.scopes,
        issued_at=call.now,
        expires_at=call.now + switches.token_life_seconds,
    )
    call.state.serial += 1
    life = int(switches.token_life_seconds)
    return call.answer({"access_token": secret, "token_type": "bearer", "expires_in": life})


def debug(call: Call) -> Response:
    """Tell what a token is: whose, how long it lives, which scopes it carries."""
    asked = call.state.tokens.get(TokenDigest(call.param("input_token_digest")))
    if asked is None:
        return call.answer({"data": {"type": "USER", "is_valid": False, "scopes": []}})
    expires_at = 0 if asked.expires_at is None else int(asked.expires_at)
    return call.answer(
        {
            "data": {
                "type": "USER",
                "application": "sandbox",
                "data_access_expires_at": expires_at,
                "expires_at": expires_at,
                "is_valid": asked.expires_at is None or call.now < asked.expires_at,
                "issued_at": int(asked.issued_at),
                "scopes": sorted(asked.scopes),
                "user_id": asked.account,
            }
        }
    )
