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

from threadsync.sandbox.pages.network import Network
from threadsync.sandbox.pages.views import PostView

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

    post: str
    level: int
    continues: bool
    """Whether it is the next part of its parent's chain."""
    is_held: bool


def conversation(network: Network, post: str) -> Conversation:
    """Make the view of a post on a timeline, with the first of its answers."""
    return _conversation(network, post, skip=0, limit=ROWS_ON_TIMELINE)


def single_view(network: Network, post: str, skip: int) -> Conversation:
    """Make the view of a post on a page of its own: what it answers, and the answers after *skip*."""
    above = tuple(
        Row(network.view(ancestor), goes_on=True) for ancestor in reversed(_ancestors(network, post))
    )
    return replace(_conversation(network, post, skip=skip, limit=ROWS_ON_PAGE), above=above)


def _conversation(network: Network, post: str, *, skip: int, limit: int) -> Conversation:
    places = list(_below(network, post))
    shown = [place for place in places if not place.is_held]
    held = [place for place in places if place.is_held]
    page = shown[skip : skip + limit]
    rest = len(shown) - skip - len(page)
    follows = bool(page) and page[0].continues and skip == 0
    path, parent = network.path(post), network.parent(post)
    return Conversation(
        above=(),
        root=Row(network.view(post), goes_on=follows),
        rows=tuple(_rows(network, page, post if skip == 0 else "")),
        held=tuple(Row(network.view(place.post)) for place in held[:limit]),
        more=rest,
        more_path=f"{path}?after={skip + len(page)}" if limit == ROWS_ON_PAGE else path,
        answers_deleted=bool(parent) and not network.is_there(parent),
    )


def _ancestors(network: Network, post: str) -> list[str]:
    """Return what a post answers, the closest first, at most ``ANCESTORS_MAX``."""
    found: list[str] = []
    above = network.parent(post)
    while network.is_there(above) and len(found) < ANCESTORS_MAX:
        found.append(above)
        above = network.parent(above)
    return found


def _below(network: Network, post: str) -> Iterator[_Place]:
    """Yield the answers to a post and to those, in reading order."""
    waiting = _answers(network, _Place(post, level=0, continues=False, is_held=False))
    while waiting:
        place = waiting.pop()
        yield place
        waiting.extend(_answers(network, place))


def _answers(network: Network, place: _Place) -> list[_Place]:
    """Return the direct answers, what is to be read first last."""
    found, owner = network.answers(place.post), network.owner(place.post)
    own = next((reply for reply in found if network.owner(reply) == owner), None)
    ordered = sorted(found, key=lambda reply: reply != own)
    return [
        _Place(
            reply,
            level=min(place.level + (reply != own), LEVEL_MAX),
            continues=reply == own,
            is_held=place.is_held or network.is_held(reply),
        )
        for reply in reversed(ordered)
    ]


def _rows(network: Network, places: list[_Place], above: str) -> Iterator[Row]:
    for place, after in zip_longest(places, places[1:]):
        parent = network.parent(place.post)
        apart = network.is_there(parent) and parent != above
        answers = network.view(parent).author.name if apart else ""
        goes_on = after is not None and after.continues and network.parent(after.post) == place.post
        yield Row(network.view(place.post), place.level, goes_on, answers)
        above = place.post
