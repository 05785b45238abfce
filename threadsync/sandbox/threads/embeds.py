"""Embeds: the HTML with which another site shows a public post; no token is needed.

developers.facebook.com/docs/threads/reference/oembed, .../tools-and-resources/embed-a-threads-post.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final
from urllib.parse import urlsplit

from threadsync.sandbox.threads import errors
from threadsync.sandbox.threads.call import refusal
from threadsync.sandbox.threads.oauth import is_app_token
from threadsync.sandbox.threads.showing import permalink
from threadsync.sandbox.threads.state import Post, State
from threadsync.sandbox.threads.values import Request, Response

WIDTH_MIN: Final = 320
WIDTH_MAX: Final = 658
QUOTA_SECONDS: Final = 3600.0
HOSTS: Final = frozenset({"threads.net", "www.threads.net", "threads.com", "www.threads.com"})
_PATH: Final = re.compile(r"/(?:@[\w.]+/post|t)/([\w-]+)/?")


def oembed(state: State, request: Request, now: float) -> Response:
    """Answer how to show the post at ``url``; 1000 times an hour without a token of the app."""
    width = request.params.get("maxwidth") or str(WIDTH_MAX)
    if not (width.isascii() and width.isdecimal() and WIDTH_MIN <= int(width) <= WIDTH_MAX):
        wrong = errors.invalid_parameter(f"maxwidth is {WIDTH_MIN} to {WIDTH_MAX}")
        return refusal(state, request, now, wrong)
    if not is_app_token(state, request.token):
        switches = state.switches
        if state.used("oembeds", "", now, QUOTA_SECONDS) >= switches.oembeds_quota:
            error = errors.throttled(switches.throttled_status, switches.throttled_code)
            return refusal(state, request, now, error)
        state.use("oembeds", "", now)
        state.serial += 1
    url = request.params.get("url", "")
    post = _public_post(state, url)
    if post is None:
        return refusal(state, request, now, errors.unsupported("GET", url))
    link = escape(permalink(state, post))
    html = (
        f'<blockquote class="text-post-media" data-text-post-permalink="{link}" '
        f'data-text-post-version="0"><a href="{link}">View on Threads</a></blockquote>\n'
        f'<script async src="{escape(state.base_url)}/embed.js"></script>'
    )
    return Response(
        200,
        {
            "version": "1.0",
            "provider_name": "Threads",
            "provider_url": f"{state.base_url}/",
            "type": "rich",
            "width": int(width),
            "html": html,
        },
    )


def _public_post(state: State, url: str) -> Post | None:
    """Find the post of an address; private, geo-gated and ghost posts have no embed."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None  # the caller refuses what is no address
    found = _PATH.fullmatch(parts.path)
    if found is None or parts.netloc not in HOSTS | {urlsplit(state.base_url).netloc}:
        return None
    post = state.posts.get(state.shortcodes.get(found.group(1), ""))
    if post is None or post.content.countries or post.content.is_ghost_post:
        return None
    return None if state.accounts[post.owner].about.is_private else post
