"""What readers did, counted: over all time for a post, over a span of time for a profile's posts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from threadsync.sandbox.threads.records import Reading
from threadsync.sandbox.threads.state import Account, Approval, Post, State

HALF_COME_SECONDS: Final = 86_400.0


class Span(Struct, frozen=True):
    """A span of time, in Unix seconds; *until* is outside it."""

    since: float = float("-inf")
    until: float = float("inf")

    def holds(self, at: float) -> bool:
        """Whether a moment is in it."""
        return self.since <= at < self.until


def readings_of_post(state: State, post: Post) -> list[Reading]:
    """Return what readers did with a post."""
    return [each for each in state.readings if each.post == post.id]


def public_of_post(state: State, post: Post, now: float) -> Reading:
    """Return what readers who come by themselves have done by *now*: the same post has always the same ones.

    Half of all who will ever come have come after ``HALF_COME_SECONDS``; some posts have few, some have many.
    """
    lots = hashlib.sha256(post.id.encode()).digest()
    eagerness = (lots[0] / 255) ** 2 * 4 + 0.1
    come = 1 - 0.5 ** (max(0.0, now - post.created) / HALF_COME_SECONDS)
    views = int(state.switches.readers_per_post * eagerness * come)
    likes, shares = int(views * (2 + lots[1] % 7) / 100), int(views * (lots[2] % 8) / 1000)
    return Reading(now, post.owner, post.id, views, likes, shares)


def replies_to_post(state: State, post: Post, now: float) -> int:
    """Count the replies that can be seen: all below a root post, the direct ones below a reply."""
    name = f"under:{post.id}" if post.parent else f"conversation:{post.id}"
    found = (state.find(row[2]) for row in state.rows(name))
    return sum(each is not None and each.is_listed(now) and each.approval is Approval.NONE for each in found)


def reposts_of_post(state: State, post: Post) -> int:
    """Count the live reposts of a post."""
    return sum(each.reposted == post.id for each in state.live())


def quotes_of_post(state: State, post: Post) -> int:
    """Count the live posts that quote a post."""
    return sum(each.content.quote == post.id for each in state.live())


class Audience(Struct, frozen=True):
    """What happened to a profile and its posts within a span of time."""

    state: State
    account: Account
    span: Span

    def readings(self, *, of_posts: bool) -> list[Reading]:
        """Return what readers did with its posts, or with the profile itself."""
        return [
            each
            for each in self.state.readings
            if each.account == self.account.id and bool(each.post) is of_posts and self.span.holds(each.at)
        ]

    def sum(self, count: Callable[[Reading], int]) -> int:
        """Add up one number of the readings of its posts."""
        return sum(count(each) for each in self.readings(of_posts=True))

    def replies(self) -> int:
        """Count the live replies of anybody directly under its root posts."""
        return self._made(lambda each: each.parent if each.parent == each.root else "")

    def reposts(self) -> int:
        """Count the live reposts of its posts."""
        return self._made(lambda each: each.reposted)

    def quotes(self) -> int:
        """Count the live posts that quote it."""
        return self._made(lambda each: each.content.quote)

    def _made(self, target: Callable[[Post], str]) -> int:
        """Count the posts made within the span whose *target* is a post of this profile."""
        return sum(self._owns(target(each)) for each in self._posts())

    def _posts(self) -> Iterable[Post]:
        return (each for each in self.state.live() if self.span.holds(each.created))

    def _owns(self, media_id: str) -> bool:
        post = self.state.posts.get(media_id) if media_id else None
        return post is not None and post.owner == self.account.id
