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

from msgspec.structs import replace

from threadsync.errors import ApiError
from threadsync.execution.clock import Times
from threadsync.execution.wire import Endpoint
from threadsync.flows.effects import Flow, NoResponse, Request, Response
from threadsync.model.fault import FaultClass
from threadsync.model.ids import Role
from threadsync.model.secret import SecretText
from threadsync.providers.accounts import Session, Sessions

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


Send: TypeAlias = Callable[[Request, Session | None], Answer]
"""Sends one request once, with the session that is given or without one."""


class Kept:
    """What is known of the session of one account: for a keeper, which asks and tells under its own lock.

    *seen* is told each secret, so that it is hidden in what is logged (law 12).
    """

    def __init__(
        self,
        sessions: Sessions,
        store: SessionStore,
        clock: Times,
        seen: Callable[[SecretText], None],
    ) -> None:
        self.sessions = sessions
        self.store = store
        self._clock = clock
        self._seen = seen
        self.held: Session | None = None

    def opens(self, request: Request) -> bool:
        """Whether *request* needs the session."""
        return request.auth in self.sessions.roles

    def is_over(self, answer: Answer) -> bool:
        """Whether *answer* says that the session it was asked with is over, and nothing was done."""
        return isinstance(answer, Response) and self.sessions.is_over(answer)

    def ends(self, session: Session) -> bool:
        """Whether *session* ends soon, or has ended."""
        return session.expires_at is not None and session.expires_at - RENEW_BEFORE <= self._clock.now()

    def other_than(self, stale: Session | None) -> Session | None:
        """Return the session that is held, if somebody got it in the place of *stale*."""
        return None if self.held == stale else self.held

    def read(self) -> Session | None:
        """Return the session that is stored."""
        text = self.store.read()
        found = None if text is None else _parsed(text)
        if found is not None:
            self._note(found)
        return found

    def serves(self, found: Session | None, stale: Session | None) -> bool:
        """Whether *found*, which is stored, can be used in the place of *stale*."""
        return found is not None and found != stale and not self.ends(found)

    def store_new(self, made: Session, old: Session | None) -> Session:
        """Store a new session, and return it; it lives where *old* did if it does not say where."""
        if old is not None and not made.base_url:
            made = replace(made, base_url=old.base_url)
        self._note(made)
        self.store.write(_written(made))
        return made

    def _note(self, session: Session) -> None:
        for secret in session.secrets.values():
            self._seen(secret)


class SessionKeeper:
    """The session of one account, for all threads that send its requests.

    *run* runs a flow of *sessions* with what sends its requests.
    """

    def __init__(
        self, kept: Kept, run: Callable[[Flow[Session], Callable[[Request], Answer]], Session]
    ) -> None:
        self._kept = kept
        self._run = run
        self._lock = threading.Lock()

    @property
    def account_id(self) -> str:
        """Whose account it is; empty before it was needed."""
        held = self._kept.held
        return "" if held is None else held.account_id

    def perform(self, request: Request, send: Send) -> Answer:
        """Send *request* with *send*, and with a session where it needs one.

        Raises:
            ApiError, Unanswered: there is no session to be had; the request was not sent.
        """
        kept = self._kept
        if not kept.opens(request):
            return send(request, kept.held or kept.read())
        held = kept.held
        session = self._next(held, send) if held is None or kept.ends(held) else held
        answer = send(request, session)
        return send(request, self._next(session, send)) if kept.is_over(answer) else answer

    def _next(self, stale: Session | None, send: Send) -> Session:
        """Return a session that is not *stale*: the one another thread or process got, or else a new one."""
        kept = self._kept
        with self._lock:
            if (other := kept.other_than(stale)) is not None:
                return other
            with kept.store.alone():
                found = kept.read()
                if found is None or not kept.serves(found, stale):
                    old = stale or found
                    found = kept.store_new(self._got(old, send), old)
            kept.held = found
            return found

    def _got(self, old: Session | None, send: Send) -> Session:
        """Renew *old*; where that is refused, or there is none, open the account anew."""
        if old is not None:
            try:
                return self._run(self._kept.sessions.renew(), lambda request: send(request, old))
            except ApiError as error:
                if not ended(error):
                    raise
        return self._run(self._kept.sessions.open(), lambda request: send(request, None))


def ended(error: ApiError) -> bool:
    """Whether *error*, of renewing a session, says that the account is to be opened anew."""
    return error.fault.kind is FaultClass.UNAUTHORIZED


def opened(endpoint: Endpoint, session: Session | None) -> Endpoint:
    """Return *endpoint* as it is with *session*: where the account lives, with what it was opened with."""
    if session is None:
        return endpoint

    def credential(role: Role) -> SecretText:
        return session.secrets.get(role) or endpoint.credentials(role)

    return replace(endpoint, base_url=session.base_url or endpoint.base_url, credentials=credential)


def _written(session: Session) -> str:
    ends = session.expires_at.isoformat() if session.expires_at is not None else None
    secrets = {role: secret.reveal() for role, secret in session.secrets.items()}
    where = {"base_url": session.base_url, "account_id": session.account_id}
    return json.dumps({"secrets": secrets, "expires_at": ends, **where})


def _parsed(text: str) -> Session | None:
    """Read a session; one that cannot be read is none: then the account is opened anew."""
    try:
        said = json.loads(text)
        ends = said["expires_at"]
        return Session(
            {Role(role): SecretText(secret) for role, secret in _texts(said["secrets"]).items()},
            datetime.fromisoformat(ends).astimezone(UTC) if ends is not None else None,
            str(said["base_url"]),
            str(said.get("account_id", "")),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _texts(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise TypeError("it holds something else than texts")
    return value
