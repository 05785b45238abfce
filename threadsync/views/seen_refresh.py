"""What the views need of what ``refresh`` saw, by shape: ``operations`` is not imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from threadsync.model.facts import Drift, ObservedPost
from threadsync.model.ids import Address, TargetName
from threadsync.model.journal import PostsSeen, Published
from threadsync.planning.allowances import AccountView


class DriftedPost(Protocol):
    """A live post that is not as it was published."""

    @property
    def address(self) -> Address:
        """Of which publication."""
        ...

    @property
    def post(self) -> Published:
        """Its receipt."""
        ...

    @property
    def drift(self) -> Drift:
        """What became of it."""
        ...

    @property
    def text(self) -> str:
        """What it says now, where it was edited."""
        ...


class UndeclaredPost(Protocol):
    """An own post that no publication is bound to."""

    @property
    def target(self) -> TargetName:
        """On which target."""
        ...

    @property
    def post(self) -> ObservedPost:
        """The post."""
        ...


class UnreadTarget(Protocol):
    """A target that could not be looked at, or not wholly."""

    @property
    def target(self) -> TargetName:
        """Which one."""
        ...

    @property
    def problem(self) -> str:
        """Why."""
        ...

    @property
    def remedy(self) -> str:
        """What to do next."""
        ...


class Looked(Protocol):
    """What ``refresh`` saw."""

    @property
    def at(self) -> datetime:
        """When it looked."""
        ...

    @property
    def since(self) -> datetime:
        """From when own posts that nobody declared were looked for."""
        ...

    @property
    def looked_at(self) -> int:
        """How many live posts were looked at."""
        ...

    @property
    def drifted(self) -> Sequence[DriftedPost]:
        """What differs."""
        ...

    @property
    def undeclared(self) -> Sequence[UndeclaredPost]:
        """Own posts that nobody declared."""
        ...

    @property
    def unread(self) -> Sequence[UnreadTarget]:
        """What could not be looked at."""
        ...

    @property
    def accounts(self) -> tuple[AccountView, ...]:
        """The accounts that were read."""
        ...

    @property
    def seen(self) -> Mapping[Address, PostsSeen]:
        """How the posts of each publication are."""
        ...

    @property
    def zone(self) -> str | None:
        """The zone to tell local times in."""
        ...

    @property
    def recorded(self) -> bool:
        """Whether it is kept with the state."""
        ...
