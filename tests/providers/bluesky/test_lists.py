"""Where a list is gone on with: behind the last entry of a log, nowhere in any other."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from threadsync.flows.core import drive
from threadsync.flows.effects import Effect, Flow, Outcome, Request, Response
from threadsync.flows.paging import Pages
from threadsync.providers.bluesky import api


def places(
    listing: Callable[[str | None], Flow[Any]], *bodies: object, after: str | None = None
) -> list[Any]:
    """Read a list that answers *bodies*, one after the other; return what each page is gone on with."""
    left = list(bodies)

    def answer(effect: Effect) -> Outcome:
        assert isinstance(effect, Request)
        return Response(200, json.dumps(left.pop(0)).encode())

    pages, found = Pages(listing, after), []
    while pages.more:
        page = drive(pages.read(), answer)
        found.append((len(page.data), page.after, page.onward))
    assert left == []
    return found


def log(cursor: str | None) -> Flow[Any]:
    return api.get_convo_log(cursor=cursor)


def test_the_log_of_messages_begins_now_and_is_gone_on_with_behind_its_end() -> None:
    assert places(log, {"logs": [], "cursor": "c1"}, {"logs": [], "cursor": "c1"}) == [
        (0, "c1", "c1"),
        (0, None, "c1"),
    ]


def test_from_its_start_it_tells_everything_and_a_last_page_without_cursor_loses_no_place() -> None:
    whole = ({"logs": [{"rev": "1"}], "cursor": "c1"}, {"logs": []})
    assert places(log, *whole, after=api.LOG_START) == [(1, "c1", "c1"), (0, None, "c1")]


def test_records_grow_at_the_end_in_reverse_alone() -> None:
    def records(reverse: bool | None) -> Callable[[str | None], Flow[Any]]:
        return lambda cursor: api.list_records("r", "c", cursor=cursor, reverse=reverse)

    whole = ({"records": [{"uri": "u", "cid": "c", "value": {}}], "cursor": "k"}, {"records": []})
    assert places(records(True), *whole) == [(1, "k", "k"), (0, None, "k")]
    assert places(records(None), *whole) == [(1, "k", None), (0, None, None)]
