"""The Threads API, one function an endpoint, each a typed flow.

``client.run(publishing_limit())`` runs one of them alone; the provider composes them. A function
that publishes or deletes is VISIBLE: it is sent once, never repeated by itself, and needs a
recorded intent where a journal is kept.

Raises, for every function: ``ApiError`` where Threads refuses (``error.fault`` says what may be
done next), ``Unanswered`` where no usable answer came (``error.sent``: Threads may have acted).

Source: developers.facebook.com/docs/threads/reference, version v1.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from threadsync.flows.effects import Flow, Request
from threadsync.model.ids import MAIN
from threadsync.providers.threads.api_publishing import (
    POLL_OPTIONS,
    ContainerStatus,
    Created,
    Styled,
    carried,
    container_status,
    create_container,
    delete_media,
    delete_request,
    publish_container,
    publish_request,
    repost_media,
    repost_request,
)
from threadsync.providers.threads.calls import (
    VERSION,
    Exchange,
    call,
    id_of,
    inner_of,
    maybe_text,
    text_of,
)

__all__ = (
    "MEDIA_FIELDS",
    "METRICS",
    "PAGE_MAX",
    "REPLY_FIELDS",
    "VERSION",
    "Allowance",
    "ContainerStatus",
    "Created",
    "Exchange",
    "Insights",
    "Limits",
    "MediaObject",
    "Page",
    "Profile",
    "Styled",
    "call",
    "carried",
    "container_status",
    "create_container",
    "delete_media",
    "delete_request",
    "me",
    "media_insights",
    "media_object",
    "own_ghost_posts",
    "own_replies",
    "own_threads",
    "publish_container",
    "publish_request",
    "publishing_limit",
    "repost_media",
    "repost_request",
)

TIME_FORMAT = "%Y-%m-%dT%H:%M:%S%z"
PAGE_MAX = 100
"""Entries a page, at most (docs/threads/retrieve-and-discover-posts/retrieve-posts)."""
MEDIA_FIELDS = (
    "id,media_type,text,timestamp,permalink,username,shortcode,children{id},is_quote_post,quoted_post,"
    "reposted_post,link_attachment_url,gif_url,ghost_post_status,ghost_post_expiration_timestamp,"
    f"poll_attachment{{{','.join(POLL_OPTIONS)}}}"
)
REPLY_FIELDS = f"{MEDIA_FIELDS},replied_to,root_post,hide_status"
METRICS = ("likes", "replies", "reposts", "quotes", "shares", "views")
"""What Threads counts of a post (docs/threads/insights)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The account a token belongs to."""

    id: str
    username: str
    is_eligible_for_geo_gating: bool
    """Whether its posts may be limited to countries."""
    exchange: Exchange = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class MediaObject:
    """A published post; what Threads left out is None (or empty)."""

    id: str
    media_type: str | None = None
    text: str | None = None
    timestamp: datetime | None = None
    permalink: str | None = None
    username: str | None = None
    shortcode: str | None = None
    children: tuple[str, ...] = ()
    replied_to: str | None = None
    root_post: str | None = None
    hide_status: str | None = None
    """Of replies: NOT_HUSHED, UNHUSHED, HIDDEN, COVERED, BLOCKED or RESTRICTED."""
    is_quote_post: bool = False
    quoted_post: str | None = None
    """None where there is none, or the one there was is gone."""
    reposted_post: str | None = None
    link_attachment_url: str | None = None
    """The address of the card, also of one that Threads made of the first link of the text."""
    gif_url: str | None = None
    poll: tuple[str, ...] = ()
    """The options of its poll."""
    ghost_post_status: str | None = None
    """Of ghost posts: ACTIVE or ARCHIVED."""
    ghost_post_expires_at: datetime | None = None
    more: Mapping[str, object] = field(default_factory=dict)
    """Fields that this version of threadsync does not know."""


@dataclass(frozen=True, slots=True)
class Insights:
    """What readers made of a post: numbers by metric; those that Threads left out are not there."""

    counts: Mapping[str, int]
    exchange: Exchange = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; *after* is the cursor of the next one, None on the last."""

    data: tuple[MediaObject, ...]
    after: str | None
    exchange: Exchange = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much of a quota is used in the current window of *duration_seconds*."""

    used: int
    total: int
    duration_seconds: int


@dataclass(frozen=True, slots=True)
class Limits:
    """The account's publishing quotas; None for those that were not asked for."""

    posts: Allowance | None
    replies: Allowance | None
    deletes: Allowance | None
    exchange: Exchange = field(compare=False, repr=False)


def me() -> Flow[Profile]:
    """Read the account of the token. Scope: threads_basic."""
    fields = {"fields": "id,username,is_eligible_for_geo_gating"}
    request = Request("GET", f"{VERSION}/me", fields, auth=MAIN)

    def read(body: Mapping[str, object], how: Exchange) -> Profile:
        eligible = body.get("is_eligible_for_geo_gating") is True
        return Profile(id_of(body), text_of(body, "username"), eligible, how)

    return (yield from call(request, read))


def media_object(media_id: str, fields: str = MEDIA_FIELDS) -> Flow[MediaObject]:
    """Read one post. Scope: threads_basic (and threads_read_replies for the reply fields)."""
    request = Request("GET", f"{VERSION}/{media_id}", {"fields": fields}, auth=MAIN)
    return (yield from call(request, lambda body, _: _media(body)))


def media_insights(media_id: str, metrics: Sequence[str] = METRICS) -> Flow[Insights]:
    """Read what readers made of one of the account's own posts. Scope: threads_manage_insights.

    Of a repost there is nothing to read; replies to its replies are not counted.
    Source: developers.facebook.com/docs/threads/insights.
    """
    request = Request("GET", f"{VERSION}/{media_id}/insights", {"metric": ",".join(metrics)}, auth=MAIN)

    def read(body: Mapping[str, object], how: Exchange) -> Insights:
        rows = body.get("data")
        told = (_metric(row) for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()
        return Insights({name: value for name, value in told if value is not None}, how)

    return (yield from call(request, read))


def own_threads(
    *,
    since: datetime | None = None,
    after: str | None = None,
    limit: int = PAGE_MAX,
    fields: str = MEDIA_FIELDS,
) -> Flow[Page]:
    """Read one page of the account's own posts, newest first. Scope: threads_basic."""
    return (yield from _page("/me/threads", since=since, after=after, limit=limit, fields=fields))


def own_replies(
    *,
    since: datetime | None = None,
    after: str | None = None,
    limit: int = PAGE_MAX,
    fields: str = REPLY_FIELDS,
) -> Flow[Page]:
    """Read one page of the account's own replies, newest first. Scope: threads_read_replies."""
    return (yield from _page("/me/replies", since=since, after=after, limit=limit, fields=fields))


def own_ghost_posts(
    *,
    since: datetime | None = None,
    after: str | None = None,
    limit: int = PAGE_MAX,
    fields: str = MEDIA_FIELDS,
) -> Flow[Page]:
    """Read one page of the account's own ghost posts, which no other list shows. Scope: threads_basic.

    Source: developers.facebook.com/docs/threads/create-posts/ghost-posts.
    """
    return (yield from _page("/me/ghost_posts", since=since, after=after, limit=limit, fields=fields))


def publishing_limit(*, posts: bool = True, replies: bool = True, deletes: bool = True) -> Flow[Limits]:
    """Read how much of its 24-hour allowances the account has used.

    Scope: threads_content_publish; replies need threads_manage_replies, deletes threads_delete.
    Source: developers.facebook.com/docs/threads/troubleshooting#retrieve-publishing-quota-limit.
    """
    asked = (
        *(("quota_usage", "config") if posts else ()),
        *(("reply_quota_usage", "reply_config") if replies else ()),
        *(("delete_quota_usage", "delete_config") if deletes else ()),
    )
    path = f"{VERSION}/me/threads_publishing_limit"
    request = Request("GET", path, {"fields": ",".join(asked)}, auth=MAIN)

    def read(body: Mapping[str, object], how: Exchange) -> Limits:
        rows = body.get("data")
        row = rows[0] if isinstance(rows, list) and rows else {}
        return Limits(_allowance(row, ""), _allowance(row, "reply_"), _allowance(row, "delete_"), how)

    return (yield from call(request, read))


def _page(path: str, *, since: datetime | None, after: str | None, limit: int, fields: str) -> Flow[Page]:
    params = {"fields": fields, "limit": str(limit)}
    if since is not None:
        params["since"] = str(int(since.timestamp()))
    if after is not None:
        params["after"] = after

    def read(body: Mapping[str, object], how: Exchange) -> Page:
        rows = body.get("data")
        data = tuple(_media(row) for row in rows) if isinstance(rows, list) else ()
        cursor = inner_of(inner_of(body, "paging"), "cursors").get("after")
        # The list ends where a page is empty, has no cursor, or repeats the one it was asked with.
        last = not data or not isinstance(cursor, str) or cursor == after
        return Page(data, None if last else str(cursor), how)

    return (yield from call(Request("GET", f"{VERSION}{path}", params, auth=MAIN), read))


def _allowance(row: Mapping[str, object], prefix: str) -> Allowance | None:
    used = row.get(f"{prefix}quota_usage")
    config = inner_of(row, f"{prefix}config")
    if not isinstance(used, int):
        return None
    total, duration = config.get("quota_total"), config.get("quota_duration")
    if not isinstance(total, int) or not isinstance(duration, int):
        return None
    return Allowance(used, total, duration)


_KNOWN = {
    *("id", "media_type", "text", "timestamp", "permalink", "username", "shortcode", "children"),
    *("replied_to", "root_post", "hide_status", "is_quote_post", "quoted_post", "reposted_post"),
    *("link_attachment_url", "gif_url", "poll_attachment", "ghost_post_status"),
    "ghost_post_expiration_timestamp",
}


def _metric(row: Mapping[str, object]) -> tuple[str, int | None]:
    """Return the name and the number of one metric, as it is told of a whole life."""
    values = row.get("values")
    first = values[0] if isinstance(values, list) and values else None
    number = first.get("value") if isinstance(first, dict) else None
    is_number = isinstance(number, int) and not isinstance(number, bool)
    return str(row.get("name")), number if is_number and isinstance(number, int) else None


def _media(body: Mapping[str, object]) -> MediaObject:
    children = inner_of(body, "children").get("data")
    poll = inner_of(body, "poll_attachment")
    return MediaObject(
        id_of(body),
        maybe_text(body, "media_type"),
        maybe_text(body, "text"),
        _time(body, "timestamp"),
        maybe_text(body, "permalink"),
        maybe_text(body, "username"),
        maybe_text(body, "shortcode"),
        tuple(id_of(child) for child in children) if isinstance(children, list) else (),
        maybe_text(inner_of(body, "replied_to"), "id"),
        maybe_text(inner_of(body, "root_post"), "id"),
        maybe_text(body, "hide_status"),
        body.get("is_quote_post") is True,
        maybe_text(inner_of(body, "quoted_post"), "id"),
        maybe_text(inner_of(body, "reposted_post"), "id"),
        maybe_text(body, "link_attachment_url"),
        maybe_text(body, "gif_url"),
        tuple(str(poll[name]) for name in POLL_OPTIONS if name in poll),
        maybe_text(body, "ghost_post_status"),
        _time(body, "ghost_post_expiration_timestamp"),
        {name: value for name, value in body.items() if name not in _KNOWN},
    )


def _time(body: Mapping[str, object], name: str) -> datetime | None:
    stamp = body.get(name)
    return datetime.strptime(stamp, TIME_FORMAT).astimezone(UTC) if isinstance(stamp, str) else None
