"""The endpoints of Threads that make, publish, repost and delete.

Sources: developers.facebook.com/docs/threads/reference/publishing, and of what a post may carry
developers.facebook.com/docs/threads/create-posts (polls, text-attachments, spoilers, location-tagging,
ghost-posts, share-to-ig-stories) and .../threads/posts (topic tags, links, GIFs, quotes, reposts).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict, Unpack

from msgspec import Struct, field

from threadsync.flows.effects import FieldValue, Flow, FormBody, Request, Visibility
from threadsync.model.ids import MAIN
from threadsync.providers.answers import Answer, Exchange, Fields
from threadsync.providers.threads.api_media import POLL_OPTIONS
from threadsync.providers.threads.calls import VERSION, call


class Created(Answer, frozen=True):
    """The id of something new: a container, or a published post."""

    id: str
    exchange: Exchange
    crossreshare_to_ig_status: str | None = None
    """SUCCESS or FAILED, of a post that was to be shared as an Instagram story; it is up either way."""
    more: Mapping[str, object] = field(default_factory=dict)


class ContainerStatus(Answer, frozen=True):
    """``status`` is IN_PROGRESS, FINISHED, PUBLISHED, ERROR or EXPIRED; *error_message* goes with ERROR."""

    id: str
    status: str
    error_message: str | None
    exchange: Exchange
    more: Mapping[str, object] = field(default_factory=dict)


class Removed(Answer, frozen=True):
    """A post was deleted."""

    deleted_id: str | None
    success: bool | None
    exchange: Exchange
    more: Mapping[str, object] = field(default_factory=dict)


class Styled(Struct, frozen=True):
    """A stretch of a text; *offset* and *length* in the units that Threads counts, *styles* for a long text.

    The styles are bold, italic, highlight, underline and strikethrough.
    """

    offset: int
    length: int
    styles: tuple[str, ...] = ()


class Carries(TypedDict, total=False):
    """What a post may carry besides its text and media, by Meta's names; what is empty is not sent."""

    reply_control: str
    """everyone, accounts_you_follow, mentioned_only, parent_post_author_only or followers_only."""
    allowlisted_country_codes: Sequence[str]
    """ISO 3166-1 alpha-2; only where the account ``is_eligible_for_geo_gating``."""
    link_attachment: str
    """A public address; of a text without a poll."""
    quote_post_id: str
    poll_attachment: Sequence[str]
    """Its two to four options of 1 to 25 characters; of a text."""
    topic_tag: str
    """1 to 50 characters, none of them ``.`` or ``&``, without a leading ``#``."""
    location_id: str
    """Scope threads_location_tagging."""
    text_entities: Sequence[Styled]
    """The hidden stretches of the text, at most 10."""
    is_spoiler_media: bool
    """Hides the picture, the video or the whole carousel."""
    text_attachment: str
    """A long text of up to 10,000 characters; of a text without a poll."""
    text_attachment_link: str
    """The address of its card; not beside ``link_attachment``."""
    text_attachment_styles: Sequence[Styled]
    """Its styled stretches, which must not overlap."""
    gif_id: str
    """GIPHY's; of a text."""
    is_ghost_post: bool
    """Archived after 24 hours; of a text that is no reply."""
    enable_reply_approvals: bool
    """Replies wait in ``pending_replies``."""
    crossreshare_to_ig: bool
    """Shared as an Instagram story too; scope threads_share_to_instagram."""
    crossreshare_to_ig_dark_mode: bool
    """The same, as a dark card; one of the two at most."""


def carried(**carries: Unpack[Carries]) -> dict[str, str]:
    """Return the parameters of what a post carries besides its text and media, as they are sent."""
    poll = carries.get("poll_attachment", ())
    gif_id = carries.get("gif_id")
    entities = [
        {"entity_type": "SPOILER", "offset": each.offset, "length": each.length}
        for each in carries.get("text_entities", ())
    ]
    found = {
        "reply_control": carries.get("reply_control"),
        "allowlisted_country_codes": ",".join(carries.get("allowlisted_country_codes", ())),
        "link_attachment": carries.get("link_attachment"),
        "quote_post_id": carries.get("quote_post_id"),
        "poll_attachment": _json(dict(zip(POLL_OPTIONS, poll, strict=False))) if poll else None,
        "topic_tag": carries.get("topic_tag"),
        "location_id": carries.get("location_id"),
        "text_entities": _json(entities) if entities else None,
        "is_spoiler_media": _flag(carries.get("is_spoiler_media")),
        "text_attachment": _text_attachment(carries),
        "gif_attachment": _json({"gif_id": gif_id, "provider": "GIPHY"}) if gif_id else None,
        "is_ghost_post": _flag(carries.get("is_ghost_post")),
        "enable_reply_approvals": _flag(carries.get("enable_reply_approvals")),
        "crossreshare_to_ig": _flag(carries.get("crossreshare_to_ig")),
        "crossreshare_to_ig_dark_mode": _flag(carries.get("crossreshare_to_ig_dark_mode")),
    }
    return {name: value for name, value in found.items() if value}


def _text_attachment(carries: Carries) -> str | None:
    text, link = carries.get("text_attachment"), carries.get("text_attachment_link")
    if not text:
        return None
    attachment: dict[str, object] = {"plaintext": text}
    if link:
        attachment["link_attachment_url"] = link
    if styled := carries.get("text_attachment_styles"):
        attachment["text_with_styling_info"] = [
            {"offset": each.offset, "length": each.length, "styling_info": list(each.styles)}
            for each in styled
        ]
    return _json(attachment)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _flag(value: bool | None) -> str | None:
    return "true" if value else None


def create_container(
    media_type: Literal["TEXT", "IMAGE", "VIDEO", "CAROUSEL"],
    *,
    text: str | None = None,
    image_url: str | None = None,
    video_url: str | None = None,
    alt_text: str | None = None,
    is_carousel_item: bool = False,
    children: Sequence[str] = (),
    reply_to_id: str | None = None,
    auto_publish_text: bool = False,
    **carries: Unpack[Carries],
) -> Flow[Created]:
    """Make a container, which nobody sees until it is published; it lives for 24 hours.

    Addresses are fetched by Meta's machines and have to be public. *children* are containers that were made
    with *is_carousel_item*. What else it *carries* is listed in ``Carries``. With *auto_publish_text* a TEXT
    is public at once, and the id is the post's; no container is left to look at if the answer is lost.

    Endpoint: POST /{threads-user-id}/threads
    Scopes: threads_basic, threads_content_publish
    Limits: *text* 500 characters and 5 different links, *alt_text* 1,000 characters, 2 to 20 *children*
    Errors: invalid-parameter, link-limit, media-download, link-attachment, carousel-children
    Source: developers.facebook.com/docs/threads/reference/publishing
    """
    said = {
        "media_type": media_type,
        "text": text,
        "image_url": image_url,
        "video_url": video_url,
        "alt_text": alt_text,
        "is_carousel_item": _flag(is_carousel_item),
        "children": ",".join(children) or None,
        "reply_to_id": reply_to_id,
        "auto_publish_text": _flag(auto_publish_text),
    }
    given = {name: value for name, value in said.items() if value is not None}
    visibility = Visibility.VISIBLE if auto_publish_text else Visibility.STAGE
    return container_of({**given, **carried(**carries)}, visibility)


def container_of(parameters: Mapping[str, str], visibility: Visibility = Visibility.STAGE) -> Flow[Created]:
    """Make a container of *parameters* as they are sent, for callers that keep them on record.

    Endpoint: POST /{threads-user-id}/threads
    Scopes: threads_basic, threads_content_publish
    Source: developers.facebook.com/docs/threads/reference/publishing
    """
    body = FormBody({**parameters})
    request = Request("POST", f"{VERSION}/me/threads", body=body, auth=MAIN, visibility=visibility)
    return (yield from call(request, _created))


def container_status(container_id: str) -> Flow[ContainerStatus]:
    """Read what has become of a container.

    The page names no scope of its own; a container is made with the scope for publishing.

    Endpoint: GET /{threads-container-id}
    Scopes: threads_basic, threads_content_publish
    Limits: Meta asks for one look a minute, and five at most
    Source: developers.facebook.com/docs/threads/troubleshooting
    """
    params: dict[str, FieldValue] = {"fields": "id,status,error_message"}

    def read(body: Fields, how: Exchange) -> ContainerStatus:
        status, message = body.text("status"), body.maybe_text("error_message")
        return ContainerStatus(body.id(), status, message, how, body.rest)

    return (yield from call(Request("GET", f"{VERSION}/{container_id}", params, auth=MAIN), read))


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

    Endpoint: POST /{threads-user-id}/threads_publish
    Scopes: threads_basic, threads_content_publish
    Limits: 250 posts and 1,000 replies in 24 hours; a carousel is one
    Errors: not-found-yet, link-attachment, publish-quota, spam-block, server-busy (it may be public by then)
    Source: developers.facebook.com/docs/threads/reference/publishing
    """
    return (yield from call(publish_request(container_id), _created))


def delete_request(media_id: str) -> Request:
    """Return the request that ``delete_media`` sends, for the intent that covers it."""
    return Request("DELETE", f"{VERSION}/{media_id}", auth=MAIN, visibility=Visibility.VISIBLE)


def delete_media(media_id: str) -> Flow[Removed]:
    """Delete one of the account's own posts or replies.

    Endpoint: DELETE /{threads-media-id}
    Scopes: threads_basic, threads_delete
    Limits: 100 in 24 hours
    Source: developers.facebook.com/docs/threads/posts/delete-posts
    """

    def read(body: Fields, how: Exchange) -> Removed:
        return Removed(body.maybe_id("deleted_id"), body.success(), how, body.rest)

    return (yield from call(delete_request(media_id), read))


def repost_request(media_id: str) -> Request:
    """Return the request that ``repost_media`` sends, for the intent that covers it."""
    return Request("POST", f"{VERSION}/{media_id}/repost", auth=MAIN, visibility=Visibility.VISIBLE)


def repost_media(media_id: str) -> Flow[Created]:
    """Repost a post at once; the id returned is the repost's.

    The page names no scope of its own; it is a way to publish.

    Endpoint: POST /{threads-media-id}/repost
    Scopes: threads_basic, threads_content_publish
    Errors: already-reposted
    Source: developers.facebook.com/docs/threads/posts/reposts
    """
    return (yield from call(repost_request(media_id), _created))


def _created(body: Fields, how: Exchange) -> Created:
    return Created(body.id(), how, body.maybe_text("crossreshare_to_ig_status"), body.rest)
