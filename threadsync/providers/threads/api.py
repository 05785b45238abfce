"""The Threads API, one function an endpoint, each a typed flow.

``client.run(publishing_limit())`` runs one of them alone; the provider composes them. A function
that publishes, hides or deletes is VISIBLE: it is sent once, never repeated by itself, and needs a
recorded intent where a journal is kept.

A result is frozen, and named as Meta names it: what Threads left out is None, what this version does not know
stands in ``more``, and ``exchange`` tells status, headers and duration. A list is read by the page: its
function takes ``after``, and ``threadsync.flows.paging.Pages`` goes through all of them. Threads answers for
the account of the token alone, so the ``{threads-user-id}`` of Meta's pages is always ``me``.

Raises, for every function: ``ApiError`` where Threads refuses (``error.fault`` says what may be
done next, its ``row`` is what a docstring names under Errors), ``Unanswered`` where no usable answer came
(``error.sent``: Threads may have acted), ``UsageError`` before anything is sent for what it would refuse.

Source: developers.facebook.com/docs/threads/reference, version v1.0.
"""

from __future__ import annotations

from threadsync.providers.answers import Exchange, Page
from threadsync.providers.threads.api_discovery import (
    Embed,
    PublicProfile,
    keyword_search,
    location,
    location_search,
    oembed,
    profile_lookup,
    profile_posts,
)
from threadsync.providers.threads.api_insights import (
    METRICS,
    TIMELESS_METRICS,
    USER_METRICS,
    Demographics,
    Insights,
    LinkClicks,
    Metric,
    Share,
    Value,
    media_insights,
    user_insights,
)
from threadsync.providers.threads.api_media import (
    LOCATION_FIELDS,
    MEDIA_FIELDS,
    OWN_REPLY_FIELDS,
    PENDING_REPLY_FIELDS,
    REPLY_FIELDS,
    SEARCH_FIELDS,
    Location,
    MediaObject,
    Poll,
    StyledText,
    TextAttachment,
    TextEntity,
)
from threadsync.providers.threads.api_oauth import (
    APP_SECRET,
    CODE,
    SCOPES,
    NewToken,
    TokenFacts,
    app_token,
    authorize_url,
    complete_authorization,
    debug_token,
    exchange_code,
    exchange_token,
    refresh_token,
)
from threadsync.providers.threads.api_publishing import (
    Carries,
    ContainerStatus,
    Created,
    Removed,
    Styled,
    carried,
    container_of,
    container_status,
    create_container,
    delete_media,
    delete_request,
    publish_container,
    publish_request,
    repost_media,
    repost_request,
)
from threadsync.providers.threads.api_reading import (
    PROFILE_FIELDS,
    Allowance,
    Limits,
    Profile,
    SearchedKeyword,
    me,
    media_object,
    mentions,
    own_ghost_posts,
    own_replies,
    own_threads,
    publishing_limit,
)
from threadsync.providers.threads.api_replies import (
    Managed,
    conversation,
    manage_pending_reply,
    manage_reply,
    pending_replies,
    replies,
)
from threadsync.providers.threads.calls import EARLIEST_SINCE, PAGE_MAX, VERSION
from threadsync.providers.threads.intents import follow_intent, post_intent

__all__ = (
    "APP_SECRET",
    "CODE",
    "EARLIEST_SINCE",
    "LOCATION_FIELDS",
    "MEDIA_FIELDS",
    "METRICS",
    "OWN_REPLY_FIELDS",
    "PAGE_MAX",
    "PENDING_REPLY_FIELDS",
    "PROFILE_FIELDS",
    "REPLY_FIELDS",
    "SCOPES",
    "SEARCH_FIELDS",
    "TIMELESS_METRICS",
    "USER_METRICS",
    "VERSION",
    "Allowance",
    "Carries",
    "ContainerStatus",
    "Created",
    "Demographics",
    "Embed",
    "Exchange",
    "Insights",
    "Limits",
    "LinkClicks",
    "Location",
    "Managed",
    "MediaObject",
    "Metric",
    "NewToken",
    "Page",
    "Poll",
    "Profile",
    "PublicProfile",
    "Removed",
    "SearchedKeyword",
    "Share",
    "Styled",
    "StyledText",
    "TextAttachment",
    "TextEntity",
    "TokenFacts",
    "Value",
    "app_token",
    "authorize_url",
    "carried",
    "complete_authorization",
    "container_of",
    "container_status",
    "conversation",
    "create_container",
    "debug_token",
    "delete_media",
    "delete_request",
    "exchange_code",
    "exchange_token",
    "follow_intent",
    "keyword_search",
    "location",
    "location_search",
    "manage_pending_reply",
    "manage_reply",
    "me",
    "media_insights",
    "media_object",
    "mentions",
    "oembed",
    "own_ghost_posts",
    "own_replies",
    "own_threads",
    "pending_replies",
    "post_intent",
    "profile_lookup",
    "profile_posts",
    "publish_container",
    "publish_request",
    "publishing_limit",
    "refresh_token",
    "replies",
    "repost_media",
    "repost_request",
    "user_insights",
)
