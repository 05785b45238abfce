"""Credentials that a program holds itself, for the people it acts for: one token, and what is known of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import force_setattr

from threadsync.errors import UsageError
from threadsync.execution.clock import SystemTimes
from threadsync.model.secret import SecretText

_FORM = '{"user_id": "…", "scopes": ["…"], "expiration": "2026-12-03T08:30:00+00:00", "access_token": "…"}'


class Credentials(Struct, frozen=True):
    """A person's token, which shows nowhere: not in ``repr``, ``str``, ``format``, a pickle or a traceback.

    ``to_json`` is the one way out. *expiration* is in UTC; None where the token does not end, or nobody
    knows when.

    Raises:
        UsageError: *expiration* has no time zone, or there is no token.
    """

    user_id: str
    token: SecretText
    scopes: frozenset[str] = frozenset()
    expiration: datetime | None = None

    if TYPE_CHECKING:  # what it takes is wider than what it holds

        def __init__(
            self,
            user_id: str,
            token: SecretText | str,
            scopes: Iterable[str] = (),
            expiration: datetime | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        force_setattr(self, "token", _hidden(self.token))
        force_setattr(self, "scopes", frozenset(self.scopes))
        if self.expiration is not None:
            if self.expiration.tzinfo is None:
                raise UsageError(
                    f"the expiration of the credentials of {self.user_id} has no time zone",
                    remedy="Give it in UTC, for example datetime(2026, 12, 3, tzinfo=UTC).",
                )
            force_setattr(self, "expiration", self.expiration.astimezone(UTC))
        if not self.token.reveal():
            raise UsageError(
                f"the credentials of {self.user_id} have no token", remedy="Authorize the account first."
            )

    def expired(self, now: datetime | None = None) -> bool:
        """Whether the token has ended at *now*, which is the machine's own time unless given."""
        left = self.expires_in(now)
        return left is not None and left <= timedelta(0)

    def expires_in(self, now: datetime | None = None) -> timedelta | None:
        """Return how much longer than *now* the token lives, less than nothing if it has ended.

        None where it does not end, or nobody knows when.
        """
        if self.expiration is None:
            return None
        return self.expiration - (now or SystemTimes().now())

    def to_json(self) -> str:
        """Return everything as JSON, the token in plain text with it: keep it as you keep a password."""
        return json.dumps(
            {
                "user_id": self.user_id,
                "scopes": sorted(self.scopes),
                "expiration": None if self.expiration is None else self.expiration.isoformat(),
                "access_token": self.token.reveal(),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Credentials:
        """Read what ``to_json`` wrote; keys that it does not write are left alone.

        Raises:
            UsageError: it is something else. The error shows nothing of *text*.
        """
        found = _read(text)
        del text  # a traceback may show the values of its frames
        if found is None:
            raise UsageError("these are not credentials in JSON", remedy=f"They look like {_FORM}")
        return found


def _hidden(token: SecretText | str) -> SecretText:
    return token if isinstance(token, SecretText) else SecretText(token)


def _read(text: str) -> Credentials | None:
    """Return the credentials that *text* says; None where it says none (an error would hold the text)."""
    try:
        found = json.loads(text)
        user_id, token, scopes, ends = (
            found[name] for name in ("user_id", "access_token", "scopes", "expiration")
        )
        if not isinstance(token, str) or not token or not isinstance(user_id, str | int):
            return None
        if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
            return None
        expiration = None if ends is None else datetime.fromisoformat(ends)
        return Credentials(str(user_id), SecretText(token), scopes, expiration)
    except (ValueError, LookupError, TypeError, RecursionError, UsageError):
        return None
