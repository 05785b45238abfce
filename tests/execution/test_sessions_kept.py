"""A session is opened when it is needed, renewed before its end or when it is over, by one at a time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from tests.execution.clocks import FakeAsyncClock
from threadsync.errors import ApiError, Unanswered
from threadsync.execution.async_driver import run as run_async
from threadsync.execution.async_sessions import AsyncSessionKeeper
from threadsync.execution.sessions import InMemory, Kept, SessionKeeper
from threadsync.flows.core import drive, send
from threadsync.flows.effects import Effect, Flow, NoResponse, Outcome, Request, Response
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import MAIN, Role
from threadsync.model.secret import SecretText
from threadsync.providers.accounts import Session
from threadsync.testing.fakes import FakeClock

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SESSION = Role("session")
READ = Request("GET", "/posts", auth=SESSION)
OVER = Response(400, b"over")


class Doors:
    """A network whose sessions are numbered, last two hours, and end when it says so."""

    roles = frozenset({SESSION})

    def __init__(self, runner: asyncio.Runner, *, in_loop: bool) -> None:
        self.runner = runner
        self.in_loop = in_loop
        self.clock = FakeClock(START)
        self.given = 0
        self.ended: set[str] = set()
        self.sent: list[str] = []
        self.renews = True
        self.answers = True
        self.seen: list[SecretText] = []
        self.home = "https://home.example"

    def open(self) -> Flow[Session]:
        return (yield from self._ask("open"))

    def renew(self) -> Flow[Session]:
        return (yield from self._ask("renew"))

    def is_over(self, response: Response) -> bool:
        return response == OVER

    def _ask(self, how: str) -> Flow[Session]:
        answer = yield from send(Request("POST", f"/{how}", auth=MAIN))
        if isinstance(answer, NoResponse):
            raise Unanswered(answer.reason, sent=answer.sent)
        if answer == OVER:
            raise ApiError(Fault(FaultClass.UNAUTHORIZED, "over", "", "over"))
        ends = self.clock.now() + timedelta(hours=2)
        return Session({SESSION: SecretText(answer.body.decode())}, ends, self.home)

    def perform(self, request: Request, session: Session | None) -> Response | NoResponse:
        token = session.secrets[SESSION].reveal() if session is not None else "-"
        self.sent.append(f"{request.path} {token}")
        if request.auth == MAIN:
            if not self.answers:
                return NoResponse("unplugged", sent=False)
            if request.path == "/renew" and not self.renews:
                return OVER
            self.given += 1
            return Response(200, f"s{self.given}".encode())
        return OVER if token in self.ended else Response(200, token.encode())

    async def perform_async(self, request: Request, session: Session | None) -> Response | NoResponse:
        await asyncio.sleep(0)
        return self.perform(request, session)

    def looped(self, store: InMemory | None = None) -> AsyncSessionKeeper:
        async def opening(
            flow: Flow[Session], perform: Callable[[Request], Awaitable[Response | NoResponse]]
        ) -> Session:
            return await run_async(flow, perform, FakeAsyncClock(self.clock))

        kept = Kept(self, store or InMemory(), self.clock, self.seen.append)
        return AsyncSessionKeeper(kept, opening)

    def keeper(self, store: InMemory | None = None) -> Keeper:
        if self.in_loop:
            looped = self.looped(store)
            return Keeper(lambda request: self.runner.run(looped.perform(request, self.perform_async)))

        def run(flow: Flow[Session], perform: object) -> Session:
            def answer(effect: Effect) -> Outcome:
                assert isinstance(effect, Request)
                return perform(effect)  # type: ignore[operator, no-any-return]

            return drive(flow, answer)

        kept = Kept(self, store or InMemory(), self.clock, self.seen.append)
        waiting = SessionKeeper(kept, run)
        return Keeper(lambda request: waiting.perform(request, self.perform))


class Keeper:
    """A keeper of either kind, to a test that waits for each answer."""

    def __init__(self, perform: Callable[[Request], Response | NoResponse]) -> None:
        self.perform = perform


@pytest.fixture(params=["waiting", "looped"])
def doors(request: pytest.FixtureRequest) -> Iterator[Doors]:
    with asyncio.Runner() as runner:
        yield Doors(runner, in_loop=request.param == "looped")


def told(answer: Response | NoResponse) -> str:
    assert isinstance(answer, Response)
    return answer.body.decode()


def test_the_account_is_opened_when_a_request_needs_it_and_not_before(doors: Doors) -> None:
    keeper = doors.keeper()
    assert told(keeper.perform(Request("GET", "/public"))) == "-"
    assert told(keeper.perform(READ)) == told(keeper.perform(READ)) == "s1"
    assert doors.sent == ["/public -", "/open -", "/posts s1", "/posts s1"]


def test_what_needs_no_session_goes_where_the_account_lives_all_the_same(doors: Doors) -> None:
    keeper = doors.keeper()
    keeper.perform(READ)
    assert told(keeper.perform(Request("GET", "/public"))) == "s1"


def test_another_process_uses_the_session_that_there_is(doors: Doors) -> None:
    store = InMemory()
    doors.keeper(store).perform(READ)
    assert told(doors.keeper(store).perform(READ)) == "s1"
    assert doors.given == 1


def test_a_session_is_renewed_a_little_before_its_end(doors: Doors) -> None:
    keeper = doors.keeper()
    keeper.perform(READ)
    doors.clock.sleep(7200 - 299)
    assert told(keeper.perform(READ)) == "s2"
    assert "/renew s1" in doors.sent


def test_a_request_whose_session_is_over_is_sent_once_more_with_the_next_one(doors: Doors) -> None:
    keeper = doors.keeper()
    keeper.perform(READ)
    doors.ended.add("s1")
    assert told(keeper.perform(READ)) == "s2"
    assert doors.sent[-3:] == ["/posts s1", "/renew s1", "/posts s2"]


def test_it_is_sent_once_more_and_never_again(doors: Doors) -> None:
    doors.ended |= {f"s{number}" for number in range(9)}
    assert doors.keeper().perform(READ) == OVER
    assert [each for each in doors.sent if each.startswith("/posts")] == ["/posts s1", "/posts s2"]


def test_one_that_cannot_be_renewed_is_opened_anew(doors: Doors) -> None:
    keeper = doors.keeper()
    keeper.perform(READ)
    doors.ended.add("s1")
    doors.renews = False
    assert told(keeper.perform(READ)) == "s2"
    assert doors.sent[-4:] == ["/posts s1", "/renew s1", "/open -", "/posts s2"]


def test_without_a_session_the_request_is_not_sent(doors: Doors) -> None:
    doors.answers = False
    with pytest.raises(Unanswered, match="unplugged"):
        doors.keeper().perform(READ)
    assert doors.sent == ["/open -"]


def test_the_new_session_is_stored_before_it_is_used(doors: Doors) -> None:
    class Full(InMemory):
        def write(self, text: str) -> None:
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        doors.keeper(Full()).perform(READ)
    assert doors.sent == ["/open -"]


def test_a_stored_session_that_cannot_be_read_is_none(doors: Doors) -> None:
    for text in ("", "{", "[]", '{"secrets": {"session": 1}, "expires_at": null, "base_url": ""}'):
        store = InMemory()
        store.write(text)
        assert told(doors.keeper(store).perform(READ)).startswith("s")


def test_one_thread_or_task_renews_and_the_others_use_what_it_got(doors: Doors) -> None:
    store = InMemory()
    keeper = doors.keeper(store)
    keeper.perform(READ)
    doors.ended.add("s1")
    if doors.in_loop:
        looped = doors.looped(store)

        async def every() -> None:
            await asyncio.gather(*(looped.perform(READ, doors.perform_async) for _ in range(8)))

        doors.runner.run(every())
    else:
        threads = [threading.Thread(target=keeper.perform, args=(READ,)) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert doors.given == 2


def test_a_session_that_does_not_say_where_it_lives_lives_where_the_one_before_it_did(doors: Doors) -> None:
    store = InMemory()
    keeper = doors.keeper(store)
    keeper.perform(READ)
    doors.ended.add("s1")
    doors.home = ""
    keeper.perform(READ)
    assert '"https://home.example"' in str(store.read())


def test_every_secret_of_a_session_is_told_so_that_it_can_be_hidden(doors: Doors) -> None:
    store = InMemory()
    doors.keeper(store).perform(READ)
    doors.seen.clear()
    doors.keeper(store).perform(READ)
    assert SecretText("s1") in doors.seen


def test_a_task_that_is_cancelled_while_another_process_is_waited_for_leaves_nothing_locked() -> None:
    """The thread that waits goes on, and lets go of what it gets."""
    turn, entered, left = threading.Event(), threading.Event(), threading.Event()

    class Slow(InMemory):
        @contextmanager
        def alone(self) -> Iterator[None]:
            entered.set()
            turn.wait()
            yield
            left.set()

    async def main(doors: Doors) -> None:
        task = asyncio.create_task(doors.looped(Slow()).perform(READ, doors.perform_async))
        await asyncio.to_thread(entered.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        turn.set()
        while not left.is_set():
            await asyncio.sleep(0)

    with asyncio.Runner() as runner:
        doors = Doors(runner, in_loop=True)
        runner.run(main(doors))
    assert doors.sent == []


def test_a_process_that_comes_second_uses_what_the_first_one_stored(doors: Doors) -> None:
    """It looks again once it is alone: the first one may have renewed in between."""

    class Shared(InMemory):
        @contextmanager
        def alone(self) -> Iterator[None]:
            if self.read() is None:
                self.write('{"secrets": {"session": "theirs"}, "expires_at": null, "base_url": ""}')
            yield

    assert told(doors.keeper(Shared()).perform(READ)) == "theirs"
    assert doors.given == 0
