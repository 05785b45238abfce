"""The methods this network has, and what each needs (docs.bsky.app/docs/api)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from msgspec import Struct

from threadsync.sandbox.bluesky import chat, identity, reading, sessions, video, views, writing
from threadsync.sandbox.bluesky.call import Call, Done
from threadsync.sandbox.bluesky.errors import XrpcError

Work: TypeAlias = Callable[[Call], "Done | XrpcError"]


class Auth(StrEnum):
    """Which token a method needs."""

    NONE = "none"
    OPTIONAL = "optional"
    ACCESS = "access"
    REFRESH = "refresh"
    SERVICE = "service"
    """One that getServiceAuth made; the method looks at it itself."""


class Method(Struct, frozen=True):
    """One method: whether it changes something, the token it needs, and what it does."""

    verb: str
    auth: Auth
    work: Work


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "com.atproto.server.describeServer": Method("GET", Auth.NONE, identity.describe_server),
        "com.atproto.identity.resolveHandle": Method("GET", Auth.NONE, identity.resolve_handle),
        "com.atproto.server.createSession": Method("POST", Auth.NONE, sessions.create),
        "com.atproto.server.refreshSession": Method("POST", Auth.REFRESH, sessions.refresh),
        "com.atproto.server.deleteSession": Method("POST", Auth.REFRESH, sessions.delete),
        "com.atproto.server.getSession": Method("GET", Auth.ACCESS, sessions.read),
        "com.atproto.server.getAccountInviteCodes": Method("GET", Auth.ACCESS, sessions.invite_codes),
        "com.atproto.server.getServiceAuth": Method("GET", Auth.ACCESS, sessions.service_auth),
        "com.atproto.repo.createRecord": Method("POST", Auth.ACCESS, writing.create),
        "com.atproto.repo.putRecord": Method("POST", Auth.ACCESS, writing.put),
        "com.atproto.repo.deleteRecord": Method("POST", Auth.ACCESS, writing.delete),
        "com.atproto.repo.applyWrites": Method("POST", Auth.ACCESS, writing.apply),
        "com.atproto.repo.getRecord": Method("GET", Auth.NONE, reading.get),
        "com.atproto.repo.describeRepo": Method("GET", Auth.NONE, reading.describe_repo),
        "com.atproto.repo.listRecords": Method("GET", Auth.NONE, reading.list_records),
        "com.atproto.repo.uploadBlob": Method("POST", Auth.ACCESS, reading.upload),
        "com.atproto.sync.getBlob": Method("GET", Auth.NONE, reading.get_blob),
        "app.bsky.feed.getPosts": Method("GET", Auth.OPTIONAL, views.get_posts),
        "app.bsky.feed.getAuthorFeed": Method("GET", Auth.OPTIONAL, views.author_feed),
        "app.bsky.actor.getProfile": Method("GET", Auth.OPTIONAL, views.get_profile),
        "app.bsky.video.getUploadLimits": Method("GET", Auth.SERVICE, video.limits),
        "app.bsky.video.uploadVideo": Method("POST", Auth.SERVICE, video.upload),
        "app.bsky.video.getJobStatus": Method("GET", Auth.NONE, video.status),
        "chat.bsky.convo.getLog": Method("GET", Auth.ACCESS, chat.get_log),
    }
)
"""By the name of the method."""
VIEWS = frozenset({"app.bsky.feed.getPosts", "app.bsky.feed.getAuthorFeed", "app.bsky.actor.getProfile"})
"""What readers' apps need: a server without one behind it has none of these."""
