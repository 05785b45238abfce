"""The endpoints of Threads that read and moderate the replies to one's own posts.

Sources: developers.facebook.com/docs/threads/reference/reply-management, and the guides
.../retrieve-and-manage-replies/replies-and-conversations and .../reply-management.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import field

from threadsync.flows.effects import FieldValue, Flow, FormBody, Request, Visibility
from threadsync.model.ids import MAIN
from threadsync.providers.answers import Answer, Exchange, Fields, Page
from threadsync.providers.threads.api_media import PENDING_REPLY_FIELDS, REPLY_FIELDS, MediaObject, media_of
from threadsync.providers.threads.calls import VERSION, call, listed, page_of


class Managed(Answer, frozen=True):
    """Threads did what it was asked; *success* is what it says of that, None where it says nothing."""

    success: bool | None
    exchange: Exchange
    more: Mapping[str, object] = field(default_factory=dict)


def replies(
    media_id: str,
    *,
    reverse: bool = True,
    before: str | None = None,
    after: str | None = None,
    fields: str = REPLY_FIELDS,
) -> Flow[Page[MediaObject]]:
    """Read one page of the direct replies to a post or reply; *reverse* is newest first.

    Endpoint: GET /{threads-media-id}/replies
    Scopes: threads_basic, threads_read_replies
    Source: developers.facebook.com/docs/threads/retrieve-and-manage-replies/replies-and-conversations
    """
    params = _params(fields, before, after, reverse=reverse)
    request = Request("GET", f"{VERSION}/{media_id}/replies", params, auth=MAIN)
    return (yield from call(request, page_of(params, media_of)))


def conversation(
    media_id: str,
    *,
    reverse: bool = True,
    before: str | None = None,
    after: str | None = None,
    fields: str = REPLY_FIELDS,
) -> Flow[Page[MediaObject]]:
    """Read one page of all replies under a post, of whatever depth, in one flat list.

    It is for posts that are no replies themselves; *reverse* is newest first.

    Endpoint: GET /{threads-media-id}/conversation
    Scopes: threads_basic, threads_read_replies
    Source: developers.facebook.com/docs/threads/retrieve-and-manage-replies/replies-and-conversations
    """
    params = _params(fields, before, after, reverse=reverse)
    request = Request("GET", f"{VERSION}/{media_id}/conversation", params, auth=MAIN)
    return (yield from call(request, page_of(params, media_of)))


def pending_replies(
    media_id: str,
    *,
    approval_status: Literal["pending", "ignored"] | None = None,
    reverse: bool = True,
    before: str | None = None,
    after: str | None = None,
    fields: str = PENDING_REPLY_FIELDS,
) -> Flow[Page[MediaObject]]:
    """Read one page of the replies that await approval, or were ignored, under a post that asks for approval.

    Without *approval_status* both kinds are there.

    Endpoint: GET /{threads-media-id}/pending_replies
    Scopes: threads_basic, threads_read_replies
    Source: developers.facebook.com/docs/threads/reply-management
    """
    status: dict[str, FieldValue] = {"approval_status": approval_status} if approval_status else {}
    params = {**_params(fields, before, after, reverse=reverse), **status}
    request = Request("GET", f"{VERSION}/{media_id}/pending_replies", params, auth=MAIN)
    return (yield from call(request, page_of(params, media_of)))


def manage_reply(reply_id: str, *, hide: bool) -> Flow[Managed]:
    """Hide a reply to one's own post, or show it again; the replies under it follow.

    It is for direct replies to a post. What readers see changes at once.

    Endpoint: POST /{threads-reply-id}/manage_reply
    Scopes: threads_basic, threads_manage_replies
    Source: developers.facebook.com/docs/threads/reply-management
    """
    return (yield from _manage(f"{VERSION}/{reply_id}/manage_reply", {"hide": _flag(hide)}))


def manage_pending_reply(reply_id: str, *, approve: bool) -> Flow[Managed]:
    """Let a reply that awaits approval be seen, or ignore it; an ignored one may be approved later.

    Endpoint: POST /{threads-reply-id}/manage_pending_reply
    Scopes: threads_basic, threads_manage_replies
    Source: developers.facebook.com/docs/threads/reply-management
    """
    return (yield from _manage(f"{VERSION}/{reply_id}/manage_pending_reply", {"approve": _flag(approve)}))


def _manage(path: str, said: Mapping[str, FieldValue]) -> Flow[Managed]:
    request = Request("POST", path, body=FormBody(said), auth=MAIN, visibility=Visibility.VISIBLE)

    def read(body: Fields, how: Exchange) -> Managed:
        return Managed(body.success(), how, body.rest)

    return (yield from call(request, read))


def _params(fields: str, before: str | None, after: str | None, *, reverse: bool) -> dict[str, FieldValue]:
    asked = {"fields": fields, "reverse": _flag(reverse)}
    return {**asked, **listed(limit=None, before=before, after=after)}


def _flag(value: bool) -> str:
    return "true" if value else "false"
