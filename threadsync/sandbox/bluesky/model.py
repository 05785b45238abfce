"""The Bluesky network as a function: ``handle(state, request, now)`` answers one call.

Pure: no socket, no clock, no chance, no file. The state changes in place and nowhere else; the same
state, call and time give the same answer, byte for byte. An answer may say that the connection is to be
dropped or delayed; who calls obeys that.
"""

from __future__ import annotations

from msgspec.structs import replace

from threadsync.sandbox.bluesky import errors, faults, identity, limits, sessions
from threadsync.sandbox.bluesky.call import Call, Done
from threadsync.sandbox.bluesky.errors import XrpcError
from threadsync.sandbox.bluesky.lexicons import INPUTS
from threadsync.sandbox.bluesky.methods import METHODS, VIEWS, Auth, Method
from threadsync.sandbox.bluesky.state import Session, State
from threadsync.sandbox.bluesky.values import Generation, Request, Response

_HEALTH = Method("GET", Auth.NONE, identity.health)
_DIRECTORY = Method("GET", Auth.NONE, identity.directory)
_BODY_BYTES_MAX = 150 * 1024
_REPO_BODY_BYTES_MAX = 1_000_000


def handle(state: State, request: Request, now: float) -> Response:
    """Answer one call at *now* (Unix seconds); *state* changes in place.

    The network's own clock is ``now`` plus the switch ``clock_skew_seconds``.
    """
    run_due(state, now)
    server_now = now + state.switches.clock_skew_seconds
    method = _find(state, request)
    if isinstance(method, XrpcError):
        return method.response()
    holder = state.sessions.get(request.token) if request.token is not None else None
    who = state.accounts[holder.did].handle if holder is not None else ""
    hits = faults.draw(state, request, who, is_after=False)
    ended = faults.verdict(state, request, hits, now)
    answer = ended if ended is not None else _perform(state, request, method, server_now)
    if ended is None and answer.status < 400:
        answer = faults.spoil(state, answer, faults.draw(state, request, who, is_after=True))
    delay = faults.delay_of(hits)
    return replace(answer, delay_seconds=delay) if delay else answer


def run_due(state: State, now: float) -> None:
    """Carry out what was deferred until now; called by every :func:`handle`."""
    while state.deferred and min(call.due for call in state.deferred) <= now:
        first = min(state.deferred, key=lambda call: call.due)
        state.deferred.remove(first)
        method = METHODS[first.request.nsid]
        _perform(state, first.request, method, first.due + state.switches.clock_skew_seconds)


def _find(state: State, request: Request) -> Method | XrpcError:
    if request.path.startswith(identity.DIRECTORY):
        return _DIRECTORY
    if request.nsid == "_health":
        return _HEALTH
    found = METHODS.get(request.nsid)
    is_old = state.switches.generation == Generation.V0_4
    if found is None or (request.nsid in VIEWS and not state.switches.has_appview):
        return errors.no_service(request.nsid)
    if found.verb == request.method:
        return found
    if is_old:
        return errors.no_service(request.nsid)
    return errors.invalid(f"Incorrect HTTP method ({request.method}) expected {found.verb}")


def _perform(state: State, request: Request, method: Method, now: float) -> Response:
    """Check who calls and whether the call is fit, count it, and do what is asked."""
    session = _session(state, request, method, now)
    if isinstance(session, XrpcError):
        return session.response()
    if (refused := _unfit(state, request, method)) is not None:
        return refused.response()
    headers = {}
    if request.nsid not in {"", "_health"}:
        admitted = limits.admit(state, request, session.did if session else "", now)
        if isinstance(admitted, XrpcError):
            state.serial += 1  # a refused call has used up what was left
            return admitted.response()
        headers = admitted
    account = state.accounts[session.did] if session is not None else None
    done = method.work(Call(state, request, now, account, session))
    if method.verb == "POST" or request.nsid == "com.atproto.server.getServiceAuth":
        state.serial += 1
    answer = done.response()
    if method is _DIRECTORY and isinstance(done, Done):
        headers = {"Content-Type": "application/did+ld+json; charset=utf-8"}
    is_known_video = isinstance(done, Done) and done.body.get("error") == "already_exists"
    return replace(
        answer, headers={**answer.headers, **headers}, status=409 if is_known_video else answer.status
    )


def _session(state: State, request: Request, method: Method, now: float) -> Session | XrpcError | None:
    match method.auth:
        case Auth.NONE | Auth.SERVICE:
            return None
        case Auth.OPTIONAL if request.token is None:
            return None
    kind = sessions.REFRESH if method.auth is Auth.REFRESH else sessions.ACCESS
    return sessions.authenticate(state, request.token, kind=kind, now=now)


def _unfit(state: State, request: Request, method: Method) -> XrpcError | None:
    """Say why a body cannot be taken."""
    if method.verb != "POST" or request.upload is not None:
        return None
    is_repo_write = request.nsid.startswith("com.atproto.repo.")
    is_roomy = is_repo_write and state.switches.generation != Generation.V0_4
    if request.body_bytes > (_REPO_BODY_BYTES_MAX if is_roomy else _BODY_BYTES_MAX):
        return errors.body_too_large()
    wanted = INPUTS.get(request.nsid)
    if wanted is None:
        if request.input is not None:
            return errors.invalid("A request body was provided when none was expected")
        return None
    if request.input is None:
        return errors.invalid("A request body is expected but none was provided")
    wrong = wanted(request.input, "Input")
    return errors.invalid(wrong) if wrong is not None else None
