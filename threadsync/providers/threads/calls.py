"""How an endpoint of Threads is called and its answer read; ``api`` and its parts are made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from threadsync.errors import UsageError
from threadsync.flows.effects import FieldValue, Flow, Request
from threadsync.providers.answers import Exchange, Fields, Page, read_answer
from threadsync.providers.threads.faults import refusal

VERSION = "/v1.0"
PAGE_MAX = 100
"""Entries a page, at most (docs/threads/retrieve-and-discover-posts/retrieve-posts)."""
EARLIEST_SINCE = 1688540400
"""``since`` may not be earlier (docs/threads/retrieve-and-discover-posts/retrieve-posts)."""

T = TypeVar("T")


def call(request: Request, read: Callable[[Fields, Exchange], T]) -> Flow[T]:
    """Send *request* and read its answer; an answer that cannot be read counts as none."""
    return read_answer(request, refusal, read)


def page_of(
    asked: Mapping[str, FieldValue], read: Callable[[Fields], T]
) -> Callable[[Fields, Exchange], Page[T]]:
    """Return what reads one page of a list that was *asked* for, each entry with *read*."""

    def page(body: Fields, how: Exchange) -> Page[T]:
        data = tuple(read(entry) for entry in body.entries() or ())
        paging = body.inner("paging") or Fields({})
        cursors = paging.inner("cursors") or Fields({})
        before, after = cursors.maybe_text("before"), cursors.maybe_text("after")
        paging.put_back("cursors", cursors)
        body.put_back("paging", paging)
        # The list ends where a page is empty, has no cursor, or repeats the one it was asked with.
        last = not data or after == asked.get("after")
        return Page(data, None if last else after, how, before, body.rest)

    return page


def bounded(
    *, since: datetime | None, until: datetime | None, earliest: int = EARLIEST_SINCE
) -> dict[str, FieldValue]:
    """Return the parameters of a stretch of time, in Unix seconds.

    Raises:
        UsageError: Threads would refuse it.
    """
    floor = datetime.fromtimestamp(earliest, UTC)
    moments = {name: at for name, at in (("since", since), ("until", until)) if at is not None}
    for name, at in moments.items():
        if at.tzinfo is None:
            raise UsageError(f"{name} has no time zone", remedy="Give an aware datetime, such as one in UTC.")
        if at < floor:
            raise UsageError(
                f"{name} is {at.isoformat()}, before anything that Threads tells of",
                remedy=f"Give {floor.isoformat()} or later, or leave it out.",
            )
    if since is not None and until is not None and since >= until:
        raise UsageError("since is not before until", remedy="Exchange the two, or leave one of them out.")
    return {name: str(int(at.timestamp())) for name, at in moments.items()}


def listed(*, limit: int | None, before: str | None, after: str | None) -> dict[str, FieldValue]:
    """Return the parameters of one page of a list.

    Raises:
        UsageError: Threads would refuse them.
    """
    if before is not None and after is not None:
        raise UsageError("a page is asked for by before or by after", remedy="Leave one of the two out.")
    if limit is not None and not 1 <= limit <= PAGE_MAX:
        raise UsageError(f"limit is {limit}", remedy=f"Give 1 to {PAGE_MAX} entries a page.")
    found = {"limit": None if limit is None else str(limit), "before": before, "after": after}
    return {name: value for name, value in found.items() if value is not None}
