"""The things that can be made to go wrong here: the kinds of the Threads sandbox, on this network's methods.

An operation is a method in the spelling of the command line: ``put-record``, ``create-session``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from msgspec.structs import replace

from threadsync.sandbox.bluesky import errors
from threadsync.sandbox.bluesky.methods import METHODS, Auth
from threadsync.sandbox.bluesky.state import Deferred, State
from threadsync.sandbox.bluesky.values import Request, Response
from threadsync.sandbox.threads import faults as common
from threadsync.sandbox.threads.faults import AFTER, TIMED, VERDICTS, FaultKind

DID_DOCUMENT = "did-document"
"""The operation of the directory, which is no method of the server."""


def operation_of(nsid: str) -> str:
    """Return the operation of a method: ``com.atproto.repo.putRecord`` is ``put-record``."""
    return re.sub(r"(?=[A-Z])", "-", nsid.rpartition(".")[2]).lower() or DID_DOCUMENT


_ALL = frozenset(operation_of(nsid) for nsid in METHODS) | {DID_DOCUMENT}
_PUBLISH = frozenset({"create-record", "put-record", "apply-writes"})
GROUPS: Mapping[str, frozenset[str]] = MappingProxyType(
    {"any": _ALL, "publish": _PUBLISH, "write": _PUBLISH | {"delete-record"}}
    | {operation: frozenset({operation}) for operation in _ALL}
)
"""What may stand as the operation of a fault: one, or ``any``, ``publish``, ``write``."""
KINDS = frozenset(
    {
        FaultKind.REQUEST_LOST,
        FaultKind.ACTS_LATE,
        FaultKind.SERVER_ERROR,
        FaultKind.THROTTLED,
        FaultKind.TOKEN_EXPIRED,
        FaultKind.SLOW,
        FaultKind.ANSWER_LOST,
        FaultKind.ANSWER_CUT,
        FaultKind.ERROR_ALTHOUGH_DONE,
    }
)
"""What can go wrong on this network."""
_WITH_TOKEN = frozenset(
    operation_of(nsid) for nsid, method in METHODS.items() if method.auth in {Auth.ACCESS, Auth.REFRESH}
)


class Fault(common.Fault, frozen=True):
    """One thing that goes wrong, and when; the fields are those of a fault of the Threads sandbox.

    ``profile`` is a handle.
    """

    def __post_init__(self) -> None:
        if self.operation not in GROUPS:
            raise ValueError(f"no operation {self.operation!r}; there are: {', '.join(sorted(GROUPS))}")
        if self.kind not in KINDS or not GROUPS[self.operation] & _possible(self.kind):
            raise ValueError(f"{self.kind} cannot happen to {self.operation} of Bluesky")
        if self.kind in TIMED and self.seconds <= 0:
            raise ValueError(f"{self.kind} needs seconds above 0")
        if not 0 < self.probability <= 1:
            raise ValueError(f"a probability is above 0 and at most 1, not {self.probability}")
        if self.skip < 0 or (self.times is not None and self.times < 1):
            raise ValueError("a fault happens at least once, after no fewer than 0 good calls")

    def fits(self, operation: str, profile: str) -> bool:
        """Whether a call of this kind by this account can be hit."""
        return (
            operation in GROUPS[self.operation]
            and operation in _possible(self.kind)
            and self.profile in {"", profile}
        )


def _possible(kind: FaultKind) -> frozenset[str]:
    match kind:
        case FaultKind.TOKEN_EXPIRED:
            return _WITH_TOKEN
        case FaultKind.ACTS_LATE:
            return GROUPS["write"]
    return _ALL


def draw(state: State, request: Request, handle: str, *, is_after: bool) -> tuple[Fault, ...]:
    """Draw the faults that hit a call before or after the network acts; one at most settles its answer."""
    operation, hits, is_settled = operation_of(request.nsid), list[Fault](), False
    for armed in state.armed:
        fault = armed.fault
        if armed.is_spent or (fault.kind in AFTER) is not is_after or not isinstance(fault, Fault):
            continue
        settles = fault.kind in VERDICTS
        if (settles and is_settled) or not fault.fits(operation, handle):
            continue
        state.serial += 1
        if armed.draw(state.seed):
            hits.append(fault)
            is_settled = is_settled or settles
    return tuple(hits)


def delay_of(hits: tuple[Fault, ...]) -> float:
    """Return how long the answer is held back, in seconds."""
    return sum(fault.seconds for fault in hits if fault.kind is FaultKind.SLOW)


def verdict(state: State, request: Request, hits: tuple[Fault, ...], now: float) -> Response | None:
    """Return how a call ends before the network acts; None when it goes its way."""
    fault = next((each for each in hits if each.kind in VERDICTS), None)
    if fault is None:
        return None
    match fault.kind:
        case FaultKind.SERVER_ERROR:
            return errors.stumbled(state.switches.server_error_status).response()
        case FaultKind.THROTTLED:
            seconds = state.switches.throttled_after_seconds
            reset = int(now + state.switches.clock_skew_seconds) + seconds
            headers = {"RateLimit-Reset": str(reset), "Retry-After": str(seconds)}
            return errors.throttled(headers).response()
        case FaultKind.TOKEN_EXPIRED:
            return errors.expired("Token has expired").response()
        case FaultKind.ACTS_LATE:
            state.deferred.append(Deferred(now + fault.seconds, request))
    return Response(0, {}, dropped=True, acted=False)


def spoil(state: State, answer: Response, hits: tuple[Fault, ...]) -> Response:
    """Let *hits* work on the answer to what was just done."""
    if not hits:
        return answer
    kind = hits[0].kind
    if kind is FaultKind.ERROR_ALTHOUGH_DONE:
        return replace(errors.stumbled(state.switches.server_error_status).response(), acted=True)
    return replace(answer, dropped=True, cut=kind is FaultKind.ANSWER_CUT)
