"""A post as Threads shows it, with every field that is documented, and how it is read.

Sources: developers.facebook.com/docs/threads/reference/media-retrieval and .../reference/reply-management,
and of what hangs on a post .../create-posts (polls, spoilers, text-attachments, location-tagging,
ghost-posts).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from threadsync.providers.answers import Answer, Exchange, Fields

POLL_OPTIONS = ("option_a", "option_b", "option_c", "option_d")
_SHARES = tuple(f"{name}_votes_percentage" for name in POLL_OPTIONS)
_POLL = f"poll_attachment{{{','.join((*POLL_OPTIONS, *_SHARES))},total_votes,expiration_timestamp}}"
_COMMON = (
    "id,media_product_type,media_type,media_url,permalink,username,text,timestamp,shortcode,thumbnail_url,"
    "children{id,media_type,media_url,thumbnail_url,alt_text},is_quote_post,quoted_post,reposted_post,gif_url,"
    "topic_tag"
)
_AUTHOR = "is_verified,profile_picture_url"
_OF_REPLIES = "has_replies,root_post,replied_to,is_reply,is_reply_owned_by_me,reply_audience"

SEARCH_FIELDS = (
    f"{_COMMON},{_AUTHOR},alt_text,link_attachment_url,{_POLL},is_spoiler_media,text_entities,text_attachment,"
    "ghost_post_status,ghost_post_expiration_timestamp"
)
"""What the lists of other people's posts show: everything but the ``owner``."""
MEDIA_FIELDS = f"{SEARCH_FIELDS},owner"
"""What ``threads_basic`` alone shows of a post. Also there: ``allowlisted_country_codes``, ``location_id``,
``location{id,name,…}``; and, with threads_read_replies, the fields of replies."""
OWN_REPLY_FIELDS = f"{_COMMON},{_OF_REPLIES}"
"""What is documented of one's own replies; needs threads_read_replies."""
REPLY_FIELDS = f"{_COMMON},{_OF_REPLIES},hide_status,{_AUTHOR}"
"""What is documented of the replies to a post; needs threads_read_replies."""
PENDING_REPLY_FIELDS = f"{REPLY_FIELDS},reply_approval_status"
LOCATION_FIELDS = "id,address,name,city,country,latitude,longitude,postal_code"


class Poll(Struct, frozen=True):
    """A poll of two to four options; it is open for 24 hours."""

    options: tuple[str, ...]
    votes_percentage: tuple[float | None, ...]
    """The share of each option, 0 to 1; None where Threads left it out."""
    total_votes: int | None
    expiration_timestamp: datetime | None
    more: Mapping[str, object] = field(default_factory=dict)


class TextEntity(Struct, frozen=True):
    """A hidden stretch of a text: *entity_type* SPOILER, in the units that Threads counts."""

    entity_type: str | None
    offset: int | None
    length: int | None
    more: Mapping[str, object] = field(default_factory=dict)


class StyledText(Struct, frozen=True):
    """A stretch of a long text and its styles: bold, italic, highlight, underline, strikethrough."""

    offset: int | None
    length: int | None
    styling_info: tuple[str, ...] | None
    more: Mapping[str, object] = field(default_factory=dict)


class TextAttachment(Struct, frozen=True):
    """The long text that hangs on a post."""

    plaintext: str | None
    link_attachment_url: str | None
    text_with_styling_info: tuple[StyledText, ...] | None
    more: Mapping[str, object] = field(default_factory=dict)


class Location(Answer, frozen=True):
    """A place; *latitude* and *longitude* in degrees."""

    id: str
    name: str | None = None
    address: str | None = None
    city: str | None = None
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    postal_code: str | None = None
    more: Mapping[str, object] = field(default_factory=dict)
    exchange: Exchange | None = None
    """None where it came as a part of something else."""


class MediaObject(Answer, frozen=True, kw_only=True):
    """A published post or reply, by Meta's own names; what Threads left out is None."""

    id: str
    media_product_type: str | None = None
    """THREADS."""
    media_type: str | None = None
    """TEXT_POST (also polls and GIFs), IMAGE, VIDEO, CAROUSEL_ALBUM, AUDIO or REPOST_FACADE."""
    media_url: str | None = None
    thumbnail_url: str | None = None
    """Of videos."""
    gif_url: str | None = None
    permalink: str | None = None
    """Left out where the post was flagged for a copyright."""
    owner: str | None = None
    """The id of the account, of one's own top-level posts alone."""
    username: str | None = None
    is_verified: bool | None = None
    profile_picture_url: str | None = None
    text: str | None = None
    timestamp: datetime | None = None
    shortcode: str | None = None
    alt_text: str | None = None
    children: tuple[MediaObject, ...] | None = None
    is_quote_post: bool | None = None
    quoted_post: str | None = None
    """Its id; None where there is none, or the one there was is gone."""
    reposted_post: str | None = None
    link_attachment_url: str | None = None
    """The address of the card, also of one that Threads made of the first link of the text."""
    topic_tag: str | None = None
    poll_attachment: Poll | None = None
    is_spoiler_media: bool | None = None
    text_entities: tuple[TextEntity, ...] | None = None
    text_attachment: TextAttachment | None = None
    allowlisted_country_codes: tuple[str, ...] | None = None
    location_id: str | None = None
    location: Location | None = None
    has_replies: bool | None = None
    is_reply: bool | None = None
    is_reply_owned_by_me: bool | None = None
    root_post: str | None = None
    replied_to: str | None = None
    hide_status: str | None = None
    """Of replies: NOT_HUSHED, UNHUSHED, HIDDEN, COVERED, BLOCKED or RESTRICTED."""
    reply_audience: str | None = None
    """EVERYONE, ACCOUNTS_YOU_FOLLOW, MENTIONED_ONLY, PARENT_POST_AUTHOR_ONLY or FOLLOWERS_ONLY."""
    reply_approval_status: str | None = None
    """Of replies that await approval: pending or ignored."""
    ghost_post_status: str | None = None
    """Of ghost posts: ACTIVE or ARCHIVED."""
    ghost_post_expiration_timestamp: datetime | None = None
    more: Mapping[str, object] = field(default_factory=dict)
    """Fields that this version of threadsync does not know."""
    exchange: Exchange | None = None
    """None where it came in a list, whose page has it."""


def media_of(body: Fields, exchange: Exchange | None = None) -> MediaObject:
    """Read a post."""
    children = body.entries("children")
    entities = body.entries("text_entities")
    return MediaObject(
        id=body.id(),
        media_product_type=body.maybe_text("media_product_type"),
        media_type=body.maybe_text("media_type"),
        media_url=body.maybe_text("media_url"),
        thumbnail_url=body.maybe_text("thumbnail_url"),
        gif_url=body.maybe_text("gif_url"),
        permalink=body.maybe_text("permalink"),
        owner=body.reference("owner"),
        username=body.maybe_text("username"),
        is_verified=body.flag("is_verified"),
        profile_picture_url=body.maybe_text("profile_picture_url"),
        text=body.maybe_text("text"),
        timestamp=body.time("timestamp"),
        shortcode=body.maybe_text("shortcode"),
        alt_text=body.maybe_text("alt_text"),
        children=tuple(media_of(child) for child in children) if children is not None else None,
        is_quote_post=body.flag("is_quote_post"),
        quoted_post=body.reference("quoted_post"),
        reposted_post=body.reference("reposted_post"),
        link_attachment_url=body.maybe_text("link_attachment_url"),
        topic_tag=body.maybe_text("topic_tag"),
        poll_attachment=_poll(body.inner("poll_attachment")),
        is_spoiler_media=body.flag("is_spoiler_media"),
        text_entities=tuple(_entity(each) for each in entities) if entities is not None else None,
        text_attachment=_text_attachment(body.inner("text_attachment")),
        allowlisted_country_codes=body.names("allowlisted_country_codes"),
        location_id=body.maybe_id("location_id"),
        location=_location(body.inner("location")),
        has_replies=body.flag("has_replies"),
        is_reply=body.flag("is_reply"),
        is_reply_owned_by_me=body.flag("is_reply_owned_by_me"),
        root_post=body.reference("root_post"),
        replied_to=body.reference("replied_to"),
        hide_status=body.maybe_text("hide_status"),
        reply_audience=body.maybe_text("reply_audience"),
        reply_approval_status=body.maybe_text("reply_approval_status"),
        ghost_post_status=body.maybe_text("ghost_post_status"),
        ghost_post_expiration_timestamp=body.time("ghost_post_expiration_timestamp"),
        more=body.rest,
        exchange=exchange,
    )


def location_of(body: Fields, exchange: Exchange | None = None) -> Location:
    """Read a place."""
    return Location(
        body.id(),
        body.maybe_text("name"),
        body.maybe_text("address"),
        body.maybe_text("city"),
        body.maybe_text("country"),
        body.fraction("latitude"),
        body.fraction("longitude"),
        body.maybe_text("postal_code"),
        body.rest,
        exchange,
    )


def _location(body: Fields | None) -> Location | None:
    return location_of(body) if body is not None else None


def _poll(body: Fields | None) -> Poll | None:
    if body is None:
        return None
    said = [
        (text, body.fraction(share))
        for name, share in zip(POLL_OPTIONS, _SHARES, strict=True)
        if (text := body.maybe_text(name)) is not None
    ]
    return Poll(
        tuple(text for text, _ in said),
        tuple(share for _, share in said),
        body.number("total_votes"),
        body.time("expiration_timestamp"),
        body.rest,
    )


def _entity(body: Fields) -> TextEntity:
    return TextEntity(body.maybe_text("entity_type"), body.number("offset"), body.number("length"), body.rest)


def _text_attachment(body: Fields | None) -> TextAttachment | None:
    if body is None:
        return None
    styled = body.entries("text_with_styling_info")
    return TextAttachment(
        body.maybe_text("plaintext"),
        body.maybe_text("link_attachment_url"),
        tuple(
            StyledText(each.number("offset"), each.number("length"), each.names("styling_info"), each.rest)
            for each in styled
        )
        if styled is not None
        else None,
        body.rest,
    )
