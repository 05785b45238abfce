"""When to look at files that are being written: once they have been quiet for a moment.

An editor saves in several steps (a new file, a rename, a swap file), and a branch switch changes a
thousand files one by one. A *burst* is what came since the last look; it is over when nothing more has
come for ``QUIET_SECONDS``, or when it has lasted for ``BURST_SECONDS_MAX``. All times are monotonic.
"""

from __future__ import annotations

from msgspec import Struct

QUIET_SECONDS = 0.1
"""How long nothing must come before it is looked at: longer than an editor takes between two steps."""
BURST_SECONDS_MAX = 2.0
"""How long it may go on before it is looked at all the same."""
LOOK_SECONDS = 60.0
"""How long after a look the next one comes although no file changed: a post becomes due meanwhile."""
POLL_SECONDS = 2.0
"""How long after a look the next one comes where a change may not be heard of ..."""
POLL_LOOKS = 10.0
"""... but not sooner than after so many times what the look took, so that the machine stays free."""


class Burst(Struct, frozen=True):
    """Changes since the last look: when the first and the last of them came."""

    first_seconds: float
    last_seconds: float

    @property
    def over_at_seconds(self) -> float:
        """When to look, if nothing more comes."""
        return min(self.last_seconds + QUIET_SECONDS, self.first_seconds + BURST_SECONDS_MAX)


def grown(burst: Burst | None, at_seconds: float) -> Burst:
    """Return *burst* (None: nothing has come yet) with a change that came at *at_seconds*."""
    return Burst(at_seconds, at_seconds) if burst is None else Burst(burst.first_seconds, at_seconds)


def pause_seconds(took_seconds: float, *, hears_all: bool) -> float:
    """Return when to look again although nothing was heard, after a look that took *took_seconds*."""
    return LOOK_SECONDS if hears_all else max(POLL_SECONDS, POLL_LOOKS * took_seconds)
