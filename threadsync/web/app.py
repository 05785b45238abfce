"""The web application of the preview: the page, what changes of it as it happens, and small pictures.

It is for a browser on this machine alone. A page of elsewhere that got itself a name for this address (DNS
rebinding) is refused by the ``Host`` that it has to send, and none may hold this one in a frame.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable

from markupsafe import escape
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from threadsync.web.hub import Hub
from threadsync.web.showing import Change, Showing

HOSTS = ["127.0.0.1", "localhost"]
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
FOREIGN = "Only the preview's own page is told."
KEPT = {**HEADERS, "Cache-Control": "private, max-age=31536000, immutable"}
"""Of bytes that are named by what they are."""

_Endpoint = Callable[[Request], Awaitable[Response] | Response]


def policy(nonce: str) -> str:
    """Return the page's Content-Security-Policy: its own script and pictures, and nothing of another host."""
    return "; ".join(
        (
            "default-src 'none'",
            "style-src 'unsafe-inline'",
            "img-src 'self' data:",
            f"script-src 'nonce-{nonce}'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def make_app(showing: Showing, hub: Hub) -> Starlette:
    """Return the application that shows *showing*, and tells browsers what *hub* is told."""
    return Starlette(
        routes=[
            Route("/", _page(showing)),
            Route("/events", _events(showing, hub)),
            Route("/media/{digest}", _media(showing)),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)],
    )


def _page(showing: Showing) -> _Endpoint:
    # No coroutine: it is made in a worker, so that events go on while it is.
    def page(_: Request) -> Response:
        nonce = secrets.token_urlsafe(16)
        html, _version = showing.page(nonce)
        return HTMLResponse(html, headers={**HEADERS, "Content-Security-Policy": policy(nonce)})

    return page


def _events(showing: Showing, hub: Hub) -> _Endpoint:
    async def events(request: Request) -> Response:
        if _is_foreign(request):
            return PlainTextResponse(FOREIGN, 403, headers=HEADERS)
        listener = hub.join()
        if listener is None:
            return PlainTextResponse("Too many pages are open.", 503, headers=HEADERS)
        has = request.headers.get("last-event-id") or request.query_params.get("version")

        async def sent() -> AsyncIterator[str]:
            try:
                yield ": listening\n\n"
                # What came between the page and now is not told one by one.
                if has != showing.version:
                    yield _event(Change(showing.version, whole=True))
                while (change := await listener.next()) is not None:
                    yield _event(change)
            finally:
                hub.leave(listener)

        return StreamingResponse(sent(), media_type="text/event-stream", headers=HEADERS)

    return events


def _is_foreign(request: Request) -> bool:
    """Whether a page of elsewhere asks: it could read nothing, and would take the place of a page of ours.

    Browsers say so by themselves (www.w3.org/TR/fetch-metadata); "none" is a person who opens the address.
    """
    return request.headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}


def _event(change: Change) -> str:
    """Return *change* as the browser's EventSource reads it (html.spec.whatwg.org, server-sent events)."""
    name = "reload" if change.whole else "change"
    return f"event: {name}\nid: {change.version}\ndata: {json.dumps(change.json())}\n\n"


def _media(showing: Showing) -> _Endpoint:
    def media(request: Request) -> Response:
        if _is_foreign(request):
            return PlainTextResponse(FOREIGN, 403, headers=HEADERS)
        found = showing.thumbnail(request.path_params["digest"])
        if found is None:
            return PlainTextResponse("The page shows no such file.", 404, headers=HEADERS)
        if isinstance(found, str):
            return Response(_words(found), media_type="image/svg+xml", headers=HEADERS)
        return Response(found.content, media_type=found.media_type, headers=KEPT)

    return media


def _words(why: str) -> str:
    """Draw why there is no picture."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 520 300"><rect width="520" height="300" '
        'fill="#dfe5e8"/><text x="260" y="155" font-family="system-ui, sans-serif" font-size="15" '
        f'fill="#16191c" text-anchor="middle">{escape(why)}</text></svg>'
    )
