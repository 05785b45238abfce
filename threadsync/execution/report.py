"""What became of every action of a plan, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from threadsync.model.ids import Address, RemoteId
from threadsync.planning.actions import Effective


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
    """It never began: the run was stopped, or something it needs did not work."""


@dataclass(frozen=True, slots=True)
class ActionReport:
    """What became of *action*; *why* and *remedy* are empty where it was applied."""

    action: Effective
    became: Became
    why: str = ""
    remedy: str = ""
    permalinks: tuple[str, ...] = ()
    candidates: tuple[RemoteId, ...] = ()

    @property
    def address(self) -> Address:
        """The address of the action."""
        return self.action.address


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a whole plan, in its order."""

    actions: tuple[ActionReport, ...]
    run: str = ""
    stopped: bool = False
    """Whether a signal ended the run."""

    @property
    def complete(self) -> bool:
        """Whether everything was applied."""
        return all(each.became is Became.APPLIED for each in self.actions)

    @property
    def failed(self) -> bool:
        """Whether nothing at all was applied although something should have been."""
        return bool(self.actions) and all(
            each.became in {Became.REFUSED, Became.NOT_TRIED} for each in self.actions
        )
