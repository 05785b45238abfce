"""The endpoints of what people see: posts with their numbers, feeds, profiles; and the log of messages.

An app view answers them, which the account's server or the public one hands the call on to; a server without
one says *No service configured*. Sources: https://docs.bsky.app/docs/api/app-bsky-feed-get-posts and its
neighbours, and the lexicons ``app.bsky`` and ``chat.bsky``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from threadsync.errors import UsageError
from threadsync.flows.effects import Flow
from threadsync.model.ids import Json, Role
from threadsync.providers.answers import Exchange, Fields, Page
from threadsync.providers.bluesky.api_repo import Record, list_records, page_of
from threadsync.providers.bluesky.calls import CHAT, PUBLIC, SESSION, json_of, page_limit, query

POSTS_MAX = 25
"""Posts or profiles in one call (the lexicons of getPosts and getProfiles)."""
LOG_START = "2222222222222"
"""The cursor before the first entry of a log; without a cursor it starts now."""


class PostView(Struct, frozen=True, kw_only=True):
    """A post as people see it."""

    uri: str
    cid: str
    author: str
    """The DID of who wrote it."""
    handle: str
    record: Mapping[str, Json]
    reply_count: int | None = None
    repost_count: int | None = None
    like_count: int | None = None
    quote_count: int | None = None
    bookmark_count: int | None = None
    indexed_at: datetime | None = None
    more: Mapping[str, object] = field(default_factory=dict)


class FeedEntry(Struct, frozen=True, kw_only=True):
    """A post in a feed; *reason* says why it is there where it is not its author's own (a repost, a pin)."""

    post: PostView
    reason: Mapping[str, object] | None = None
    reply: Mapping[str, object] | None = None
    more: Mapping[str, object] = field(default_factory=dict)


class Profile(Struct, frozen=True, kw_only=True):
    """An account as people see it; a time that is none, which an account may say, stands in *more*."""

    did: str
    handle: str
    display_name: str | None = None
    description: str | None = None
    avatar: str | None = None
    banner: str | None = None
    followers_count: int | None = None
    follows_count: int | None = None
    posts_count: int | None = None
    created_at: datetime | None = None
    indexed_at: datetime | None = None
    more: Mapping[str, object] = field(default_factory=dict)


def get_posts(uris: Sequence[str], *, public: bool = False) -> Flow[tuple[PostView, ...]]:
    """Read posts; those that are not there are left out.

    With *public* the public server is asked, without a session.

    Endpoint: GET app.bsky.feed.getPosts
    Limits: 25 posts
    Source: https://docs.bsky.app/docs/api/app-bsky-feed-get-posts

    Raises:
        UsageError: they are too many, or none.
    """
    if not 1 <= len(uris) <= POSTS_MAX:
        raise UsageError(f"{len(uris)} posts are asked for", remedy=f"Ask for 1 to {POSTS_MAX} at once.")
    return query("app.bsky.feed.getPosts", {"uris": tuple(uris)}, _posts, *_asking(public=public))


def get_author_feed(
    actor: str,
    *,
    limit: int | None = None,
    cursor: str | None = None,
    filter: Literal[  # noqa: A002  (the endpoint's own name for it)
        "posts_with_replies",
        "posts_no_replies",
        "posts_with_media",
        "posts_and_author_threads",
        "posts_with_video",
    ]
    | None = None,
    include_pins: bool | None = None,
    public: bool = False,
) -> Flow[Page[FeedEntry]]:
    """Read one page of what *actor* (a handle or DID) posted and reposted, newest first.

    Endpoint: GET app.bsky.feed.getAuthorFeed
    Limits: 1 to 100 entries a page
    Source: https://docs.bsky.app/docs/api/app-bsky-feed-get-author-feed
    """
    params = {
        "actor": actor,
        "limit": page_limit(limit),
        "cursor": cursor,
        "filter": filter,
        "includePins": include_pins,
    }
    read = page_of("feed", _feed_entry, cursor)
    return query("app.bsky.feed.getAuthorFeed", params, read, *_asking(public=public))


def get_profile(actor: str, *, public: bool = False) -> Flow[Profile]:
    """Read the profile of *actor*, a handle or DID.

    Endpoint: GET app.bsky.actor.getProfile
    Errors: refused (*Profile not found*), account-taken-down
    Source: https://docs.bsky.app/docs/api/app-bsky-actor-get-profile
    """
    asking = _asking(public=public)
    return query("app.bsky.actor.getProfile", {"actor": actor}, lambda body, _: _profile(body), *asking)


def get_profiles(actors: Sequence[str], *, public: bool = False) -> Flow[tuple[Profile, ...]]:
    """Read several profiles; those that are not there are left out.

    Endpoint: GET app.bsky.actor.getProfiles
    Limits: 25 accounts
    Source: https://docs.bsky.app/docs/api/app-bsky-actor-get-profiles

    Raises:
        UsageError: they are too many, or none.
    """
    if not 1 <= len(actors) <= POSTS_MAX:
        raise UsageError(f"{len(actors)} profiles are asked for", remedy=f"Ask for 1 to {POSTS_MAX} at once.")
    return query("app.bsky.actor.getProfiles", {"actors": tuple(actors)}, _profiles, *_asking(public=public))


def list_follows(repo: str, *, limit: int | None = None, cursor: str | None = None) -> Flow[Page[Record]]:
    """Read one page of whom *repo* follows, as its own records say it, newest first.

    Endpoint: GET com.atproto.repo.listRecords
    Source: https://docs.bsky.app/docs/api/com-atproto-repo-list-records
    """
    return list_records(repo, "app.bsky.graph.follow", limit=limit, cursor=cursor)


def list_blocks(repo: str, *, limit: int | None = None, cursor: str | None = None) -> Flow[Page[Record]]:
    """Read one page of whom *repo* blocks, as its own records say it, newest first.

    Endpoint: GET com.atproto.repo.listRecords
    Source: https://docs.bsky.app/docs/api/com-atproto-repo-list-records
    """
    return list_records(repo, "app.bsky.graph.block", limit=limit, cursor=cursor)


def get_convo_log(*, cursor: str | None = None) -> Flow[Page[Mapping[str, object]]]:
    """Read what happened in the account's conversations after *cursor*; it goes forward in time.

    Without a cursor nothing is told, but a cursor to go on with; ``LOG_START`` begins at the beginning. The
    app password has to be one that may read messages.

    Endpoint: GET chat.bsky.convo.getLog
    Errors: missing-scope
    Source: https://docs.bsky.app/docs/api/chat-bsky-convo-get-log
    """
    read = page_of("logs", lambda entry: entry.rest, cursor, grows=True)
    return query("chat.bsky.convo.getLog", {"cursor": cursor}, read, headers=CHAT)


def _asking(*, public: bool) -> tuple[Role | None, str]:
    return (None, PUBLIC) if public else (SESSION, "")


def _posts(body: Fields, how: Exchange) -> tuple[PostView, ...]:
    return tuple(map(_post, body.entries("posts") or ()))


def _post(body: Fields) -> PostView:
    author = body.inner("author") or Fields({})
    view = {"author": author.text("did"), "handle": author.text("handle")}
    body.put_back("author", author)
    return PostView(
        uri=body.text("uri"),
        cid=body.text("cid"),
        **view,
        record=json_of(body.whole("record")),
        reply_count=body.number("replyCount"),
        repost_count=body.number("repostCount"),
        like_count=body.number("likeCount"),
        quote_count=body.number("quoteCount"),
        bookmark_count=body.number("bookmarkCount"),
        indexed_at=body.time("indexedAt"),
        more=body.rest,
    )


def _feed_entry(body: Fields) -> FeedEntry:
    post = body.inner("post")
    if post is None:
        raise ValueError("an entry of the feed has no post")
    reason, reply = body.inner("reason"), body.inner("reply")
    return FeedEntry(
        post=_post(post),
        reason=reason.rest if reason is not None else None,
        reply=reply.rest if reply is not None else None,
        more=body.rest,
    )


def _profiles(body: Fields, how: Exchange) -> tuple[Profile, ...]:
    return tuple(map(_profile, body.entries("profiles") or ()))


def _profile(body: Fields) -> Profile:
    return Profile(
        did=body.text("did"),
        handle=body.text("handle"),
        display_name=body.maybe_text("displayName"),
        description=body.maybe_text("description"),
        avatar=body.maybe_text("avatar"),
        banner=body.maybe_text("banner"),
        followers_count=body.number("followersCount"),
        follows_count=body.number("followsCount"),
        posts_count=body.number("postsCount"),
        created_at=body.maybe_time("createdAt"),
        indexed_at=body.maybe_time("indexedAt"),
        more=body.rest,
    )
