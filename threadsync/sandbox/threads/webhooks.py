"""Notifications to the app's callback: what would be POSTed, and its signature.

developers.facebook.com/docs/threads/webhooks. They are kept in ``State.deliveries``; whoever has the app's
secret signs them with :func:`signature_headers`.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from threadsync.sandbox.threads.call import Call
from threadsync.sandbox.threads.counting import mentions_in
from threadsync.sandbox.threads.fields import MalformedFields, parse_fields
from threadsync.sandbox.threads.records import Delivery
from threadsync.sandbox.threads.showing import permalink, read_type, show, timestamp
from threadsync.sandbox.threads.state import Account, Post, State
from threadsync.sandbox.threads.values import Json

TOPICS: Mapping[str, str] = MappingProxyType(
    {"replies": "moderate", "delete": "moderate", "mentions": "interaction", "publish": "interaction"}
)
"""Fields that can be subscribed to, and their topics."""

_SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "replies": "threads_read_replies",
        "delete": "threads_delete",
        "mentions": "threads_manage_mentions",
        "publish": "threads_basic",
    }
)
_MENTION_FIELDS: Final = (
    "id,alt_text,gif_url,is_quote_post,media_product_type,media_type,media_url,permalink,poll_attachment"
    "{option_a,option_b,option_c,option_d,expiration_timestamp},quoted_post,reposted_post,shortcode,text,"
    "thumbnail_url,timestamp,username"
)
_MENTION_REPLY_FIELDS: Final = ",has_replies,is_reply,replied_to,root_post"
"""Left out for who did not grant ``threads_read_replies``."""


DELIVERIES_KEPT: Final = 1000
"""How many of the last notifications a network remembers."""


def signature_headers(body: bytes, secret: str) -> dict[str, str]:
    """Sign a notification as Meta's webhooks are (docs/graph-api/webhooks/getting-started)."""
    mark = hmac.new(secret.encode(), body, sha256).hexdigest()
    return {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={mark}"}


def announce_published(call: Call, post: Post) -> None:
    """Tell the app of a post that went live: its author, whom it answers, whom it names."""
    state = call.state
    if not state.subscribed:
        return
    author = state.accounts[post.owner]
    _deliver(call, "publish", author, post.id, _published(state, post))
    if author.about.is_private:
        return
    parent = state.posts.get(post.parent)
    if parent is not None and parent.owner != author.id and not state.accounts[parent.owner].about.is_private:
        _deliver(call, "replies", state.accounts[parent.owner], post.id, _replied(state, post, parent))
    named = mentions_in(post.content.text) - {author.name.lower()}
    for account in list(state.accounts.values()):
        if account.name.lower() in named:
            _deliver(call, "mentions", account, account.id, _mentioned(call, account, post))


def announce_deleted(call: Call, post: Post) -> None:
    """Tell the app of a post that its author took down."""
    if not call.state.subscribed:
        return
    author = call.state.accounts[post.owner]
    value: Json = {
        "id": post.id,
        "owner": {"owner_id": author.id},
        "deleted_at": timestamp(call.now),
        "timestamp": timestamp(post.created),
        "username": author.name,
    }
    _deliver(call, "delete", author, post.id, value)


def _deliver(call: Call, field: str, account: Account, target_id: str, value: Json) -> None:
    """Send one notification, if the app may have it."""
    state = call.state
    if field not in state.subscribed or not state.switches.advanced_access:
        return
    if not _has_granted(call, account, _SCOPES[field]):
        return
    state.deliveries.append(
        Delivery(
            at=call.now,
            app_id=state.app.id,
            topic=TOPICS[field],
            field=field,
            target_id=target_id,
            subscription_id=f"24{account.id[2:]}",
            value=value,
        )
    )
    del state.deliveries[:-DELIVERIES_KEPT]


def _has_granted(call: Call, account: Account, scope: str) -> bool:
    """Whether the app holds a living token of this profile with *scope*."""
    return any(
        token.account == account.id
        and {"threads_basic", scope} <= token.scopes
        and (token.expires_at is None or call.now < token.expires_at)
        for token in call.state.tokens.values()
    )


def _published(state: State, post: Post) -> Json:
    return {
        "id": post.id,
        "media_type": read_type(post),
        "permalink": permalink(state, post),
        "timestamp": timestamp(post.created),
        "username": state.accounts[post.owner].name,
    }


def _replied(state: State, post: Post, parent: Post) -> Json:
    root = state.posts.get(post.root) or parent
    owner = state.accounts[root.owner]
    return {
        **_published(state, post),
        "text": post.content.text,
        "shortcode": post.shortcode,
        "replied_to": {"id": parent.id},
        "root_post": {"id": root.id, "owner_id": owner.id, "username": owner.name},
        "is_verified": state.accounts[post.owner].about.is_verified,
    }


def _mentioned(call: Call, account: Account, post: Post) -> Json:
    sees_replies = _has_granted(call, account, "threads_read_replies")
    fields = parse_fields(_MENTION_FIELDS + (_MENTION_REPLY_FIELDS if sees_replies else ""))
    assert not isinstance(fields, MalformedFields), "they are ours"
    return show(call, post, fields)
