"""A session is opened when it is needed, renewed before its end or when it is over, by one at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from threadsync.errors import ApiError, Unanswered
from threadsync.execution.sessions import InMemory, SessionKeeper
from threadsync.flows.core import drive, send
from threadsync.flows.effects import Effect, Flow, NoResponse, Outcome, Request, Response
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import MAIN, Role
from threadsync.model.secret import SecretText
from threadsync.providers.base import Session
from threadsync.testing.fakes import FakeClock

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SESSION = Role("session")
READ = Request("GET", "/posts", auth=SESSION)
OVER = Response(400, b"over")


class Doors:
    """A network whose sessions are numbered, last two hours, and end when it says so."""

    roles = frozenset({SESSION})

    def __init__(self) -> None:
        self.clock = FakeClock(START)
        self.given = 0
        self.ended: set[str] = set()
        self.sent: list[str] = []
        self.renews = True
        self.answers = True

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
        return Session({SESSION: SecretText(answer.body.decode())}, ends, "https://home.example")

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

    def keeper(self, store: InMemory | None = None) -> SessionKeeper:
        def run(flow: Flow[Session], perform: object) -> Session:
            def answer(effect: Effect) -> Outcome:
                assert isinstance(effect, Request)
                return perform(effect)  # type: ignore[operator, no-any-return]

            return drive(flow, answer)

        return SessionKeeper(self, store or InMemory(), self.clock, self.perform, run)


@pytest.fixture
def doors() -> Doors:
    return Doors()


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


def test_one_thread_renews_and_the_others_use_what_it_got(doors: Doors) -> None:
    keeper = doors.keeper()
    keeper.perform(READ)
    doors.ended.add("s1")
    threads = [threading.Thread(target=keeper.perform, args=(READ,)) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert doors.given == 2


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
