"""Authorization: the window in which a person says yes, the code for it, and the tokens of the app.

developers.facebook.com/docs/threads/get-started/get-access-tokens-and-permissions,
.../get-started/app-access-tokens. Nobody looks at the window here: who is logged in, and whether that
person agrees, are the switches ``authorize_as`` and ``authorize_denied``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote, urlencode

from msgspec.structs import replace

from threadsync.sandbox.threads import errors
from threadsync.sandbox.threads.call import refusal
from threadsync.sandbox.threads.records import Grant
from threadsync.sandbox.threads.state import Account, State
from threadsync.sandbox.threads.tokens import is_secret_of_app, issue, new_secret
from threadsync.sandbox.threads.values import SCOPES, Request, Response, TokenDigest, token_digest

USED_CODE = "Matching code was not found or was already used"


def authorize(state: State, request: Request, now: float) -> Response:
    """Answer the authorization window: send the person back with a code or a refusal, or say what is wrong.

    The scopes come with commas or spaces between them and hold ``threads_basic``.
    """
    params = request.params
    redirect_uri = params.get("redirect_uri", "")
    if params.get("client_id") != state.app.id:
        return errors.in_window("No app ID was provided in the request.", 4476002)
    registered = state.app.redirect_uris
    if not redirect_uri or (registered and redirect_uri not in registered):
        return errors.in_window(errors.URL_BLOCKED, 1349168)
    scopes = frozenset(params.get("scope", "").replace(",", " ").split())
    if params.get("response_type") != "code" or "threads_basic" not in scopes or scopes - set(SCOPES):
        return errors.in_window("Invalid Request: response_type is code, scope holds threads_basic", 1)
    person = _logged_in(state)
    if person is None:
        return errors.in_window("Invalid Request: nobody is logged in", 1)
    if not person.about.is_tester and not state.switches.advanced_access:
        return errors.in_window(errors.NOT_INVITED, 1349245)
    if state.switches.authorize_denied:
        return _sent_back(redirect_uri, _DENIED, params)
    code = new_secret(state, "AQB")
    state.grants[token_digest(code)] = Grant(
        account=person.id,
        scopes=scopes,
        redirect_uri=redirect_uri,
        expires_at=now + state.switches.code_life_seconds,
    )
    sent = _sent_back(redirect_uri, {"code": code}, params)
    return replace(sent, headers={"Location": sent.headers["Location"] + "#_"})


_DENIED: Mapping[str, str] = MappingProxyType(
    {
        "error": "access_denied",
        "error_reason": "user_denied",
        "error_description": "The user denied your request",
    }
)


def _logged_in(state: State) -> Account | None:
    wanted = state.switches.authorize_as
    return next((each for each in state.accounts.values() if wanted in {"", each.name}), None)


def _sent_back(redirect_uri: str, said: Mapping[str, str], params: Mapping[str, str]) -> Response:
    """Redirect to the app, with its own ``state`` if it gave one."""
    echoed = {"state": params["state"]} if "state" in params else {}
    joint = "&" if "?" in redirect_uri else "?"
    address = quote(redirect_uri, safe="%/:?#[]@!$&'()*+,;=~")
    return Response(302, {}, {"Location": f"{address}{joint}{urlencode({**said, **echoed})}"})


def exchange_code(state: State, request: Request, now: float) -> Response:
    """Give a short-lived token for a code, once; its refusals have an envelope of their own."""
    params = request.params
    if params.get("grant_type") != "authorization_code":
        return errors.rejected("Invalid grant_type")
    if params.get("client_id") != state.app.id or not is_secret_of_app(state, request):
        return errors.rejected("Invalid client_id or client_secret")
    code = TokenDigest(params.get("code_digest", ""))
    grant = state.grants.get(code)
    if grant is None or grant.is_used or now >= grant.expires_at:
        return errors.rejected(USED_CODE)
    if params.get("redirect_uri") != grant.redirect_uri:
        return errors.rejected("Invalid redirect_uri: it is not the one of the authorization")
    state.grants[code] = replace(grant, is_used=True)
    life = state.switches.short_token_life_seconds
    secret = issue(state, grant.account, grant.scopes, now=now, life_seconds=life, is_short_lived=True)
    return Response(200, {"access_token": secret, "user_id": int(grant.account)})


def app_token(state: State, request: Request, now: float) -> Response:
    """Give a token of the app itself; it opens no profile."""
    params = request.params
    if params.get("grant_type") != "client_credentials":
        return refusal(state, request, now, errors.invalid_parameter("grant_type is client_credentials"))
    if params.get("client_id") != state.app.id or not is_secret_of_app(state, request):
        wrong = errors.invalid_parameter("client_id or client_secret is not that of the app")
        return refusal(state, request, now, wrong)
    secret = f"TH|{state.app.id}|{new_secret(state, '')}"
    state.app_tokens.add(token_digest(secret))
    return Response(200, {"access_token": secret, "token_type": "bearer"})


def is_app_token(state: State, token: TokenDigest | None) -> bool:
    """Whether *token* is one of the app: given out, or made of its id and secret."""
    return token is not None and (token == state.app.token or token in state.app_tokens)
