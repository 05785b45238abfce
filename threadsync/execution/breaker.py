"""A circuit breaker a target: where every further call must fail, nothing new begins until the next run.

What opens it speaks of the network or the account. Some faults do so alone, because whatever is asked
next meets them too: a credential that is refused, a restriction, an allowance that is used up (which
holds back only what draws on it). Others must come several times in a row: no answer, a server that
stumbles, throttling.

A refusal of one post (its text, its media, a scope or an access tier that its options need) neither
counts nor ends a row: it says nothing of what the other posts would meet, and a server that stumbles
at every second call has not recovered by refusing the calls between.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import assert_never

from msgspec import Struct, field

from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import Address, TargetName

EVERYTHING = ""
"""What a pause holds that is not about one allowance."""


class Pause(Struct, frozen=True):
    """Nothing more begins on *target* in this run, since *fault* met the action at *since*."""

    target: TargetName
    since: Address
    fault: Fault
    at: datetime
    failures: int
    """How many failures in a row led to it; 0 where the fault alone did."""
    allowance: str = EVERYTHING
    """The one allowance that is used up: only what draws on it is held back."""

    @property
    def how(self) -> str:
        """What is paused, and since when, as the end of a sentence about the target."""
        if self.failures:
            return f"after {self.failures} failures in a row, the last at {self.since}"
        return f"for {self.allowance} since {self.since}" if self.allowance else f"since {self.since}"

    @property
    def why(self) -> str:
        """Why an action was held back."""
        return f"{self.target} is paused {self.how}: {self.fault.problem}"

    @property
    def needs_person(self) -> bool:
        """Whether it does not go away by itself."""
        return self.fault.kind in {FaultClass.UNAUTHORIZED, FaultClass.BLOCKED}

    @property
    def goes_on_at(self) -> datetime | None:
        """When it could go on, at the latest; None where the network does not say."""
        if self.needs_person or self.fault.retry_after_seconds is None:
            return None
        return self.at + timedelta(seconds=self.fault.retry_after_seconds)


class CircuitBreaker(Struct):
    """Counts the failures of one target in a row, and knows what is paused there."""

    target: TargetName
    failures_in_a_row_max: int
    failures: int = 0
    """How many there were in a row, up to now."""
    _pauses: dict[str, Pause] = field(default_factory=dict)
    """By the allowance that each is about."""

    @property
    def pauses(self) -> tuple[Pause, ...]:
        """What was paused, in order; it stays so until the next run."""
        return tuple(self._pauses.values())

    def holding(self, allowances: Collection[str]) -> Pause | None:
        """Return the pause that holds back an action which draws on *allowances*."""
        held = (self._pauses.get(each) for each in (EVERYTHING, *allowances))
        return next((pause for pause in held if pause is not None), None)

    def succeeded(self) -> None:
        """An action went well: a row of failures is over."""
        self.failures = 0

    def failed(self, since: Address, fault: Fault, at: datetime) -> bool:
        """Count the failure of the action at *since*; return whether it paused something."""
        match fault.kind:
            case FaultClass.UNAUTHORIZED | FaultClass.BLOCKED:
                return self._pause(Pause(self.target, since, fault, at, failures=0))
            case FaultClass.QUOTA:
                return self._pause(Pause(self.target, since, fault, at, 0, fault.allowance))
            case FaultClass.TRANSIENT | FaultClass.THROTTLED:
                self.failures += 1
                if self.failures < self.failures_in_a_row_max:
                    return False
                return self._pause(Pause(self.target, since, fault, at, self.failures))
            case (
                FaultClass.NOT_READY
                | FaultClass.FORBIDDEN
                | FaultClass.INVALID
                | FaultClass.MEDIA
                | FaultClass.GONE
                | FaultClass.ALREADY_DONE
            ):
                return False
            case _:
                assert_never(fault.kind)

    def _pause(self, pause: Pause) -> bool:
        if EVERYTHING in self._pauses or pause.allowance in self._pauses:
            return False
        self._pauses[pause.allowance] = pause
        return True
