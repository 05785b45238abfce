"""The sandbox's own pages: what a reader of the network would see, made from the state alone.

They ask nothing of other hosts (:data:`POLICY` makes the browser see to that) and can be read without
JavaScript. The style sheet and the little script there is are files of their own, see :func:`asset`.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from itertools import islice

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import escape

from threadsync.sandbox.pages.conversations import conversation, roots, single_view
from threadsync.sandbox.pages.panel import panel, tabs
from threadsync.sandbox.pages.times import Moment
from threadsync.sandbox.threads.state import State

ROOTS_ON_PAGE = 20
NUMBER_DIGITS_MAX = 18
ASSETS = {"page.css": "text/css", "page.js": "text/javascript"}
POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "media-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""The Content-Security-Policy of every page: whatever a post holds, nothing is asked of another host."""


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("threadsync.sandbox"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def timeline(state: State, now: float, origin: str, *, user: str = "", older: str = "") -> str | None:
    """Show the newest posts of everybody, or of *user*; ``None`` if there is no such profile.

    *older* is a number that such a page gave out: it shows what comes before the post of that number.
    """
    account = next((found for found in state.accounts.values() if found.name == user), None)
    if user and account is None:
        return None
    before = _number(older)
    found = roots(state, account.id if account else "", before)
    shown = list(islice(found, ROOTS_ON_PAGE))
    last = shown[-1].number if len(shown) == ROOTS_ON_PAGE and next(found, None) is not None else None
    template = _templates().get_template("timeline.html")
    return template.render(
        origin=origin,
        user=user,
        tabs=tabs(state, user),
        conversations=[conversation(state, now, post) for post in shown],
        older=last,
        is_first=before is None,
        panel=panel(state, now, account),
        now=Moment.of(now, now),
    )


def single(state: State, now: float, origin: str, *, shortcode: str, after: str = "") -> str | None:
    """Show one post, what it answers and the answers to it from number *after* on; ``None`` if it is gone."""
    post = state.posts.get(state.shortcodes.get(shortcode, ""))
    if post is None:
        return None
    if post.child_of:
        post = state.posts[post.child_of]
    template = _templates().get_template("post.html")
    return template.render(
        origin=origin,
        tabs=tabs(state, None),
        conversation=single_view(state, now, post, _number(after) or 0),
        panel=panel(state, now, state.accounts[post.owner]),
        now=Moment.of(now, now),
    )


def _number(text: str) -> int | None:
    """Read a number that a page gave out; anything else stands for none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= NUMBER_DIGITS_MAX else None


@lru_cache(maxsize=len(ASSETS))
def asset(name: str) -> bytes:
    """Return the style sheet or the script."""
    assert name in ASSETS, "only what is named there is asked for"
    return (files("threadsync.sandbox") / "assets" / name).read_bytes()


def gif_picture(gif_id: str) -> str:
    """Draw what stands for a GIF: the sandbox asks no GIF provider for the real one."""
    label = gif_id if len(gif_id) <= 24 else f"{gif_id[:23]}…"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="480" height="270" viewBox="0 0 480 270">'
        '<rect width="480" height="270" fill="#24303c"/>'
        '<g fill="#ffffff" font-family="system-ui, sans-serif" text-anchor="middle">'
        '<text x="240" y="142" font-size="64" font-weight="700">GIF</text>'
        f'<text x="240" y="186" font-size="20">{escape(label)}</text></g></svg>'
    )
