"""What a person is asked while a plan is made and before it is carried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from threadsync.model.facts import Account
from threadsync.model.ids import TargetName
from threadsync.operations.plan import Prepared
from threadsync.planning.actions import Blocked


@dataclass(frozen=True, slots=True)
class AskApply:
    """Carry this plan out?"""

    prepared: Prepared


@dataclass(frozen=True, slots=True)
class AskFirstRun:
    """There is no state: is this really the first run?"""

    targets: tuple[TargetName, ...]
    creates: int


@dataclass(frozen=True, slots=True)
class AskAccount:
    """Is this the account that the target means?"""

    target: TargetName
    account: Account


@dataclass(frozen=True, slots=True)
class AskReplace:
    """Replace this live post?"""

    blocked: Blocked


@dataclass(frozen=True, slots=True)
class AskLate:
    """Publish this one although its window has passed?"""

    blocked: Blocked


Question: TypeAlias = AskApply | AskFirstRun | AskAccount | AskReplace | AskLate


class Person(Protocol):
    """Somebody at a terminal."""

    def confirm(self, question: Question) -> bool:
        """Return their answer; anything but a clear yes is no."""
        ...
