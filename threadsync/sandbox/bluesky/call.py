"""One call under way: who calls, for what, at what time on the network's clock."""

from __future__ import annotations

from msgspec import Struct, field

from threadsync.sandbox.bluesky.state import Account, Session, State
from threadsync.sandbox.bluesky.values import Json, Request, Response


class Call(Struct, frozen=True):
    """What every method is given."""

    state: State
    request: Request
    now: float
    """The time on the network's clock, Unix seconds."""
    account: Account | None = None
    """Whose token came along, if one was needed."""
    session: Session | None = None

    @property
    def caller(self) -> Account:
        """Whose token came along, where one is needed."""
        assert self.account is not None, "a method that needs a token is called with one"
        return self.account

    def param(self, name: str) -> str:
        """Return a parameter, empty when it is not there."""
        return self.request.param(name)

    @property
    def input(self) -> Json:
        """The JSON body; an empty object where there is none."""
        return self.request.input or {}

    def text(self, name: str) -> str:
        """Return a text of the JSON body, empty when it is not there."""
        found = self.input.get(name)
        return found if isinstance(found, str) else ""


class Done(Struct, frozen=True):
    """What went well: the body of its answer, and the CID of the bytes if those are the body."""

    body: Json = field(default_factory=dict)
    blob: str = ""

    def response(self) -> Response:
        """Make the answer."""
        return Response(200, self.body, blob=self.blob)
