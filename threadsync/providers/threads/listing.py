"""The account's own posts and replies, over all pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from threadsync.errors import Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.effects import Flow
from threadsync.flows.retry import retried
from threadsync.model.facts import ObservedPost
from threadsync.model.fault import Fault
from threadsync.providers.threads import api, convert

EARLIEST_SINCE = 1688540400
"""``since`` may not be earlier (docs/threads/retrieve-and-discover-posts/retrieve-posts)."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Own posts (or replies) since a time; *complete* is False where the bound on their number ended it."""

    posts: tuple[ObservedPost, ...]
    complete: bool


def own_posts(since: datetime, bounds: Bounds, *, replies: bool) -> Flow[Listed | Fault | Unanswered]:
    """List own posts or own replies since *since*, newest first, over all pages."""
    found: list[ObservedPost] = []
    cursor: str | None = None
    listing = api.own_replies if replies else api.own_threads
    floor = max(since, datetime.fromtimestamp(EARLIEST_SINCE, UTC))
    while True:
        page = yield from retried(
            lambda after=cursor: listing(since=floor, after=after),  # type: ignore[misc]
            bounds,
            why="reading the account",
        )
        if not isinstance(page, api.Page):
            return page
        found += [convert.observed(media) for media in page.data]
        if page.after is None:
            return Listed(tuple(found), complete=True)
        if len(found) >= bounds.read_back_posts_max:
            return Listed(tuple(found), complete=False)
        cursor = page.after
