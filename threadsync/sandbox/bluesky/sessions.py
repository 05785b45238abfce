"""Logins, and the two tokens of each (docs.bsky.app, com.atproto.server.*; atproto.com/specs/xrpc).

A token is a JWT whose parts follow from the state, so that a used refresh token can give the same next one
again; the state keeps digests only.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import digest
from typing import Final

from msgspec.structs import replace

from threadsync.sandbox.bluesky import errors, identity
from threadsync.sandbox.bluesky.call import Call, Done
from threadsync.sandbox.bluesky.errors import XrpcError
from threadsync.sandbox.bluesky.state import Account, Session, State
from threadsync.sandbox.bluesky.values import Json, SecretDigest, digest_of

ACCESS: Final = "access"
REFRESH: Final = "refresh"
WHOLE: Final = "com.atproto.access"
APP_PASSWORD: Final = "com.atproto.appPass"  # noqa: S105  (the name of a scope)
SERVICE_SECONDS: Final = 60
SERVICE_SECONDS_MAX: Final = 1_800


def authenticate(state: State, token: SecretDigest | None, *, kind: str, now: float) -> Session | XrpcError:
    """Find the session of a token's digest, or say why there is none."""
    if token is None:
        return errors.auth_missing()
    found = state.sessions.get(token)
    if found is None:
        return errors.invalid_token("Token could not be verified")
    if found.kind != kind:
        return errors.invalid_token("Invalid token type")
    if found.expires_at <= now:
        return errors.expired("Token has expired")
    if kind == REFRESH and found.line in state.ended:
        return errors.expired("Token has been revoked")
    return found


def create(call: Call) -> Done | XrpcError:
    """Log in with a main or an app password, by handle, DID or address of email."""
    account = call.state.account(call.text("identifier"))
    given = call.text("password_digest")
    if account is None or given not in {account.password, account.app_password}:
        return errors.auth_required("Invalid identifier or password")
    scope = WHOLE if given == account.password else APP_PASSWORD
    first = call.state.lot("session")
    pair = _pair(call, account, scope=scope, line=first, refresh_id=first)
    return Done(_told(call, account) | pair)


def refresh(call: Call) -> Done | XrpcError:
    """Give a new pair; within the grace a refresh token that was used gives the same next one."""
    state, session, account = call.state, call.session, call.caller
    assert session is not None, "it is called with a refresh token"
    next_id = session.next_id or state.lot("session")
    if not session.next_id:
        grace_ends = min(session.expires_at, call.now + state.switches.refresh_grace_seconds)
        assert call.request.token is not None, "it is called with a refresh token"
        state.sessions[call.request.token] = replace(session, next_id=next_id, expires_at=grace_ends)
    return Done(_told(call, account) | _pair(call, account, session.scope, session.line, next_id))


def delete(call: Call) -> Done | XrpcError:
    """End the session of a refresh token, and with it all that it was exchanged for."""
    assert call.session is not None, "it is called with a refresh token"
    call.state.ended.add(call.session.line)
    return Done()


def read(call: Call) -> Done | XrpcError:
    """Say whose session it is."""
    return Done(_told(call, call.caller))


def invite_codes(call: Call) -> Done | XrpcError:
    """List the account's invitations, of which there are none, to who logged in with its own password."""
    assert call.session is not None, "it is called with an access token"
    if call.session.scope != WHOLE:
        return errors.invalid_token("Bad token scope")
    return Done({"codes": []})


def service_auth(call: Call) -> Done | XrpcError:
    """Make a token for another service: 60 s by default, up to 30 minutes for one method, else up to one."""
    audience, method, until = call.param("aud"), call.param("lxm"), call.param("exp")
    if not audience:
        return errors.bad_params(call.state, "aud")
    if until and not until.isdecimal():
        return errors.bad_params(call.state, "exp")
    expires_at = int(until) if until else int(call.now) + SERVICE_SECONDS
    if expires_at < call.now:
        return XrpcError(400, "BadExpiration", "expiration is in past")
    most = SERVICE_SECONDS_MAX if method else SERVICE_SECONDS
    if expires_at - call.now > most:
        return XrpcError(
            400, "BadExpiration", f"cannot request a token with an expiration more than {most} s"
        )
    claims: Json = {"iss": call.caller.did, "aud": audience, "iat": int(call.now), "exp": expires_at}
    if method:
        claims["lxm"] = method
    token = _signed({"typ": "JWT", "alg": "ES256K"}, claims | {"jti": call.state.lot("service")}, call.state)
    kind = service_kind(audience, method)
    call.state.sessions[digest_of(token)] = Session(call.caller.did, kind, method, float(expires_at), line="")
    return Done({"token": token})


def service_kind(audience: str, method: str) -> str:
    """Return the kind of a session that :func:`service_auth` makes."""
    return f"service {audience} {method}"


def _told(call: Call, account: Account) -> Json:
    return {
        "did": account.did,
        "didDoc": identity.document(call.state, account),
        "handle": account.handle,
        "email": account.email,
        "emailConfirmed": call.state.switches.email_confirmed,
        "active": True,
    }


def _pair(call: Call, account: Account, scope: str, line: str, refresh_id: str) -> Json:
    state, issued = call.state, int(call.now)
    access_ends = issued + int(state.switches.access_life_seconds)
    refresh_ends = issued + int(state.switches.refresh_life_seconds)
    common: Json = {"aud": identity.service_did(state), "sub": account.did, "iat": issued}
    access = _signed(
        {"typ": "at+jwt", "alg": "HS256"},
        common | {"scope": scope, "exp": access_ends, "jti": state.lot("access")},
        state,
    )
    renewal = _signed(
        {"typ": "refresh+jwt", "alg": "HS256"},
        common | {"scope": "com.atproto.refresh", "exp": refresh_ends, "jti": refresh_id},
        state,
    )
    known = state.sessions.get(digest_of(renewal))
    state.sessions[digest_of(access)] = Session(account.did, ACCESS, scope, float(access_ends), line)
    if known is None:
        state.sessions[digest_of(renewal)] = Session(account.did, REFRESH, scope, float(refresh_ends), line)
    return {"accessJwt": access, "refreshJwt": renewal}


def _signed(head: Json, claims: Json, state: State) -> str:
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (head, claims)]
    signed = b".".join(map(_base64, parts))
    key = sha256(f"key {state.seed}".encode()).digest()
    return (signed + b"." + _base64(digest(key, signed, "sha256"))).decode()


def _base64(content: bytes) -> bytes:
    return urlsafe_b64encode(content).rstrip(b"=")
