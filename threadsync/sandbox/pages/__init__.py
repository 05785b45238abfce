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

from threadsync.sandbox.pages.conversations import conversation, single_view
from threadsync.sandbox.pages.network import Network
from threadsync.sandbox.pages.times import Moment
from threadsync.sandbox.pages.views import number_in

ROOTS_ON_PAGE = 20
NETWORKS = {"Threads": "/", "Bluesky": "/bluesky"}
"""Where the timeline of each network is."""
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


def timeline(network: Network, origin: str, *, user: str = "", older: str = "") -> str | None:
    """Show the newest posts of everybody, or of *user*; ``None`` if there is no such profile.

    *older* is a place that such a page gave out: it shows what comes before the post there.
    """
    account = network.account(user) if user else ""
    if account is None:
        return None
    found = network.roots(account, older)
    shown = list(islice(found, ROOTS_ON_PAGE))
    last = network.place(shown[-1]) if len(shown) == ROOTS_ON_PAGE and next(found, None) is not None else ""
    return _page(
        "timeline.html",
        network,
        origin,
        user=user,
        tabs=network.tabs(account),
        conversations=[conversation(network, post) for post in shown],
        older=last,
        is_first=not network.is_place(older),
        panel=network.panel(account),
    )


def single(network: Network, origin: str, post: str, *, after: str = "") -> str:
    """Show one post, what it answers and the answers to it from number *after* on."""
    return _page(
        "post.html",
        network,
        origin,
        tabs=network.tabs(None),
        conversation=single_view(network, post, number_in(after) or 0),
        panel=network.panel(network.owner(post)),
    )


def _page(template: str, network: Network, origin: str, **parts: object) -> str:
    page = _templates().get_template(template)
    now = Moment.of(network.now, network.now)
    return page.render(origin=origin, network=network, networks=NETWORKS, now=now, **parts)


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
