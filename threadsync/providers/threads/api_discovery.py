"""The endpoints of Threads that find what is not one's own: posts, profiles and places.

Sources: developers.facebook.com/docs/threads/keyword-search, .../threads-profiles,
.../create-posts/location-tagging and .../tools-and-resources/embed-a-threads-post.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from msgspec import field

from threadsync.errors import UsageError
from threadsync.flows.effects import FieldValue, Flow, Request
from threadsync.model.ids import MAIN
from threadsync.providers.answers import Answer, Exchange, Fields, Page
from threadsync.providers.threads.api_media import (
    LOCATION_FIELDS,
    SEARCH_FIELDS,
    Location,
    MediaObject,
    location_of,
    media_of,
)
from threadsync.providers.threads.calls import PAGE_MAX, VERSION, bounded, call, listed, page_of

OEMBED_WIDTHS = range(320, 659)
"""What ``maxwidth`` may be, in pixels."""


class PublicProfile(Answer, frozen=True, kw_only=True):
    """What anybody may see of an account; the counts but the first are of the last 7 days."""

    username: str | None = None
    name: str | None = None
    profile_picture_url: str | None = None
    biography: str | None = None
    is_verified: bool | None = None
    follower_count: int | None = None
    likes_count: int | None = None
    quotes_count: int | None = None
    replies_count: int | None = None
    reposts_count: int | None = None
    views_count: int | None = None
    more: Mapping[str, object] = field(default_factory=dict)
    exchange: Exchange


class Embed(Answer, frozen=True, kw_only=True):
    """How a post is shown on a page of one's own: *html*, *width* pixels wide."""

    type: str | None = None
    """``rich``."""
    version: str | None = None
    html: str | None = None
    width: int | None = None
    provider_name: str | None = None
    provider_url: str | None = None
    more: Mapping[str, object] = field(default_factory=dict)
    exchange: Exchange


def keyword_search(
    q: str,
    *,
    search_type: Literal["TOP", "RECENT"] | None = None,
    search_mode: Literal["KEYWORD", "TAG"] | None = None,
    media_type: Literal["TEXT", "IMAGE", "VIDEO"] | None = None,
    author_username: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = PAGE_MAX,
    after: str | None = None,
    fields: str = SEARCH_FIELDS,
) -> Flow[Page[MediaObject]]:
    """Search public posts by words, or with *search_mode* TAG by topic.

    Threads searches for TOP and KEYWORD unless told otherwise. An app without the approval of the scope finds
    posts of its own user alone; a word that Threads holds to be offensive finds nothing. Further pages are
    not documented: *after* is the cursor of an answer that has one.

    Endpoint: GET /keyword_search
    Scopes: threads_basic, threads_keyword_search
    Limits: 2,200 searches that find something in 24 hours, over all apps; *since* not before 5 July 2023
    Errors: access-tier
    Source: developers.facebook.com/docs/threads/keyword-search
    """
    said = {
        "q": q,
        "search_type": search_type,
        "search_mode": search_mode,
        "media_type": media_type,
        "author_username": author_username,
        "fields": fields,
    }
    params: dict[str, FieldValue] = {name: value for name, value in said.items() if value is not None}
    params |= bounded(since=since, until=until) | listed(limit=limit, before=None, after=after)
    request = Request("GET", f"{VERSION}/keyword_search", params, auth=MAIN)
    return (yield from call(request, page_of(params, media_of)))


def profile_lookup(username: str) -> Flow[PublicProfile]:
    """Look up a public profile by its exact handle: of adults with at least 100 followers.

    With standard access only some accounts of Meta's own are there.

    Endpoint: GET /profile_lookup
    Scopes: threads_basic, threads_profile_discovery
    Limits: 1,000 requests in 24 hours
    Errors: access-tier
    Source: developers.facebook.com/docs/threads/threads-profiles
    """
    request = Request("GET", f"{VERSION}/profile_lookup", {"username": username}, auth=MAIN)
    return (yield from call(request, _public_profile))


def profile_posts(
    username: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = PAGE_MAX,
    before: str | None = None,
    after: str | None = None,
    fields: str = SEARCH_FIELDS,
) -> Flow[Page[MediaObject]]:
    """Read one page of the posts of a public profile, whom ``profile_lookup`` would find.

    Endpoint: GET /profile_posts
    Scopes: threads_basic, threads_profile_discovery
    Limits: 1,000 requests in 24 hours; *since* not before 5 July 2023; 1 to 100 entries a page
    Errors: access-tier
    Source: developers.facebook.com/docs/threads/retrieve-and-discover-posts/retrieve-posts
    """
    span = bounded(since=since, until=until)
    asked: dict[str, FieldValue] = {"username": username, "fields": fields}
    params = {**asked, **span, **listed(limit=limit, before=before, after=after)}
    request = Request("GET", f"{VERSION}/profile_posts", params, auth=MAIN)
    return (yield from call(request, page_of(params, media_of)))


def location_search(
    *,
    q: str | None = None,
    latitude: float | None = None,
    longitude: float | None = None,
    fields: str = LOCATION_FIELDS,
) -> Flow[Page[Location]]:
    """Search places by words, by coordinates in degrees, or by both; the one page is all there is.

    An app without the approval of the scope may search for "Menlo Park" alone.

    Endpoint: GET /location_search
    Scopes: threads_basic, threads_location_tagging
    Limits: 500 searches in 24 hours
    Source: developers.facebook.com/docs/threads/create-posts/location-tagging
    """
    if (latitude is None) != (longitude is None):
        raise UsageError("latitude and longitude go together", remedy="Give both, or neither of them.")
    if q is None and latitude is None:
        raise UsageError("a place is searched by something", remedy="Give q, or latitude and longitude.")
    said = {
        "q": q,
        "latitude": None if latitude is None else str(latitude),
        "longitude": None if longitude is None else str(longitude),
        "fields": fields,
    }
    params: dict[str, FieldValue] = {name: value for name, value in said.items() if value is not None}
    request = Request("GET", f"{VERSION}/location_search", params, auth=MAIN)
    return (yield from call(request, page_of(params, location_of)))


def location(location_id: str, *, fields: str = LOCATION_FIELDS) -> Flow[Location]:
    """Read one place.

    Endpoint: GET /{location-id}
    Scopes: threads_basic, threads_location_tagging
    Source: developers.facebook.com/docs/threads/reference/locations
    """
    request = Request("GET", f"{VERSION}/{location_id}", {"fields": fields}, auth=MAIN)
    return (yield from call(request, location_of))


def oembed(url: str, *, maxwidth: int | None = None) -> Flow[Embed]:
    """Read how to show a public post on a page of one's own; it is for nothing else, says Meta.

    No token is needed since March 2026. *maxwidth* in pixels.

    Endpoint: GET /oembed
    Scopes: none
    Limits: 1,000 requests in an hour; *maxwidth* 320 to 658
    Source: developers.facebook.com/docs/threads/reference/oembed
    """
    if maxwidth is not None and maxwidth not in OEMBED_WIDTHS:
        raise UsageError(f"maxwidth is {maxwidth}", remedy="Give 320 to 658 pixels, or leave it out.")
    params: dict[str, FieldValue] = (
        {"url": url} if maxwidth is None else {"url": url, "maxwidth": str(maxwidth)}
    )
    return (yield from call(Request("GET", f"{VERSION}/oembed", params), _embed))


def _public_profile(body: Fields, how: Exchange) -> PublicProfile:
    return PublicProfile(
        username=body.maybe_text("username"),
        name=body.maybe_text("name"),
        profile_picture_url=body.maybe_text("profile_picture_url"),
        biography=body.maybe_text("biography"),
        is_verified=body.flag("is_verified"),
        follower_count=body.number("follower_count"),
        likes_count=body.number("likes_count"),
        quotes_count=body.number("quotes_count"),
        replies_count=body.number("replies_count"),
        reposts_count=body.number("reposts_count"),
        views_count=body.number("views_count"),
        more=body.rest,
        exchange=how,
    )


def _embed(body: Fields, how: Exchange) -> Embed:
    return Embed(
        type=body.maybe_text("type"),
        version=body.maybe_text("version"),
        html=body.maybe_text("html"),
        width=body.number("width"),
        provider_name=body.maybe_text("provider_name"),
        provider_url=body.maybe_text("provider_url"),
        more=body.rest,
        exchange=how,
    )
