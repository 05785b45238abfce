"""The Threads API, one function an endpoint, each a typed flow.

``client.run(publishing_limit())`` runs one of them alone; the provider composes them. A function
that publishes or deletes is VISIBLE: it is sent once, never repeated by itself, and needs a
recorded intent where a journal is kept.

Raises, for every function: ``ApiError`` where Threads refuses (``error.fault`` says what may be
done next), ``Unanswered`` where no usable answer came (``error.sent``: Threads may have acted).

Source: developers.facebook.com/docs/threads/reference, version v1.0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from threadsync.errors import ApiError, Unanswered
from threadsync.flows.core import send
from threadsync.flows.effects import Flow, FormBody, NoResponse, Request, Response, Visibility
from threadsync.model.ids import MAIN
from threadsync.providers.threads.faults import classify

VERSION = "/v1.0"
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S%z"
PAGE_MAX = 100
"""Entries a page, at most (docs/threads/retrieve-and-discover-posts/retrieve-posts)."""
MEDIA_FIELDS = "id,media_type,text,timestamp,permalink,username,shortcode,children{id}"
REPLY_FIELDS = f"{MEDIA_FIELDS},replied_to,root_post"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Exchange:
    """How an answer came: its status, headers (lower-case names) and duration in seconds."""

    status: int
    headers: Mapping[str, str]
    duration_seconds: float

    @property
    def server_time(self) -> datetime | None:
        """The server's clock when it answered, to the second; None where the answer is not dated."""
        try:
            return parsedate_to_datetime(self.headers["date"]).astimezone(UTC)
        except (KeyError, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class Created:
    """The id of something new: a container, or a published post."""

    id: str
    exchange: Exchange = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Profile:
    """The account a token belongs to."""

    id: str
    username: str
    exchange: Exchange = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ContainerStatus:
    """``status`` is IN_PROGRESS, FINISHED, PUBLISHED, ERROR or EXPIRED; *error_message* goes with ERROR."""

    id: str
    status: str
    error_message: str
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
    more: Mapping[str, object] = field(default_factory=dict)
    """Fields that this version of threadsync does not know."""


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
    request = Request("GET", f"{VERSION}/me", {"fields": "id,username"}, auth=MAIN)
    return (yield from _call(request, lambda body, how: Profile(_id(body), _text(body, "username"), how)))


def create_container(
    media_type: str,
    *,
    text: str | None = None,
    image_url: str | None = None,
    alt_text: str | None = None,
    is_carousel_item: bool = False,
    children: Sequence[str] = (),
    reply_to_id: str | None = None,
) -> Flow[Created]:
    """Make a container of *media_type* TEXT, IMAGE or CAROUSEL; nobody sees it until it is published.

    It lives for 24 hours. Scope: threads_content_publish.
    Source: developers.facebook.com/docs/threads/reference/publishing.
    """
    fields = {
        "media_type": media_type,
        "text": text,
        "image_url": image_url,
        "alt_text": alt_text,
        "is_carousel_item": "true" if is_carousel_item else None,
        "children": ",".join(children) or None,
        "reply_to_id": reply_to_id,
    }
    body = FormBody({name: value for name, value in fields.items() if value is not None})
    request = Request("POST", f"{VERSION}/me/threads", body=body, auth=MAIN, visibility=Visibility.STAGE)
    return (yield from _call(request, lambda answer, how: Created(_id(answer), how)))


def container_status(container_id: str) -> Flow[ContainerStatus]:
    """Read what has become of a container. Scope: threads_content_publish."""
    request = Request("GET", f"{VERSION}/{container_id}", {"fields": "id,status,error_message"}, auth=MAIN)
    return (
        yield from _call(
            request,
            lambda body, how: ContainerStatus(
                _id(body), _text(body, "status"), str(body.get("error_message", "")), how
            ),
        )
    )


def publish_request(container_id: str) -> Request:
    """Return the request that ``publish_container`` sends, for the intent that covers it."""
    return Request(
        "POST",
        f"{VERSION}/me/threads_publish",
        body=FormBody({"creation_id": container_id}),
        auth=MAIN,
        visibility=Visibility.VISIBLE,
    )


def publish_container(container_id: str) -> Flow[Created]:
    """Publish a container that is FINISHED; the id returned is the post's, not the container's.

    Scope: threads_content_publish. Counts toward the account's 250 posts (1,000 replies) in 24 hours.
    """
    return (yield from _call(publish_request(container_id), lambda body, how: Created(_id(body), how)))


def delete_request(media_id: str) -> Request:
    """Return the request that ``delete_media`` sends, for the intent that covers it."""
    return Request("DELETE", f"{VERSION}/{media_id}", auth=MAIN, visibility=Visibility.VISIBLE)


def delete_media(media_id: str) -> Flow[Created]:
    """Delete one of the account's own posts. Scope: threads_delete; 100 in 24 hours.

    Source: developers.facebook.com/docs/threads/posts/delete-posts.
    """
    return (
        yield from _call(
            delete_request(media_id), lambda body, how: Created(str(body.get("deleted_id", media_id)), how)
        )
    )


def media_object(media_id: str, fields: str = MEDIA_FIELDS) -> Flow[MediaObject]:
    """Read one post. Scope: threads_basic (and threads_read_replies for the reply fields)."""
    request = Request("GET", f"{VERSION}/{media_id}", {"fields": fields}, auth=MAIN)
    return (yield from _call(request, lambda body, _: _media(body)))


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

    return (yield from _call(request, read))


def _page(path: str, *, since: datetime | None, after: str | None, limit: int, fields: str) -> Flow[Page]:
    params = {"fields": fields, "limit": str(limit)}
    if since is not None:
        params["since"] = str(int(since.timestamp()))
    if after is not None:
        params["after"] = after

    def read(body: Mapping[str, object], how: Exchange) -> Page:
        rows = body.get("data")
        data = tuple(_media(row) for row in rows) if isinstance(rows, list) else ()
        cursor = _inner(_inner(body, "paging"), "cursors").get("after")
        # The list ends where a page is empty, has no cursor, or repeats the one it was asked with.
        last = not data or not isinstance(cursor, str) or cursor == after
        return Page(data, None if last else str(cursor), how)

    return (yield from _call(Request("GET", f"{VERSION}{path}", params, auth=MAIN), read))


def _call(request: Request, read: Callable[[Mapping[str, object], Exchange], T]) -> Flow[T]:
    """Send *request* and read its answer; an answer that cannot be read counts as none."""
    outcome = yield from send(request)
    where = f"{request.method} {request.path}"
    match outcome:
        case NoResponse(reason=reason, sent=sent):
            raise Unanswered(reason, sent=sent, where=where)
        case Response():
            body = outcome.json
            refused = isinstance(body, dict) and "error" in body
            if outcome.status >= 400 or refused:
                raise ApiError(classify(outcome), where=where)
            try:
                return read(
                    _object(body), Exchange(outcome.status, outcome.headers, outcome.duration_seconds)
                )
            except (ValueError, KeyError, TypeError) as error:
                reason = f"the answer (HTTP {outcome.status}) cannot be read: {error}"
                raise Unanswered(reason, sent=True, where=where) from error


def _object(body: object) -> Mapping[str, object]:
    if not isinstance(body, dict):
        raise TypeError("it is not a JSON object")
    return body


def _id(body: Mapping[str, object]) -> str:
    found = body["id"]
    if not isinstance(found, str | int) or isinstance(found, bool) or not str(found):
        raise ValueError("it has no usable id")
    return str(found)


def _text(body: Mapping[str, object], name: str) -> str:
    found = body[name]
    if not isinstance(found, str):
        raise TypeError(f"{name} is not text")
    return found


def _inner(body: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = body.get(name)
    return found if isinstance(found, dict) else {}


def _allowance(row: Mapping[str, object], prefix: str) -> Allowance | None:
    used = row.get(f"{prefix}quota_usage")
    config = _inner(row, f"{prefix}config")
    if not isinstance(used, int):
        return None
    total, duration = config.get("quota_total"), config.get("quota_duration")
    if not isinstance(total, int) or not isinstance(duration, int):
        return None
    return Allowance(used, total, duration)


_KNOWN = {"id", "media_type", "text", "timestamp", "permalink", "username", "shortcode", "children"}


def _media(body: Mapping[str, object]) -> MediaObject:
    stamp = body.get("timestamp")
    children = _inner(body, "children").get("data")
    return MediaObject(
        _id(body),
        _maybe(body, "media_type"),
        _maybe(body, "text"),
        datetime.strptime(stamp, TIME_FORMAT).astimezone(UTC) if isinstance(stamp, str) else None,
        _maybe(body, "permalink"),
        _maybe(body, "username"),
        _maybe(body, "shortcode"),
        tuple(_id(child) for child in children) if isinstance(children, list) else (),
        _maybe(_inner(body, "replied_to"), "id"),
        _maybe(_inner(body, "root_post"), "id"),
        {name: value for name, value in body.items() if name not in {*_KNOWN, "replied_to", "root_post"}},
    )


def _maybe(body: Mapping[str, object], name: str) -> str | None:
    found = body.get(name)
    return found if isinstance(found, str) else None
