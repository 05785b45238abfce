"""A list is read to its end, whatever its server says, and one page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadsync.errors import Unanswered
from threadsync.flows.core import drive, send
from threadsync.flows.effects import Effect, Flow, NoResponse, Request, Response
from threadsync.flows.paging import Pages


@dataclass(frozen=True)
class Page:
    data: tuple[str, ...]
    after: str | None


class Server:
    """Answers with *pages* by cursor; *lost* are the calls that nothing answers."""

    def __init__(self, pages: dict[str | None, Page], lost: tuple[int, ...] = ()) -> None:
        self.pages, self.lost = pages, lost
        self.asked: list[str | None] = []

    def list(self, after: str | None) -> Flow[Page]:
        self.asked.append(after)
        answer = yield from send(Request("GET", "/list"))
        if isinstance(answer, NoResponse):
            raise Unanswered(answer.reason, sent=answer.sent)
        return self.pages[after]

    def perform(self, effect: Effect) -> Response | NoResponse:
        assert isinstance(effect, Request)
        return NoResponse("reset", sent=True) if len(self.asked) in self.lost else Response(200)


def read(server: Server) -> Iterator[Page]:
    pages = Pages(server.list)
    while pages.more:
        yield drive(pages.read(), server.perform)


THREE = {None: Page(("a", "b"), "2"), "2": Page(("c",), "3"), "3": Page(("d",), None)}


def test_the_pages_come_in_order_and_end_with_the_one_without_a_cursor() -> None:
    server = Server(THREE)
    assert [entry for page in read(server) for entry in page.data] == ["a", "b", "c", "d"]
    assert server.asked == [None, "2", "3"]


def test_a_page_is_asked_for_when_it_is_wanted_and_not_before() -> None:
    server = Server(THREE)
    next(read(server))
    assert server.asked == [None]


def test_a_page_that_did_not_come_is_the_next_to_be_read() -> None:
    server = Server(THREE, lost=(2,))
    pages = Pages(server.list)
    drive(pages.read(), server.perform)
    with pytest.raises(Unanswered):
        drive(pages.read(), server.perform)
    assert pages.more
    assert drive(pages.read(), server.perform).data == ("c",)
    assert server.asked == [None, "2", "2"]


@given(st.lists(st.integers(0, 5), min_size=6, max_size=6))
def test_a_list_ends_even_where_its_cursors_go_round(leads_to: list[int]) -> None:
    """No page comes twice, but for the one that the circle begins with."""
    pages: dict[str | None, Page] = {str(n): Page((str(n),), str(to)) for n, to in enumerate(leads_to)}
    seen = [page.data[0] for page in read(Server({None: Page(("start",), "0"), **pages}))]
    assert len(seen) <= len(pages) + 1
    assert len(set(seen)) == len(seen)
