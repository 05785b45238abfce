"""``SessionKeeper`` for an event loop: one task at a time opens or renews, and the others wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from typing import TypeAlias

from threadsync.errors import ApiError
from threadsync.execution.async_driver import AsyncPerform
from threadsync.execution.sessions import Answer, Kept, SessionStore, ended
from threadsync.flows.effects import Flow, Request
from threadsync.providers.accounts import Session

AsyncSend: TypeAlias = Callable[[Request, Session | None], Awaitable[Answer]]
"""Sends one request once, with the session that is given or without one."""


class AsyncSessionKeeper:
    """The session of one account, for all tasks of one loop that send its requests.

    *run* runs a flow of the network's sessions with what sends its requests. A task that is cancelled while
    it opens or renews leaves that to the next one.
    """

    def __init__(self, kept: Kept, run: Callable[[Flow[Session], AsyncPerform], Awaitable[Session]]) -> None:
        self._kept = kept
        self._run = run
        self._lock = asyncio.Lock()

    async def perform(self, request: Request, send: AsyncSend) -> Answer:
        """Send *request* with *send*, and with a session where it needs one.

        Raises:
            ApiError, Unanswered: there is no session to be had; the request was not sent.
        """
        kept = self._kept
        if not kept.opens(request):
            return await send(request, kept.held or kept.read())
        held = kept.held
        session = await self._next(held, send) if held is None or kept.ends(held) else held
        answer = await send(request, session)
        return await send(request, await self._next(session, send)) if kept.is_over(answer) else answer

    async def _next(self, stale: Session | None, send: AsyncSend) -> Session:
        """Return a session that is not *stale*: the one another task or process got, or else a new one."""
        kept = self._kept
        async with self._lock:
            if (other := kept.other_than(stale)) is not None:
                return other
            async with _alone(kept.store):
                found = kept.read()
                if found is None or not kept.serves(found, stale):
                    old = stale or found
                    made = await self._got(old, send)
                    found = await asyncio.to_thread(kept.store_new, made, old)
            kept.held = found
            return found

    async def _got(self, old: Session | None, send: AsyncSend) -> Session:
        """Renew *old*; where that is refused, or there is none, open the account anew."""
        if old is not None:
            try:
                return await self._run(self._kept.sessions.renew(), lambda request: send(request, old))
            except ApiError as error:
                if not ended(error):
                    raise
        return await self._run(self._kept.sessions.open(), lambda request: send(request, None))


@asynccontextmanager
async def _alone(store: SessionStore) -> AsyncIterator[None]:
    """Be alone with *store*; the wait for other processes is a thread's, so that the loop goes on."""
    stack = ExitStack()
    entering = asyncio.ensure_future(asyncio.to_thread(stack.enter_context, store.alone()))
    try:
        await asyncio.shield(entering)
    except asyncio.CancelledError:
        # The thread goes on waiting, and lets go of what it gets.
        entering.add_done_callback(lambda done: None if done.exception() else stack.close())
        raise
    with stack:
        yield
