"""The way to a first token: the Authorization Window, and what a person finds there.

Where something is wrong, the window shows it in JSON and sends the browser nowhere: its codes are known from
users of the API (github.com/fbsamples/threads_api issues 13, 14 and 17), what they mean from
developers.facebook.com/docs/threads/get-started and
.../docs/development/create-an-app/threads-use-case.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from threadsync.errors import ApiError, AuthorizationDenied, Unanswered, UsageError
from threadsync.flows.core import now
from threadsync.flows.effects import Flow
from threadsync.flows.retry import retried
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.secret import SecretText
from threadsync.providers.authorizing import CODE, AppSetting, Renewed
from threadsync.providers.base import ProviderContext
from threadsync.providers.threads import api_oauth as api

APP_ID: Final = AppSetting("app_id", "THREADS_APP_ID", "the Threads App ID")
REDIRECT_URI: Final = AppSetting(
    "redirect_uri", "THREADS_REDIRECT_URI", "an address from the Valid OAuth Redirect URIs of the app"
)
SHORT_LIFE: Final = timedelta(hours=1)
"""How long the token of a code lives (docs/threads/get-started/get-access-tokens-and-permissions)."""

_SETTINGS: Final = "Use cases > Access the Threads API > Settings"
_ERROR_CODE: Final = re.compile(r"error_code\W{1,9}([0-9]{1,12})")
_WRONG_APP: Final = (4476002, 1349026)
_NOT_INVITED: Final = (1349245,)
_REDIRECT: Final = (1349168,)


class ThreadsAuthorizing(Struct, frozen=True):
    """The Authorization Window, for one target."""

    context: ProviderContext

    @property
    def settings(self) -> tuple[AppSetting, ...]:
        """The app's id, and where the window sends people back to."""
        return APP_ID, REDIRECT_URI

    @property
    def stuck(self) -> str:
        """What to look at where the window shows an error."""
        return (
            f"The app id must be the Threads app's (App Dashboard > {_SETTINGS}), the redirect URI must "
            "stand "
            "there to the letter, and the account must be a tester of the app that has accepted its "
            "invitation."
        )

    def begin(self, app: Mapping[str, str], scopes: Sequence[str], state: str) -> ThreadsAuthorization:
        """Ask for *scopes*; a network on this machine has a window of its own.

        Raises:
            UsageError: Threads would refuse it.
        """
        unknown = [each for each in scopes if each not in api.SCOPES]
        if unknown:
            close = get_close_matches(unknown[0], api.SCOPES, n=1)
            hint = f"Did you mean {close[0]}? " if close else ""
            raise UsageError(
                f"Threads has no scope {unknown[0]}.", remedy=f"{hint}It has: {', '.join(api.SCOPES)}."
            )
        base = (self.context.base_url or "").rstrip("/")
        client_id, redirect_uri = app[APP_ID.key], app[REDIRECT_URI.key]
        url = api.authorize_url(
            client_id=client_id,
            redirect_uri=redirect_uri,
            scope=scopes,
            state=state,
            window=f"{base}/oauth/authorize" if self.context.loopback else api.AUTHORIZE_URL,
        )
        return ThreadsAuthorization(self.context, url, client_id, redirect_uri, state)


class ThreadsAuthorization(Struct, frozen=True):
    """One visit of the window."""

    context: ProviderContext
    url: str
    client_id: str
    redirect_uri: str
    state: str

    def code(self, answer: str) -> SecretText:
        """Return the code in *answer*, or say what the error means that the window shows.

        Raises:
            AuthorizationDenied, AuthorizationMismatch, UsageError: see ``Authorization.code``.
        """
        shown = _ERROR_CODE.search(answer)
        if shown is not None:
            raise self._refused(int(shown[1]))
        return api.complete_authorization(answer, self.state)

    def _refused(self, code: int) -> AuthorizationDenied:
        if code in _WRONG_APP:
            return AuthorizationDenied(
                f"Threads knows no app with the id {self.client_id} [{code}]",
                remedy="The Threads app has an id and a secret of its own, which are not those of the Meta "
                "app: "
                f"take both from App Dashboard > {_SETTINGS}.",
            )
        if code in _NOT_INVITED:
            return AuthorizationDenied(
                f"the account has not accepted the invitation to test the app [{code}]",
                remedy="Invite it in App Dashboard > App roles > Roles > Add people > Threads Tester; then "
                "accept "
                "in the account's settings on Threads, under Website permissions > Invites; then log in "
                "again.",
            )
        if code in _REDIRECT:
            return AuthorizationDenied(
                f"the app has no redirect URI {self.redirect_uri} [{code}]",
                remedy=f"Add it to the letter in App Dashboard > {_SETTINGS} (the three addresses there are "
                "saved "
                "together only). The dashboard may have put a slash at its end: then say it with the slash "
                "here.",
            )
        return AuthorizationDenied(
            f"the authorization window shows the error {code}",
            remedy="Read what it says beside the number; then start again.",
        )

    def exchange(self) -> Flow[Renewed]:
        """Get a token of one hour for the code, which is sent once.

        Raises:
            ApiError, Unanswered: there is none.
        """
        asked_at = yield from now()
        try:
            found = yield from api.exchange_code(
                client_id=self.client_id, redirect_uri=self.redirect_uri, code=CODE
            )
        except ApiError as error:
            raise ApiError(replace(error.fault, remedy=self._unexchanged(error.fault))) from error
        return Renewed(found.access_token, asked_at + SHORT_LIFE)

    def _unexchanged(self, fault: Fault) -> str:
        if fault.kind is not FaultClass.INVALID:
            return fault.remedy
        return f"Log in again: a code works once, and for one hour. If that does not help: {self._compare}"

    @property
    def _compare(self) -> str:
        return (
            f"the secret is not that of the Threads app {self.client_id} (the Meta app has another one), or "
            "the "
            f"app has another redirect URI than {self.redirect_uri}. Compare all three in App Dashboard > "
            f"{_SETTINGS}."
        )

    def lengthen(self) -> Flow[Renewed]:
        """Get a token of 60 days for that of one hour; asking twice harms nobody.

        Raises:
            ApiError, Unanswered: there is none.
        """
        asked_at = yield from now()
        found = yield from retried(api.exchange_token, self.context.bounds, why="getting a token of 60 days")
        if isinstance(found, Fault):
            # Nothing else is sent here than the secret and the token of a moment ago.
            wrong = found.kind is FaultClass.INVALID
            raise ApiError(replace(found, remedy=self._compare) if wrong else found)
        if isinstance(found, Unanswered):
            raise found
        ends = asked_at + timedelta(seconds=found.expires_in) if found.expires_in is not None else None
        return Renewed(found.access_token, ends)
