"""Sessions: who opens an account when a request first needs it, and goes on with another when it is over.

A credential that lives long (an app password) is asked for a session that lives for hours. It is kept where
other processes find it, renewed a little before its end, and once more when the network says that it is over;
the interrupted request is then sent once more. One thread of one process at a time does so, and what is new
is stored before it is used.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeAlias

from threadsync.errors import ApiError
from threadsync.execution.clock import Clock
from threadsync.flows.effects import Flow, NoResponse, Request, Response
from threadsync.model.fault import FaultClass
from threadsync.model.ids import Role
from threadsync.model.secret import SecretText
from threadsync.providers.base import Session, Sessions

RENEW_BEFORE = timedelta(minutes=5)
"""How long before its end a session is renewed: longer than a request may take."""

Answer: TypeAlias = Response | NoResponse


class SessionStore(Protocol):
    """Where a session is kept between runs."""

    def read(self) -> str | None:
        """Return what was written last; None where there is nothing to be used."""
        ...

    def write(self, text: str) -> None:
        """Keep *text*, which holds secrets, readable for this user alone."""
        ...

    def alone(self) -> AbstractContextManager[None]:
        """Keep other processes from opening or renewing the session meanwhile."""
        ...


class InMemory:
    """Keeps a session for as long as the program runs."""

    def __init__(self) -> None:
        self._text: str | None = None

    def read(self) -> str | None:
        """See ``SessionStore.read``."""
        return self._text

    def write(self, text: str) -> None:
        """See ``SessionStore.write``."""
        self._text = text

    def alone(self) -> AbstractContextManager[None]:
        """See ``SessionStore.alone``: there is no other process."""
        return nullcontext()


class SessionKeeper:
    """The session of one account, for all threads that send its requests.

    *perform* sends one request, with the session that is given or without one; *run* runs a flow of
    *sessions* with it. *seen* is told each secret, so that it is hidden in what is logged.
    """

    def __init__(
        self,
        sessions: Sessions,
        store: SessionStore,
        clock: Clock,
        perform: Callable[[Request, Session | None], Answer],
        run: Callable[[Flow[Session], Callable[[Request], Answer]], Session],
        *,
        seen: Callable[[SecretText], None] = lambda _: None,
    ) -> None:
        self._sessions = sessions
        self._store = store
        self._clock = clock
        self._perform = perform
        self._run = run
        self._seen = seen
        self._lock = threading.Lock()
        self._held: Session | None = None

    def perform(self, request: Request) -> Answer:
        """Send *request*, with a session where it needs one.

        Raises:
            ApiError, Unanswered: there is no session to be had; the request was not sent.
        """
        if request.auth not in self._sessions.roles:
            return self._perform(request, self._held or self._read())
        session = self._current()
        answer = self._perform(request, session)
        if isinstance(answer, Response) and self._sessions.is_over(answer):
            answer = self._perform(request, self._next(session))
        return answer

    def _current(self) -> Session:
        held = self._held
        if held is not None and not self._ends(held):
            return held
        return self._next(held)

    def _next(self, stale: Session | None) -> Session:
        """Return a session that is not *stale*: the one another thread or process got, or else a new one."""
        with self._lock:
            if self._held is not None and self._held != stale:
                return self._held
            with self._store.alone():
                found = self._read()
                if found is None or found == stale or self._ends(found):
                    found = self._got(stale or found)
                    self._store.write(_written(found))
            self._held = self._noted(found)
            return found

    def _got(self, old: Session | None) -> Session:
        """Renew *old*; where that is refused, or there is none, open the account anew."""
        if old is not None:
            try:
                return self._run(self._sessions.renew(), lambda request: self._perform(request, old))
            except ApiError as error:
                if error.fault.kind is not FaultClass.UNAUTHORIZED:
                    raise
        return self._run(self._sessions.open(), lambda request: self._perform(request, None))

    def _ends(self, session: Session) -> bool:
        return session.expires_at is not None and session.expires_at - RENEW_BEFORE <= self._clock.now()

    def _read(self) -> Session | None:
        text = self._store.read()
        found = None if text is None else _parsed(text)
        return found if found is None else self._noted(found)

    def _noted(self, session: Session) -> Session:
        """Let the secrets of *session* be hidden wherever they might show (law 12)."""
        for secret in session.secrets.values():
            self._seen(secret)
        return session


def _written(session: Session) -> str:
    ends = session.expires_at.isoformat() if session.expires_at is not None else None
    secrets = {role: secret.reveal() for role, secret in session.secrets.items()}
    return json.dumps({"secrets": secrets, "expires_at": ends, "base_url": session.base_url})


def _parsed(text: str) -> Session | None:
    """Read a session; one that cannot be read is none: then the account is opened anew."""
    try:
        said = json.loads(text)
        ends = said["expires_at"]
        return Session(
            {Role(role): SecretText(secret) for role, secret in _texts(said["secrets"]).items()},
            datetime.fromisoformat(ends).astimezone(UTC) if ends is not None else None,
            str(said["base_url"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _texts(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise TypeError("it holds something else than texts")
    return value
