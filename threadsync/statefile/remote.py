"""Where a shared state lives: a few small files that are only ever exchanged as a whole.

The one way to change them is compare-and-set: the new files are taken if those that they were made from
are still there. That is what a git branch, an object store and a database row can all do, and all that
``shared`` needs. ``git`` is the first implementation, ``threadsync.testing.remote`` one in memory.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct, field

from threadsync.errors import StateForeign
from threadsync.statefile.lock import Clock


class Revision(Struct, frozen=True):
    """The files as they were at one moment; *id* is empty where there has never been one."""

    id: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    age_seconds: float | None = None
    """How long before it was read it had been written, by the place's own clock and no other; None where the
    place has none. Where it has one, a lock is a lease: who writes nothing for long enough has lost it."""


class Deadline(Struct):
    """When everything must be over: never, until somebody is in a hurry (a signal)."""

    clock: Clock
    _ends_seconds: float = math.inf
    _outer: Deadline | None = None

    def hurry(self, seconds: float) -> None:
        """Let everything be over in *seconds*; safe in a signal handler, and never gives more time."""
        self._ends_seconds = min(self._ends_seconds, self.clock.monotonic() + seconds)

    def left(self) -> float:
        """Return how many seconds are left; infinite where nobody is in a hurry."""
        own = max(0.0, self._ends_seconds - self.clock.monotonic())
        return own if self._outer is None else min(own, self._outer.left())

    def within(self, seconds: float) -> Deadline:
        """Return a deadline at most *seconds* from now, that comes nearer with this one."""
        return Deadline(self.clock, self.clock.monotonic() + seconds, self)


class Remote(Protocol):
    """A place that several machines share. Each call ends within a bound, and sooner if *deadline* does."""

    @property
    def where(self) -> str:
        """Its name in messages; holds no secret."""
        ...

    @property
    def durable(self) -> str:
        """What the place is safe against, and what not."""
        ...

    def fetch(self, deadline: Deadline) -> Revision:
        """Return the newest revision.

        Raises:
            StateUnreachable: no answer came.
            StateError: the place does not exist as it is named, or may not be read.
        """
        ...

    def replace(
        self, seen: Revision, files: Mapping[str, bytes], message: str, deadline: Deadline
    ) -> Revision:
        """Put *files* in the place of all those of *seen*, if that is still the newest revision.

        Raises:
            StateOutdated: it is not, and nothing was written.
            StateUnreachable: no answer came; it may have been written.
            StateUnwritable: the place refused; nothing was written.
        """
        ...

    def history(self, name: str, revisions_max: int, deadline: Deadline) -> tuple[Revision, ...]:
        """Return the newest revisions in which the file *name* was changed, each with that file alone.

        The first is what is in use; where that is lost and others are not, it is without the file.

        Raises:
            StateError: as ``fetch``.
        """
        ...

    def beside(self, name: str) -> Remote:
        """Return the place *name* that belongs to this one, and is exchanged apart from it."""
        ...

    def restoring(self, revision: Revision, name: str) -> str:
        """Return the command that prints the file *name* of *revision*, for a person's shell."""
        ...


def foreign(where: str, name: str) -> StateForeign:
    """Say that *where* holds the file *name*, which is none of a state's."""
    return StateForeign(
        f"it holds other files ({name}): it is no place of a state",
        where=where,
        remedy="Nothing was changed. Name a branch of its own (in a bucket: a folder of its own) under "
        "`state:` in threadsync.yaml; one that does not exist yet is made by the first apply.",
    )
