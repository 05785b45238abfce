"""Both clients, as tests call them: one that waits, and one of an event loop that runs while it is asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, aclosing, contextmanager
from itertools import islice
from typing import Any, Protocol, TypeVar

from tests.execution.clocks import FakeAsyncClock
from tests.execution.servers import Peer, Script, target_of
from threadsync import AsyncClient, Client, PublishedPost
from threadsync.execution.client_setup import Listed
from threadsync.flows.effects import Flow
from threadsync.model.facts import Quota
from threadsync.testing.fakes import FakeClock

T = TypeVar("T")

TOKEN = "CANARY-token"
BUSY = json.dumps({"error": {"message": "Try later", "code": 2, "is_transient": True}}).encode()


class AnyClient(Protocol):
    """What both clients are to a test that waits for each result."""

    def run(self, flow: Flow[T]) -> T: ...
    def known(self, flow: Flow[T], *, force: bool = False, age_seconds_max: float = 86400.0) -> T: ...
    def pages(self, listing: Callable[[str | None], Flow[Any]]) -> list[Any]: ...
    def items(self, listing: Callable[[str | None], Flow[Listed[T]]]) -> list[T]: ...
    def resume(self, listing: Callable[[str | None], Flow[Any]], **how: Any) -> list[Any]: ...
    def stopped_after(self, pages: int, listing: Callable[[str | None], Flow[Any]]) -> list[int]: ...
    def forget(self, listing: Callable[[str | None], Flow[Any]], *, scope: str | None = None) -> None: ...
    def publish(self, *what: Any, **keys: Any) -> PublishedPost: ...
    def quotas(self) -> Mapping[str, Quota]: ...
    def close(self) -> None: ...


class Waiting:
    """A Client whose lists are read to their end."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.run = client.run
        self.known = client.known
        self.publish = client.publish
        self.quotas = client.quotas
        self.forget = client.forget
        self.close = client.close

    def pages(self, listing: Callable[[str | None], Flow[Any]]) -> list[Any]:
        return list(self.client.pages(listing))

    def resume(self, listing: Callable[[str | None], Flow[Any]], **how: Any) -> list[Any]:
        return list(self.client.resume(listing, **how))

    def stopped_after(self, pages: int, listing: Callable[[str | None], Flow[Any]]) -> list[int]:
        """Read so many pages of records, and die at the last one."""
        found = islice(self.client.resume(listing), pages)
        return [int(entry.uri) for page in found for entry in page.data]

    def items(self, listing: Callable[[str | None], Flow[Listed[T]]]) -> list[T]:
        return list(self.client.items(listing))


class Looped:
    """An AsyncClient with a loop of its own that runs while a flow does."""

    def __init__(self, client: AsyncClient, runner: asyncio.Runner) -> None:
        self.client = client
        self.runner = runner

    def quotas(self) -> Mapping[str, Quota]:
        return self.runner.run(self.client.quotas())

    def forget(self, listing: Callable[[str | None], Flow[Any]], *, scope: str | None = None) -> None:
        self.runner.run(self.client.forget(listing, scope=scope))

    def run(self, flow: Flow[T]) -> T:
        return self.runner.run(self.client.run(flow))

    def known(self, flow: Flow[T], *, force: bool = False, age_seconds_max: float = 86400.0) -> T:
        return self.runner.run(self.client.known(flow, force=force, age_seconds_max=age_seconds_max))

    def pages(self, listing: Callable[[str | None], Flow[Any]]) -> list[Any]:
        async def every() -> list[Any]:
            return [page async for page in self.client.pages(listing)]

        return self.runner.run(every())

    def resume(self, listing: Callable[[str | None], Flow[Any]], **how: Any) -> list[Any]:
        async def every() -> list[Any]:
            return [page async for page in self.client.resume(listing, **how)]

        return self.runner.run(every())

    def stopped_after(self, pages: int, listing: Callable[[str | None], Flow[Any]]) -> list[int]:
        async def some() -> list[int]:
            found: list[int] = []
            pages_read: Any = self.client.resume(listing)  # a generator, whatever it is declared as
            async with aclosing(pages_read) as each:
                for _ in range(pages):
                    page = await anext(each)
                    found += [int(entry.uri) for entry in page.data]
            return found

        return self.runner.run(some())

    def items(self, listing: Callable[[str | None], Flow[Listed[T]]]) -> list[T]:
        async def every() -> list[T]:
            return [each async for each in self.client.items(listing)]

        return self.runner.run(every())

    def publish(self, *what: Any, **keys: Any) -> PublishedPost:
        return self.runner.run(self.client.publish(*what, **keys))

    def close(self) -> None:
        self.runner.run(self.client.close())


@contextmanager
def _waiting(clock: FakeClock, *credentials: Any, **settings: Any) -> Iterator[AnyClient]:
    with Client(*credentials, clock=clock, **settings) as client:
        yield Waiting(client)


@contextmanager
def _looped(clock: FakeClock, *credentials: Any, **settings: Any) -> Iterator[AnyClient]:
    with asyncio.Runner() as runner:
        client = AsyncClient(*credentials, clock=FakeAsyncClock(clock), **settings)
        try:
            yield Looped(client, runner)
        finally:
            runner.run(client.close())


class OpenClient(Protocol):
    """Opens a client of one kind, on a clock that moves only when it is told to."""

    def __call__(
        self, clock: FakeClock, *credentials: Any, **settings: Any
    ) -> AbstractContextManager[AnyClient]: ...


CLIENTS: dict[str, OpenClient] = {"requests": _waiting, "aiohttp": _looped}


def listing(*pages: dict[str, Any]) -> Script:
    """Answer with the page whose number the cursor names: none is the first, ``c1`` the second."""

    def script(peer: Peer) -> None:
        while request := peer.request():
            _, _, cursor = target_of(request).partition("after=c")
            peer.answer(json.dumps(pages[int(cursor or 0)]).encode())

    return script


def page(*ids: str, after: str | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"data": [{"id": each} for each in ids]}
    return body if after is None else {**body, "paging": {"cursors": {"after": after}}}


def in_turn(*answers: tuple[str, bytes]) -> Script:
    """Give each request of a connection the next answer, the last one for ever."""
    left = list(answers)

    def script(peer: Peer) -> None:
        while peer.request():
            status, body = left.pop(0) if len(left) > 1 else left[0]
            peer.answer(body, status=status)

    return script
