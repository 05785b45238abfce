"""When to look at files that are being written: once they have been quiet for a moment.

An editor saves in several steps (a new file, a rename, a swap file), and a branch switch changes a
thousand files one by one. A *burst* is what came since the last look; it is over when nothing more has
come for ``QUIET_SECONDS``, or when it has lasted for ``BURST_SECONDS_MAX``. All times are monotonic.
"""

from __future__ import annotations

from dataclasses import dataclass

QUIET_SECONDS = 0.1
"""How long nothing must come before it is looked at: longer than an editor takes between two steps."""
BURST_SECONDS_MAX = 2.0
"""How long it may go on before it is looked at all the same."""


@dataclass(frozen=True, slots=True)
class Burst:
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
