"""What can go wrong in a simulated world, and the moments at which it can.

A *moment* is one effect of a run on the world outside its process: a request to a network, a step of
writing to the disk, a step of talking to the place of a shared state. A *trouble* strikes at one.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from threadsync.testing.disk import Loss, When


class Place(StrEnum):
    """Where an effect goes."""

    REQUEST = "request"
    DISK = "disk"
    REMOTE = "remote"


class Moment(Struct, frozen=True):
    """One effect of a run, counted from 0; *faults* names what its network can make of it."""

    number: int
    place: Place
    what: str
    faults: tuple[str, ...] = ()


class NetworkFault(Struct, frozen=True):
    """The network, or the way to it, does this to one request; *seconds* where the fault takes time."""

    name: str
    seconds: float = 0.0


class Unreachable(Struct, frozen=True):
    """The connection cannot be made, so the request was surely not sent; so for the rest of the run."""


class TokenExpired(Struct, frozen=True):
    """The account's token ends here, until somebody renews it after the run."""


class Death(Struct, frozen=True):
    """The process dies; *loss* is what goes with it of what was not synced (a power cut)."""

    when: When
    loss: Loss = Loss.NOTHING
    older: bool = False
    """Whether the disk is gone too: the next run has the state as it was before this one."""


class WriteFails(Struct, frozen=True):
    """The disk refuses this write; with *full*, it has no room for anything more until the run ends."""

    full: bool = False


class Signal(Struct, frozen=True):
    """Somebody asks the run to stop."""


class ClockSet(Struct, frozen=True):
    """Somebody sets this machine's clock ahead by *seconds*, or back."""

    seconds: float


class RemoteFails(Struct, frozen=True):
    """The place of a shared state does this to one step; the names are those of ``MemoryRemote``."""

    how: str


Trouble: TypeAlias = (
    NetworkFault | Unreachable | TokenExpired | Death | WriteFails | Signal | ClockSet | RemoteFails
)

SECONDS_LATE = 60.0
"""How late what comes late is in ``possible``: longer than a poll, shorter than a doubt waits."""


Script: TypeAlias = Callable[[Moment], Trouble | None]
"""Says what goes wrong at a moment."""


def nothing(_: Moment) -> Trouble | None:
    """Let nothing go wrong."""
    return None


def possible(moment: Moment) -> list[Trouble]:
    """Return every trouble that can strike at *moment*, each kind once."""
    everywhere: list[Trouble] = [Signal(), ClockSet(7200.0), ClockSet(-7200.0)]
    match moment.place:
        case Place.REQUEST:
            deaths: list[Trouble] = [
                Death(When.BEFORE),
                Death(When.AFTER),
                Death(When.AFTER, Loss.ALL),
                Death(When.AFTER, older=True),
            ]
            faults: list[Trouble] = [NetworkFault(name, SECONDS_LATE) for name in moment.faults]
            return [*faults, Unreachable(), TokenExpired(), *deaths, *everywhere]
        case Place.DISK:
            cuts: list[Trouble] = [Death(When.TORN, loss) for loss in Loss if loss is not Loss.NOTHING]
            processes: list[Trouble] = [Death(when) for when in When]
            return [*processes, *cuts, Death(When.AFTER, Loss.ALL), WriteFails(), WriteFails(full=True)]
        case Place.REMOTE:
            return [
                Death(When.BEFORE),
                Death(When.AFTER),
                *(RemoteFails(how) for how in moment.faults),
                Signal(),
            ]
