"""A request to a bucket may be left behind: a signal does not wait for a store that hangs."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Mapping

import pytest

from threadsync.execution.bodies import Content
from threadsync.execution.bucket_asking import VALID_SECONDS, Asking
from threadsync.execution.hosting_signing import Method
from threadsync.flows.effects import NoResponse, Response
from threadsync.model.secret import SecretText
from threadsync.statefile.remote import Deadline
from threadsync.testing.fakes import FakeClock

OK = Response(200)


class Store:
    """Answers as *answer* does, and keeps what it was asked, for how long, and by which thread."""

    def __init__(self, answer: Callable[[], Response]) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, bytes | None, float]] = []
        self.threads: list[str] = []
        self.signed: list[float] = []
        self.asking = Asking(self.sign, self.send)

    def sign(self, method: Method, name: str, *, seconds: float) -> SecretText:
        self.signed.append(seconds)
        return SecretText(f"https://store.example/{name}")

    def send(
        self,
        method: str,
        url: SecretText,
        *,
        headers: Mapping[str, str],
        content: Content | None,
        timeout_seconds: float,
    ) -> Response:
        body = None if content is None else b"".join(content)
        self.asked.append((method, url.reveal(), body, timeout_seconds))
        self.threads.append(str(threading.get_ident()))
        return self.answer()

    def ask(self, deadline: Deadline, method: Method = "GET", body: bytes | None = None) -> object:
        return self.asking(method, "a", headers={}, body=body, seconds=20.0, deadline=deadline)


def test_one_thread_asks_one_after_the_other_so_that_its_connection_is_kept() -> None:
    store, deadline = Store(lambda: OK), Deadline(FakeClock())
    assert store.ask(deadline) == OK
    assert [store.ask(deadline, "PUT", body) for body in (b"x", b"")] == [OK, OK]
    assert [each[2] for each in store.asked] == [None, b"x", b""]
    assert len(set(store.threads)) == 1
    assert store.threads[0] != str(threading.get_ident())


def test_no_request_takes_longer_than_there_is_time_and_none_goes_out_without_any() -> None:
    store, clock = Store(lambda: OK), FakeClock()
    hurried = Deadline(clock)
    hurried.hurry(3.0)
    assert store.ask(hurried) == OK
    assert store.asked[0][3] == 3.0
    assert store.signed == [3.0 + VALID_SECONDS]
    clock.sleep(3.0)
    assert store.ask(hurried) == NoResponse("there was no time left to ask", sent=False)
    assert len(store.asked) == 1


def test_what_hangs_is_left_behind_and_the_next_request_does_not_wait_for_it() -> None:
    """Whether it was done is then not known."""
    clock, goes_on, hangs = FakeClock(), threading.Event(), threading.Event()
    hurried = Deadline(clock)

    def answer() -> Response:
        if not hangs.is_set():
            hangs.set()
            hurried.hurry(0.0)
            goes_on.wait(60)
        return OK

    store = Store(answer)
    assert store.ask(hurried) == NoResponse("there was no time left for an answer", sent=True)
    assert store.ask(Deadline(clock)) == OK
    assert len(set(store.threads)) == 2
    goes_on.set()


def test_what_is_raised_there_is_raised_here_and_asking_goes_on() -> None:
    failures: list[Exception] = [RuntimeError("a bug")]

    def answer() -> Response:
        if failures:
            raise failures.pop()
        return OK

    store = Store(answer)
    with pytest.raises(RuntimeError, match="a bug"):
        store.ask(Deadline(FakeClock()))
    assert store.ask(Deadline(FakeClock())) == OK


def test_its_thread_ends_when_nobody_asks_any_more() -> None:
    ended: list[threading.Thread] = []

    def answer() -> Response:
        ended.append(threading.current_thread())
        return OK

    store = Store(answer)
    store.ask(Deadline(FakeClock()))
    assert ended[0].daemon, "and it keeps no program from ending"
    del store
    gc.collect()  # its methods are a circle here
    ended[0].join(60)
    assert not ended[0].is_alive()
