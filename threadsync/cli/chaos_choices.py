"""Which run of apply is struck down, when and with what: decided by the seed and the run's place alone."""

from __future__ import annotations

import random
import signal
import sys
from enum import StrEnum
from typing import Final, TypeAlias

from msgspec import Struct

STRIKES_MAX = 5
"""How many runs of one chapter are struck at random; the next one is left alone."""
REQUESTS_MAX = 20
SECONDS_RANGE = (0.2, 1.2)
"""How late a strike at random comes: Python needs the first part of a second to start."""

if sys.platform == "win32":
    KILL: Final = signal.SIGTERM
    """Ends a process at once: there it is TerminateProcess, and nothing hears of it."""
    _ASKING = (signal.CTRL_BREAK_EVENT,)
else:
    KILL: Final = signal.SIGKILL
    """Ends a process at once."""
    _ASKING = (signal.SIGTERM, signal.SIGINT)

_SIGNALS = (KILL, *_ASKING)
_WEIGHTS = (6, *(1 for _ in _ASKING))


class Kill(StrEnum):
    """When runs are struck down."""

    RANDOM = "random"
    JOURNAL = "journal"
    NONE = "none"


class AfterRequests(Struct, frozen=True):
    """Once the network has answered so many of the run's requests."""

    requests: int


class AfterSeconds(Struct, frozen=True):
    """So many seconds after the start, wherever that is."""

    seconds: float


class AtRecord(Struct, frozen=True):
    """As soon as the run's own journal holds so many records."""

    records: int


Moment: TypeAlias = AfterRequests | AfterSeconds | AtRecord


class Strike(Struct, frozen=True):
    """A signal, and when it is sent."""

    moment: Moment
    signal: signal.Signals = KILL


def choose(kill: Kill, *, seed: int, place: str, run: int) -> Strike | None:
    """Return how run number *run* (from 1) at *place* is struck; None leaves it alone.

    ``journal`` waits for one record more each time, so the last run is one that nothing reaches any
    more. Equal arguments have equal answers, whatever happened in between.
    """
    if kill is Kill.JOURNAL:
        return Strike(AtRecord(run))
    if kill is Kill.NONE or run > STRIKES_MAX:
        return None
    draw = random.Random(f"{seed}/{place}/{run}")  # noqa: S311  (chance that can be repeated, no secret)
    (number,) = draw.choices(_SIGNALS, _WEIGHTS)
    if draw.random() < 0.7:
        return Strike(AfterRequests(draw.randint(1, REQUESTS_MAX)), number)
    return Strike(AfterSeconds(draw.uniform(*SECONDS_RANGE)), number)
