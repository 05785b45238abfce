"""The line from a run to its networks: each request is a moment at which something may go wrong."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from threadsync.flows.effects import NoResponse, Request, Response
from threadsync.model.ids import TargetName
from threadsync.testing.disk import When
from threadsync.testing.fakes import Answered, FakeClock
from threadsync.testing.networks import Means, Network
from threadsync.testing.troubles import Death, NetworkFault, Place, TokenExpired, Trouble, Unreachable


class Line(Struct):
    """The line of one run; once it is cut, it stays so until the run ends."""

    network: Callable[[], Network]
    clock: Callable[[], FakeClock]
    account: Callable[[TargetName], str]
    """Returns the handle of the account that a target is."""
    moment: Callable[[Place, str, tuple[str, ...]], Trouble | None]
    """Says what goes wrong at a moment, of what may go wrong there."""
    die: Callable[[Death], None]
    say: Callable[..., None]
    cut: bool = False

    def answer(self, target: TargetName, request: Request, means: Means) -> Answered:
        """Carry *request* to the network of *target*, as far as it gets, and return what comes back."""
        what = f"{target} {request.method} {request.path}"
        network, account, now = self.network(), self.account(target), self.clock().true()
        trouble = self.moment(Place.REQUEST, what, network.faults(account, request))
        fault, seconds = "", 0.0
        match trouble:
            case Death(when=When.BEFORE | When.TORN):
                self.die(trouble)
            case Unreachable():
                self.cut = True
            case TokenExpired():
                network.expire_token(account, now)
            case NetworkFault():
                fault, seconds = trouble.name, trouble.seconds
            case _:
                pass
        if self.cut:
            return self._answered(what, Answered(NoResponse("connection refused", sent=False)))
        answered = network.answer(account, request, means, now, fault, seconds)
        self._answered(what, answered)
        if isinstance(trouble, Death):
            self.die(trouble)
        return answered

    def _answered(self, what: str, answered: Answered) -> Answered:
        match answered.outcome:
            case Response(status=status, body=body):
                self.say(what, status, body)
            case NoResponse(reason=reason, sent=sent):
                self.say(what, reason, "sent" if sent else "not sent")
            case raised:
                raise AssertionError(f"a network answers or does not, and never raises {raised}")
        return answered
