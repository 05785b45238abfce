"""What a person is asked while a plan is made and before it is carried out."""

from __future__ import annotations

from typing import Protocol, TypeAlias

from msgspec import Struct

from threadsync.model.facts import Account
from threadsync.model.ids import TargetName
from threadsync.operations.plan import Prepared
from threadsync.planning.actions import Blocked


class AskApply(Struct, frozen=True):
    """Carry this plan out?"""

    prepared: Prepared


class AskFirstRun(Struct, frozen=True):
    """There is no state: is this really the first run?"""

    targets: tuple[TargetName, ...]
    creates: int


class AskAccount(Struct, frozen=True):
    """Is this the account that the target means?"""

    target: TargetName
    account: Account


class AskReplace(Struct, frozen=True):
    """Replace this live post?"""

    blocked: Blocked


class AskLate(Struct, frozen=True):
    """Publish this one although its window has passed?"""

    blocked: Blocked


Question: TypeAlias = AskApply | AskFirstRun | AskAccount | AskReplace | AskLate


class Person(Protocol):
    """Somebody at a terminal."""

    def confirm(self, question: Question) -> bool:
        """Return their answer; anything but a clear yes is no."""
        ...
