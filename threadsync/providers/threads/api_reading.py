"""The endpoints of Threads that read the account, its own posts and its allowances.

Sources: developers.facebook.com/docs/threads/reference/user and .../reference/media-retrieval.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec import Struct, field

from threadsync.flows.effects import FieldValue, Flow, Request
from threadsync.model.ids import MAIN
from threadsync.providers.answers import Answer, Exchange, Fields, Page
from threadsync.providers.threads.api_media import MEDIA_FIELDS, OWN_REPLY_FIELDS, MediaObject, media_of
from threadsync.providers.threads.calls import PAGE_MAX, VERSION, bounded, call, listed, page_of

PROFILE_FIELDS = (
    "id,username,name,threads_profile_picture_url,threads_biography,is_verified,is_eligible_for_geo_gating"
)
"""What ``threads_basic`` alone shows of the account; ``recently_searched_keywords`` is there too."""


class SearchedKeyword(Struct, frozen=True):
    """Something that the account searched for lately."""

    query: str | None
    timestamp: datetime | None
    more: Mapping[str, object] = field(default_factory=dict)


class Profile(Answer, frozen=True, kw_only=True):
    """The account a token belongs to; what Threads left out is None."""

    id: str
    username: str | None = None
    name: str | None = None
    threads_profile_picture_url: str | None = None
    threads_biography: str | None = None
    is_verified: bool | None = None
    is_eligible_for_geo_gating: bool | None = None
    """Whether its posts may be limited to countries."""
    recently_searched_keywords: tuple[SearchedKeyword, ...] | None = None
    more: Mapping[str, object] = field(default_factory=dict)
    exchange: Exchange


class Allowance(Struct, frozen=True):
    """How much of a quota is used in the current window of *duration_seconds*."""

    used: int
    total: int
    duration_seconds: int


class Limits(Answer, frozen=True):
    """The account's allowances; None for those that were not asked for."""

    posts: Allowance | None
    replies: Allowance | None
    deletes: Allowance | None
    location_searches: Allowance | None
    exchange: Exchange
    more: Mapping[str, object] = field(default_factory=dict)


def me(*, fields: str = PROFILE_FIELDS) -> Flow[Profile]:
    """Read the account of the token; Threads shows no other one here.

    The field ``recently_searched_keywords`` needs the scope threads_keyword_search.

    Endpoint: GET /{threads-user-id}
    Scopes: threads_basic
    Source: developers.facebook.com/docs/threads/threads-profiles
    """
    request = Request("GET", f"{VERSION}/me", {"fields": fields}, auth=MAIN)
    return (yield from call(request, _profile))


def media_object(media_id: str, *, fields: str = MEDIA_FIELDS) -> Flow[MediaObject]:
    """Read one post or reply.

    The fields of replies need threads_read_replies. A post of somebody else needs Advanced Access of
    threads_basic.

    Endpoint: GET /{threads-media-id}
    Scopes: threads_basic
    Errors: object-gone (deleted, or not yours to see), unknown-field
    Source: developers.facebook.com/docs/threads/retrieve-and-discover-posts/retrieve-posts
    """
    request = Request("GET", f"{VERSION}/{media_id}", {"fields": fields}, auth=MAIN)
    return (yield from call(request, media_of))


def own_threads(
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = PAGE_MAX,
    before: str | None = None,
    after: str | None = None,
    fields: str = MEDIA_FIELDS,
) -> Flow[Page[MediaObject]]:
    """Read one page of the account's own posts, newest first; quotes and reposts are among them.

    Endpoint: GET /{threads-user-id}/threads
    Scopes: threads_basic
    Limits: *since* not before 5 July 2023; 1 to 100 entries a page
    Source: developers.facebook.com/docs/threads/retrieve-and-discover-posts/retrieve-posts
    """
    page = listed(limit=limit, before=before, after=after)
    return (yield from _own("threads", {"fields": fields, **bounded(since=since, until=until), **page}))


def own_replies(
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = PAGE_MAX,
    before: str | None = None,
    after: str | None = None,
    fields: str = OWN_REPLY_FIELDS,
) -> Flow[Page[MediaObject]]:
    """Read one page of the account's own replies, newest first.

    Endpoint: GET /{threads-user-id}/replies
    Scopes: threads_basic, threads_read_replies
    Limits: *since* not before 5 July 2023; 1 to 100 entries a page
    Source: developers.facebook.com/docs/threads/retrieve-and-manage-replies/retrieve-replies
    """
    page = listed(limit=limit, before=before, after=after)
    return (yield from _own("replies", {"fields": fields, **bounded(since=since, until=until), **page}))


def own_ghost_posts(
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = PAGE_MAX,
    before: str | None = None,
    after: str | None = None,
    fields: str = MEDIA_FIELDS,
) -> Flow[Page[MediaObject]]:
    """Read one page of the account's own ghost posts, which no other list shows.

    Endpoint: GET /{threads-user-id}/ghost_posts
    Scopes: threads_basic
    Limits: *since* not before 5 July 2023; 1 to 100 entries a page
    Source: developers.facebook.com/docs/threads/retrieve-and-discover-posts/retrieve-posts
    """
    page = listed(limit=limit, before=before, after=after)
    return (yield from _own("ghost_posts", {"fields": fields, **bounded(since=since, until=until), **page}))


def mentions(
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = PAGE_MAX,
    before: str | None = None,
    after: str | None = None,
    fields: str = MEDIA_FIELDS,
) -> Flow[Page[MediaObject]]:
    """Read one page of the public posts that mention the account.

    Without Advanced Access only those of testers of the app are there; those of private accounts never are.

    Endpoint: GET /{threads-user-id}/mentions
    Scopes: threads_basic, threads_manage_mentions
    Limits: *since* not before 5 July 2023; 1 to 100 entries a page
    Errors: access-tier
    Source: developers.facebook.com/docs/threads/threads-mentions
    """
    page = listed(limit=limit, before=before, after=after)
    return (yield from _own("mentions", {"fields": fields, **bounded(since=since, until=until), **page}))


def _own(edge: str, params: Mapping[str, FieldValue]) -> Flow[Page[MediaObject]]:
    request = Request("GET", f"{VERSION}/me/{edge}", params, auth=MAIN)
    return (yield from call(request, page_of(params, media_of)))


def publishing_limit(
    *, posts: bool = True, replies: bool = True, deletes: bool = True, location_searches: bool = False
) -> Flow[Limits]:
    """Read how much of its 24-hour allowances the account has used.

    Replies need threads_manage_replies too, deletes threads_delete, searches threads_location_tagging.

    Endpoint: GET /{threads-user-id}/threads_publishing_limit
    Scopes: threads_basic, threads_content_publish
    Source: developers.facebook.com/docs/threads/troubleshooting
    """
    asked = (
        *(("quota_usage", "config") if posts else ()),
        *(("reply_quota_usage", "reply_config") if replies else ()),
        *(("delete_quota_usage", "delete_config") if deletes else ()),
        *(("location_search_quota_usage", "location_search_config") if location_searches else ()),
    )
    path = f"{VERSION}/me/threads_publishing_limit"
    request = Request("GET", path, {"fields": ",".join(asked)}, auth=MAIN)
    return (yield from call(request, _limits))


def _profile(body: Fields, how: Exchange) -> Profile:
    searched = body.entries("recently_searched_keywords")
    return Profile(
        id=body.id(),
        username=body.maybe_text("username"),
        name=body.maybe_text("name"),
        threads_profile_picture_url=body.maybe_text("threads_profile_picture_url"),
        threads_biography=body.maybe_text("threads_biography"),
        is_verified=body.flag("is_verified"),
        is_eligible_for_geo_gating=body.flag("is_eligible_for_geo_gating"),
        recently_searched_keywords=tuple(_searched(each) for each in searched)
        if searched is not None
        else None,
        more=body.rest,
        exchange=how,
    )


def _searched(body: Fields) -> SearchedKeyword:
    milliseconds = body.number("timestamp")
    at = datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds is not None else None
    return SearchedKeyword(body.maybe_text("query"), at, body.rest)


def _limits(body: Fields, how: Exchange) -> Limits:
    rows = body.entries() or (Fields({}),)  # it is a list of one
    row = rows[0]
    posts, replies = _allowance(row, ""), _allowance(row, "reply_")
    deletes, searches = _allowance(row, "delete_"), _allowance(row, "location_search_")
    return Limits(posts, replies, deletes, searches, how, {**body.rest, **row.rest})


def _allowance(row: Fields, prefix: str) -> Allowance | None:
    used, config = row.number(f"{prefix}quota_usage"), row.inner(f"{prefix}config")
    if used is None or config is None:
        return None
    total, duration_seconds = config.number("quota_total"), config.number("quota_duration")
    row.put_back(f"{prefix}config", config)
    if total is None or duration_seconds is None:
        return None
    return Allowance(used, total, duration_seconds)
