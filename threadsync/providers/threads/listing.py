"""The account's own posts, replies and ghost posts, over all pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from threadsync.errors import Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.effects import Flow
from threadsync.flows.retry import retried
from threadsync.model.facts import ObservedPost
from threadsync.model.fault import Fault
from threadsync.model.ids import RemoteId
from threadsync.model.journal import Rendered
from threadsync.providers.threads import api, convert

EARLIEST_SINCE = 1688540400
"""``since`` may not be earlier (docs/threads/retrieve-and-discover-posts/retrieve-posts)."""


class Listing(Enum):
    """Where Threads lists a post; each post is in one of them."""

    POSTS = "posts"
    """Reposts are among them."""
    REPLIES = "replies"
    GHOSTS = "ghosts"

    @staticmethod
    def of(what: Rendered, parent: RemoteId | None) -> Listing:
        """Return where *what*, under *parent*, will be listed."""
        if "is_ghost_post" in convert.parameters_of(what):
            return Listing.GHOSTS
        return Listing.POSTS if parent is None else Listing.REPLIES


_ENDPOINTS = {
    Listing.POSTS: api.own_threads,
    Listing.REPLIES: api.own_replies,
    Listing.GHOSTS: api.own_ghost_posts,
}


@dataclass(frozen=True, slots=True)
class Listed:
    """Own posts of one listing since a time; *complete* is False where the bound on their number ended it."""

    posts: tuple[ObservedPost, ...]
    complete: bool


def own_posts(since: datetime, bounds: Bounds, listing: Listing) -> Flow[Listed | Fault | Unanswered]:
    """List own posts since *since*, newest first, over all pages."""
    found: list[ObservedPost] = []
    cursor: str | None = None
    endpoint = _ENDPOINTS[listing]
    floor = max(since, datetime.fromtimestamp(EARLIEST_SINCE, UTC))
    while True:
        page = yield from retried(
            lambda after=cursor: endpoint(since=floor, after=after),  # type: ignore[misc]
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
