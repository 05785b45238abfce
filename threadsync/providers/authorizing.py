"""How a network gives credentials, the part of the seam that a login needs: for an app, in a browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from msgspec import Struct

from threadsync.flows.effects import Flow
from threadsync.model.ids import Role
from threadsync.model.secret import SecretText


class Renewed(Struct, frozen=True):
    """A new credential in the place of one that goes on working until it expires."""

    secret: SecretText
    expires_at: datetime | None


CODE: Final = Role("code")
"""The role of what ``Authorization.code`` returned, in the requests that use it."""


class AppSetting(Struct, frozen=True):
    """What an app that people authorize is known by, and is no secret."""

    key: str
    """Of a target in the project file."""
    variable: str
    """Of the environment, where the project does not say."""
    meaning: str


class Authorization(Protocol):
    """One authorization: a person is asked in a browser to let an app use their account."""

    @property
    def url(self) -> str:
        """The address to open."""
        ...

    @property
    def redirect_uri(self) -> str:
        """Where the browser is sent afterwards."""
        ...

    def code(self, answer: str) -> SecretText:
        """Return the code in *answer*: the address that the browser was sent to, or what it shows instead.

        Raises:
            AuthorizationDenied: the person said no, or the network does not let the app ask.
            AuthorizationMismatch: it answers another authorization.
            UsageError: it is neither.
        """
        ...

    def exchange(self) -> Flow[Renewed]:
        """Get a credential for the code, which stands under the role ``CODE``; asked once, never again.

        Raises:
            ApiError, Unanswered: there is none; the code may be used up all the same.
        """
        ...

    def lengthen(self) -> Flow[Renewed]:
        """Get the one that lives longest for what ``exchange`` gave, which stands under the main role.

        Raises:
            ApiError, Unanswered: there is none.
        """
        ...


class Authorizing(Protocol):
    """How a network gives a first credential: to an app, for an account, in a browser."""

    @property
    def settings(self) -> tuple[AppSetting, ...]:
        """What the app is known by; its secrets are roles of ``About``."""
        ...

    @property
    def stuck(self) -> str:
        """What to look at where the browser shows an error, and is sent nowhere."""
        ...

    def begin(self, app: Mapping[str, str], scopes: Sequence[str], state: str) -> Authorization:
        """Ask for *scopes*, with the settings of *app* by their keys; *state* comes back in the answer.

        Raises:
            UsageError: the network would refuse it.
        """
        ...
