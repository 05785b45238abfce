"""Posts of anybody, found: by a keyword or topic, or because they name the caller.

developers.facebook.com/docs/threads/keyword-search, .../threads-mentions. Both walk through all posts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from threadsync.sandbox.threads import errors, listing, readers
from threadsync.sandbox.threads.call import Call
from threadsync.sandbox.threads.counting import mentions_in
from threadsync.sandbox.threads.errors import ApiError
from threadsync.sandbox.threads.records import Search
from threadsync.sandbox.threads.showing import select, show, shown_text, topic_of
from threadsync.sandbox.threads.state import Approval, Post
from threadsync.sandbox.threads.values import Response

_OWNER: Final = frozenset({"owner"})
_CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "search_type": ("TOP", "RECENT"),
        "search_mode": ("KEYWORD", "TAG"),
        "media_type": ("", "TEXT", "IMAGE", "VIDEO"),
    }
)
"""What three parameters may say; the first is what they say when they are not given."""
SEARCHES_KEPT: Final = 10
"""How many queries ``recently_searched_keywords`` goes back."""


class Query(Struct, frozen=True):
    """What is looked for."""

    text: str
    is_top: bool
    is_tag: bool
    media_type: str
    author: str
    span: readers.Span


def keyword_search(call: Call) -> Response:
    """Answer the public posts that hold a keyword or have a topic; 2200 finds in 24 hours.

    Without Advanced Access only the caller's own posts are looked through.
    """
    wanted = listing.read_range(call)
    if isinstance(wanted, ApiError):
        return call.refuse(wanted)
    query = _read_query(call, readers.Span(wanted.since, wanted.until))
    if isinstance(query, ApiError):
        return call.refuse(query)
    fields = select(call, _OWNER)
    if isinstance(fields, ApiError):
        return call.refuse(fields)
    switches, owner = call.state.switches, call.account.id
    if switches.standard_access_refuses and not switches.advanced_access:
        return call.refuse(errors.access_tier(with_subcode=True))
    if call.state.used("searches", owner, call.now) >= switches.searches_quota:
        return call.refuse(errors.quota_reached("searches"))
    found = [post for post in _public(call) if _fits(call, query, post)]
    if not switches.advanced_access:
        found = [post for post in found if post.owner == owner]
    found.sort(key=lambda post: post.entry, reverse=True)
    if query.is_top:
        found.sort(key=lambda post: _likes(call, post), reverse=True)
    recent = [*call.state.searches.get(owner, []), Search(query.text, call.now)]
    call.state.searches[owner] = recent[-SEARCHES_KEPT:]
    call.state.serial += 1
    if found:
        call.state.use("searches", owner, call.now)
    return call.answer({"data": [show(call, post, fields) for post in found[: wanted.limit]]})


def _read_query(call: Call, span: readers.Span) -> Query | ApiError:
    text = call.param("q").strip()
    if not text:
        return errors.invalid_parameter("q is required")
    chosen: dict[str, str] = {}
    for name, known in _CHOICES.items():
        chosen[name] = call.param(name) or known[0]
        if chosen[name] not in known:
            return errors.invalid_parameter(f"{name} is one of {', '.join(filter(None, known))}")
    return Query(
        text=text,
        is_top=chosen["search_type"] == "TOP",
        is_tag=chosen["search_mode"] == "TAG",
        media_type=chosen["media_type"],
        author=call.param("author_username"),
        span=span,
    )


def _public(call: Call) -> Iterator[Post]:
    """Yield what everybody can see, and what is the caller's own: no reposts, no ghosts."""
    for post in call.state.live():
        is_hidden = post.reposted or post.content.is_ghost_post or post.approval is not Approval.NONE
        if is_hidden or not post.is_listed(call.now):
            continue
        author = call.state.accounts[post.owner]
        if author.id == call.account.id or not author.about.is_private:
            yield post


def _fits(call: Call, query: Query, post: Post) -> bool:
    author = call.state.accounts[post.owner].name
    if query.author not in {"", author} or query.media_type not in {"", post.content.media_type}:
        return False
    if not query.span.holds(post.created):
        return False
    if query.is_tag:
        return topic_of(post).casefold() == query.text.removeprefix("#").casefold()
    return query.text.casefold() in shown_text(call.state, post).casefold()


def _likes(call: Call, post: Post) -> int:
    return sum(each.likes for each in readers.readings_of_post(call.state, post))


def mentions(call: Call) -> Response:
    """Answer the public posts of others that name the caller; of testers, without Advanced Access."""
    switches = call.state.switches
    if switches.standard_access_refuses and not switches.advanced_access:
        return call.refuse(errors.access_tier(with_subcode=True))
    me = call.account
    rows = sorted(
        post.entry
        for post in _public(call)
        if post.owner != me.id
        and (switches.advanced_access or call.state.accounts[post.owner].about.is_tester)
        and me.name.lower() in mentions_in(post.content.text)
    )
    return listing.ranged(call, rows)
