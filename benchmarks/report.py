"""What was measured, as text, as a page in Markdown and as a small chart."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from benchmarks.rows import Measured, Row, Unmeasured

CHART = "performance.svg"
WIDTH, LINE, LEFT, GOAL_AT, RIGHT = 760, 24, 340, 500, 600
"""Of the chart, in pixels: its width, a bar's height with its gap; where bars begin, goals are, bars end."""

_HEAD = """\
# Performance

What threadsync costs, each figure beside what it is held against. `make bench` measures it anew and writes
this page. Both sides of a ratio run in the same minutes, in turns, at least 5 times unless said otherwise;
the figure is the median of the ratios of the pairs, the spread the smallest and the largest of them. No test
depends on a clock: the tests count calls, files and modules instead.

Measured on {machine}.

![Every figure as a part of its goal]({chart})

| | what | goal | stretch | figure | spread | |
|---|---|---|---|---|---|---|
"""
_STYLE = """\
<style>
.paper { fill: #ffffff } text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.met { fill: #1a7f37 } .not { fill: #bc4c00 } .goal { stroke: #1f2328; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
.paper { fill: #0d1117 } text { fill: #e6edf3 }
.met { fill: #3fb950 } .not { fill: #f0883e } .goal { stroke: #e6edf3 }
}
</style>"""


@dataclass(frozen=True, slots=True)
class Result:
    """A row and what became of it."""

    row: Row
    found: Measured | Unmeasured

    @property
    def is_met(self) -> bool:
        """Whether the figure is as good as the goal; a figure without a goal is as good as any."""
        goal = self.row.goal
        return isinstance(self.found, Measured) and (goal is None or self.found.figure <= goal)

    @property
    def verdict(self) -> str:
        """One or two words."""
        if isinstance(self.found, Unmeasured):
            return "not measured"
        if self.row.goal is None:
            return "shown"
        if self.row.stretch is not None and self.found.figure <= self.row.stretch:
            return "met, stretch too"
        return "met" if self.is_met else "not reached"

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells of its line: name, what, goal, stretch, figure, spread, verdict."""
        row, unit = self.row, self.row.unit
        goal, stretch = (_said(value, unit) if value is not None else "" for value in (row.goal, row.stretch))
        figure = spread = ""
        if isinstance(self.found, Measured):
            low, high = self.found.spread
            figure, spread = _said(self.found.figure, unit), f"{_number(low)} to {_number(high)}"
        return row.name, row.what, goal and f"≤ {goal}", stretch, figure, spread, self.verdict


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 else f"{value:.2f}"


def _said(value: float, unit: str) -> str:
    return f"{_number(value)} {unit}"


def machine() -> str:
    """Return what of this machine matters to the figures, and nothing that names it."""
    system = f"{platform.system()} {platform.release().partition('-')[0]}, {platform.machine()}"
    return f"{os.cpu_count()} cores, {platform.python_implementation()} {platform.python_version()}, {system}"


def line(result: Result) -> str:
    """Return *result* as a line for a terminal, with what a reader should know in a second one."""
    name, what, goal, stretch, figure, spread, verdict = result.cells
    better = f" (stretch {stretch})" if stretch else ""
    first = (
        f"{name:<3} {verdict:<16} {figure:>9}  goal {goal}{better}  spread {spread}"
        if figure
        else (f"{name:<3} {verdict}")
    )
    return "\n".join((first, f"    {what}", *([f"    {note}"] if (note := _note(result)) else [])))


def _note(result: Result) -> str:
    return result.found.why if isinstance(result.found, Unmeasured) else result.found.note


def markdown(results: Sequence[Result], chart: str) -> str:
    """Return the page; *chart* is where the picture is, from the page."""
    lines = ["| " + " | ".join(result.cells) + " |" for result in results]
    page = _HEAD.format(machine=machine(), chart=chart) + "\n".join(lines) + "\n"
    notes = [
        f"* {result.row.name}, {result.row.what}: {note}" for result in results if (note := _note(result))
    ]
    if notes:
        page += "\n## Notes\n\n" + "\n".join(notes) + "\n"
    missed = [result for result in results if isinstance(result.found, Measured) and not result.is_met]
    if missed:
        tried = [
            f"* {result.row.name}, {result.row.what}: {result.row.tried or 'nothing yet.'}"
            for result in missed
        ]
        page += "\n## Not reached, and what was tried\n\n" + "\n".join(tried) + "\n"
    return page


def svg(results: Sequence[Result]) -> str:
    """Return a chart of the figures that have a goal: a bar each, as long as the part of the goal it is."""
    shown = [result for result in results if isinstance(result.found, Measured) and result.row.goal]
    height = LINE * (len(shown) + 2)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        "<title>Every figure as a part of its goal; shorter is better</title>",
        _STYLE,
        f'<rect class="paper" width="{WIDTH}" height="{height}" rx="6"/>',
        f'<text x="{GOAL_AT}" y="{LINE - 8}" text-anchor="middle">goal</text>',
    ]
    for number, result in enumerate(shown, start=1):
        assert isinstance(result.found, Measured)
        assert result.row.goal is not None
        top = LINE * number
        long = min((GOAL_AT - LEFT) * result.found.figure / result.row.goal, RIGHT - LEFT)
        kind = "met" if result.is_met else "not"
        figure, goal = _said(result.found.figure, result.row.unit), _said(result.row.goal, result.row.unit)
        what = result.row.what.partition(" : ")[0].replace("`", "")
        parts += [
            f'<text x="{LEFT - 8}" y="{top + 14}" text-anchor="end">{result.row.name} {escape(what)}</text>',
            f'<rect class="{kind}" x="{LEFT}" y="{top + 4}" width="{long:.1f}" height="{LINE - 8}" rx="2"/>',
            f'<text x="{RIGHT + 10}" y="{top + 14}">{figure} of {goal}</text>',
        ]
    parts += [
        f'<line class="goal" x1="{GOAL_AT}" y1="{LINE - 4}" x2="{GOAL_AT}" y2="{LINE * (len(shown) + 1)}"/>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"
