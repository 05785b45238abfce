"""The Threads network as a function: ``handle(state, request, now)`` answers one call.

Pure: no socket, no clock, no chance, no file. The state changes in place and nowhere else; the same
state, call, time and media give the same answer, byte for byte. Media comes through the *fetch*
argument. An answer may say that the connection is to be dropped or delayed; who calls obeys that.

What is copied from the documentation names its page; what is a guess is listed in
:data:`threadsync.sandbox.threads.invented.INVENTED`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec.structs import replace

from threadsync.sandbox.threads import (
    embeds,
    errors,
    insights,
    listing,
    oauth,
    places,
    profiles,
    publishing,
    searching,
    showing,
    tokens,
    user_insights,
)
from threadsync.sandbox.threads.call import Call, refusal
from threadsync.sandbox.threads.errors import ApiError
from threadsync.sandbox.threads.faults import WRITES, Operation
from threadsync.sandbox.threads.hits import Hits, after_hits, before_hits, spoil, verdict_before
from threadsync.sandbox.threads.routes import Route, find_route
from threadsync.sandbox.threads.state import State
from threadsync.sandbox.threads.values import Fetch, Json, Request, Response, no_media

_PUBLISH_SCOPE = ("threads_content_publish",)
_REPLIES_SCOPE = ("threads_read_replies",)
_MANAGE_SCOPE = ("threads_manage_replies",)
_INSIGHTS_SCOPE = ("threads_manage_insights",)
_DISCOVERY_SCOPE = ("threads_profile_discovery",)
_PLACES_SCOPE = ("threads_location_tagging",)

_SCOPES: Mapping[Operation, tuple[str, ...]] = MappingProxyType(
    {
        Operation.CREATE: _PUBLISH_SCOPE,
        Operation.STATUS: _PUBLISH_SCOPE,
        Operation.PUBLISH: _PUBLISH_SCOPE,
        Operation.QUOTA: _PUBLISH_SCOPE,
        Operation.REPOST: _PUBLISH_SCOPE,
        Operation.DELETE: ("threads_delete",),
        Operation.REPLIES: _REPLIES_SCOPE,
        Operation.MEDIA_REPLIES: _REPLIES_SCOPE,
        Operation.CONVERSATION: _REPLIES_SCOPE,
        Operation.PENDING_REPLIES: _REPLIES_SCOPE,
        Operation.INSIGHTS: _INSIGHTS_SCOPE,
        Operation.USER_INSIGHTS: _INSIGHTS_SCOPE,
        Operation.MENTIONS: ("threads_manage_mentions",),
        Operation.KEYWORD_SEARCH: ("threads_keyword_search",),
        Operation.PROFILE_LOOKUP: _DISCOVERY_SCOPE,
        Operation.PROFILE_POSTS: _DISCOVERY_SCOPE,
        Operation.LOCATION_SEARCH: _PLACES_SCOPE,
        Operation.LOCATION: _PLACES_SCOPE,
        Operation.MANAGE_REPLY: _MANAGE_SCOPE,
        Operation.MANAGE_PENDING: _MANAGE_SCOPE,
    }
)
"""What an operation needs besides ``threads_basic`` (developers.facebook.com/docs/threads/overview)."""


def handle(state: State, request: Request, now: float, fetch: Fetch = no_media) -> Response:
    """Answer one call at *now* (Unix seconds); *state* changes in place.

    The network's own clock is ``now`` plus the switch ``clock_skew_seconds``.
    """
    run_due(state, now)
    server_now = now + state.switches.clock_skew_seconds
    route = find_route(state, request)
    if route is None:
        return refusal(
            state, request, server_now, errors.unsupported(request.method, request.path.strip("/"))
        )
    holder = state.tokens.get(request.token) if request.token else None
    profile = state.accounts[holder.account].name if holder else ""
    hits = before_hits(state, request, route, profile, server_now)
    error = verdict_before(state, request, route, hits, now)
    if isinstance(error, Response):
        return _delayed(error, hits)
    answer = (
        refusal(state, request, server_now, error)
        if error is not None
        else _perform(state, request, route, server_now, fetch)
    )
    if answer.status < 400:
        after = after_hits(state, route, profile)
        answer = spoil(state, request, route, answer, hits=after, now=server_now)
    return _delayed(answer, hits)


def run_due(state: State, now: float) -> None:
    """Carry out what was deferred until now; called by every :func:`handle`."""
    while state.deferred and min(call.due for call in state.deferred) <= now:
        first = min(state.deferred, key=lambda call: call.due)
        state.deferred.remove(first)
        state.serial += 1
        route = find_route(state, first.request)
        assert route is not None, "only a call with a route is deferred"
        due = first.due + state.switches.clock_skew_seconds
        _perform(state, first.request, route, due, no_media)


def _delayed(answer: Response, hits: Hits) -> Response:
    return replace(answer, delay_seconds=hits.delay_seconds) if hits.delay_seconds else answer


def _perform(state: State, request: Request, route: Route, now: float, fetch: Fetch) -> Response:
    """Check who calls and with what rights, then do what is asked."""
    without_token = _OPEN.get(route.operation)
    if without_token is not None:
        return without_token(state, request, now)
    token = tokens.authenticate(state, request, now)
    if isinstance(token, ApiError):
        return refusal(state, request, now, token)
    account = state.accounts[token.account]
    call = Call(
        state=state,
        request=request,
        now=now,
        fetch=fetch,
        operation=route.operation,
        target=route.target,
        account=account,
        token=token,
    )
    if not call.has("threads_basic") or not call.has(*_SCOPES.get(route.operation, ("threads_basic",))):
        return call.refuse(errors.permission_missing())
    if route.user not in {"", "me", account.id}:
        if route.operation in WRITES:
            return call.refuse(errors.media_not_found(route.user))
        return call.refuse(errors.unsupported("GET", route.user))
    return _OPERATIONS[route.operation](call)


def _read(call: Call) -> Response:
    """Answer ``GET /{media}``; posts of others need Advanced Access."""
    post = call.state.posts.get(call.target)
    if post is None or (post.owner != call.account.id and not call.state.switches.advanced_access):
        return call.refuse(errors.unsupported("GET", call.target))
    fields = showing.select(call)
    if isinstance(fields, ApiError):
        return call.refuse(fields)
    return call.answer(showing.show(call, post, fields))


_QUOTAS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "": ("posts", "threads_content_publish"),
        "reply_": ("replies", "threads_manage_replies"),
        "delete_": ("deletes", "threads_delete"),
        "location_search_": ("locations", "threads_location_tagging"),
        "search_": ("searches", "threads_keyword_search"),
    }
)
"""By the prefix of its fields: a quota, and the scope that lets one see it."""


def _quota(call: Call) -> Response:
    """Answer ``threads_publishing_limit``, a list of one.

    developers.facebook.com/docs/threads/troubleshooting
    """
    switches = call.state.switches
    totals = {
        "": switches.posts_quota,
        "reply_": switches.replies_quota,
        "delete_": switches.deletes_quota,
        "location_search_": switches.locations_quota,
    }
    if switches.search_quota_shown:
        totals["search_"] = switches.searches_quota
    known: Json = {}
    for prefix, total in totals.items():
        kind = _QUOTAS[prefix][0]
        known[f"{prefix}quota_usage"] = call.state.used(kind, call.account.id, call.now)
        duration = int(switches.quota_window_seconds)
        known[f"{prefix}config"] = {"quota_total": total, "quota_duration": duration}
    found = showing.pick(known, call.param("fields"), "quota_usage", always=())
    if isinstance(found, ApiError):
        return call.refuse(found)
    for prefix, (_, scope) in _QUOTAS.items():
        asks = prefix and any(name.startswith(prefix) for name in found)
        if asks and not call.has(scope):
            return call.refuse(errors.permission_missing())
    return call.answer({"data": [found]})


_OPERATIONS: Mapping[Operation, Callable[[Call], Response]] = MappingProxyType(
    {
        Operation.CREATE: publishing.create,
        Operation.STATUS: publishing.read_status,
        Operation.PUBLISH: publishing.publish,
        Operation.DELETE: publishing.delete,
        Operation.REPOST: publishing.repost,
        Operation.READ: _read,
        Operation.THREADS: lambda call: listing.own_list(call, "threads"),
        Operation.REPLIES: lambda call: listing.own_list(call, "replies"),
        Operation.GHOST_POSTS: lambda call: listing.own_list(call, "ghosts"),
        Operation.MEDIA_REPLIES: lambda call: listing.replies_to(call, "under"),
        Operation.CONVERSATION: lambda call: listing.replies_to(call, "conversation"),
        Operation.PENDING_REPLIES: listing.pending_replies,
        Operation.MANAGE_REPLY: publishing.manage_reply,
        Operation.MANAGE_PENDING: publishing.manage_pending,
        Operation.INSIGHTS: insights.of_media,
        Operation.USER_INSIGHTS: user_insights.of_user,
        Operation.MENTIONS: searching.mentions,
        Operation.KEYWORD_SEARCH: searching.keyword_search,
        Operation.PROFILE_LOOKUP: profiles.lookup,
        Operation.PROFILE_POSTS: profiles.posts,
        Operation.LOCATION_SEARCH: places.search,
        Operation.LOCATION: places.read,
        Operation.PROFILE: profiles.own,
        Operation.QUOTA: _quota,
        Operation.EXCHANGE_TOKEN: tokens.exchange,
        Operation.REFRESH_TOKEN: tokens.refresh,
        Operation.DEBUG_TOKEN: tokens.debug,
    }
)

_OPEN: Mapping[Operation, Callable[[State, Request, float], Response]] = MappingProxyType(
    {
        Operation.AUTHORIZE: oauth.authorize,
        Operation.EXCHANGE_CODE: oauth.exchange_code,
        Operation.APP_TOKEN: oauth.app_token,
        Operation.OEMBED: embeds.oembed,
    }
)
