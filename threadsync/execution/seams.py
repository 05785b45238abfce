"""What the scheduler needs of others, and what it tells them: its protocols and their values.

A state store's session is a ``JournalSink`` by its shape alone; nothing of ``statefile`` is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from threadsync.flows.core import Done, Raised
from threadsync.flows.effects import NoResponse, Request, Response
from threadsync.model.ids import Address, TargetName
from threadsync.model.journal import Note

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Interrupted(Struct, frozen=True):
    """A flow was closed before its end: the run was stopped, or had to stop."""


Ending: TypeAlias = Done[T] | Raised | Interrupted


class Finished(Struct, Generic[T_co], frozen=True):
    """How the flow called *name* ended: with a value, with an error, or interrupted."""

    name: str
    end: Ending[T_co]


class Completion(Struct, frozen=True):
    """What became of the request with this *ticket*; ``Raised`` is thrown into the flow that sent it."""

    ticket: int
    outcome: Response | NoResponse | Raised


class Performer(Protocol):
    """Performs requests while the scheduler goes on."""

    @property
    def free(self) -> int:
        """How many more requests may be submitted now."""
        ...

    def submit(self, target: TargetName, request: Request) -> int:
        """Begin *request* and return its ticket, which no other request of this performer has.

        Never blocks, and is only called while *free* is positive.
        """
        ...

    def next(self, timeout_seconds: float | None) -> Completion | None:
        """Return the next completion; None when *timeout_seconds* have passed, or after ``wake``."""
        ...

    def wake(self) -> None:
        """Make the ``next`` that waits, or else the one called next, return; safe in a signal handler."""
        ...


class JournalSink(Protocol):
    """Where notes are put on record.

    Raises:
        StateError: from each of its methods, when the record can no longer be kept.
    """

    def append(self, notes: tuple[Note, ...]) -> Address | None:
        """Write *notes*; if another address holds a remote post they claim, return it and write nothing."""
        ...

    def barrier(self) -> None:
        """Return when all that was appended is durable in the store's sense."""
        ...

    @property
    def linger_seconds(self) -> float:
        """How long an intent may wait for those of other flows, so that they share a barrier."""
        ...

    @property
    def renews_at_seconds(self) -> float:
        """When ``idle`` is to be called at the latest, so that the state stays ours; monotonic."""
        ...

    def idle(self) -> None:
        """Make what barriers have left pending durable, and see to it that the state stays ours."""
        ...

    def check_lease(self) -> None:
        """Make sure that this run still holds the state."""
        ...

    def hurry(self, seconds: float) -> None:
        """Let all that still has to be written be over in *seconds*; safe in a signal handler."""
        ...


class NoJournal:
    """The sink of a run that only reads: putting anything on record there is a bug."""

    def append(self, notes: tuple[Note, ...]) -> Address | None:
        """Refuse.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(f"a run that only reads was asked to record {notes!r}")

    linger_seconds = 0.0
    renews_at_seconds = inf

    def barrier(self) -> None:
        """Do nothing: nothing was appended."""

    def idle(self) -> None:
        """Do nothing: nothing is pending."""

    def hurry(self, seconds: float) -> None:
        """Do nothing: nothing is to be written."""

    def check_lease(self) -> None:
        """Do nothing: a run that only reads holds no lease."""


class Gate(Protocol):
    """Stands between one flow and the record of what it is about to do."""

    def noting(self, notes: tuple[Note, ...], admit: Callable[[], None]) -> None:
        """Take notice of *notes*, and call *admit* as soon as they may go on record: at once, or later."""
        ...


class Ungated:
    """The gate of a flow that nothing holds back."""

    def noting(self, notes: tuple[Note, ...], admit: Callable[[], None]) -> None:
        """Let them go on record."""
        admit()


UNGATED: Final = Ungated()


class Watcher(Protocol):
    """Is told how the run goes, as it goes; *name* is the name a flow was spawned with."""

    def waiting(self, name: str, why: str, seconds: float) -> None:
        """A flow lets *seconds* pass."""
        ...

    def requesting(self, name: str, request: Request) -> None:
        """A request goes out now."""
        ...

    def recorded(self, name: str, notes: tuple[Note, ...]) -> None:
        """Notes of a flow have become durable."""
        ...

    def finished(self, finished: Finished[object]) -> None:
        """A flow is over."""
        ...


class Unwatched:
    """The watcher of a run that nobody watches."""

    def waiting(self, name: str, why: str, seconds: float) -> None:
        """Do nothing."""

    def requesting(self, name: str, request: Request) -> None:
        """Do nothing."""

    def recorded(self, name: str, notes: tuple[Note, ...]) -> None:
        """Do nothing."""

    def finished(self, finished: Finished[object]) -> None:
        """Do nothing."""
