"""What became of every action of a plan, as data."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from threadsync.errors import StateError
from threadsync.execution.breaker import Pause
from threadsync.model.ids import Address, RemoteId, TargetName
from threadsync.planning.actions import Blocked, Effective, Plan, Reason


class Became(StrEnum):
    """What became of one action."""

    APPLIED = "applied"
    REFUSED = "refused"
    """The network said no."""
    UNCERTAIN = "uncertain"
    """Whether it acted cannot be told; the next apply looks again."""
    INTERRUPTED = "interrupted"
    """It began, and the run was stopped; the next apply goes on."""
    NOT_TRIED = "not-tried"
    """It never began: the run was stopped, its target is paused, or something it needs did not work."""


class ActionReport(Struct, frozen=True):
    """What became of *action*; where it was applied, *why* and *remedy* are what else is to be known."""

    action: Effective
    became: Became
    why: str = ""
    remedy: str = ""
    permalinks: tuple[str, ...] = ()
    candidates: tuple[RemoteId, ...] = ()
    partly: bool = False
    """Whether some of it was done: a chain or a taking-down that ended midway."""

    @property
    def address(self) -> Address:
        """The address of the action."""
        return self.action.address


class Report(Struct, frozen=True):
    """What became of a whole plan, in its order."""

    actions: tuple[ActionReport, ...]
    run: str = ""
    stopped: bool = False
    """Whether a signal ended the run."""
    pauses: tuple[Pause, ...] = ()
    """The targets on which nothing more was begun, and why."""
    held: tuple[Blocked, ...] = ()
    """What was stopped before a limit of its account: it did not fit any more, and was not begun."""
    failure: StateError | None = None
    """Why no more could be put on record: nothing was sent after it; the next apply goes on from there."""

    def remaining(self, target: TargetName) -> int:
        """Count what was not applied on *target*."""
        return sum(a.address.target == target and a.became is not Became.APPLIED for a in self.actions)

    @property
    def complete(self) -> bool:
        """Whether everything was applied."""
        return all(each.became is Became.APPLIED for each in self.actions)

    @property
    def failed(self) -> bool:
        """Whether nothing at all was applied although something should have been."""
        return bool(self.actions) and all(
            each.became in {Became.REFUSED, Became.NOT_TRIED} and not each.partly for each in self.actions
        )


def held_by_limits(plan: Plan) -> tuple[Blocked, ...]:
    """Return what of *plan* waits because an allowance of its account is not enough."""
    return tuple(a for a in plan.actions if isinstance(a, Blocked) and a.reason is Reason.QUOTA)
