"""The endpoints of Threads that make, publish, repost and delete.

Sources: developers.facebook.com/docs/threads/reference/publishing, and of what a post may carry
developers.facebook.com/docs/threads/create-posts (polls, text-attachments, spoilers, location-tagging,
ghost-posts, share-to-ig-stories) and .../threads/posts (topic tags, links, GIFs, quotes, reposts).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from threadsync.flows.effects import Flow, FormBody, Request, Visibility
from threadsync.model.ids import MAIN
from threadsync.providers.threads.calls import VERSION, Exchange, call, id_of, text_of

POLL_OPTIONS = ("option_a", "option_b", "option_c", "option_d")


@dataclass(frozen=True, slots=True)
class Created:
    """The id of something new: a container, or a published post."""

    id: str
    exchange: Exchange = field(compare=False, repr=False)
    instagram_story: str = ""
    """SUCCESS or FAILED, of a post that was to be shared as an Instagram story; it is up either way."""


@dataclass(frozen=True, slots=True)
class ContainerStatus:
    """``status`` is IN_PROGRESS, FINISHED, PUBLISHED, ERROR or EXPIRED; *error_message* goes with ERROR."""

    id: str
    status: str
    error_message: str
    exchange: Exchange = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Styled:
    """A stretch of a text; *offset* and *length* in the units that Threads counts, *styles* for a long text.

    The styles are bold, italic, highlight, underline and strikethrough.
    """

    offset: int
    length: int
    styles: tuple[str, ...] = ()


def carried(
    *,
    reply_control: str = "",
    countries: Sequence[str] = (),
    link: str = "",
    quote_post_id: str = "",
    poll: Sequence[str] = (),
    topic_tag: str = "",
    location_id: str = "",
    spoilers: Sequence[Styled] = (),
    hides_media: bool = False,
    long_text: str = "",
    long_text_link: str = "",
    long_text_styles: Sequence[Styled] = (),
    gif_id: str = "",
    is_ghost: bool = False,
    approves_replies: bool = False,
    instagram_story: str = "",
) -> dict[str, str]:
    """Return the parameters of what a post carries besides its text and media.

    *reply_control*: everyone, accounts_you_follow, mentioned_only, parent_post_author_only, followers_only.
    *gif_id*: GIPHY's. *instagram_story*: light or dark; scope threads_share_to_instagram.
    *location_id*: scope threads_location_tagging.
    """
    entities = [{"entity_type": "SPOILER", "offset": each.offset, "length": each.length} for each in spoilers]
    attachment: dict[str, object] = {"plaintext": long_text}
    if long_text_link:
        attachment["link_attachment_url"] = long_text_link
    if long_text_styles:
        attachment["text_with_styling_info"] = [
            {"offset": each.offset, "length": each.length, "styling_info": list(each.styles)}
            for each in long_text_styles
        ]
    found = {
        "reply_control": reply_control,
        "allowlisted_country_codes": ",".join(countries),
        "link_attachment": link,
        "quote_post_id": quote_post_id,
        "poll_attachment": _json(dict(zip(POLL_OPTIONS, poll, strict=False))) if poll else "",
        "topic_tag": topic_tag,
        "location_id": location_id,
        "text_entities": _json(entities) if entities else "",
        "is_spoiler_media": _flag(hides_media),
        "text_attachment": _json(attachment) if long_text else "",
        "gif_attachment": _json({"gif_id": gif_id, "provider": "GIPHY"}) if gif_id else "",
        "is_ghost_post": _flag(is_ghost),
        "enable_reply_approvals": _flag(approves_replies),
        "crossreshare_to_ig": _flag(instagram_story == "light"),
        "crossreshare_to_ig_dark_mode": _flag(instagram_story == "dark"),
    }
    return {name: value for name, value in found.items() if value}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _flag(value: bool) -> str:
    return "true" if value else ""


def create_container(
    media_type: str,
    *,
    text: str | None = None,
    image_url: str | None = None,
    video_url: str | None = None,
    alt_text: str | None = None,
    is_carousel_item: bool = False,
    children: Sequence[str] = (),
    reply_to_id: str | None = None,
    carries: Mapping[str, str] = MappingProxyType({}),
) -> Flow[Created]:
    """Make a container of *media_type* TEXT, IMAGE, VIDEO or CAROUSEL; nobody sees it until it is published.

    *carries* is what hangs on the post besides, as ``carried`` returns it. It lives for 24 hours.
    Scope: threads_content_publish.
    Source: developers.facebook.com/docs/threads/reference/publishing.
    """
    fields = {
        "media_type": media_type,
        "text": text,
        "image_url": image_url,
        "video_url": video_url,
        "alt_text": alt_text,
        "is_carousel_item": "true" if is_carousel_item else None,
        "children": ",".join(children) or None,
        "reply_to_id": reply_to_id,
    }
    body = FormBody({**{name: value for name, value in fields.items() if value is not None}, **carries})
    request = Request("POST", f"{VERSION}/me/threads", body=body, auth=MAIN, visibility=Visibility.STAGE)
    return (yield from call(request, lambda answer, how: Created(id_of(answer), how)))


def container_status(container_id: str) -> Flow[ContainerStatus]:
    """Read what has become of a container. Scope: threads_content_publish."""
    request = Request("GET", f"{VERSION}/{container_id}", {"fields": "id,status,error_message"}, auth=MAIN)
    return (
        yield from call(
            request,
            lambda body, how: ContainerStatus(
                id_of(body), text_of(body, "status"), str(body.get("error_message", "")), how
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

    def read(body: Mapping[str, object], how: Exchange) -> Created:
        return Created(id_of(body), how, str(body.get("crossreshare_to_ig_status", "")))

    return (yield from call(publish_request(container_id), read))


def delete_request(media_id: str) -> Request:
    """Return the request that ``delete_media`` sends, for the intent that covers it."""
    return Request("DELETE", f"{VERSION}/{media_id}", auth=MAIN, visibility=Visibility.VISIBLE)


def delete_media(media_id: str) -> Flow[Created]:
    """Delete one of the account's own posts. Scope: threads_delete; 100 in 24 hours.

    Source: developers.facebook.com/docs/threads/posts/delete-posts.
    """
    return (
        yield from call(
            delete_request(media_id), lambda body, how: Created(str(body.get("deleted_id", media_id)), how)
        )
    )


def repost_request(media_id: str) -> Request:
    """Return the request that ``repost_media`` sends, for the intent that covers it."""
    return Request("POST", f"{VERSION}/{media_id}/repost", auth=MAIN, visibility=Visibility.VISIBLE)


def repost_media(media_id: str) -> Flow[Created]:
    """Repost a post at once; the id returned is the repost's. Scope: threads_content_publish.

    Reposting it a second time is refused. Source: developers.facebook.com/docs/threads/posts/reposts.
    """
    return (yield from call(repost_request(media_id), lambda body, how: Created(id_of(body), how)))
