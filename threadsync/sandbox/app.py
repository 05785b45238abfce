"""The web application around one engine: the network's API, its pages, its media, its controls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from email.utils import formatdate
from time import monotonic

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from threadsync.sandbox import control_api, pages, wire, xrpc
from threadsync.sandbox.bluesky import Response as BlueskyResponse
from threadsync.sandbox.engine import Engine
from threadsync.sandbox.fetching import CONTENT_TYPES
from threadsync.sandbox.pages.bluesky import BlueskyNetwork
from threadsync.sandbox.pages.network import Network
from threadsync.sandbox.pages.threads import ThreadsNetwork
from threadsync.sandbox.threads import Fetched
from threadsync.sandbox.threads import Request as NetworkRequest
from threadsync.sandbox.threads import Response as NetworkResponse
from threadsync.sandbox.threads.content import read_content
from threadsync.sandbox.threads.errors import invalid_parameter

LOOK_SECONDS = 0.02
"""How soon an answer that a fault holds up is given once all faults are out of force."""

_Endpoint = Callable[[Request], Awaitable[Response]]
_Show = Callable[[Network, str], str | None]
_Look = Callable[[_Show], str | None]
"""Lets a page be made of a network, and of the name of the sandbox."""

_PAGE_HEADERS = {
    "Content-Security-Policy": pages.POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_KEPT_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
}
"""Of bytes that are named by what they are."""
_UNKNOWN = "application/octet-stream"


def make_app(engine: Engine, ending: asyncio.Event) -> ASGIApp:
    """Make the application; every answer names the sandbox it comes from.

    Once *ending* is set, answers that are still awaited are given up, and their connections closed.
    """
    app = Starlette(
        routes=[
            *control_api.routes(engine),
            *(Route(f"/sandbox/{name}", _asset(name)) for name in pages.ASSETS),
            Route("/", _timeline(_threads(engine))),
            Route("/media/gif/{gif_id:path}", _gif),
            Route("/media/{name}", _media(engine)),
            Route("/@{user}", _timeline(_threads(engine))),
            Route("/@{user}/post/{code}", _post(_threads(engine))),
            Route("/bluesky", _timeline(_bluesky(engine))),
            Route("/profile/{user}", _timeline(_bluesky(engine))),
            Route("/profile/{user}/post/{code}", _post(_bluesky(engine))),
            Route("/blob/{cid}", _blob(engine)),
            *(
                Route(path, _network(engine, ending, _bluesky_reply), methods=["GET", "POST"])
                for path in ("/xrpc/{nsid}", "/plc/{did}")
            ),
            Route(
                "/{path:path}",
                _network(engine, ending, _reply),
                methods=["GET", "POST", "DELETE", "PUT", "PATCH"],
            ),
        ]
    )
    return _Signed(app, engine)


class _Signed:
    """Adds ``X-Sandbox-Origin`` and the network's own date, skew included, to every answer."""

    def __init__(self, app: ASGIApp, engine: Engine) -> None:
        self._app = app
        self._engine = engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def signed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Sandbox-Origin"] = self._engine.origin
                headers["Date"] = formatdate(self._engine.server_time(), usegmt=True)
            await send(message)

        await self._app(scope, receive, signed)


class HangUp(Response):
    """Closes the connection without a word, as a network does when it dies in the middle."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Abort the transport that the protocol put into the scope, and wait until it is gone."""
        scope["state"]["hang_up"]()
        while (await receive())["type"] != "http.disconnect":
            pass


class CutOff(HangUp):
    """Sends the head of an answer and half of its body, and then hangs up."""

    def __init__(self, whole: Response) -> None:
        super().__init__()
        self._whole = whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Announce the whole length, send half, and abort."""
        body = bytes(self._whole.body)
        headers = self._whole.raw_headers
        await send({"type": "http.response.start", "status": self._whole.status_code, "headers": headers})
        half = body[: len(body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await super().__call__(scope, receive, send)


def _network(
    engine: Engine,
    ending: asyncio.Event,
    reply_of: Callable[[Engine, Request], Coroutine[object, object, Response]],
) -> _Endpoint:
    async def answer(request: Request) -> Response:
        try:
            reply = await _unless_ending(reply_of(engine, request), ending)
        except ClientDisconnect:  # killed in the middle of its request: nobody is there to answer
            return HangUp()
        return reply or HangUp()

    return answer


async def _unless_ending(work: Coroutine[object, object, Response], ending: asyncio.Event) -> Response | None:
    """Return what *work* comes to, or None as soon as the server ends: it waits for no slow answer."""
    working, ended = asyncio.create_task(work), asyncio.create_task(ending.wait())
    await asyncio.wait({working, ended}, return_when=asyncio.FIRST_COMPLETED)
    ended.cancel()
    if working.done():
        return working.result()
    working.cancel()
    return None


async def _reply(engine: Engine, request: Request) -> Response:
    body = await request.body()
    try:
        asked = wire.read_request(request.method, request.url.path, request.url.query, request.headers, body)
    except wire.MalformedBody as error:
        return _as_http(invalid_parameter(str(error)).response(request.url.path))
    fetched = await _fetch(engine, asked)
    disarmings = engine.disarmings
    reply = engine.call(asked, fetched)
    return await _held_up(engine, reply, _as_http(reply), disarmings)


async def _held_up(
    engine: Engine, reply: NetworkResponse | BlueskyResponse, whole: Response, disarmings: int
) -> Response:
    """Wait as long as a fault wants, and give *whole* or what a fault leaves of it."""
    answer_at = monotonic() + reply.delay_seconds
    while (seconds := answer_at - monotonic()) > 0 and engine.disarmings == disarmings:
        await asyncio.sleep(min(seconds, LOOK_SECONDS))
    if reply.cut:
        return CutOff(whole)
    return HangUp() if reply.dropped else whole


async def _bluesky_reply(engine: Engine, request: Request) -> Response:
    body = await request.body()
    try:
        asked, blob = xrpc.read_request(
            request.method, request.url.path, request.url.query, request.headers, body
        )
    except xrpc.MalformedInput as error:
        return _as_json(xrpc.refused(error))
    if blob is not None and asked.upload is not None:
        await asyncio.to_thread(engine.bluesky.keep, asked.upload.cid, blob)
    disarmings = engine.disarmings
    try:
        reply = engine.call_bluesky(asked)
    except ImportError:
        return _as_json(xrpc.needs_extra())
    if reply.blob:
        content = engine.bluesky.blob(reply.blob)
        headers = {"Content-Security-Policy": "default-src 'none'; sandbox"}
        kind = xrpc.sniff(content or b"") or _UNKNOWN
        whole = Response(content, reply.status, headers, media_type=kind)
    else:
        whole = _as_json(reply)
    return await _held_up(engine, reply, whole, disarmings)


def _as_json(reply: BlueskyResponse) -> Response:
    kind = "application/json; charset=utf-8"
    return Response(reply.encode(), reply.status, dict(reply.headers), media_type=kind)


def _as_http(reply: NetworkResponse) -> Response:
    return Response(
        reply.encode(), reply.status, dict(reply.headers), media_type="application/json; charset=UTF-8"
    )


async def _fetch(engine: Engine, asked: NetworkRequest) -> dict[str, Fetched]:
    """Download what a create call points at, beside the event loop and before the model is asked."""
    is_create = asked.method == "POST" and asked.path.rstrip("/").endswith("/threads")
    url = read_content(asked.params).source_url if is_create else ""
    return {url: await asyncio.to_thread(engine.fetcher.fetch, url)} if url else {}


def _timeline(see: _Look) -> _Endpoint:
    async def answer(request: Request) -> Response:
        user, older = request.path_params.get("user", ""), request.query_params.get("older", "")
        return _page_or_404(
            see(lambda network, origin: pages.timeline(network, origin, user=user, older=older))
        )

    return answer


def _post(see: _Look) -> _Endpoint:
    async def answer(request: Request) -> Response:
        user, code = request.path_params["user"], request.path_params["code"]
        after = request.query_params.get("after", "")

        def shown(network: Network, origin: str) -> str | None:
            post = network.post(user, code)
            return pages.single(network, origin, post, after=after) if post is not None else None

        return _page_or_404(see(shown))

    return answer


def _threads(engine: Engine) -> _Look:
    return lambda show: engine.look(lambda state, now: show(ThreadsNetwork(state, now), engine.origin))


def _bluesky(engine: Engine) -> _Look:
    def see(show: _Show) -> str | None:
        offset = engine.look(lambda state, now: state.clock_offset)
        return engine.bluesky.look(lambda state, now: show(BlueskyNetwork(state, now, offset), engine.origin))

    return see


def _page_or_404(page: str | None) -> Response:
    if page is None:
        return PlainTextResponse("This post or profile is not here. It may have been deleted.", 404)
    return HTMLResponse(page, headers=_PAGE_HEADERS)


def _asset(name: str) -> _Endpoint:
    async def answer(request: Request) -> Response:
        headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        return Response(pages.asset(name), media_type=pages.ASSETS[name], headers=headers)

    return answer


async def _gif(request: Request) -> Response:
    drawing = pages.gif_picture(request.path_params["gif_id"])
    return Response(drawing, media_type="image/svg+xml", headers=_PAGE_HEADERS)


def _blob(engine: Engine) -> _Endpoint:
    async def answer(request: Request) -> Response:
        content = engine.bluesky.blob(request.path_params["cid"])
        if content is None:
            return PlainTextResponse("There is no such blob.", 404)
        kind = xrpc.sniff(content) or ("text/vtt" if content.startswith(b"WEBVTT") else _UNKNOWN)
        return Response(content, headers=_KEPT_HEADERS, media_type=kind)

    return answer


def _media(engine: Engine) -> _Endpoint:
    async def answer(request: Request) -> Response:
        name = request.path_params["name"]
        content = engine.shelf.get(name)
        if content is None:
            return PlainTextResponse("There is no such picture.", 404)
        kind = CONTENT_TYPES[name.rpartition(".")[2]]
        return Response(content, headers=_KEPT_HEADERS, media_type=kind)

    return answer
