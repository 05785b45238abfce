"""What Threads sends to a webhook: the challenge of a subscription, and notifications, as typed events.

All of it is a pure function of what arrived. Answer a ``GET`` with ``challenge``; take a ``POST`` whose body
``is_signed``, read it with ``notification``, and answer 200. There is no event for a container that is ready.

Which scopes an event needs: threads_basic, and for replies threads_read_replies, for deletes threads_delete,
for mentions threads_manage_mentions; the app needs Advanced Access and a verified business.

Source: developers.facebook.com/docs/threads/webhooks
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from hmac import new as keyed
from typing import TypeAlias

from msgspec import Struct, field

from threadsync.errors import WebhookError
from threadsync.model.secret import SecretText
from threadsync.providers.answers import Fields
from threadsync.providers.threads.api_media import MediaObject, media_of

SIGNATURE_HEADER = "X-Hub-Signature-256"
_SIGNED_AS = "sha256="


class Replied(Struct, frozen=True):
    """Somebody replied to a post of the account (topic ``moderate``, field ``replies``)."""

    media: MediaObject


class Mentioned(Struct, frozen=True):
    """Somebody mentioned the account (topic ``interaction``, field ``mentions``)."""

    media: MediaObject


class Published(Struct, frozen=True):
    """The account published a post or reply (topic ``interaction``, field ``publish``)."""

    media: MediaObject


class Deleted(Struct, frozen=True):
    """The account deleted a post (topic ``moderate``, field ``delete``)."""

    id: str
    owner_id: str | None
    username: str | None
    deleted_at: datetime | None
    timestamp: datetime | None
    """When it was published."""
    more: Mapping[str, object] = field(default_factory=dict)


class UnknownEvent(Struct, frozen=True):
    """An event that this version of threadsync does not know, as it came."""

    field: str
    value: Mapping[str, object]


Event: TypeAlias = Replied | Mentioned | Published | Deleted | UnknownEvent


class Notification(Struct, frozen=True):
    """What arrived: one event, and what Threads says of its delivery; what it left out is None."""

    event: Event
    topic: str | None
    """``moderate`` or ``interaction``."""
    target_id: str | None
    """The post's id; of a mention, the id of the account."""
    app_id: str | None
    subscription_id: str | None
    time: datetime | None
    """When it was sent."""
    has_uid_field: bool | None
    more: Mapping[str, object] = field(default_factory=dict)


def challenge(query: Mapping[str, str], verify_token: SecretText) -> str:
    """Return what a ``GET`` with *query* is to be answered with, word for word, as plain text.

    Threads asks so when a subscription is set up; *verify_token* is what was typed in there.

    Source: developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests

    Raises:
        WebhookError: it is no such question, or not from where the token is known; answer 403.
    """
    said = query.get("hub.verify_token", "")
    if query.get("hub.mode") != "subscribe" or "hub.challenge" not in query:
        raise WebhookError(
            "this is no question of a subscription (hub.mode, hub.challenge)", remedy="Answer it with 403."
        )
    if not compare_digest(said.encode(), verify_token.reveal().encode()):
        raise WebhookError(
            "the verify token is another one",
            remedy="Answer it with 403; while setting it up, type the same token in the app's dashboard.",
        )
    return query["hub.challenge"]


def is_signed(body: bytes, signature: str | None, app_secrets: Sequence[SecretText]) -> bool:
    """Whether *body*, as it arrived, was signed with one of *app_secrets*; compared in constant time.

    *signature* is the header ``X-Hub-Signature-256``. Meta's pages do not say whether a Threads webhook is
    signed with the secret of the Threads app or of the Meta app, so both may be given.

    Source: developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads
    """
    said = (signature or "").encode()
    made = [
        f"{_SIGNED_AS}{keyed(secret.reveal().encode(), body, sha256).hexdigest()}" for secret in app_secrets
    ]
    # Every one is compared, so that the time taken tells nothing of which one it was.
    return any([compare_digest(said, each.encode()) for each in made])  # noqa: C419


def notification(body: bytes) -> Notification:
    """Read the *body* of a ``POST`` that ``is_signed``; events of unknown kinds are kept as they are.

    Source: developers.facebook.com/docs/threads/webhooks#notification-formats

    Raises:
        WebhookError: it cannot be read; answer 400.
    """
    try:
        return _notification(Fields(json.loads(body)))
    except (ValueError, TypeError, RecursionError) as error:
        raise WebhookError(
            f"the notification cannot be read: {error}",
            remedy="Answer it with 400, and look at what sent it.",
        ) from error


def _notification(said: Fields) -> Notification:
    values = said.inner("values")
    if values is None:
        raise ValueError("it has no values")
    return Notification(
        _event(values.text("field"), values.inner("value") or Fields({})),
        said.maybe_text("topic"),
        said.maybe_id("target_id"),
        said.maybe_id("app_id"),
        said.maybe_id("subscription_id"),
        said.moment("time"),
        said.flag("has_uid_field"),
        said.rest,
    )


def _event(name: str, value: Fields) -> Event:
    match name:
        case "replies":
            return Replied(media_of(value))
        case "mentions":
            return Mentioned(media_of(value))
        case "publish":
            return Published(media_of(value))
        case "delete":
            owner = value.inner("owner")
            owner_id = owner.maybe_id("owner_id") if owner is not None else None
            value.put_back("owner", owner)
            return Deleted(
                value.id(),
                owner_id,
                value.maybe_text("username"),
                value.time("deleted_at"),
                value.time("timestamp"),
                value.rest,
            )
        case _:
            return UnknownEvent(name, value.rest)
