"""The client of programs that wait for each answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from threadsync.execution.apilog import ApiLog
from threadsync.execution.client_setup import (
    ATTEMPTS_MAX,
    NO_SECRETS,
    THREADS,
    TIMEOUT_SECONDS,
    Listed,
    SecretLike,
    check_session,
    masked,
    set_up,
)
from threadsync.execution.clock import Clock, SystemClock
from threadsync.execution.drivers import run
from threadsync.execution.held import Credentials
from threadsync.execution.limiter import RateLimiter
from threadsync.execution.transport import Transport
from threadsync.execution.wire import closed
from threadsync.flows.effects import Flow, NoResponse, Request, Response
from threadsync.flows.paging import Pages
from threadsync.flows.retry import persistent

if TYPE_CHECKING:
    import requests

T = TypeVar("T")
P = TypeVar("P", bound=Listed[object])


class Client:
    """Runs endpoints of a network, one after the other, for one account.

        from threadsync import Client
        from threadsync.providers.threads import api as threads

        with Client(token="…") as client:
            limits = client.run(threads.publishing_limit())

    *credentials* or *token* is whom it speaks for; *secrets* holds what other roles need, such as
    ``app_secret``. *base_url* is the network's own address unless given.

    It has connections of its own, one a thread, through *proxy* (never to this machine) and trusting
    *ca_file* instead of the usual certificates; nothing is taken from the environment. Or it uses a *session*
    of yours: its adapters, headers, proxies and certificates, but no cookies, hooks or logins of it. That one
    is never closed here, must not send anything again by itself, and is not looked into: then a lost answer
    says that the network may have acted unless no connection was made, and *timeout_seconds* holds for each
    read instead of the whole request.

    A read, and a request that makes what nobody sees, is sent again up to *attempts_max* times where that may
    help: no answer came, the server stumbled, or it says to come back within half a minute. One that others
    can see (publish, delete, repost) is sent once, and never again by itself; the error of one that was not
    answered says in ``sent`` whether the network may have acted.

    *limiter* holds calls back, and may be shared by clients. *log* is the API log, which the caller closes.
    Threads may share a client, a limiter and a log.

    Raises:
        UsageError: these make no client; or, of ``run``, the flow needs a project (a journal, a media host).
        CredentialsExpired, RateLimitReached: nothing was sent.
        ApiError, Unanswered: see the endpoint that is run.
    """

    def __init__(
        self,
        credentials: Credentials | None = None,
        *,
        token: SecretLike | None = None,
        secrets: Mapping[str, SecretLike] = NO_SECRETS,
        network: str = THREADS,
        base_url: str | None = None,
        session: requests.Session | None = None,
        proxy: str = "",
        ca_file: Path | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        attempts_max: int = ATTEMPTS_MAX,
        limiter: RateLimiter | None = None,
        log: ApiLog | None = None,
        clock: Clock | None = None,
    ) -> None:
        given = masked(secrets, token)
        del secrets, token  # a traceback may show the values of its frames
        check_session(session, ca_file)
        self._clock = clock or SystemClock()
        self._setup = set_up(
            credentials,
            given,
            network=network,
            base_url=base_url,
            timeout_seconds=timeout_seconds,
            attempts_max=attempts_max,
            limiter=limiter,
            log=log,
            clock=self._clock,
        )
        self._transport = Transport(self._clock, proxy=proxy, ca_file=ca_file, session=session)
        self._closed = False

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections of its own, and write what the log has taken in."""
        self._closed = True
        self._transport.close()
        if self._setup.log is not None:
            self._setup.log.flush()

    def run(self, flow: Flow[T]) -> T:
        """Run what an endpoint function returns, and return its result.

        Raises:
            ThreadsyncError: see the class.
        """
        setup = self._setup
        scribe = setup.scribe()

        def perform(request: Request) -> Response | NoResponse:
            if self._closed:
                raise closed()
            self._clock.sleep(setup.reserve_seconds())
            with setup.noted(scribe, request) as keep:
                return keep(self._transport.perform(setup.endpoint, request))

        return run(persistent(flow, setup.bounds, setup.classify), perform, self._clock)

    def pages(self, listing: Callable[[str | None], Flow[P]]) -> Iterator[P]:
        """Run *listing* from page to page, each when it is asked for: it is given the cursor to start after.

            for page in client.pages(lambda after: threads.own_threads(after=after)):

        Raises:
            ThreadsyncError: see the class.
        """
        pages = Pages(listing)
        while pages.more:
            yield self.run(pages.read())

    def items(self, listing: Callable[[str | None], Flow[Listed[T]]]) -> Iterator[T]:
        """Run *listing* from page to page, and return what stands on them, one after the other.

        Raises:
            ThreadsyncError: see the class.
        """
        for page in self.pages(listing):
            yield from page.data
