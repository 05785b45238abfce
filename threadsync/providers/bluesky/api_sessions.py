"""The endpoints that open an account, and those that say where it lives.

Sources: https://docs.bsky.app/docs/api/com-atproto-server-create-session and its neighbours, and the lexicons
``com.atproto.server`` and ``com.atproto.identity``.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote

from msgspec import field

from threadsync.errors import ApiError, Unanswered, UsageError
from threadsync.flows.core import send
from threadsync.flows.effects import Flow, NoResponse, Request, Secret, SecretJson, Visibility
from threadsync.model.ids import MAIN
from threadsync.model.secret import SecretText
from threadsync.model.urls import is_loopback
from threadsync.providers.answers import Answer, Exchange, Fields
from threadsync.providers.bluesky.calls import (
    DIRECTORY,
    PUBLIC,
    RENEWAL,
    SESSION,
    asked,
    call,
    procedure,
    procedure_request,
    query,
)
from threadsync.providers.bluesky.faults import refusal

_SECRETS = ("accessJwt", "refreshJwt")
NOT_FOR_APP_PASSWORDS: Final = "wrong-token"
"""The error of what a session of an app password may not do."""
_HOST: Final = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?")
"""What a did:web names: a host and no path, with a port where it is this machine."""


class Session(Answer, frozen=True, kw_only=True):
    """What a login gives. Both tokens are opaque: ``access`` lives for hours, ``refresh`` for months."""

    did: str
    handle: str
    access: SecretText
    refresh: SecretText
    expires_at: datetime | None = None
    """Until when ``access`` lives, as it says itself; None where it says nothing."""
    pds_url: str | None = None
    """The account's own server, which later calls go to; None where the answer does not say."""
    email: str | None = None
    email_confirmed: bool | None = None
    active: bool | None = None
    status: str | None = None
    """Why it is not active: ``takendown``, ``suspended``, ``deactivated``."""
    more: Mapping[str, object] = field(default_factory=dict)
    exchange: Exchange


class Whoami(Answer, frozen=True, kw_only=True):
    """Whose account a session opens."""

    did: str
    handle: str
    email: str | None = None
    email_confirmed: bool | None = None
    active: bool | None = None
    status: str | None = None
    more: Mapping[str, object] = field(default_factory=dict)
    exchange: Exchange


class ServerDescription(Answer, frozen=True, kw_only=True):
    """What a server says of itself."""

    did: str
    available_user_domains: tuple[str, ...] = ()
    invite_code_required: bool | None = None
    blob_upload_limit: int | None = None
    """In bytes; None where the server does not say (before release 0.5)."""
    more: Mapping[str, object] = field(default_factory=dict)
    exchange: Exchange


class DidDocument(Answer, frozen=True, kw_only=True):
    """Where an account lives, and what it is called."""

    id: str
    handle: str | None = None
    pds_url: str | None = None
    more: Mapping[str, object] = field(default_factory=dict)
    exchange: Exchange


class ServiceToken(Answer, frozen=True, kw_only=True):
    """What opens one method of another service for a little while."""

    token: SecretText
    exchange: Exchange


def create_session(identifier: str, *, auth_factor_token: str | None = None, host: str = "") -> Flow[Session]:
    """Log in, with the password that is the main credential; make it an app password.

    *identifier* is a handle, a DID or an email address. *auth_factor_token* is the code of an email, for an
    account's own password where it asks for one. *host* is the address of the account's own server, where the
    client has no other.

    Endpoint: POST com.atproto.server.createSession
    Limits: 30 in 5 minutes and 300 a day for an account, wrong passwords too
    Errors: wrong-password, second-factor, account-taken-down, rate-limit
    Source: https://docs.bsky.app/docs/api/com-atproto-server-create-session
    """
    body: dict[str, SecretJson] = {
        "identifier": identifier,
        "password": Secret(MAIN),
        "authFactorToken": auth_factor_token,
    }
    return procedure(
        "com.atproto.server.createSession", body, _session, Visibility.STAGE, None, _SECRETS, host
    )


def refresh_session() -> Flow[Session]:
    """Get the next session for the one there is; for two hours the old one gives the same next one.

    Endpoint: POST com.atproto.server.refreshSession
    Errors: expired-session (the app password was taken away, or the session ended), account-taken-down
    Source: https://docs.bsky.app/docs/api/com-atproto-server-refresh-session
    """
    return procedure(
        "com.atproto.server.refreshSession",
        None,
        _session,
        Visibility.STAGE,
        RENEWAL,
        answer_secrets=_SECRETS,
    )


def delete_session() -> Flow[None]:
    """Log out: nothing is renewed any more; what was given out lives on until it ends.

    Endpoint: POST com.atproto.server.deleteSession
    Source: https://docs.bsky.app/docs/api/com-atproto-server-delete-session
    """
    request = procedure_request("com.atproto.server.deleteSession", None, Visibility.STAGE, RENEWAL)
    outcome = yield from send(request)
    where = f"{request.method} {request.path}"
    if isinstance(outcome, NoResponse):
        raise Unanswered(outcome.reason, sent=outcome.sent, where=where)
    fault = refusal(outcome)
    if fault is not None:
        raise ApiError(fault, where=where)


def get_session() -> Flow[Whoami]:
    """Ask whose account the session opens.

    Endpoint: GET com.atproto.server.getSession
    Errors: expired-session, wrong-token
    Source: https://docs.bsky.app/docs/api/com-atproto-server-get-session
    """
    return query("com.atproto.server.getSession", {}, _whoami)


def get_account_invite_codes() -> Flow[tuple[str, ...]]:
    """List the account's codes that invite others, and make none; a session of an app password may not.

    Endpoint: GET com.atproto.server.getAccountInviteCodes
    Errors: wrong-token (the session is one of an app password: ``Bad token scope``, observed)
    Source: https://docs.bsky.app/docs/api/com-atproto-server-get-account-invite-codes
    """
    return query(
        "com.atproto.server.getAccountInviteCodes",
        {"createAvailable": False},
        lambda body, _: tuple(each.text("code") for each in body.entries("codes") or ()),
    )


def describe_server() -> Flow[ServerDescription]:
    """Ask a server what it is; needs no session.

    Endpoint: GET com.atproto.server.describeServer
    Source: https://docs.bsky.app/docs/api/com-atproto-server-describe-server
    """
    return query("com.atproto.server.describeServer", {}, _server, None)


def get_service_auth(aud: str, *, lxm: str | None = None, exp: datetime | None = None) -> Flow[ServiceToken]:
    """Get a token that opens *lxm*, a method of the service *aud* (a DID), until *exp*.

    Endpoint: GET com.atproto.server.getServiceAuth
    Limits: a minute unless *exp* says more; without *lxm* never more, with it half an hour (observed)
    Source: https://docs.bsky.app/docs/api/com-atproto-server-get-service-auth
    """
    if exp is not None and exp.tzinfo is None:
        raise UsageError("exp has no time zone", remedy="Give an aware datetime, such as one in UTC.")
    params = {"aud": aud, "lxm": lxm, "exp": None if exp is None else int(exp.timestamp())}
    request = Request(
        "GET",
        "/xrpc/com.atproto.server.getServiceAuth",
        asked(params),
        auth=SESSION,
        answer_secrets=("token",),
    )
    return call(request, lambda _, how: ServiceToken(token=how.secrets["token"], exchange=how))


def resolve_handle(handle: str, *, public: bool = False) -> Flow[str]:
    """Return the DID of *handle*, as the account's server knows it; with *public*, as the public one does.

    Endpoint: GET com.atproto.identity.resolveHandle
    Errors: handle-unknown (older servers say InvalidRequest)
    Source: https://docs.bsky.app/docs/api/com-atproto-identity-resolve-handle
    """
    return query(
        "com.atproto.identity.resolveHandle",
        {"handle": handle},
        lambda body, _: body.text("did"),
        None,
        PUBLIC if public else "",
    )


def did_document(did: str) -> Flow[DidDocument]:
    """Read where the account *did* lives: from the directory of did:plc, or the host that a did:web names.

    Endpoint: GET /{did}, or /.well-known/did.json
    Errors: record-gone
    Source: https://web.plc.directory/api/redoc, https://atproto.com/specs/did

    Raises:
        UsageError: it is a DID of another kind, or none.
    """
    if did.startswith("did:plc:"):
        return call(Request("GET", f"/{did}", host=DIRECTORY), _document)
    name = unquote(did.removeprefix("did:web:"))
    if not did.startswith("did:web:") or not _HOST.fullmatch(name):
        raise UsageError(
            f"{did} is no DID that Bluesky knows",
            remedy="Give one that begins with did:plc: or did:web:HOST.",
        )
    scheme = "http" if is_loopback(f"http://{name}") else "https"
    return call(Request("GET", "/.well-known/did.json", host=f"{scheme}://{name}"), _document)


def _session(body: Fields, how: Exchange) -> Session:
    access = how.secrets["accessJwt"]
    for name in _SECRETS:
        _ = body.maybe_text(name)  # what stands there now says only that they were taken out
    document = body.inner("didDoc")
    return Session(
        did=body.text("did"),
        handle=body.text("handle"),
        access=access,
        refresh=how.secrets["refreshJwt"],
        expires_at=expiry_of(access),
        pds_url=_pds_of(document) if document is not None else None,
        email=body.maybe_text("email"),
        email_confirmed=body.flag("emailConfirmed"),
        active=body.flag("active"),
        status=body.maybe_text("status"),
        more=body.rest,
        exchange=how,
    )


def expiry_of(token: SecretText) -> datetime | None:
    """Return until when *token* says that it lives; None where it says nothing that can be read."""
    try:
        payload = token.reveal().split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return datetime.fromtimestamp(int(said["exp"]), UTC)
    except (IndexError, ValueError, KeyError, TypeError, OverflowError, OSError):
        return None  # tokens count as opaque; then it is used until a server says that it is over


def _whoami(body: Fields, how: Exchange) -> Whoami:
    return Whoami(
        did=body.text("did"),
        handle=body.text("handle"),
        email=body.maybe_text("email"),
        email_confirmed=body.flag("emailConfirmed"),
        active=body.flag("active"),
        status=body.maybe_text("status"),
        more=body.rest,
        exchange=how,
    )


def _server(body: Fields, how: Exchange) -> ServerDescription:
    return ServerDescription(
        did=body.text("did"),
        available_user_domains=body.names("availableUserDomains") or (),
        invite_code_required=body.flag("inviteCodeRequired"),
        blob_upload_limit=body.number("blobUploadLimit"),
        more=body.rest,
        exchange=how,
    )


def _document(body: Fields, how: Exchange) -> DidDocument:
    names = body.names("alsoKnownAs") or ()
    handles = [each.removeprefix("at://") for each in names if each.startswith("at://")]
    return DidDocument(
        id=body.text("id"),
        handle=handles[0] if handles else None,
        pds_url=_pds_of(body),
        more=body.rest,
        exchange=how,
    )


def _pds_of(document: Fields) -> str | None:
    """Return the server that a DID document names (https://atproto.com/specs/did)."""
    for service in document.entries("service") or ():
        name, kind = service.maybe_text("id") or "", service.maybe_text("type")
        if name.endswith("#atproto_pds") and kind == "AtprotoPersonalDataServer":
            return service.maybe_text("serviceEndpoint")
    return None
