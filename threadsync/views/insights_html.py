"""What readers made of publications, as a page of its own: charts, and the table beside each.

The page is one file. It asks no network for anything (its own policy makes the browser see to that), runs no
script, and reads well without its charts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from msgspec import Struct

from threadsync.content.escape import printable
from threadsync.model.insights import Insights, PublicationInsights, TargetInsights, Untold, week_name
from threadsync.views.insights_text import (
    median_text,
    name_of,
    number_text,
    reasons,
    totals_text,
    trend_text,
    unknown_text,
)
from threadsync.views.moments import local, zone_told
from threadsync.views.moments import told as told_time

SLOTS_MIN = 8
"""So many weeks a chart has room for at least: one week alone is no wall."""
SLOT_UNITS = 12
"""The width of a week in a chart, whose height is 100; a bar is ``BAR_UNITS`` wide."""
BAR_UNITS = 9
LINE_UNITS = 60
"""The width of the small line of a publication; its height is a third of it."""


class Bar(Struct, frozen=True):
    """One bar: *left* and *height* in units of the chart, and what it says of itself."""

    left: float
    height: float
    title: str


class Chart(Struct, frozen=True):
    """Bars over weeks."""

    id: str
    title: str
    described: str
    width: float
    bars: tuple[Bar, ...]
    first: str
    last: str
    highest: str


class Row(Struct, frozen=True):
    """A publication in the table."""

    name: str
    href: str
    published: str
    numbers: tuple[str, ...]
    trend: str
    share: float
    """Of the length of a whole bar, in percent."""
    line: str
    """The points of its line over time, in SVG's words; empty with fewer than two looks."""
    line_title: str
    unknown: str


class Week(Struct, frozen=True):
    """A week in the table."""

    name: str
    published: int
    numbers: tuple[str, ...]
    gained: str


class Section(Struct, frozen=True):
    """One target."""

    id: str
    target: str
    metrics: tuple[str, ...]
    totals: str
    median: str
    median_share: float
    problem: str
    remedy: str
    reasons: tuple[str, ...]
    charts: tuple[Chart, ...]
    weeks: tuple[Week, ...]
    rows: tuple[Row, ...]


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("threadsync.views"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def insights_html(told: Insights) -> str:
    """Return the page, in ASCII: whatever encoding standard output has, it reads the same."""
    page = _templates().get_template("insights.html")
    text = page.render(
        at=told_time(told.at, told.zone),
        since=told_time(told.since, told.zone),
        offline=told.offline,
        zone=zone_told(told.zone),
        unkept=printable(f"{told.unkept} {told.remedy}") if told.unkept else "",
        bar_width=BAR_UNITS,
        sections=[_section(each, number, told.zone) for number, each in enumerate(told.targets)],
    )
    return text.encode("ascii", "xmlcharrefreplace").decode()


def _section(target: TargetInsights, number: int, zone: str | None) -> Section:
    first = target.metrics[0] if target.metrics else ""
    highest = max((each.counts.get(first, 0) for each in target.publications), default=0)
    return Section(
        f"t{number}",
        printable(target.target),
        target.metrics,
        totals_text(target) if target.metrics else "",
        median_text(target) if target.metrics else "",
        _share(target.median, highest),
        printable(target.problem),
        printable(target.remedy),
        tuple(map(printable, reasons(target))),
        tuple(_charts(target, f"t{number}")) if target.publications else (),
        tuple(
            Week(
                week_name(each.week),
                each.published.publications,
                tuple(
                    number_text(each.published.counts.get(name)) if each.published.publications else ""
                    for name in target.metrics
                ),
                number_text(each.gained.get(first)),
            )
            for each in reversed(target.weeks)
        ),
        tuple(_row(each, target.metrics, highest, zone) for each in target.publications),
    )


def _row(each: PublicationInsights, metrics: tuple[str, ...], highest: int, zone: str | None) -> Row:
    permalink = each.subject.permalink
    values = [point.counts[metrics[0]] for point in each.history if metrics[0] in point.counts]
    weeks = f"{metrics[0]} over {len(values)} weeks: {', '.join(map(number_text, values))}"
    return Row(
        printable(name_of(each)),
        permalink if permalink.startswith(("https://", "http://")) else "",
        local(each.subject.published_at, zone),
        tuple(number_text(each.counts.get(name)) for name in metrics),
        trend_text(each) if each.untold is not Untold.FEW else "",
        _share(each.counts.get(metrics[0]), highest),
        _line(values) if len(values) > 1 else "",
        weeks,
        printable(unknown_text(each)),
    )


def _charts(target: TargetInsights, id_: str) -> list[Chart]:
    first = target.metrics[0]
    titled = first.capitalize()
    published = {each.week: each.published.counts.get(first) for each in target.weeks}
    gained = {each.week: each.gained.get(first) for each in target.weeks}
    found = [_chart(f"{id_}-p", f"{titled} of what was published in the week", published)]
    if any(number is not None for number in gained.values()):
        found.append(_chart(f"{id_}-g", f"{titled} gained in the week", gained))
    return found


def _chart(id_: str, title: str, numbers: Mapping[date, int | None]) -> Chart:
    """Return bars for *numbers*, week after week; nothing is drawn for 0 and for what is unknown."""
    last = max(numbers)
    slots = max(len(numbers), SLOTS_MIN)
    weeks = [last - timedelta(weeks=before) for before in reversed(range(slots))]
    known = {week: number for week, number in numbers.items() if number is not None and number > 0}
    highest = max(known.values(), default=0)
    described = "; ".join(f"{week_name(week)}: {number:,}" for week, number in known.items())
    return Chart(
        id_,
        title,
        described or "nothing to show",
        slots * SLOT_UNITS,
        tuple(
            Bar(
                place * SLOT_UNITS + (SLOT_UNITS - BAR_UNITS) / 2,
                _share(known[week], highest),
                f"{week_name(week)}: {known[week]:,}",
            )
            for place, week in enumerate(weeks)
            if week in known
        ),
        week_name(weeks[0]),
        week_name(last),
        number_text(highest),
    )


def _share(number: float | None, highest: int) -> float:
    return round(max(0.0, 100 * number / highest), 1) if number and highest > 0 else 0.0


def _line(values: list[int]) -> str:
    """Return the points of a line from the left to the right, the highest value at the top."""
    low, high, height = min(values), max(values), LINE_UNITS / 3
    step = LINE_UNITS / (len(values) - 1)
    return " ".join(
        f"{round(place * step, 1):g},{round(height - height * (value - low) / ((high - low) or 1), 1):g}"
        for place, value in enumerate(values)
    )
