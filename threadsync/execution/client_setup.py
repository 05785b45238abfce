"""What both clients are made of: whom they speak for, to what, within which bounds; and what a list is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from types import MappingProxyType
from typing import Final, Protocol, TypeAlias, TypeVar

from msgspec.structs import replace

from threadsync.errors import CredentialsExpired, UsageError
from threadsync.execution.apilog import ApiLog, Call
from threadsync.execution.clock import Clock, Times
from threadsync.execution.credentials import scrubbed
from threadsync.execution.cursors import Cursors
from threadsync.execution.database import Database
from threadsync.execution.held import Credentials
from threadsync.execution.known import KnownAnswers
from threadsync.execution.limiter import RateLimiter
from threadsync.execution.logged import Errand, Scribe
from threadsync.execution.sessions import InMemory, Kept, SessionStore
from threadsync.execution.spending import SpendingLedger
from threadsync.execution.wire import Endpoint
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import Raised
from threadsync.flows.effects import NoResponse, Request, Response
from threadsync.flows.retry import Classify
from threadsync.model.facts import Quota
from threadsync.model.ids import MAIN, Json, MediaDigest, NetworkName, Role, TargetName
from threadsync.model.secret import SecretText
from threadsync.model.urls import is_loopback, origin_of
from threadsync.providers.accounts import Session, Sessions, Spending
from threadsync.providers.base import ProviderContext
from threadsync.providers.loading import DEFAULT, load_provider
from threadsync.values import Discreet

TIMEOUT_SECONDS: Final = Bounds().request_seconds
ATTEMPTS_MAX: Final = Bounds().retry_attempts_max
NO_SECRETS: Final[Mapping[str, str]] = MappingProxyType({})
NO_SETTINGS: Final[Mapping[str, Json]] = MappingProxyType({})

T_co = TypeVar("T_co", covariant=True)

Answer: TypeAlias = Response | NoResponse
SecretLike: TypeAlias = str | SecretText
SessionsLike: TypeAlias = "str | Path | SessionStore | None"
Given: TypeAlias = tuple[tuple[Role, SecretText], ...]


class Listed(Protocol[T_co]):
    """One page of a list, as every endpoint that lists returns it."""

    @property
    def data(self) -> Sequence[T_co]:
        """What stands on the page."""
        ...

    @property
    def after(self) -> str | None:
        """The cursor of the next page; None on the last."""
        ...


class Resumable(Listed[T_co], Protocol):
    """One page of a list that can be gone on with later."""

    @property
    def onward(self) -> str | None:
        """Of a list that grows at its end: the cursor to go on with later; None in any other."""
        ...


def masked(secrets: Mapping[str, SecretLike], token: SecretLike | None) -> Given:
    """Return *secrets* with their roles, and *token* with the main one, so that none of them shows."""
    every = [*secrets.items()] if token is None else [*secrets.items(), (MAIN, token)]
    return tuple(
        (Role(role), value if isinstance(value, SecretText) else SecretText(value)) for role, value in every
    )


class Account(Discreet, frozen=True):
    """Whom a client speaks for, and to what."""

    network: str = DEFAULT
    identifier: str = ""
    """What the account is opened with where a network opens sessions: a handle or an id."""
    base_url: str | None = None
    settings: Mapping[str, Json] = NO_SETTINGS
    """What a target of the network may say in a project file besides."""
    sessions: SessionsLike = None
    memory: Database | None = None
    """Where its clients remember what they spent and read; None for as long as each one lives."""
    closes_memory: bool = True
    """Whether it is ended with the client."""


class Setup(Discreet, frozen=True):
    """A client without its connections."""

    target: TargetName
    context: ProviderContext
    """What the provider of the network is told."""
    endpoint: Endpoint
    bounds: Bounds
    classify: Classify
    clock: Times
    secrets: list[SecretText]
    """All that are to be hidden; those of sessions are added when there are any."""
    limiter: RateLimiter | None
    log: ApiLog | None
    kept: Kept | None
    """The session of the account; None where the network opens none."""
    spending: Spending | None
    ledger: SpendingLedger
    memory: Database
    closes_memory: bool
    cursors: Cursors
    known: KnownAnswers

    def reserve(self, session: Session | None, request: Request) -> Callable[[Answer], None]:
        """Count what *request* takes of the account's allowances; what is returned is told what became of it.

        Raises:
            ApiError: not enough is left; nothing is to be sent.
        """
        if self.spending is None or session is None:
            return lambda _: None
        return self.ledger.reserve(self.spending, session.account_id, request)

    def quotas(self) -> Mapping[str, Quota]:
        """Return what is left of the account's allowances, as the ledger knows; none of one never opened."""
        session = None if self.kept is None else self.kept.held or self.kept.read()
        if self.spending is None or session is None:
            return {}
        return self.ledger.quotas(self.spending, session.account_id)

    def close(self) -> None:
        """Write what the log has taken in, and let go of what is remembered."""
        if self.log is not None:
            self.log.flush()
        if self.closes_memory:
            self.memory.close()

    def reserve_seconds(self) -> float:
        """Return after how long the next request may go out.

        Raises:
            RateLimitReached: the limiter does not let it wait so long.
        """
        return 0.0 if self.limiter is None else self.limiter.reserve()

    def scribe(self) -> Scribe:
        """Return who makes rows of the requests of one flow; each flow is a run of its own."""
        return Scribe(
            Errand("client", token_hex(6)),
            self.clock,
            scrub=lambda text: scrubbed(text, self.secrets),
            classify=lambda _, response: self.classify(response),
        )

    @contextmanager
    def noted(
        self, scribe: Scribe, request: Request, add: Callable[[ApiLog, Call], None] = ApiLog.add
    ) -> Iterator[Callable[[Answer], Answer]]:
        """Write *request* into the log by *add*, with what became of it, which is told to what is yielded."""
        if self.log is None:
            yield lambda answer: answer
            return
        underway = scribe.began(self.target, request)
        outcome: Answer | Raised = NoResponse("it was interrupted before an answer came", sent=True)

        def keep(answer: Answer) -> Answer:
            nonlocal outcome
            outcome = answer
            return answer

        try:
            yield keep
        except Exception as error:
            outcome = Raised(error)
            raise
        finally:
            add(self.log, scribe.ended(underway, outcome))


def set_up(
    credentials: Credentials | None,
    given: Given,
    account: Account,
    *,
    timeout_seconds: float,
    attempts_max: int,
    limiter: RateLimiter | None,
    log: ApiLog | None,
    clock: Times,
    waits: Clock,
) -> Setup:
    """Return what a client is made of; *waits* lets the time pass in which another process logs in.

    Raises:
        UsageError: these make no client.
        ProviderNotFound: there is no such network.
    """
    every = _every(credentials, given)
    if timeout_seconds <= 0 or attempts_max < 1:
        raise UsageError(
            f"{attempts_max} attempts of {timeout_seconds:g} s make no call",
            remedy="Give timeout_seconds over 0, and attempts_max of at least 1.",
        )

    def credential(role: Role) -> SecretText:
        ends = credentials.expiration if credentials is not None and role == MAIN else None
        if credentials is not None and ends is not None and credentials.expired(clock.now()):
            raise CredentialsExpired(credentials.user_id, ends)
        if role not in every:
            wanted = "credentials, or token=…" if role == MAIN else f"secrets={{{role!r}: …}}"
            raise UsageError(
                f"the client has no credential for the role {role}; nothing was sent",
                remedy=f"Give the client {wanted}.",
            )
        return every[role]

    who = account.identifier or (credentials.user_id if credentials is not None else "")
    target = TargetName(f"{account.network}/{who or 'client'}")
    bounds = replace(Bounds(), request_seconds=timeout_seconds, retry_attempts_max=attempts_max)
    loopback = account.base_url is not None and is_loopback(account.base_url)
    context = ProviderContext(target, account.settings, bounds, loopback, who or None, account.base_url)
    provider = load_provider(NetworkName(account.network), context)
    base_url = _checked(account.base_url, provider.default_base_url)
    endpoint = Endpoint(base_url, credential, _no_media, timeout_seconds, provider.hosts)
    secrets = [*every.values()]
    kept = _kept(provider.sessions, account, endpoint, clock, waits, secrets.append)
    memory = account.memory or Database(None)
    return Setup(
        target,
        context,
        endpoint,
        bounds,
        provider.classify,
        clock,
        secrets,
        limiter,
        log,
        kept,
        provider.spending,
        SpendingLedger(memory, clock),
        memory,
        account.closes_memory,
        Cursors(memory, target, clock),
        KnownAnswers(memory, target, endpoint, clock),
    )


def _every(credentials: Credentials | None, given: Given) -> dict[Role, SecretText]:
    """Return the secrets by their roles.

    Raises:
        UsageError: there are two for one, or one is none.
    """
    every = dict(given) if credentials is None else {**dict(given), MAIN: credentials.token}
    if len(every) < len(given) + (credentials is not None):
        raise UsageError(
            "the client is given two tokens for the account",
            remedy="Give it either credentials or token=….",
        )
    for role, secret in every.items():
        if not secret.reveal() or not secret.reveal().isprintable():
            raise UsageError(
                f"the secret of the role {role} is empty, or holds a line break or another control character",
                remedy="Give the secret alone, as it is on one line.",
            )
    return every


def _kept(  # noqa: PLR0917  (what a session is made of)
    opening: Sessions | None,
    account: Account,
    endpoint: Endpoint,
    clock: Times,
    waits: Clock,
    seen: Callable[[SecretText], None],
) -> Kept | None:
    """Return where the session of the account is kept.

    Raises:
        UsageError: the network opens none, and something was said of one.
    """
    if opening is None:
        if account.identifier or account.sessions is not None:
            raise UsageError(
                f"{account.network} opens no sessions: identifier and sessions mean nothing there",
                remedy="Leave them out; the token alone says whose account it is.",
            )
        return None
    match account.sessions:
        case None:
            store: SessionStore = InMemory()
        case str() | Path():
            from threadsync.execution.session_files import SessionFile

            name = "-".join(
                (account.network, *map(str, origin_of(endpoint.base_url)[1:]), account.identifier)
            )
            store = SessionFile(Path(account.sessions), name, waits, lambda: endpoint.credentials(MAIN))
        case _:
            store = account.sessions
    return Kept(opening, store, clock, seen)


def check_session(session: object | None, ca_file: Path | None) -> None:
    """Find out whether a session and a file of certificates go together.

    Raises:
        UsageError: they don't, or there is no such file.
    """
    if session is not None and ca_file is not None:
        raise UsageError(
            "a session of yours has certificates of its own, and ca_file would change nothing",
            remedy="Set the certificates of the session, or leave the session out.",
        )
    if ca_file is not None and not ca_file.is_file():
        raise UsageError(
            f"there is no file of certificates {ca_file}",
            remedy="Give the path of a file of certificates in PEM.",
        )


def _checked(given: str | None, default: str) -> str:
    """Return the address that credentials go out to: the one *given*, or the network's own.

    Raises:
        UsageError: they would go out unencrypted.
    """
    base_url = given or default
    try:
        scheme, host, _ = origin_of(base_url)
    except ValueError:
        scheme = host = ""
    if not host or (scheme != "https" and not is_loopback(base_url)):
        raise UsageError(
            f"the base address {base_url} is not one of https, and credentials go out to it",
            remedy=f"Write one like {default} (http only for this machine).",
        )
    return base_url


def _no_media(media: MediaDigest) -> Path:
    raise UsageError(
        f"this flow sends a media file ({media[:12]}), and a client has none",
        remedy="Give the endpoint functions a public address of it.",
    )
