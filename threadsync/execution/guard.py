"""Law 1 at the last door: a visible request goes out only under its own recorded intent.

The guard trusts no provider. Each flow has one of its own (each child of an ``All`` too), so that
nobody's intent covers anybody else's request, and an intent serves once.
"""

from __future__ import annotations

from msgspec import Struct, field
from msgspec.structs import replace

from threadsync.flows.bounds import Bounds
from threadsync.flows.effects import NoResponse, Request
from threadsync.model.journal import Intent, Note


class UnguardedRequest(RuntimeError):
    """A flow yielded a visible request that no recorded intent of its own covers: a bug in its provider."""

    def __init__(self, name: str, request: Request) -> None:
        self.name = name
        super().__init__(
            f"{name}: {request.method} {request.path} is visible to others, and this flow has put no"
            f" unused intent for it on record (law 1); it was not sent. Yield Record(Intent(…,"
            f" covers=request.fingerprint())) before exactly this request."
        )


class Guard(Struct):
    """The unused intents of one flow in this run, by what they cover, with the times they were recorded."""

    _recorded_at: dict[str, list[float]] = field(default_factory=dict)

    def recorded(self, notes: tuple[Note, ...], *, at_seconds: float) -> None:
        """Keep the intents among *notes*, which have become durable; *at_seconds* is monotonic."""
        for note in notes:
            if isinstance(note, Intent):
                self._recorded_at.setdefault(note.covers, []).append(at_seconds)

    def use(self, name: str, request: Request) -> float:
        """Use up the newest intent that covers *request* and return when it was recorded.

        Raises:
            UnguardedRequest: there is none.
        """
        covers = request.fingerprint()
        times = self._recorded_at.get(covers)
        if not times:
            raise UnguardedRequest(name, request)
        return times.pop()


def in_time(request: Request, bounds: Bounds, *, age_seconds: float) -> Request | NoResponse:
    """Return a visible *request* with the timeout it may take, if its intent is young enough.

    Whoever takes over the state treats open intents as doubtful calls, and waits longer than an
    intent may be old plus the time its request may take (law 16).
    """
    if age_seconds > bounds.intent_send_seconds:
        old = f"the intent was {age_seconds:.0f} s old before its request could go out"
        return NoResponse(f"{old} (intent_send_seconds: {bounds.intent_send_seconds:g})", sent=False)
    wanted = bounds.request_seconds if request.timeout_seconds is None else request.timeout_seconds
    return replace(request, timeout_seconds=min(wanted, bounds.intent_send_seconds))
