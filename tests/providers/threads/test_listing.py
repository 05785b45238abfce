"""The account's own posts over all pages: what was seen, and whether it was all of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from tests.providers.threads.talk import BOUNDS, LOST, START, ok
from threadsync.errors import Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import drive
from threadsync.flows.effects import Effect, Outcome, Request, Wait, Waited
from threadsync.providers.threads.listing import Listed, Listing, own_posts


def page(*ids: str, after: str | None = None) -> Outcome:
    rows = [{"id": each, "media_type": "TEXT_POST", "timestamp": "2026-11-21T12:00:00+0000"} for each in ids]
    return ok({"data": rows, **({"paging": {"cursors": {"after": after}}} if after else {})}, START)


def listed(
    *answers: Outcome, since: datetime = START, bounds: Bounds = BOUNDS
) -> tuple[object, list[Request]]:
    asked: list[Request] = []
    left = list(answers)

    def perform(effect: Effect) -> Outcome:
        if isinstance(effect, Wait):
            return Waited()
        assert isinstance(effect, Request)
        asked.append(effect)
        return left.pop(0) if len(left) > 1 else left[0]

    return drive(own_posts(since, bounds, Listing.POSTS), perform), asked


def ids(found: object) -> list[str]:
    assert isinstance(found, Listed)
    return [post.remote_id for post in found.posts]


def test_every_page_is_read_behind_the_cursor_of_the_one_before() -> None:
    found, asked = listed(page("3", "2", after="A"), page("1", after="B"), page())
    assert (ids(found), found.complete) == (["3", "2", "1"], True)  # type: ignore[attr-defined]
    assert [request.params.get("after") for request in asked] == [None, "A", "B"]


def test_a_page_that_was_lost_is_read_again_and_not_passed_over() -> None:
    found, asked = listed(page("2", after="A"), LOST, page("1"))
    assert ids(found) == ["2", "1"]
    assert [request.params.get("after") for request in asked] == [None, "A", "A"]
    failed, _ = listed(page("2", after="A"), LOST)
    assert isinstance(failed, Unanswered)


def test_where_a_bound_ends_it_it_is_not_complete() -> None:
    found, asked = listed(page("2", "1", after="A"), bounds=replace(BOUNDS, read_back_posts_max=2))
    assert (ids(found), found.complete, len(asked)) == (["2", "1"], False, 1)  # type: ignore[attr-defined]
    whole, _ = listed(page("2", "1"), bounds=replace(BOUNDS, read_back_posts_max=2))
    assert isinstance(whole, Listed)
    assert whole.complete


def test_cursors_that_go_round_end_it_and_it_is_not_complete() -> None:
    """Posts may be missing then, and what is missing could be published again (law 8)."""
    found, asked = listed(page("3", after="A"), page("2", after="B"), page("1", after="A"))
    assert (found.complete, len(asked)) == (False, 3)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("since", "sent"), [(datetime(1970, 1, 1, tzinfo=UTC), "1688540400"), (START, "1795262400")]
)
def test_nothing_is_asked_for_from_before_threads_was(since: datetime, sent: str) -> None:
    _, (request,) = listed(page(), since=since)
    assert request.params["since"] == sent
