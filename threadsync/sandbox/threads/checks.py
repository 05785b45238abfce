"""The rules of a create call, one function each: what is not allowed, and the network's refusal of it.

Rules and limits: developers.facebook.com/docs/threads/posts, .../reference/publishing, .../create-posts/
(polls, text-attachments, spoilers, ghost-posts, gifs, topics, links, location-tagging). Where the
page gives a rule but no error, the refusal is code 100 ``Invalid parameter``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeAlias

from threadsync.sandbox.threads import errors
from threadsync.sandbox.threads.call import Call
from threadsync.sandbox.threads.content import Content
from threadsync.sandbox.threads.counting import links_in, text_length
from threadsync.sandbox.threads.errors import ApiError
from threadsync.sandbox.threads.state import Container, Post, Status

MEDIA_TYPES = frozenset({"TEXT", "IMAGE", "VIDEO", "CAROUSEL"})
REPLY_CONTROLS = frozenset(
    {"everyone", "accounts_you_follow", "mentioned_only", "parent_post_author_only", "followers_only"}
)
CHILDREN_MIN, CHILDREN_MAX = 2, 20
ALT_TEXT_MAX = 1000
TOPIC_MAX = 50
POLL_OPTION_MAX = 25
ENTITIES_MAX = 10
ATTACHMENT_MAX = 10_000
STYLES = frozenset({"bold", "italic", "highlight", "underline", "strikethrough"})

Check: TypeAlias = Callable[[Call, Content], ApiError | None]


def broken_rule(call: Call, content: Content) -> ApiError | None:
    """Return the refusal of the first rule that *content* breaks, in the order of ``_CHECKS``."""
    for check in _CHECKS:
        error = check(call, content)
        if error is not None:
            return error
    return None


def _media_type(call: Call, content: Content) -> ApiError | None:
    if content.media_type not in MEDIA_TYPES:
        return errors.invalid_parameter("media_type must be TEXT, IMAGE, VIDEO or CAROUSEL")
    if content.media_type in {"IMAGE", "VIDEO"} and not content.source_url:
        return errors.invalid_parameter(f"{content.media_type.lower()}_url is required")
    if content.is_carousel_item and content.media_type not in {"IMAGE", "VIDEO"}:
        return errors.invalid_parameter("only images and videos are carousel items")
    if content.media_type == "TEXT" and not (content.text or content.link_attachment):
        return errors.invalid_parameter("text is required")
    return None


def _text(call: Call, content: Content) -> ApiError | None:
    switches = call.state.switches
    if text_length(content.text, switches.text_count) > switches.text_limit:
        return errors.text_too_long(switches.text_limit)
    if content.text_entities and len(json.loads(content.text_entities)) > ENTITIES_MAX:
        return errors.invalid_parameter(f"at most {ENTITIES_MAX} text entities")
    return None


def _links(call: Call, content: Content) -> ApiError | None:
    """At most five distinct URLs over text and attachment, which is a URL; enforced at create."""
    if content.link_attachment and not content.link_attachment.startswith(("https://", "http://")):
        return errors.invalid_parameter("link_attachment is a public URL")
    found = set(links_in(content.text))
    if content.link_attachment:
        found.add(content.link_attachment)
    attachment = _attachment(content)
    if isinstance(inner := attachment.get("link_attachment_url"), str) and inner:
        found.add(inner)
    switches = call.state.switches
    limit = switches.links_limit if content.media_type == "TEXT" else switches.links_with_media_limit
    if len(found) > limit:
        return errors.symbolic("THREADS_API__LINK_LIMIT_EXCEEDED")
    return None


def _text_only(call: Call, content: Content) -> ApiError | None:
    """What only a TEXT container may carry, and what it may not."""
    if content.media_type == "TEXT":
        if content.alt_text:
            return errors.invalid_parameter("alt_text is for images and videos")
        if content.is_spoiler_media:
            return errors.invalid_parameter("is_spoiler_media is for images, videos and carousels")
        return None
    carried = {
        "link_attachment": content.link_attachment,
        "poll_attachment": content.poll,
        "text_attachment": content.text_attachment,
        "gif_attachment": content.gif_id,
        "is_ghost_post": content.is_ghost_post,
        "auto_publish_text": content.auto_publish,
    }
    for name, value in carried.items():
        if value:
            return errors.invalid_parameter(f"{name} is for TEXT only")
    return None


def _alt_text(call: Call, content: Content) -> ApiError | None:
    if len(content.alt_text) > ALT_TEXT_MAX:
        return errors.invalid_parameter(f"alt_text must be at most {ALT_TEXT_MAX} characters long")
    return None


def _poll(call: Call, content: Content) -> ApiError | None:
    if not content.poll:
        return None
    if content.link_attachment or content.text_attachment:
        return errors.invalid_parameter("a poll does not go with a link or text attachment")
    if any(len(option) > POLL_OPTION_MAX for option in content.poll):
        return errors.invalid_parameter(f"a poll option has at most {POLL_OPTION_MAX} characters")
    return None


def _attachment(content: Content) -> dict[str, object]:
    found: object = json.loads(content.text_attachment) if content.text_attachment else {}
    assert isinstance(found, dict), "kept only when it is an object"
    return found


def _text_attachment(call: Call, content: Content) -> ApiError | None:
    attachment = _attachment(content)
    if len(str(attachment.get("plaintext", ""))) > ATTACHMENT_MAX:
        return errors.invalid_parameter(f"plaintext must be at most {ATTACHMENT_MAX} characters long")
    if attachment.get("link_attachment_url") and content.link_attachment:
        return errors.invalid_parameter("one link attachment, inside or outside")
    return _styles(attachment.get("text_with_styling_info"))


def _styles(rows: object) -> ApiError | None:
    """Styles are five, and their ranges do not overlap; which fields a row has is settled by reading it."""
    reached = 0
    for row in sorted(rows, key=lambda each: int(each["offset"])) if isinstance(rows, list) else ():
        if not set(row["styling_info"]) <= STYLES:
            return errors.invalid_parameter(f"the styles are {', '.join(sorted(STYLES))}")
        if row["offset"] < reached:
            return errors.invalid_parameter("the ranges of styles must not overlap")
        reached = row["offset"] + row["length"]
    return None


def _topic(call: Call, content: Content) -> ApiError | None:
    if len(content.topic_tag) > TOPIC_MAX or set(content.topic_tag) & {".", "&"}:
        return errors.invalid_parameter("topic_tag has 1 to 50 characters, none of them . or &")
    return None


def _audience(call: Call, content: Content) -> ApiError | None:
    if content.reply_control not in REPLY_CONTROLS:
        return errors.invalid_parameter("unknown reply_control; the values are lower case")
    if content.countries:
        if not call.account.is_eligible_for_geo_gating:
            return errors.symbolic("THREADS_API__FEATURE_NOT_AVAILABLE")
        if any(len(code) != 2 or not code.isalpha() or not code.isupper() for code in content.countries):
            return errors.symbolic("THREADS_API__GEO_GATING_INVALID_COUNTRY_CODES")
    return None


def _gif(call: Call, content: Content) -> ApiError | None:
    """TENOR ended on 31 March 2026; GIPHY is the one provider."""
    if content.gif_id and content.gif_provider != "GIPHY":
        return errors.invalid_parameter("the GIF provider must be GIPHY")
    return None


def _ghost(call: Call, content: Content) -> ApiError | None:
    if content.is_ghost_post and (content.reply_to or content.needs_reply_approval):
        return errors.invalid_parameter("a ghost post is no reply and has no reply approvals")
    return None


def _scopes(call: Call, content: Content) -> ApiError | None:
    if content.location and not call.has("threads_location_tagging"):
        return errors.permission_missing()
    if content.shares_to_instagram and not call.has("threads_share_to_instagram"):
        return errors.permission_missing()
    return None


def parent_missing(call: Call, content: Content) -> ApiError | None:
    """Refuse a reply whose parent is not there: not visible yet, deleted, a ghost, a repost."""
    if not content.reply_to:
        return None
    parent = call.state.posts.get(content.reply_to)
    if parent is None or not can_be_replied_to(parent, call.now):
        return errors.media_not_found(content.reply_to)
    if parent.owner != call.account.id and not _may_reply_to_foreign(call, parent):
        return errors.permission_missing()
    return None


def can_be_replied_to(parent: Post, now: float) -> bool:
    """Whether a post takes replies at *now*."""
    if parent.content.is_ghost_post or parent.reposted or parent.child_of:
        return False
    return now >= parent.repliable_from


def _may_reply_to_foreign(call: Call, parent: Post) -> bool:
    """Allow replies under one's own root post; elsewhere only with one of two scopes."""
    root = call.state.posts.get(parent.root)
    if root is not None and root.owner == call.account.id:
        return True
    return call.has("threads_keyword_search", "threads_manage_mentions")


def _quote(call: Call, content: Content) -> ApiError | None:
    if content.quote and content.quote not in call.state.posts:
        return errors.media_not_found(content.quote)
    return None


def _children(call: Call, content: Content) -> ApiError | None:
    """2 to 20 containers of the caller, each a FINISHED carousel item."""
    if content.media_type != "CAROUSEL":
        return None
    if not CHILDREN_MIN <= len(content.children) <= CHILDREN_MAX:
        return errors.invalid_parameter(f"a carousel has {CHILDREN_MIN} to {CHILDREN_MAX} children")
    found = {name: call.state.containers.get(name) for name in content.children}
    bad = tuple(name for name, child in found.items() if child is None or not _is_good_child(call, child))
    return errors.bad_children(bad) if bad else None


def _is_good_child(call: Call, child: Container) -> bool:
    return (
        child.owner == call.account.id
        and child.content.is_carousel_item
        and child.status(call.now) is Status.FINISHED
    )


_CHECKS: tuple[Check, ...] = (
    _media_type,
    _text,
    _links,
    _text_only,
    _alt_text,
    _poll,
    _text_attachment,
    _topic,
    _audience,
    _gif,
    _ghost,
    _scopes,
    parent_missing,
    _quote,
    _children,
)
