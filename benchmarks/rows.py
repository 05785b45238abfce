"""What one line of the table is: a figure, the goal it is held against, and how it is measured.

A module of benchmarks has a constant ``ROWS``; ``benchmarks/__main__.py`` lists the modules. Several rows may
share a name (time and memory of one thing) and what was measured: by a function of the ``Setting`` under
``functools.cache``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

PAIRS_MIN = 5
"""The fewest pairs a median is taken of; a row that takes fewer says why in its note."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Ours and the other side, measured one right after the other; both in the same unit.

    A figure that is not a ratio (seconds, MB) has 1.0 as its other side.
    """

    ours: float
    other: float = 1.0

    @property
    def ratio(self) -> float:
        """How many times the other side ours is."""
        return self.ours / self.other


@dataclass(frozen=True, slots=True)
class Measured:
    """The pairs of one row, in the order they were measured; *note* is what a reader should know of them."""

    samples: tuple[Sample, ...]
    note: str = ""

    @property
    def figure(self) -> float:
        """The median of the ratios of the pairs."""
        return median(sample.ratio for sample in self.samples)

    @property
    def spread(self) -> tuple[float, float]:
        """The smallest and the largest ratio of a pair."""
        ratios = [sample.ratio for sample in self.samples]
        return min(ratios), max(ratios)


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """The other side is not on this machine; *why* says how to get it."""

    why: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What a measurement is given. One for a whole run of the table."""

    folder: Path
    """An empty folder of its own; what is made there (a corpus) is there for later rows too."""
    pairs: int = PAIRS_MIN
    """How many pairs to measure."""
    shrink: int = 1
    """By what sizes are divided; more than 1 only where the harness is tried out, not the speed."""

    def size(self, count: int) -> int:
        """Return the number of posts (or what else is counted) to take for *count*."""
        return max(count // self.shrink, 1)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. The figure should be at most *goal*, and better at most *stretch*."""

    name: str
    """As in the table of goals: ``P1``."""
    what: str
    """What is measured against what, in a few words of Markdown."""
    goal: float | None
    """None: the figure is only shown."""
    stretch: float | None
    measure: Callable[[Setting], Measured | Unmeasured]
    unit: str = "×"
    """``×`` for a ratio, else ``s`` or ``MB``."""
    tried: str = ""
    """What was tried where the goal is not reached."""
