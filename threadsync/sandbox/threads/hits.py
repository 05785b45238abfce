"""Faults at work: which armed ones hit a call, and what they make of it.

*Before* the network acts a fault may settle the answer (a refusal, a closed connection) or change
what the call will find. *After* an act that went well it may lose the answer or delay what others see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from threadsync.sandbox.threads import errors
from threadsync.sandbox.threads.call import refusal
from threadsync.sandbox.threads.counting import links_in
from threadsync.sandbox.threads.errors import ApiError
from threadsync.sandbox.threads.faults import AFTER, VERDICTS, Fault, FaultKind, Operation
from threadsync.sandbox.threads.routes import Route
from threadsync.sandbox.threads.state import Container, Deferred, State, Status
from threadsync.sandbox.threads.values import Request, Response


class Hits(Struct, frozen=True):
    """The faults that hit one call: at most one that settles the answer, and any that do not."""

    verdict: Fault | None = None
    others: tuple[Fault, ...] = ()

    @property
    def delay_seconds(self) -> float:
        """How long the answer is held back."""
        return sum(fault.seconds for fault in self.others if fault.kind is FaultKind.SLOW)


_NO_HITS = Hits()


def _draw(state: State, route: Route, profile: str, *, is_after: bool, fits: Callable[[Fault], bool]) -> Hits:
    verdict: Fault | None = None
    others: list[Fault] = []
    for armed in state.armed:
        fault = armed.fault
        if armed.is_spent or (fault.kind in AFTER) is not is_after:
            continue
        if fault.kind in VERDICTS and verdict is not None:
            continue
        if not fault.fits(route.operation, profile) or not fits(fault):
            continue
        state.serial += 1
        if not armed.draw(state.seed):
            continue
        if fault.kind in VERDICTS:
            verdict = fault
        else:
            others.append(fault)
    return Hits(verdict, tuple(others))


def before_hits(state: State, request: Request, route: Route, profile: str, now: float) -> Hits:
    """Draw the faults that strike before the network acts, and age the container of the call."""
    if not state.armed:
        return _NO_HITS
    container = _container_of(state, request, route)

    def fits(fault: Fault) -> bool:
        match fault.kind:
            case FaultKind.MEDIA_NOT_FOUND if route.operation is Operation.PUBLISH:
                return container is not None and container.status(now) is Status.FINISHED
            case FaultKind.MEDIA_NOT_FOUND if route.operation is Operation.CREATE:
                return bool(request.params.get("reply_to_id"))
            case FaultKind.LINK_REFUSED:
                return _has_link(request, container)
            case FaultKind.CONTAINER_EXPIRED:
                return container is not None and not container.media_id
        return True

    hits = _draw(state, route, profile, is_after=False, fits=fits)
    if container is not None and any(fault.kind is FaultKind.CONTAINER_EXPIRED for fault in hits.others):
        state.keep(replace(container, expires_at=min(container.expires_at, now)))
    return hits


def _container_of(state: State, request: Request, route: Route) -> Container | None:
    name = request.params.get("creation_id", "") if route.operation is Operation.PUBLISH else route.target
    return state.containers.get(name)


def _has_link(request: Request, container: Container | None) -> bool:
    if container is not None:
        return bool(container.content.link_attachment or links_in(container.content.text))
    return bool(request.params.get("link_attachment") or links_in(request.params.get("text", "")))


def verdict_before(
    state: State, request: Request, route: Route, hits: Hits, now: float
) -> ApiError | Response | None:
    """Return how the call ends before the network acts; ``None`` when it goes its way."""
    fault = hits.verdict
    if fault is None:
        return None
    if fault.kind is FaultKind.REQUEST_LOST:
        return Response(0, {}, dropped=True, acted=False)
    if fault.kind is FaultKind.ACTS_LATE:
        state.deferred.append(Deferred(now + fault.seconds, request))
        return Response(0, {}, dropped=True, acted=False)
    target = request.params.get("creation_id") or request.params.get("reply_to_id") or route.target
    switches = state.switches
    refusals: Mapping[FaultKind, ApiError] = {
        FaultKind.SERVER_ERROR: errors.unexpected(switches.server_error_code),
        FaultKind.THROTTLED: errors.throttled(switches.throttled_status, switches.throttled_code),
        FaultKind.TOKEN_EXPIRED: errors.token_refused(switches.token_subcode, now),
        FaultKind.MEDIA_NOT_FOUND: errors.media_not_found(target),
        FaultKind.RESTRICTED: errors.restricted(switches.restricted_subcode),
        FaultKind.LINK_REFUSED: errors.invalid_link_attachment(),
    }
    return refusals[fault.kind]


def after_hits(state: State, route: Route, profile: str) -> Hits:
    """Draw the faults that strike after an act that went well."""
    if not state.armed:
        return _NO_HITS
    return _draw(state, route, profile, is_after=True, fits=lambda fault: True)


def spoil(
    state: State, request: Request, route: Route, answer: Response, *, hits: Hits, now: float
) -> Response:
    """Let *hits* work on what was just done, and on the answer to it."""
    made = str(answer.body.get("id") or answer.body.get("deleted_id") or "")
    for fault in hits.others:
        _SPOILERS[fault.kind](state, made, fault.seconds, now)
    if hits.verdict is None:
        return answer
    if hits.verdict.kind in {FaultKind.ANSWER_LOST, FaultKind.ANSWER_CUT}:
        return replace(answer, dropped=True, cut=hits.verdict.kind is FaultKind.ANSWER_CUT)
    stumble = errors.unexpected(state.switches.server_error_code)
    return replace(refusal(state, request, now, stumble), acted=True)


def _list_late(state: State, made: str, seconds: float, now: float) -> None:
    live, gone = state.posts.get(made), state.deleted.get(made)
    if live is not None:
        state.change(replace(live, listed_from=now + seconds))
    elif gone is not None and gone.listed_until is None:
        late = replace(gone, listed_until=now + seconds)
        state.deleted[made] = late
        state.index(late)


def _hide_from_replies(state: State, made: str, seconds: float, now: float) -> None:
    if post := state.posts.get(made):
        state.change(replace(post, repliable_from=now + seconds))


def _show_status_late(state: State, made: str, seconds: float, now: float) -> None:
    if post := state.posts.get(made):
        container = state.containers[post.container]
        state.keep(replace(container, shows_published_at=now + seconds))


def _process_longer(state: State, made: str, seconds: float, now: float) -> None:
    if container := state.containers.get(made):
        state.keep(replace(container, ready_at=container.ready_at + seconds))


def _end_as_error(state: State, made: str, seconds: float, now: float) -> None:
    if container := state.containers.get(made):
        state.keep(replace(container, error="UNKNOWN"))


_SPOILERS: Mapping[FaultKind, Callable[[State, str, float, float], None]] = MappingProxyType(
    {
        FaultKind.LATE_LISTING: _list_late,
        FaultKind.PARENT_NOT_VISIBLE: _hide_from_replies,
        FaultKind.LATE_STATUS: _show_status_late,
        FaultKind.LONG_PROCESSING: _process_longer,
        FaultKind.CONTAINER_ERROR: _end_as_error,
    }
)
