"""The sandbox's own pages: what a reader of the network would see, from the state alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import regex
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from threadsync.sandbox.threads.showing import shown_text, timestamp
from threadsync.sandbox.threads.state import Account, Approval, Post, State

ROOTS_ON_TIMELINE = 20
ROOTS_ON_PROFILE = 100

_LINK = regex.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]}'…»”’]")


@dataclass(frozen=True, slots=True)
class MediaView:
    """A picture or film of a post."""

    url: str
    is_video: bool
    alt_text: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class RelatedView:
    """A post that another one answers, quotes or repeats."""

    relation: str
    path: str
    """Empty when that post is gone."""
    text: str = ""


@dataclass(frozen=True, slots=True)
class PostView:
    """A post as a page shows it."""

    name: str
    path: str
    text: Markup
    iso_time: str
    shown_time: str
    media: tuple[MediaView, ...]
    poll: tuple[str, ...]
    card: str
    long_text: str
    notes: tuple[str, ...]
    """What a reader should know besides: topic, audience, ghost, hidden."""
    related: tuple[RelatedView, ...]
    replies: tuple[PostView, ...] = ()
    """All replies under a root post, in reading order."""


@dataclass(frozen=True, slots=True)
class ProfileView:
    """A profile and some of its posts, newest first."""

    name: str
    posts: tuple[PostView, ...]
    count: int
    older: str
    """What to ask for to see the posts before these; empty at the end."""


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("threadsync.sandbox"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def timeline(state: State, now: float, origin: str) -> str:
    """Show the newest posts of every profile."""
    profiles = [_profile_view(state, account, ROOTS_ON_TIMELINE, "") for account in state.accounts.values()]
    return _templates().get_template("timeline.html").render(origin=origin, profiles=profiles, now=_time(now))


def profile(state: State, now: float, origin: str, *, user: str, older: str) -> str | None:
    """Show one profile's posts from *older* (a number a page gave out) backwards; ``None`` if unknown."""
    account = next((found for found in state.accounts.values() if found.name == user), None)
    if account is None:
        return None
    view = _profile_view(state, account, ROOTS_ON_PROFILE, older)
    return _templates().get_template("profile.html").render(origin=origin, profile=view, now=_time(now))


def single(state: State, now: float, origin: str, *, shortcode: str) -> str | None:
    """Show one post with the replies to it; ``None`` if there is none."""
    post = state.posts.get(state.shortcodes.get(shortcode, ""))
    if post is None:
        return None
    if post.child_of:
        post = state.posts[post.child_of]
    view = _view(state, post, tuple(_below(state, post)))
    return _templates().get_template("post.html").render(origin=origin, post=view, now=_time(now))


def _profile_view(state: State, account: Account, limit: int, older: str) -> ProfileView:
    mine = [post for post in state.live() if post.owner == account.id]
    roots = [post for post in mine if not post.parent or post.root not in state.posts]
    roots.sort(key=lambda post: post.entry, reverse=True)
    if older.isdecimal():
        roots = [post for post in roots if post.number < int(older)]
    shown = roots[:limit]
    return ProfileView(
        name=account.name,
        posts=tuple(_view(state, post, tuple(_below(state, post))) for post in shown),
        count=len(mine),
        older=str(shown[-1].number) if len(roots) > limit else "",
    )


def _below(state: State, post: Post) -> Iterator[Post]:
    """Yield the replies to a post and to those, each chain before the next."""
    waiting = [entry[2] for entry in reversed(state.rows(f"under:{post.id}"))]
    while waiting:
        reply = state.posts.get(waiting.pop())
        if reply is not None:
            yield reply
            waiting.extend(entry[2] for entry in reversed(state.rows(f"under:{reply.id}")))


def _view(state: State, post: Post, replies: tuple[Post, ...] = (), *, above: str = "") -> PostView:
    """Make the view of a post that stands below *above* (an id), which therefore needs no mention."""
    content = post.content
    places_above = (post.id, *(reply.id for reply in replies))
    return PostView(
        name=state.accounts[post.owner].name,
        path=_path(state, post),
        text=_linked(shown_text(state, post)),
        iso_time=timestamp(post.created),
        shown_time=_time(post.created),
        media=tuple(_media(state, post)),
        poll=content.poll,
        card=content.link_attachment,
        long_text=str(json.loads(content.text_attachment)["plaintext"]) if content.text_attachment else "",
        notes=tuple(_notes(post)),
        related=tuple(_related(state, post, above)),
        replies=tuple(
            _view(state, reply, above=above) for reply, above in zip(replies, places_above, strict=False)
        ),
    )


def _path(state: State, post: Post) -> str:
    return f"/@{state.accounts[post.owner].name}/post/{post.shortcode}"


def _media(state: State, post: Post) -> Iterator[MediaView]:
    for source in (post, *(state.posts[child_id] for child_id in post.children)):
        content = source.content
        if content.media_name:
            yield MediaView(
                url=f"/media/{content.media_name}",
                is_video=content.media_type == "VIDEO",
                alt_text=content.alt_text,
                width=content.media_width,
                height=content.media_height,
            )


def _notes(post: Post) -> Iterator[str]:
    content = post.content
    if content.topic_tag:
        yield f"topic: {content.topic_tag}"
    if content.reply_control != "everyone":
        yield f"replies: {content.reply_control.replace('_', ' ')}"
    if content.countries:
        yield f"only in {', '.join(content.countries)}"
    if content.is_ghost_post:
        yield "ghost post"
    if content.is_spoiler_media:
        yield "spoiler"
    if content.gif_id:
        yield f"GIF {content.gif_id}"
    if content.location:
        yield f"location {content.location}"
    if post.hide_status == "HIDDEN":
        yield "hidden"
    if post.approval is not Approval.NONE:
        yield f"approval: {post.approval}"


def _related(state: State, post: Post, above: str) -> Iterator[RelatedView]:
    answered = "" if post.parent == above else post.parent
    if answered:
        yield _related_to(state, "reply to", answered, has_text=False)
    if post.content.quote:
        yield _related_to(state, "quotes", post.content.quote, has_text=True)
    if post.reposted:
        yield _related_to(state, "repost of", post.reposted, has_text=True)


def _related_to(state: State, relation: str, media_id: str, *, has_text: bool) -> RelatedView:
    other = state.posts.get(media_id)
    if other is None:
        return RelatedView(f"{relation} a deleted post", "")
    text = shown_text(state, other) if has_text else ""
    return RelatedView(f"{relation} @{state.accounts[other.owner].name}", _path(state, other), text)


def _linked(text: str) -> Markup:
    """Escape a text and make its http(s) addresses links."""
    pieces: list[Markup] = []
    at = 0
    for found in _LINK.finditer(text):
        url = escape(found.group())
        pieces.append(escape(text[at : found.start()]))
        pieces.append(Markup('<a href="{}" rel="noreferrer nofollow">{}</a>').format(url, url))
        at = found.end()
    pieces.append(escape(text[at:]))
    return Markup("").join(pieces)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%d %b %Y, %H:%M UTC")
