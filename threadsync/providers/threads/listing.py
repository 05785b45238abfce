"""The account's own posts, replies and ghost posts, over all pages."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from typing import assert_never

from msgspec import Struct

from threadsync.errors import Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.effects import Flow
from threadsync.flows.paging import Pages
from threadsync.flows.retry import retried
from threadsync.model.facts import ObservedPost
from threadsync.model.fault import Fault
from threadsync.model.ids import RemoteId
from threadsync.model.journal import Rendered
from threadsync.providers.answers import Page
from threadsync.providers.threads import api_reading as api
from threadsync.providers.threads import convert
from threadsync.providers.threads.api_media import MediaObject
from threadsync.providers.threads.calls import EARLIEST_SINCE


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


def _page(listing: Listing, since: datetime, after: str | None) -> Flow[Page[MediaObject]]:
    match listing:
        case Listing.POSTS:
            return api.own_threads(since=since, after=after, fields=convert.POST_FIELDS)
        case Listing.REPLIES:
            return api.own_replies(since=since, after=after, fields=convert.REPLY_FIELDS)
        case Listing.GHOSTS:
            return api.own_ghost_posts(since=since, after=after, fields=convert.POST_FIELDS)
        case _:
            assert_never(listing)


class Listed(Struct, frozen=True):
    """Own posts of one listing since a time; *complete* is False where a bound or a loop ended it."""

    posts: tuple[ObservedPost, ...]
    complete: bool


def own_posts(since: datetime, bounds: Bounds, listing: Listing) -> Flow[Listed | Fault | Unanswered]:
    """List own posts since *since*, newest first, over all pages."""
    found: list[ObservedPost] = []
    floor = max(since, datetime.fromtimestamp(EARLIEST_SINCE, UTC))
    pages = Pages(lambda after: _page(listing, floor, after))
    while pages.more:
        if len(found) >= bounds.read_back_posts_max:
            return Listed(tuple(found), complete=False)
        page = yield from retried(pages.read, bounds, why="reading the account")
        if not isinstance(page, Page):
            return page
        found += [convert.observed(media) for media in page.data]
        if page.after is None:
            return Listed(tuple(found), complete=True)
    return Listed(tuple(found), complete=False)  # a cursor came round again
