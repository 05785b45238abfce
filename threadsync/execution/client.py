"""The client of programs that wait for each answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from threadsync.execution.apilog import ApiLog
from threadsync.execution.client_setup import (
    ATTEMPTS_MAX,
    NO_SECRETS,
    NO_SETTINGS,
    TIMEOUT_SECONDS,
    Account,
    Listed,
    Resumable,
    SecretLike,
    SessionsLike,
    check_session,
    masked,
    set_up,
)
from threadsync.execution.clock import Clock, SystemClock
from threadsync.execution.cursors import place_of
from threadsync.execution.database import DatabaseLike, database_of
from threadsync.execution.drivers import run
from threadsync.execution.held import Credentials
from threadsync.execution.known import AGE_SECONDS_MAX
from threadsync.execution.limiter import RateLimiter
from threadsync.execution.logged import Scribe
from threadsync.execution.publish_said import (
    LOCK_SECONDS,
    NO_OPTIONS,
    Keeping,
    MediaLike,
    PostSegment,
    PublishedPost,
    Said,
    said,
)
from threadsync.execution.sessions import SessionKeeper, opened
from threadsync.execution.transport import Transport
from threadsync.execution.wire import Endpoint, closed
from threadsync.flows.effects import Flow, NoResponse, Request, Response
from threadsync.flows.paging import Pages
from threadsync.flows.retry import persistent
from threadsync.model.facts import Quota
from threadsync.model.ids import Json
from threadsync.providers.accounts import Session
from threadsync.providers.loading import DEFAULT

if TYPE_CHECKING:
    import requests

T = TypeVar("T")
P = TypeVar("P", bound=Listed[object])
R = TypeVar("R", bound=Resumable[object])


class Client:
    """Runs endpoints of a network, one after the other, for one account.

        from threadsync import Client
        from threadsync.providers.threads import api as threads

        with Client(token="…") as client:
            limits = client.run(threads.publishing_limit())

    *credentials* or *token* is whom it speaks for; *secrets* holds what other roles need, such as
    ``app_secret``. *base_url* is the network's own address unless given, and *settings* what a target of the
    network may say in a project file besides.

    Where a network opens sessions (Bluesky), *identifier* is whose: a handle or a DID, with an app password
    as its *token*. The account is opened when a request first needs it; the session is renewed before its
    end, and when the network says that it is over, and then the interrupted request is sent once more.
    *sessions* is a folder that keeps it across processes, in files that only this user can read; or a
    ``SessionStore`` of yours; or None, which keeps it for as long as the client lives.

    What writes take of the account's allowances is counted, for all processes that name the same database as
    *memory*: the path of a file of SQLite, ``postgresql://…``, a connection of yours, or a ``Database``; None
    counts for this client alone. One that would go over is refused with an ``ApiError`` whose fault has the
    row ``allowance-spent``, and is not sent.

    It has connections of its own, one a thread, through *proxy* (never to this machine) and trusting
    *ca_file* instead of the usual certificates; nothing is taken from the environment. Or it uses a *session*
    of yours: its adapters, headers, proxies and certificates, but no cookies, hooks or logins of it. That one
    is never closed here, must not send anything again by itself, and is not looked into: then a lost answer
    says that the network may have acted unless no connection was made, and *timeout_seconds* holds for each
    read instead of the whole request. What ``publish`` fetches and uploads as media goes through *proxy* and
    connections of its own all the same: those are kept from private addresses.

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
        network: str = DEFAULT,
        identifier: str = "",
        base_url: str | None = None,
        settings: Mapping[str, Json] = NO_SETTINGS,
        sessions: SessionsLike = None,
        memory: DatabaseLike = None,
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
        database = database_of(memory)
        closes_memory = database is not memory
        del secrets, token, memory  # a traceback may show the values of its frames
        check_session(session, ca_file)
        self._clock = clock or SystemClock()
        self._setup = set_up(
            credentials,
            given,
            Account(network, identifier, base_url, settings, sessions, database, closes_memory),
            timeout_seconds=timeout_seconds,
            attempts_max=attempts_max,
            limiter=limiter,
            log=log,
            clock=self._clock,
            waits=self._clock,
        )
        self._keeper = self._keeping()
        self._transport = Transport(self._clock, proxy=proxy, ca_file=ca_file, session=session)
        # A session of somebody else cannot be kept from private addresses, which media may name.
        self._media = self._transport if session is None else Transport(self._clock, proxy=proxy)
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
        self._media.close()
        self._setup.close()

    def run(self, flow: Flow[T]) -> T:
        """Run what an endpoint function returns, and return its result.

        Raises:
            ThreadsyncError: see the class.
        """
        setup = self._setup
        perform = partial(self._perform, setup.scribe(), setup.endpoint)
        return run(persistent(flow, setup.bounds, setup.classify), perform, self._clock)

    def known(self, flow: Flow[T], *, force: bool = False, age_seconds_max: float = AGE_SECONDS_MAX) -> T:
        """Run what an endpoint function returns; what it reads is taken from *memory* if it is known already.

            profile = client.known(bluesky.get_profile("lifts.bsky.social", public=True))

        An answer that is older than *age_seconds_max* is asked for again; with *force* every one is. What is
        not a plain read is asked for as by ``run``. The exchange of a known answer has no headers.

        Raises:
            DatabaseError: *memory* cannot be used.
            ThreadsyncError: see the class.
        """
        setup, scribe = self._setup, self._setup.scribe()

        def perform(request: Request) -> Response | NoResponse:
            found = None if force else setup.known.read(request, age_seconds_max)
            if found is not None:
                return found
            answer = self._perform(scribe, setup.endpoint, request)
            setup.known.write(request, answer)
            return answer

        return run(persistent(flow, setup.bounds, setup.classify), perform, self._clock)

    def _perform(self, scribe: Scribe, endpoint: Endpoint, request: Request) -> Response | NoResponse:
        def send(request: Request, session: Session | None) -> Response | NoResponse:
            self._clock.sleep(self._setup.reserve_seconds())
            told = self._setup.reserve(session, request)
            with self._setup.noted(scribe, request) as keep:
                answer = keep(self._transport.perform(opened(endpoint, session), request))
                told(answer)
                return answer

        if self._closed:
            raise closed()
        return send(request, None) if self._keeper is None else self._keeper.perform(request, send)

    def _keeping(self) -> SessionKeeper | None:
        setup = self._setup
        if setup.kept is None:
            return None
        return SessionKeeper(
            setup.kept,
            lambda flow, perform: run(persistent(flow, setup.bounds, setup.classify), perform, self._clock),
        )

    def quotas(self) -> Mapping[str, Quota]:
        """Return what is left of the account's allowances, by what they count; asks nobody.

        Empty where the network counts nothing by its answers alone, and before the account was ever opened.
        """
        return self._setup.quotas()

    def pages(self, listing: Callable[[str | None], Flow[P]]) -> Iterator[P]:
        """Run *listing* from page to page, each when it is asked for: it is given the cursor to start after.

            for page in client.pages(lambda after: threads.own_threads(after=after)):

        Raises:
            ThreadsyncError: see the class.
        """
        pages = Pages(listing)
        while pages.more:
            yield self.run(pages.read())

    def resume(
        self, listing: Callable[[str | None], Flow[R]], *, scope: str | None = None, cursor: str | None = None
    ) -> Iterator[R]:
        """Go on with a list where the last ``resume`` left it, from page to page.

            for page in client.resume(lambda cursor: bluesky.get_convo_log(cursor=cursor)):

        The place is remembered (in *memory*) for the account, the endpoint and the *scope*: unless you name
        one, what else the endpoint is asked. It moves when the next page is asked for, so that the page at
        which a program died comes again. A list that grows at its end (a log, records with *reverse*) is
        gone on with behind its last entry; one that begins with the newest goes on to older ones, and after
        its end begins anew. *cursor* is another place to begin at.

        Raises:
            DatabaseError: *memory* cannot be used.
            ThreadsyncError: see the class.
        """
        cursors = self._setup.cursors
        place = place_of(listing, scope)
        pages = Pages(listing, cursor or cursors.read(place))
        while pages.more:
            page = self.run(pages.read())
            yield page
            cursors.write(place, page.onward or page.after)

    def forget(self, listing: Callable[[str | None], Flow[R]], *, scope: str | None = None) -> None:
        """Forget where ``resume`` left a list, so that it begins anew.

        Raises:
            DatabaseError: *memory* cannot be used.
        """
        self._setup.cursors.write(place_of(listing, scope), None)

    def items(self, listing: Callable[[str | None], Flow[Listed[T]]]) -> Iterator[T]:
        """Run *listing* from page to page, and return what stands on them, one after the other.

        Raises:
            ThreadsyncError: see the class.
        """
        for page in self.pages(listing):
            yield from page.data

    def publish(
        self,
        text: str | Sequence[str | PostSegment] = "",
        media: Sequence[MediaLike] = (),
        *,
        link: str | None = None,
        poll: Sequence[str] = (),
        quote: str | None = None,
        reply_to: str | None = None,
        repost: str | None = None,
        who_can_reply: str | None = None,
        tags: Sequence[str] = (),
        langs: Sequence[str] = (),
        number: str | None = None,
        options: Mapping[str, Json] = NO_OPTIONS,
        fit: bool = False,
        media_host: Mapping[str, Json] | None = None,
        key: str | None = None,
        journal: str | Path | None = None,
        allow_duplicate: bool = False,
        lock_timeout_seconds: float = LOCK_SECONDS,
    ) -> PublishedPost:
        """Publish one post as ``threadsync apply`` does, settling included, and return what is live.

            client.publish(
                "12 lifts were broken.",
                [Attachment("map.png", "Map of 40 stations")],
                media_host={"kind": "url_prefix", "url": "https://example.org/pictures"},
                key="lift-report",
                journal="posts.json",
            )

        The keys are those of a post file (docs/reference/post.md), mean the same and are checked the same;
        *poll* is its options, *options* the block of the network's own name (``{"topic": "transit"}``).
        *text* is one segment, or several, which make a chain; *media*, *link*, *poll* and *quote* are the
        first one's. A text has the marks of post files: links, bold, ``\\`` before what is meant as typed.
        Pictures and further segments are never read out of it. A reference is ``id:…``, an address (on
        Threads one of the account's own posts), or a key of the same *journal*.

        *media* are paths, bytes or https addresses. A network that fetches them itself gets the files from
        *media_host*, which is an entry of ``media_hosts`` (docs/media-hosts.md), with paths relative to the
        working folder. What is given by its address is fetched once, to be checked as a file is. *fit* sends
        a copy of a picture that breaks a limit.

        **With a journal**, a file of its own that is made here, every step is on disk before it is taken.
        Calling again with the same journal and *key*, after death at any moment, goes on, settles, and
        publishes nothing twice; what is live is returned as it was. Without a key the content is the key: the
        same content is the same post. Keys are the account's, so that many people's posts may share a
        journal. It is safe against process death, not against loss of its disk: so own posts are read back
        before the first segment goes out (90 days, 1,000 posts), and one that says the same and is not in the
        journal holds it back, unless *allow_duplicate*. One publish writes a journal at a time; others wait
        up to *lock_timeout_seconds*.

        **Without a journal** it is safe against a lost answer, not against process death: nobody remembers
        what was sent, so calling again publishes again, and nothing is read back.

        Settling a lost answer can take more than five minutes. It adopts the one own post that matches: where
        another program publishes the same text to the account in the same minutes, either may be told.
        Consents, schedules and removals are matters of a project. Scopes and limits are the provider's
        (``threadsync providers``): those of publishing, and with a journal those of reading own posts and
        replies.

        Raises:
            ContentError: something is wrong with the post; *findings* holds all of it. Nothing was sent.
            UsageError: the key stands for another content; or what is given makes no post.
            ProjectError: the media host, or a credential of it, cannot be used.
            PublishBlocked: the account, a quota, a scope, a media host or a post that looks like it speaks
                against it. Nothing was sent.
            PublishRefused: the network said no; *segments* of a chain may be live.
            PublishUncertain: whether a segment is live cannot be told; the remedy says what to do.
            StateError: the journal cannot be used; no further request went out.
            ApiError, Unanswered, CredentialsExpired, RateLimitReached: the account could not be asked. A call
                with the same journal goes on.
        """
        what = said(
            text,
            PostSegment("", media, link, poll, quote),
            Said((), reply_to, repost, who_can_reply, tags, langs, number, options, key, fit),
        )
        keeping = Keeping(journal, allow_duplicate, lock_timeout_seconds)
        return self._publish(what, keeping, media_host)

    def _publish(self, what: Said, keeping: Keeping, media_host: Mapping[str, Json] | None) -> PublishedPost:
        # Programs that only run endpoints load nothing of this.
        from threadsync.execution.publish_means import Answers, Lines, means_of
        from threadsync.execution.publish_performers import WaitingPerformer
        from threadsync.execution.publishing import publish

        scribe = self._setup.scribe()

        @contextmanager
        def performing(endpoint: Endpoint, answers: Answers) -> Iterator[WaitingPerformer]:
            def send(request: Request) -> Response | NoResponse:
                return answers.take(request, self._perform(scribe, endpoint, request))

            yield WaitingPerformer(send, self._clock)

        lines = Lines(performing, self._media, self._clock, self._clock)
        return publish(what, keeping, means_of(self._setup, media_host, lines))
