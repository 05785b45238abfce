"""What keeps posts from going out, as it is remembered: since when, and who has been told of it.

Each of these goes on record as it is: the value is the note that makes it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

from msgspec import Struct

from threadsync.model.ids import Address, TargetName

EVERYTHING: Final = TargetName("*")
"""Stands for all targets: an apply that could do nothing at all. No target can have this name."""


class TroubleKind(StrEnum):
    """What kind of trouble it is."""

    ACCOUNT = "account"
    """The account cannot be used: a credential that is refused or lacks a right, or another account's."""
    NETWORK = "network"
    """The network does not answer, or stumbles, after all that is tried."""
    POSTS = "posts"
    """Some publications: refused, uncertain, or due for long and not live."""
    APPLY = "apply"
    """An apply that refused as a whole: files with errors, a plan over the safety limits."""
    STATE = "state"
    """The state itself cannot be used; it is the one trouble that is never on record."""

    @property
    def stops_all(self) -> bool:
        """Whether nothing at all can go out on the target: such a time is a lull."""
        return self in {TroubleKind.ACCOUNT, TroubleKind.NETWORK}


class Trouble(Struct, frozen=True):
    """A target (or ``EVERYTHING``) is in trouble, or was and not everybody knows yet that it is over."""

    target: TargetName
    kind: TroubleKind
    since: datetime
    at: datetime
    """When this was last put on record."""
    problem: str
    remedy: str = ""
    addresses: tuple[Address, ...] = ()
    """The publications concerned, for the kind ``posts``."""
    known: tuple[str, ...] = ()
    """All kinds and addresses that this trouble has been about since it began: only another is news."""
    told: tuple[str, ...] = ()
    """Who has been told of it, by names of notifiers; once it is over, who must still be told so."""
    until: datetime | None = None
    """When it was over; None while it lasts."""

    @property
    def why(self) -> str:
        """Return it as a clause."""
        return f"{self.target} could not be used ({self.problem})"


class Untroubled(Struct, frozen=True):
    """Nothing is to be remembered of a target's trouble any more."""

    target: TargetName
    at: datetime


Troubling: TypeAlias = Trouble | Untroubled
"""Notes of what went wrong; like looking at an account, they say nothing of what we did there."""
