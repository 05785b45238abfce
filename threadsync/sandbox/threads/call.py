"""One call under way: who calls, for what, at what time on the network's clock."""

from __future__ import annotations

from msgspec import Struct

from threadsync.sandbox.threads.errors import ApiError
from threadsync.sandbox.threads.faults import Operation
from threadsync.sandbox.threads.state import Account, State, Token
from threadsync.sandbox.threads.values import Fetch, Json, Request, Response


class Call(Struct, frozen=True):
    """What every operation is given."""

    state: State
    request: Request
    now: float
    """The time on the network's clock, Unix seconds."""
    fetch: Fetch
    operation: Operation
    target: str
    """The object id in the path; empty when the path names the caller."""
    account: Account
    token: Token

    def param(self, name: str) -> str:
        """Return a parameter, empty when it is not there."""
        return self.request.params.get(name, "")

    def has(self, *scopes: str) -> bool:
        """Whether the token carries one of *scopes*."""
        return any(scope in self.token.scopes for scope in scopes)

    def answer(self, body: Json) -> Response:
        """Make the answer to a call that went well."""
        return Response(200, body)

    def refuse(self, error: ApiError) -> Response:
        """Make the answer to a call that was refused."""
        return refusal(self.state, self.request, self.now, error)


def refusal(state: State, request: Request, now: float, error: ApiError) -> Response:
    """Put *error* into its envelope; the trace id follows from the call, so it is reproducible."""
    trace = f"{state.seed}/{state.serial}/{request.method}/{request.path}/{now!r}"
    return error.response(trace, localised=state.switches.localised_errors)
