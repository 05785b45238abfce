"""Which operation a method and path ask for (the endpoint tables of developers.facebook.com/docs/threads)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from threadsync.sandbox.threads.faults import Operation
from threadsync.sandbox.threads.state import State
from threadsync.sandbox.threads.values import API_VERSION, Request


class Route(Struct, frozen=True):
    """An operation, and the object or user that the path names."""

    operation: Operation
    target: str = ""
    user: str = ""
    """The user of the path, when it names one; ``me`` or an id."""


_ALONE: Mapping[tuple[str, str], Operation] = MappingProxyType(
    {
        ("GET", "refresh_access_token"): Operation.REFRESH_TOKEN,
        ("GET", "debug_token"): Operation.DEBUG_TOKEN,
        ("GET", "access_token"): Operation.EXCHANGE_TOKEN,
        ("GET", "keyword_search"): Operation.KEYWORD_SEARCH,
        ("GET", "profile_lookup"): Operation.PROFILE_LOOKUP,
        ("GET", "profile_posts"): Operation.PROFILE_POSTS,
        ("GET", "location_search"): Operation.LOCATION_SEARCH,
        ("GET", "oembed"): Operation.OEMBED,
    }
)
_OF_USER: Mapping[tuple[str, str], Operation] = MappingProxyType(
    {
        ("POST", "threads"): Operation.CREATE,
        ("GET", "threads"): Operation.THREADS,
        ("POST", "threads_publish"): Operation.PUBLISH,
        ("GET", "threads_publishing_limit"): Operation.QUOTA,
        ("GET", "ghost_posts"): Operation.GHOST_POSTS,
        ("GET", "mentions"): Operation.MENTIONS,
        ("GET", "threads_insights"): Operation.USER_INSIGHTS,
    }
)
_OF_MEDIA: Mapping[tuple[str, str], Operation] = MappingProxyType(
    {
        ("POST", "repost"): Operation.REPOST,
        ("GET", "replies"): Operation.MEDIA_REPLIES,
        ("GET", "conversation"): Operation.CONVERSATION,
        ("GET", "pending_replies"): Operation.PENDING_REPLIES,
        ("GET", "insights"): Operation.INSIGHTS,
        ("POST", "manage_reply"): Operation.MANAGE_REPLY,
        ("POST", "manage_pending_reply"): Operation.MANAGE_PENDING,
    }
)


def find_route(state: State, request: Request) -> Route | None:
    """Find the operation of a call; the version in front of the path may be left out."""
    parts = [part for part in request.path.split("/") if part]
    if parts[:1] == [API_VERSION]:
        parts = parts[1:]
    match parts:
        case [name]:
            return _single(state, request.method, name)
        case ["oauth", name]:
            return _oauth(request, name)
        case [name, "replies"] if request.method == "GET" and is_user(state, name):
            return Route(Operation.REPLIES, user=name)
        case [name, edge]:
            of_user = _OF_USER.get((request.method, edge))
            if of_user is not None:
                return Route(of_user, user=name)
            of_media = _OF_MEDIA.get((request.method, edge))
            return Route(of_media, target=name) if of_media is not None else None
    return None


def _oauth(request: Request, name: str) -> Route | None:
    """Find what is asked under ``/oauth``; a code that comes with GET is taken too (``code-by-get``)."""
    match request.method, name:
        case "GET", "authorize":
            return Route(Operation.AUTHORIZE)
        case "POST", "access_token":
            return Route(Operation.EXCHANGE_CODE)
        case "GET", "access_token":
            is_code = request.params.get("grant_type") == "authorization_code"
            return Route(Operation.EXCHANGE_CODE if is_code else Operation.APP_TOKEN)
    return None


def is_user(state: State, name: str) -> bool:
    """Whether a name in a path is ``me`` or a user's id."""
    return name == "me" or name in state.accounts


def _single(state: State, method: str, name: str) -> Route | None:
    alone = _ALONE.get((method, name))
    if alone is not None:
        return Route(alone)
    if method == "DELETE":
        return Route(Operation.DELETE, target=name)
    if method != "GET":
        return None
    if is_user(state, name):
        return Route(Operation.PROFILE, user=name)
    if name in state.places:
        return Route(Operation.LOCATION, target=name)
    return Route(Operation.STATUS if name in state.containers else Operation.READ, target=name)
