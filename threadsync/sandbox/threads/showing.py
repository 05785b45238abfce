"""Posts and profiles as the network shows them, field by field.

Fields: developers.facebook.com/docs/threads/reference/media-retrieval, .../reference/reply-management,
.../reference/user. What is absent is left out and never null; an unknown field fails the whole call.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TypeAlias
from urllib.parse import quote

from threadsync.sandbox.threads import errors
from threadsync.sandbox.threads.call import Call
from threadsync.sandbox.threads.content import POLL_OPTIONS
from threadsync.sandbox.threads.counting import links_in, topic_in
from threadsync.sandbox.threads.errors import ApiError
from threadsync.sandbox.threads.fields import Field, Fields, MalformedFields, parse_fields
from threadsync.sandbox.threads.state import Approval, Post, State
from threadsync.sandbox.threads.values import Json

POLL_SECONDS = 86_400
GHOST_SECONDS = 86_400

_READ_TYPES = MappingProxyType({"TEXT": "TEXT_POST", "CAROUSEL": "CAROUSEL_ALBUM", "REPOST": "REPOST_FACADE"})
_ID_ONLY: Fields = (Field("id"),)

Shown: TypeAlias = Callable[[Call, Post, Field], object]
"""Give the value of one field of a post; ``None`` leaves it out."""


def timestamp(seconds: float) -> str:
    """Write a time as the network does: ``2023-10-17T05:42:03+0000``."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def permalink(state: State, post: Post) -> str:
    """Return the address of a post's page."""
    return f"{state.base_url}/@{state.accounts[post.owner].name}/post/{post.shortcode}"


def media_url(state: State, post: Post) -> str | None:
    """Return the address of the network's own copy of a post's picture or film."""
    return f"{state.base_url}/media/{post.content.media_name}" if post.content.media_name else None


def gif_path(post: Post) -> str:
    """Return the path of a GIF's picture, empty for a post without one."""
    return f"/media/gif/{quote(post.content.gif_id, safe='')}" if post.content.gif_id else ""


def _thumbnail_url(call: Call, post: Post, field: Field) -> str | None:
    if post.content.media_type != "VIDEO":
        return None
    poster = post.content.poster_name
    return f"{call.state.base_url}/media/{poster}" if poster else media_url(call.state, post)


_TYPESET = str.maketrans({"'": "\u2019", '"': "\u201d"})


def shown_text(state: State, post: Post) -> str:
    """Return the text as it is read back."""
    content, text = post.content, post.content.text
    if state.switches.texts_typeset:
        text = text.translate(_TYPESET)
    if state.switches.inline_topic_mark_kept or content.topic_tag:
        return text
    topic = topic_in(content.text)
    return text.replace(f"#{topic}", topic, 1) if topic else text


def link_card(post: Post) -> str | None:
    """Return the link of the preview card: the attached one, else the first of a text-only post."""
    content = post.content
    if content.link_attachment:
        return content.link_attachment
    if content.media_type != "TEXT":
        return None
    return next((link for link in links_in(content.text) if "://" in link), None)


def select(call: Call, without: frozenset[str] = frozenset()) -> Fields | ApiError:
    """Read the call's ``fields`` for posts, and refuse what does not exist or needs another scope.

    *without* names fields that this call has not.
    """
    found = parse_fields(call.param("fields") or "id")
    if isinstance(found, MalformedFields):
        return errors.invalid_parameter(found.reason)
    absent = next((field.name for field in found if field.name in without), "")
    if absent:
        return errors.nonexisting_field(absent)
    return _unknown(call, found) or found


def _unknown(call: Call, fields: Fields) -> ApiError | None:
    for field in fields:
        if field.name not in _FIELDS:
            return errors.nonexisting_field(field.name)
        if field.name in _REPLY_FIELDS and not call.has("threads_read_replies"):
            return errors.permission_missing()
        if field.inner is None:
            continue
        if field.name in _POSTS_INSIDE:
            error = _unknown(call, field.inner)
        else:
            known = _NAMES_INSIDE.get(field.name, frozenset())
            bad = next((inner.name for inner in field.inner if inner.name not in known), None)
            error = errors.nonexisting_field(bad) if bad else None
        if error is not None:
            return error
    return None


def show(call: Call, post: Post, fields: Fields) -> Json:
    """Show a post; the id is always there."""
    shown: Json = {}
    for field in fields:
        value = _FIELDS[field.name](call, post, field)
        if value is not None and value not in ("", ()):
            shown[field.name] = value
    shown.setdefault("id", post.id)
    return shown


def has_visible_replies(call: Call, post: Post) -> bool:
    """Whether a list of the replies to *post* would hold any."""
    for _, _, reply_id in call.state.rows(f"under:{post.id}"):
        reply = call.state.find(reply_id)
        if reply is not None and reply.is_listed(call.now) and reply.approval is Approval.NONE:
            return True
    return False


def _reference(call: Call, media_id: str, field: Field) -> Json | None:
    other = call.state.posts.get(media_id)
    return show(call, other, field.inner or _ID_ONLY) if other is not None else None


def _children(call: Call, post: Post, field: Field) -> Json | None:
    if not post.children:
        return None
    inner = field.inner or _ID_ONLY
    found = (call.state.find(child_id) for child_id in post.children)
    return {"data": [show(call, child, inner) for child in found if child is not None]}


def poll_shares(post: Post) -> tuple[float, ...]:
    """Return the share of each option of a poll, 0 to 1."""
    votes = post.votes or (0,) * len(post.content.poll)
    return tuple(count / max(1, sum(votes)) for count in votes)


def _poll(call: Call, post: Post, field: Field) -> Json | None:
    if not post.content.poll or field.inner is None:
        return None
    poll: Json = {}
    for name, option, share in zip(POLL_OPTIONS, post.content.poll, poll_shares(post), strict=False):
        poll[name] = option
        poll[f"{name}_votes_percentage"] = share
    poll["total_votes"] = sum(post.votes)
    poll["expiration_timestamp"] = timestamp(post.created + POLL_SECONDS)
    return {inner.name: poll[inner.name] for inner in field.inner if inner.name in poll}


def _stored_json(text: str) -> object:
    found: object = json.loads(text) if text else None
    return found


def _text_entities(call: Call, post: Post, field: Field) -> object:
    found = _stored_json(post.content.text_entities)
    return {"data": found} if found else None


def _location(call: Call, post: Post, field: Field) -> Json | None:
    """Show a location; of one that this network has not, the id alone."""
    if not post.content.location:
        return None
    place = call.state.places.get(post.content.location)
    known = place.to_json() if place is not None else {"id": post.content.location}
    wanted = {inner.name for inner in field.inner or _ID_ONLY} | {"id"}
    return {name: value for name, value in known.items() if name in wanted and value is not None}


def topic_of(post: Post) -> str:
    """Return a post's topic, empty for none: the given one, else the first of its text."""
    return post.content.topic_tag or topic_in(post.content.text)


def read_type(post: Post) -> str:
    """Return the name of a post's kind as it is read."""
    return _READ_TYPES.get(post.content.media_type, post.content.media_type)


def _owner(call: Call, post: Post, field: Field) -> Json | None:
    """Own top-level posts only."""
    is_own_post = post.owner == call.account.id and not post.parent
    return {"id": post.owner} if is_own_post else None


def _ghost_status(call: Call, post: Post, field: Field) -> str | None:
    if not post.content.is_ghost_post:
        return None
    return "ACTIVE" if call.now < post.created + GHOST_SECONDS else "ARCHIVED"


def _ghost_expiry(call: Call, post: Post, field: Field) -> str | None:
    return timestamp(post.created + GHOST_SECONDS) if post.content.is_ghost_post else None


def _is_own_reply(call: Call, post: Post, field: Field) -> bool:
    return bool(post.parent) and post.owner == call.account.id


_FIELDS: Mapping[str, Shown] = MappingProxyType(
    {
        "id": lambda call, post, field: post.id,
        "media_product_type": lambda call, post, field: "THREADS",
        "media_type": lambda call, post, field: read_type(post),
        "media_url": lambda call, post, field: media_url(call.state, post),
        "thumbnail_url": _thumbnail_url,
        "gif_url": lambda call, post, field: gif_path(post) and call.state.base_url + gif_path(post),
        "permalink": lambda call, post, field: permalink(call.state, post),
        "owner": _owner,
        "username": lambda call, post, field: call.state.accounts[post.owner].name,
        "text": lambda call, post, field: shown_text(call.state, post),
        "timestamp": lambda call, post, field: timestamp(post.created),
        "shortcode": lambda call, post, field: post.shortcode,
        "is_verified": lambda call, post, field: call.state.accounts[post.owner].about.is_verified,
        "profile_picture_url": lambda call, post, field: call.state.accounts[post.owner].about.picture_url,
        "children": _children,
        "is_quote_post": lambda call, post, field: bool(post.content.quote),
        "quoted_post": lambda call, post, field: _reference(call, post.content.quote, field),
        "reposted_post": lambda call, post, field: _reference(call, post.reposted, field),
        "alt_text": lambda call, post, field: post.content.alt_text,
        "link_attachment_url": lambda call, post, field: link_card(post),
        "topic_tag": lambda call, post, field: topic_of(post),
        "allowlisted_country_codes": lambda call, post, field: list(post.content.countries) or None,
        "poll_attachment": _poll,
        "is_spoiler_media": lambda call, post, field: post.content.is_spoiler_media,
        "text_entities": _text_entities,
        "text_attachment": lambda call, post, field: _stored_json(post.content.text_attachment),
        "location_id": lambda call, post, field: post.content.location,
        "location": _location,
        "has_replies": lambda call, post, field: has_visible_replies(call, post),
        "is_reply": lambda call, post, field: bool(post.parent),
        "is_reply_owned_by_me": _is_own_reply,
        "root_post": lambda call, post, field: _reference(call, post.root, field),
        "replied_to": lambda call, post, field: _reference(call, post.parent, field),
        "hide_status": lambda call, post, field: post.hide_status if post.parent else None,
        "reply_audience": lambda call, post, field: (
            None if post.reposted else post.content.reply_control.upper()
        ),
        "reply_approval_status": lambda call, post, field: str(post.approval),
        "ghost_post_status": _ghost_status,
        "ghost_post_expiration_timestamp": _ghost_expiry,
    }
)

_REPLY_FIELDS = frozenset(
    {
        "has_replies",
        "is_reply",
        "is_reply_owned_by_me",
        "root_post",
        "replied_to",
        "hide_status",
        "reply_audience",
        "reply_approval_status",
    }
)
_POSTS_INSIDE = frozenset({"children", "quoted_post", "reposted_post", "root_post", "replied_to"})
_NAMES_INSIDE: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "owner": frozenset({"id"}),
        "location": frozenset(
            {"id", "address", "name", "city", "country", "latitude", "longitude", "postal_code"}
        ),
        "poll_attachment": frozenset(
            {*POLL_OPTIONS, "total_votes", "expiration_timestamp"}
            | {f"{name}_votes_percentage" for name in POLL_OPTIONS}
        ),
        "text_entities": frozenset({"entity_type", "offset", "length"}),
        "text_attachment": frozenset({"plaintext", "link_attachment_url", "text_with_styling_info"}),
    }
)


def pick(known: Json, text: str, default: str, always: Iterable[str] = ("id",)) -> Json | ApiError:
    """Choose the fields that *text* asks for; absent ones are left out, unknown ones refused."""
    fields = parse_fields(text or default)
    if isinstance(fields, MalformedFields):
        return errors.invalid_parameter(fields.reason)
    names = [field.name for field in fields]
    for name in names:
        if name not in known:
            return errors.nonexisting_field(name)
    names.extend(name for name in always if name not in names)
    return {name: known[name] for name in names if known[name] is not None}
