"""The endpoints of Threads that give, exchange, renew and explain tokens, and the way to the first one.

A secret goes into a request by its role, and comes out as a ``SecretText``: none is ever text in a request or
an answer. A driver's credentials hold what stands under the roles: ``main`` the token in use, ``app_secret``
the Threads app's secret, ``code`` what ``complete_authorization`` returned.

Sources: developers.facebook.com/docs/threads/get-started/get-access-tokens-and-permissions,
.../long-lived-tokens and .../app-access-tokens, and .../troubleshooting/debug-access-token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hmac import compare_digest
from urllib.parse import parse_qs, urlencode, urlsplit

from msgspec import field

from threadsync.errors import AuthorizationDenied, AuthorizationMismatch, UsageError
from threadsync.flows.effects import FieldValue, Flow, FormBody, Request, Secret, Visibility
from threadsync.model.ids import MAIN, Role
from threadsync.model.secret import SecretText
from threadsync.providers.answers import Answer, Exchange, Fields
from threadsync.providers.threads.calls import VERSION, call

AUTHORIZE_URL = "https://threads.com/oauth/authorize"
"""The Authorization Window; until 2026 it was on threads.net, which still works."""
APP_SECRET = Role("app_secret")
CODE = Role("code")
SCOPES = (
    "threads_basic",
    "threads_content_publish",
    "threads_read_replies",
    "threads_manage_replies",
    "threads_manage_insights",
    "threads_manage_mentions",
    "threads_keyword_search",
    "threads_delete",
    "threads_location_tagging",
    "threads_profile_discovery",
    "threads_share_to_instagram",
)
"""Everything an app may be allowed to do."""

_NEW = "access_token"
_PASTE = "Copy the whole address of the page that you were sent to, from https:// to its end."


class NewToken(Answer, frozen=True):
    """A token that was just made."""

    access_token: SecretText
    expires_in: int | None
    """How long it lives, in seconds; None where Threads does not say (a code's token: one hour)."""
    token_type: str | None
    """``bearer``."""
    user_id: str | None
    """Whose it is; told of a code's token alone."""
    exchange: Exchange
    more: Mapping[str, object] = field(default_factory=dict)


class TokenFacts(Answer, frozen=True):
    """What Threads tells of a token; times are None where it left them out or says never (0)."""

    is_valid: bool
    scopes: frozenset[str]
    issued_at: datetime | None
    expires_at: datetime | None
    endless: bool
    """Whether Threads says that it never expires."""
    data_access_expires_at: datetime | None
    type: str | None
    """USER or APP."""
    application: str | None
    user_id: str | None
    exchange: Exchange
    more: Mapping[str, object] = field(default_factory=dict)


def authorize_url(
    *, client_id: str, redirect_uri: str, scope: Sequence[str], state: str, window: str = AUTHORIZE_URL
) -> str:
    """Return the address of the Authorization Window, where a person lets the app use an account.

    *client_id* is the Threads App ID, which is not the Meta app's. *redirect_uri* is one of those in the
    app's settings, to the letter (the dashboard may have added a slash). *state* comes back, and must not be
    guessable. *window* is where the Authorization Window is.

    Source: developers.facebook.com/docs/threads/get-started/get-access-tokens-and-permissions

    Raises:
        UsageError: Threads would refuse it.
    """
    if not (client_id.isascii() and client_id.isdecimal()):
        raise UsageError(
            "the Threads App ID is not a number",
            remedy="Take it from App Dashboard > App settings > Basic > Threads App ID.",
        )
    if "threads_basic" not in scope:
        raise UsageError("the scope threads_basic is missing", remedy="Every app needs it: add it to scope.")
    if not state:
        raise UsageError("state is empty", remedy="Make a new one that nobody can guess, and keep it.")
    said = {
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": ",".join(scope),
        "response_type": "code",
        "state": state,
    }
    return f"{window}?{urlencode(said)}"


def complete_authorization(url: str, state: str) -> SecretText:
    """Return the code in the address that a person was sent to; it works once, and for one hour.

    Threads appends ``#_``, which is no part of it. *state* is what was given to ``authorize_url``.

    Source: developers.facebook.com/docs/threads/get-started/get-access-tokens-and-permissions

    Raises:
        AuthorizationDenied: the person said no, or Threads did.
        AuthorizationMismatch: the state is another one, so this is no answer to the question that was asked.
        UsageError: it is no such address.
    """
    try:
        said = parse_qs(urlsplit(url.strip()).query, keep_blank_values=True)
    except ValueError as error:
        raise UsageError("the address cannot be read", remedy=_PASTE) from error
    if any(len(values) > 1 for values in said.values()):
        raise UsageError("the address says something twice", remedy=_PASTE)
    one = {name: values[0] for name, values in said.items()}
    if "error" in one:
        why = one.get("error_description") or one.get("error_reason") or one["error"]
        raise AuthorizationDenied(
            f"Threads did not authorize: {why} [{one['error']}]",
            remedy="Start again, and allow what is asked for.",
        )
    code = one.get("code", "").removesuffix("#_")
    if not code:
        raise UsageError("there is no code in the address", remedy=_PASTE)
    if not compare_digest(one.get("state", "").encode("utf-8", "replace"), state.encode()):
        raise AuthorizationMismatch(
            "this address answers another authorization than the one that was asked for (its state differs)",
            remedy="Start again, and use the address of the page that this very attempt ends on.",
        )
    return SecretText(code)


def exchange_code(
    *, client_id: str, redirect_uri: str, client_secret: Role = APP_SECRET, code: Role = CODE
) -> Flow[NewToken]:
    """Get a short-lived token, of one hour, for the code of an authorization; a code works once.

    *redirect_uri* is the one that was given to ``authorize_url``.

    Endpoint: POST /oauth/access_token
    Scopes: none
    Errors: authorization-code (unknown, used or an hour old)
    Source: developers.facebook.com/docs/threads/get-started/get-access-tokens-and-permissions
    """
    said: dict[str, FieldValue] = {
        "client_id": client_id,
        "client_secret": Secret(client_secret),
        "grant_type": "authorization_code",
        "redirect_uri": redirect_uri,
        "code": Secret(code),
    }
    # Sent once, as what others see is: the code is used up, and a refusal of the second request would hide
    # that the answer to the first was lost.
    request = Request(
        "POST",
        "/oauth/access_token",
        body=FormBody(said),
        visibility=Visibility.VISIBLE,
        answer_secrets=(_NEW,),
    )
    return (yield from call(request, _token))


def exchange_token(*, client_secret: Role = APP_SECRET, access_token: Role = MAIN) -> Flow[NewToken]:
    """Get a long-lived token, of 60 days, for a short-lived one that has not expired.

    Endpoint: GET /access_token
    Scopes: threads_basic
    Errors: token-expired
    Source: developers.facebook.com/docs/threads/get-started/long-lived-tokens
    """
    said: dict[str, FieldValue] = {
        "grant_type": "th_exchange_token",
        "client_secret": Secret(client_secret),
        _NEW: Secret(access_token),
    }
    return (yield from _new_token("/access_token", said))


def refresh_token(*, access_token: Role = MAIN) -> Flow[NewToken]:
    """Get a new long-lived token for one that goes on working until it expires.

    It must be at least 24 hours old and not expired; the new one lives for 60 days from now.

    Endpoint: GET /refresh_access_token
    Scopes: threads_basic
    Errors: token-expired
    Source: developers.facebook.com/docs/threads/get-started/long-lived-tokens
    """
    said: dict[str, FieldValue] = {"grant_type": "th_refresh_token", _NEW: Secret(access_token)}
    return (yield from _new_token("/refresh_access_token", said))


def app_token(*, client_id: str, client_secret: Role = APP_SECRET) -> Flow[NewToken]:
    """Get the token of the app itself, which stands for no account.

    Endpoint: GET /oauth/access_token
    Scopes: none
    Source: developers.facebook.com/docs/threads/get-started/app-access-tokens
    """
    said: dict[str, FieldValue] = {
        "client_id": client_id,
        "client_secret": Secret(client_secret),
        "grant_type": "client_credentials",
    }
    return (yield from _new_token("/oauth/access_token", said))


def debug_token(*, input_token: Role = MAIN, access_token: Role = MAIN) -> Flow[TokenFacts]:
    """Read what Threads knows of *input_token*, asked with *access_token*; one token may be both.

    Threads answers testers of the app that both tokens belong to.

    Endpoint: GET /debug_token
    Scopes: threads_basic
    Source: developers.facebook.com/docs/threads/troubleshooting/debug-access-token
    """
    params = {"input_token": Secret(input_token)}
    request = Request("GET", f"{VERSION}/debug_token", params, auth=access_token)
    return (yield from call(request, _facts))


def _new_token(path: str, said: Mapping[str, FieldValue]) -> Flow[NewToken]:
    """Ask for a token; making one more of them harms nobody, so it is no READ and may be repeated."""
    request = Request("GET", path, said, visibility=Visibility.STAGE, answer_secrets=(_NEW,))
    return (yield from call(request, _token))


def _token(body: Fields, how: Exchange) -> NewToken:
    # What is left of the token in the answer's text says only that it was taken out.
    _ = body.maybe_text(_NEW)
    return NewToken(
        how.secrets[_NEW],
        body.number("expires_in"),
        body.maybe_text("token_type"),
        body.maybe_id("user_id"),
        how,
        body.rest,
    )


def _facts(body: Fields, how: Exchange) -> TokenFacts:
    told = body.inner("data")
    if told is None:
        raise TypeError("data is not an object")
    expires_at = told.number("expires_at")
    return TokenFacts(
        told.flag("is_valid") is True,
        frozenset(told.names("scopes") or ()),
        told.moment("issued_at"),
        datetime.fromtimestamp(expires_at, UTC) if expires_at else None,
        expires_at == 0,
        told.moment("data_access_expires_at"),
        told.maybe_text("type"),
        told.maybe_text("application"),
        told.maybe_id("user_id"),
        how,
        {**body.rest, **told.rest},
    )
