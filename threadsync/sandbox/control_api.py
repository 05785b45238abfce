"""``/sandbox/…``: what a test or a person changes from outside, and what it may look at. JSON both ways.

=========================  ======================================================================
``GET origin``             ``{"origin": "sandbox:NAME"}``
``GET settings``           switches, faults in force, profiles, clock, the list of guesses
``POST settings``          any switches by name; the others stay
``POST faults``            ``{"faults": ["publish:answer-lost", …]}`` puts them in force; those of the
                           Bluesky network begin with ``bluesky/``
``GET bluesky``            switches, faults in force, accounts and the list of guesses of that network
``POST bluesky``           any of its switches by name; the others stay
``POST bluesky/profiles``  ``{"handle", "password", "app_password", "display_name"}``
``POST bluesky/expire``    ``{"handle"}`` ends the life of its access tokens; they can be refreshed
``DELETE faults``          takes all out of force
``POST clock``             ``{"advance": SECONDS}``
``POST profiles``          ``{"name", "token", "scopes", "token_expires_at", "about": {…}, …}``
``POST tokens/expire``     ``{"token"}``
``POST votes``             ``{"post": ID, "votes": [3, 5]}`` sets the votes of a poll, option by option
``POST posts``             ``{"profile": NAME, "text": TEXT, …}`` lets a person publish by hand; the rest
                           as in a create call: ``reply_to_id``, ``topic_tag``, ``location_id``, …
``POST readings``          ``{"post": ID, "views", "likes", "shares", "clicks"}`` adds what readers did;
                           ``{"profile": NAME, "views"}`` looks at a profile
``POST places``            ``{"id", "name", "city", "latitude", "longitude", …}`` puts a place on the map
``POST app``               ``{"id", "secret", "name", "redirect_uris"}`` changes the app
``POST webhooks``          ``{"fields": ["replies", …]}`` is what the app is subscribed to
``GET deliveries``         what its callback would have been sent, with its headers
``GET serial``             ``{"serial": N, "bluesky": N}``: of each network a number that grows with every
                           change
``POST reset``             forgets posts, containers, quotas, faults and the record of calls
``GET ledger``             live posts, deletions, the recorded calls (``?requests=no`` without them)
=========================  ======================================================================
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from threadsync.sandbox import bluesky
from threadsync.sandbox.engine import Engine
from threadsync.sandbox.settings import parse_fault
from threadsync.sandbox.threads import (
    INVENTED,
    SCOPES,
    About,
    AddPlace,
    Disarm,
    ExpireToken,
    Place,
    PostAs,
    Profile,
    Read,
    Reset,
    State,
    Subscribe,
    Vote,
    add_profile,
    token_digest,
)
from threadsync.sandbox.threads.values import Json

_Body = dict[str, Any]
_Handler = Callable[[Engine, _Body], Json]


def routes(engine: Engine) -> list[Route]:
    """Return the routes of the control API."""
    return [
        Route(f"/sandbox/{path}", _endpoint(engine, handler), methods=[method])
        for method, path, handler in _HANDLERS
    ] + [Route("/sandbox/ledger", _ledger_endpoint(engine), methods=["GET"])]


def _endpoint(engine: Engine, handler: _Handler) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        raw = await request.body()
        try:
            return JSONResponse(handler(engine, _read_object(raw)))
        except KeyError as error:
            return JSONResponse({"error": f"the body needs {error.args[0]!r}"}, status_code=400)
        except (ValueError, TypeError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)

    return answer


def _read_object(raw: bytes) -> _Body:
    found = json.loads(raw) if raw else {}
    if not isinstance(found, dict):
        raise TypeError("the body is a JSON object")
    return found


def _ledger_endpoint(engine: Engine) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        found = engine.ledger()
        if request.query_params.get("requests") != "no":
            found["requests"] = [to_builtins(row) for row in engine.requests()]
        return JSONResponse(found)

    return answer


def _origin(engine: Engine, body: _Body) -> Json:
    return {"origin": engine.origin}


def _settings(engine: Engine, body: _Body) -> Json:
    return engine.look(_shown_settings)


def _shown_settings(state: State, now: float) -> Json:
    return {
        "switches": to_builtins(state.switches),
        "faults": [
            {**to_builtins(armed.fault), "seen": armed.seen, "fired": armed.fired, "is_spent": armed.is_spent}
            for armed in state.armed
        ],
        "profiles": [to_builtins(account) for account in state.accounts.values()],
        "now": now,
        "clock_offset": state.clock_offset,
        "app": {"id": state.app.id, "name": state.app.name, "redirect_uris": state.app.redirect_uris},
        "webhooks": state.subscribed,
        "seed": state.seed,
        "invented": dict(INVENTED),
    }


def _change_settings(engine: Engine, body: _Body) -> Json:
    engine.change_switches(body)
    return _settings(engine, body)


def _bluesky(engine: Engine, body: _Body) -> Json:
    return engine.bluesky.look(_shown_bluesky)


def _shown_bluesky(state: bluesky.State, now: float) -> Json:
    return {
        "switches": to_builtins(state.switches),
        "faults": [
            {**to_builtins(armed.fault), "seen": armed.seen, "fired": armed.fired, "is_spent": armed.is_spent}
            for armed in state.armed
        ],
        "profiles": [{"did": each.did, "handle": each.handle} for each in state.accounts.values()],
        "now": now,
        "invented": dict(bluesky.INVENTED),
    }


def _change_bluesky(engine: Engine, body: _Body) -> Json:
    engine.bluesky.change_switches(body)
    return _bluesky(engine, body)


def _bluesky_profile(engine: Engine, body: _Body) -> Json:
    engine.bluesky.add_profile(bluesky.Profile(**{**body, "handle": str(body["handle"])}))
    return _bluesky(engine, {})


def _expire_bluesky(engine: Engine, body: _Body) -> Json:
    engine.bluesky.expire_sessions(str(body["handle"]))
    return {"success": True}


def _arm(engine: Engine, body: _Body) -> Json:
    engine.arm(*(parse_fault(text) for text in body["faults"]))
    return _settings(engine, body)


def _disarm(engine: Engine, body: _Body) -> Json:
    engine.command(Disarm())
    return _settings(engine, body)


def _clock(engine: Engine, body: _Body) -> Json:
    engine.advance(float(body["advance"]))
    return {"now": engine.look(lambda state, now: now)}


def _profile(engine: Engine, body: _Body) -> Json:
    about = About(**body.get("about", {}))
    profile = Profile(**{**body, "scopes": tuple(body.get("scopes", SCOPES)), "about": about})
    engine.command(add_profile(profile))
    return _settings(engine, body)


def _expire(engine: Engine, body: _Body) -> Json:
    engine.command(ExpireToken(token_digest(body["token"])))
    return {"success": True}


def _vote(engine: Engine, body: _Body) -> Json:
    engine.command(Vote(str(body["post"]), tuple(int(count) for count in body["votes"])))
    return {"success": True}


def _post(engine: Engine, body: _Body) -> Json:
    params = {name: str(value) for name, value in body.items() if name != "profile"}
    return {"id": engine.command(PostAs(str(body["profile"]), params))}


def _read(engine: Engine, body: _Body) -> Json:
    counts = {name: int(value) for name, value in body.items() if name not in {"post", "profile"}}
    read = Read(profile=str(body.get("profile", "")), post_id=str(body.get("post", "")), **counts)
    engine.command(read)
    return {"success": True}


def _place(engine: Engine, body: _Body) -> Json:
    engine.command(AddPlace(Place(**{**body, "id": str(body["id"])})))
    return {"success": True}


def _app(engine: Engine, body: _Body) -> Json:
    uris = tuple(body.get("redirect_uris", engine.app.redirect_uris))
    engine.set_app(replace(engine.app, **{**body, "redirect_uris": uris}))
    return _settings(engine, {})


def _subscribe(engine: Engine, body: _Body) -> Json:
    engine.command(Subscribe(tuple(body["fields"])))
    return _settings(engine, {})


def _deliveries(engine: Engine, body: _Body) -> Json:
    rows = [
        {"at": each.at, "body": each.body.decode(), "headers": dict(each.headers)}
        for each in engine.deliveries()
    ]
    return {"deliveries": rows}


def _serial(engine: Engine, body: _Body) -> Json:
    return {
        "serial": engine.look(lambda state, now: state.serial),
        "bluesky": engine.bluesky.look(lambda state, now: state.serial),
    }


def _reset(engine: Engine, body: _Body) -> Json:
    engine.command(Reset())
    engine.forget_requests()
    return {"success": True}


_HANDLERS: tuple[tuple[str, str, _Handler], ...] = (
    ("GET", "origin", _origin),
    ("GET", "settings", _settings),
    ("POST", "settings", _change_settings),
    ("GET", "bluesky", _bluesky),
    ("POST", "bluesky", _change_bluesky),
    ("POST", "bluesky/profiles", _bluesky_profile),
    ("POST", "bluesky/expire", _expire_bluesky),
    ("POST", "faults", _arm),
    ("DELETE", "faults", _disarm),
    ("POST", "clock", _clock),
    ("POST", "profiles", _profile),
    ("POST", "tokens/expire", _expire),
    ("POST", "votes", _vote),
    ("POST", "posts", _post),
    ("POST", "readings", _read),
    ("POST", "places", _place),
    ("POST", "app", _app),
    ("POST", "webhooks", _subscribe),
    ("GET", "deliveries", _deliveries),
    ("GET", "serial", _serial),
    ("POST", "reset", _reset),
)
