"""Posts with what was answered to them, in reading order.

An author's own chain comes first, one part after the other; then the answers of others, each under
what it answers. The rows are flat, so that a chain of any length can be shown; how deep a row stands
is a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from msgspec import Struct
from msgspec.structs import replace

from threadsync.sandbox.pages.posts import PostView, post_path, post_view
from threadsync.sandbox.threads.state import Approval, Post, State

ROWS_ON_TIMELINE = 10
ROWS_ON_PAGE = 100
ANCESTORS_MAX = 10
LEVEL_MAX = 3


class Row(Struct, frozen=True):
    """A post in a conversation."""

    post: PostView
    level: int = 0
    """0 for the root and its author's own chain, one more for each answer; at most ``LEVEL_MAX``."""
    goes_on: bool = False
    """Whether the row below is the next part of the same chain."""
    answers: str = ""
    """Whom it answers, when that is not the row above it."""


class Conversation(Struct, frozen=True):
    """A post with the answers to it."""

    above: tuple[Row, ...]
    """What the post answers, the oldest first."""
    root: Row
    rows: tuple[Row, ...]
    held: tuple[Row, ...]
    """Answers that readers do not see: hidden, refused, or not approved yet."""
    more: int
    """How many answers are not shown."""
    more_path: str
    answers_deleted: bool = False


class _Place(Struct, frozen=True):
    """A post in the order of reading, before its view is made."""

    post: Post
    level: int
    continues: bool
    """Whether it is the next part of its parent's chain."""
    is_held: bool


def roots(state: State, account: str, before: int | None) -> Iterator[Post]:
    """Yield the posts that stand on their own, newest first: all, or those of one account.

    With *before* only those with a lower number.
    """
    for post in reversed(state.posts.values()):
        if post.child_of or (account and post.owner != account):
            continue
        if (before is None or post.number < before) and post.parent not in state.posts:
            yield post


def conversation(state: State, now: float, post: Post) -> Conversation:
    """Make the view of a post on a timeline, with the first of its answers."""
    return _conversation(state, now, post, skip=0, limit=ROWS_ON_TIMELINE)


def single_view(state: State, now: float, post: Post, skip: int) -> Conversation:
    """Make the view of a post on a page of its own: what it answers, and the answers after *skip*."""
    above = tuple(
        Row(post_view(state, now, ancestor), goes_on=True) for ancestor in reversed(_ancestors(state, post))
    )
    return replace(_conversation(state, now, post, skip=skip, limit=ROWS_ON_PAGE), above=above)


def _conversation(state: State, now: float, post: Post, *, skip: int, limit: int) -> Conversation:
    places = list(_below(state, post))
    shown = [place for place in places if not place.is_held]
    held = [place for place in places if place.is_held]
    page = shown[skip : skip + limit]
    rest = len(shown) - skip - len(page)
    follows = bool(page) and page[0].continues and skip == 0
    path = post_path(state, post)
    return Conversation(
        above=(),
        root=Row(post_view(state, now, post), goes_on=follows),
        rows=tuple(_rows(state, now, page, post.id if skip == 0 else "")),
        held=tuple(Row(post_view(state, now, place.post)) for place in held[:limit]),
        more=rest,
        more_path=f"{path}?after={skip + len(page)}" if limit == ROWS_ON_PAGE else path,
        answers_deleted=bool(post.parent) and post.parent not in state.posts,
    )


def _ancestors(state: State, post: Post) -> list[Post]:
    """Return what a post answers, the closest first, at most ``ANCESTORS_MAX``."""
    found: list[Post] = []
    above = state.posts.get(post.parent)
    while above is not None and len(found) < ANCESTORS_MAX:
        found.append(above)
        above = state.posts.get(above.parent)
    return found


def _below(state: State, post: Post) -> Iterator[_Place]:
    """Yield the answers to a post and to those, in reading order."""
    waiting = _answers(state, _Place(post, level=0, continues=False, is_held=False))
    while waiting:
        place = waiting.pop()
        yield place
        waiting.extend(_answers(state, place))


def _answers(state: State, place: _Place) -> list[_Place]:
    """Return the direct answers, what is to be read first last."""
    found = [state.posts[row[2]] for row in state.rows(f"under:{place.post.id}") if row[2] in state.posts]
    own = next((reply for reply in found if reply.owner == place.post.owner), None)
    ordered = sorted(found, key=lambda reply: reply is not own)
    return [
        _Place(
            reply,
            level=min(place.level + (reply is not own), LEVEL_MAX),
            continues=reply is own,
            is_held=place.is_held or reply.approval is not Approval.NONE or reply.hide_status == "HIDDEN",
        )
        for reply in reversed(ordered)
    ]


def _rows(state: State, now: float, places: list[_Place], above: str) -> Iterator[Row]:
    for place, after in zip_longest(places, places[1:]):
        parent = state.posts.get(place.post.parent)
        answers = state.accounts[parent.owner].name if parent is not None and parent.id != above else ""
        goes_on = after is not None and after.continues and after.post.parent == place.post.id
        yield Row(post_view(state, now, place.post), place.level, goes_on, answers)
        above = place.post.id
