"""The client of programs with an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from threadsync.errors import ProjectError
from threadsync.execution.apilog import ApiLog, Call
from threadsync.execution.async_driver import run
from threadsync.execution.async_sessions import AsyncSessionKeeper
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
from threadsync.execution.clock import AsyncClock, SystemAsyncClock, SystemClock
from threadsync.execution.cursors import place_of
from threadsync.execution.database import DatabaseLike, database_of
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
from threadsync.execution.sessions import opened
from threadsync.execution.wire import Endpoint
from threadsync.flows.effects import Flow, NoResponse, Request, Response
from threadsync.flows.paging import Pages
from threadsync.flows.retry import persistent
from threadsync.model.facts import Quota
from threadsync.model.ids import Json
from threadsync.providers.accounts import Session
from threadsync.providers.loading import DEFAULT

if TYPE_CHECKING:
    import aiohttp

T = TypeVar("T")
P = TypeVar("P", bound=Listed[object])
R = TypeVar("R", bound=Resumable[object])


class AsyncClient:
    """``Client`` for an event loop: what its arguments mean is said there.

        async with AsyncClient(token="…") as client:
            limits = await client.run(threads.publishing_limit())

    Tasks of one loop may share it, that of its first request; up to 16 of their requests are in flight at
    once. Flows that a flow waits for run side by side. When a task is cancelled, so is its request: one that
    others can see may have acted all the same, and nobody is left to be told.

    Of a *session* of yours its connections and headers are used (no cookies, middlewares, proxy or login),
    and it is looked into: what is said of the time and of lost answers holds with it too.

    Raises:
        ProjectError: aiohttp is not installed.
        ThreadsyncError: as ``Client``.
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
        session: aiohttp.ClientSession | None = None,
        proxy: str = "",
        ca_file: Path | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        attempts_max: int = ATTEMPTS_MAX,
        limiter: RateLimiter | None = None,
        log: ApiLog | None = None,
        clock: AsyncClock | None = None,
    ) -> None:
        given = masked(secrets, token)
        database = database_of(memory)
        closes_memory = database is not memory
        del secrets, token, memory  # a traceback may show the values of its frames
        try:
            from threadsync.execution.async_transport import AsyncTransport
        except ModuleNotFoundError as error:
            raise ProjectError(
                "AsyncClient speaks through aiohttp, and that is not installed",
                remedy="Run: pip install 'threadsync[async]' (or use Client).",
            ) from error
        check_session(session, ca_file)
        self._clock = clock or SystemAsyncClock()
        self._setup = set_up(
            credentials,
            given,
            Account(network, identifier, base_url, settings, sessions, database, closes_memory),
            timeout_seconds=timeout_seconds,
            attempts_max=attempts_max,
            limiter=limiter,
            log=log,
            clock=self._clock,
            waits=SystemClock(),
        )
        self._keeper = self._keeping()
        self._transport = AsyncTransport(self._clock, proxy=proxy, ca_file=ca_file, session=session)
        self._proxy, self._ca_file = proxy, ca_file
        self._notes: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections of its own, and write what the log has taken in."""
        await self._transport.close()
        await asyncio.gather(*self._notes)
        if self._setup.log is not None and self._setup.log.is_remote:
            await asyncio.to_thread(self._setup.log.flush)
        await self._asked(self._setup.close)

    async def run(self, flow: Flow[T]) -> T:
        """Run what an endpoint function returns, and return its result.

        Raises:
            ThreadsyncError: see the class.
        """
        setup = self._setup
        perform = partial(self._perform, setup.scribe(), setup.endpoint)
        return await run(persistent(flow, setup.bounds, setup.classify), perform, self._clock)

    async def known(
        self, flow: Flow[T], *, force: bool = False, age_seconds_max: float = AGE_SECONDS_MAX
    ) -> T:
        """Run what an endpoint function returns, or take what is known already, as ``Client.known``.

        Raises:
            DatabaseError: *memory* cannot be used.
            ThreadsyncError: see the class.
        """
        setup, scribe = self._setup, self._setup.scribe()

        async def perform(request: Request) -> Response | NoResponse:
            read = partial(setup.known.read, request, age_seconds_max)
            found = None if force else await self._asked(read)
            if found is not None:
                return found
            answer = await self._perform(scribe, setup.endpoint, request)
            await self._asked(partial(setup.known.write, request, answer))
            return answer

        return await run(persistent(flow, setup.bounds, setup.classify), perform, self._clock)

    async def _perform(self, scribe: Scribe, endpoint: Endpoint, request: Request) -> Response | NoResponse:
        async def send(request: Request, session: Session | None) -> Response | NoResponse:
            await self._clock.sleep(self._setup.reserve_seconds())
            told = await self._asked(partial(self._setup.reserve, session, request))
            with self._setup.noted(scribe, request, self._note) as keep:
                answer = keep(await self._transport.perform(opened(endpoint, session), request))
                await self._asked(partial(told, answer))
                return answer

        keeper = self._keeper
        return await (send(request, None) if keeper is None else keeper.perform(request, send))

    async def _asked(self, what: Callable[[], T]) -> T:
        """Do *what* asks the database of *memory*; the loop goes on meanwhile where that may take long."""
        return await asyncio.to_thread(what) if self._setup.memory.is_remote else what()

    def _note(self, log: ApiLog, call: Call) -> None:
        """Write a row of the log, which a client that is closed has waited for."""
        if not log.is_remote:
            log.add(call)
            return
        task = asyncio.ensure_future(asyncio.to_thread(log.add, call))
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    def _keeping(self) -> AsyncSessionKeeper | None:
        setup = self._setup
        if setup.kept is None:
            return None
        return AsyncSessionKeeper(
            setup.kept,
            lambda flow, perform: run(persistent(flow, setup.bounds, setup.classify), perform, self._clock),
        )

    async def quotas(self) -> Mapping[str, Quota]:
        """Return what is left of the account's allowances, by what they count, as ``Client.quotas``.

        Raises:
            DatabaseError: *memory* cannot be used.
        """
        return await self._asked(self._setup.quotas)

    async def pages(self, listing: Callable[[str | None], Flow[P]]) -> AsyncIterator[P]:
        """Run *listing* from page to page, as ``Client.pages``.

        Raises:
            ThreadsyncError: see the class.
        """
        pages = Pages(listing)
        while pages.more:
            yield await self.run(pages.read())

    async def resume(
        self, listing: Callable[[str | None], Flow[R]], *, scope: str | None = None, cursor: str | None = None
    ) -> AsyncIterator[R]:
        """Go on with a list where it was left, as ``Client.resume``.

        Raises:
            DatabaseError: *memory* cannot be used.
            ThreadsyncError: see the class.
        """
        cursors = self._setup.cursors
        place = place_of(listing, scope)
        pages = Pages(listing, cursor or await self._asked(partial(cursors.read, place)))
        while pages.more:
            page = await self.run(pages.read())
            yield page
            await self._asked(partial(cursors.write, place, page.onward or page.after))

    async def forget(self, listing: Callable[[str | None], Flow[R]], *, scope: str | None = None) -> None:
        """Forget where ``resume`` left a list, so that it begins anew.

        Raises:
            DatabaseError: *memory* cannot be used.
        """
        await self._asked(partial(self._setup.cursors.write, place_of(listing, scope), None))

    async def items(self, listing: Callable[[str | None], Flow[Listed[T]]]) -> AsyncIterator[T]:
        """Run *listing* from page to page, and return what stands on them, one after the other.

        Raises:
            ThreadsyncError: see the class.
        """
        async for page in self.pages(listing):
            for each in page.data:
                yield each

    async def publish(
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
        """Publish one post, as ``Client.publish``, where each argument and error is told.

        Children of a carousel are made side by side. Files (the journal, media) are read and written in a
        thread of its own, so the loop goes on. A task that is cancelled waits a few seconds for what is in
        flight and puts it on record; calling again with the same journal goes on from there. What came to its
        end all the same is returned. Without a journal, nobody may be left to be told what was sent.

        Raises:
            ThreadsyncError: as ``Client.publish``.
        """
        what = said(
            text,
            PostSegment("", media, link, poll, quote),
            Said((), reply_to, repost, who_can_reply, tags, langs, number, options, key, fit),
        )
        keeping = Keeping(journal, allow_duplicate, lock_timeout_seconds)
        return await self._publish(what, keeping, media_host)

    async def _publish(
        self, what: Said, keeping: Keeping, media_host: Mapping[str, Json] | None
    ) -> PublishedPost:
        # Programs that only run endpoints load nothing of this.
        from threadsync.execution.publish_means import Answers, Lines, means_of
        from threadsync.execution.publish_performers import LoopClock, LoopPerformer, Stopping, beside
        from threadsync.execution.publishing import publish
        from threadsync.execution.transport import Transport

        loop, scribe = asyncio.get_running_loop(), self._setup.scribe()
        clock, lock_clock = LoopClock(loop, self._clock), LoopClock(loop, self._clock)
        stopping = Stopping(lock_clock.stop)

        @contextmanager
        def performing(endpoint: Endpoint, answers: Answers) -> Iterator[LoopPerformer]:
            async def send(request: Request) -> Response | NoResponse:
                return answers.take(request, await self._perform(scribe, endpoint, request))

            with closing(LoopPerformer(send, loop, self._clock)) as performer:
                yield performer

        def work() -> PublishedPost:
            with Transport(clock, proxy=self._proxy, ca_file=self._ca_file) as transport:
                lines = Lines(performing, transport, clock, lock_clock, stopping.started, stopping.check)
                return publish(what, keeping, means_of(self._setup, media_host, lines))

        return await beside(work, stopping.stop)
