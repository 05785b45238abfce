"""What readers made of publications, as text: a table for each target, and one of its weeks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import assert_never

from threadsync.content.escape import printable
from threadsync.model.insights import (
    AGE_MIN,
    COMPARED,
    COMPARED_MIN,
    Insights,
    PublicationInsights,
    TargetInsights,
    Untold,
    week_name,
)
from threadsync.views.moments import told as told_time
from threadsync.views.page import Page, Style
from threadsync.views.seen import Detail
from threadsync.views.width import cells
from threadsync.views.words import many

INDENT = 4
GAP = 2
HOUR = timedelta(hours=1)
UNKNOWN = "?"
"""Stands where a number is not known."""


def insights_text(told: Insights, *, width: int, color: bool, detail: Detail = Detail.NORMAL) -> str:
    """Return every target; with QUIET its totals alone, with VERBOSE the times of each publication too."""
    page = Page(width, color=color)
    for target in told.targets:
        page.blank()
        _add_target(page, target, told, width=width, detail=detail)
    if not told.targets:
        page.add("Nothing is published yet.")
    if told.unkept:
        page.blank()
        page.add(f"Not kept: {told.unkept}", hang=INDENT, style=Style.BAD)
        page.add(f"What to do: {told.remedy}", indent=INDENT, hang=2)
    return page.text()


def number_text(number: int | None) -> str:
    """Return ``12,345``; None is unknown."""
    return UNKNOWN if number is None else f"{number:,}"


def trend_text(told: PublicationInsights) -> str:
    """Return ``×1.5``, or why there is none."""
    match told.untold:
        case Untold.NONE:
            assert told.trend is not None, "that is what the word says"
            return f"×{told.trend:.{_decimals(told.trend)}f}"
        case Untold.YOUNG:
            return "new"
        case Untold.FEW:
            return "-"
        case Untold.UNCOUNTED:
            return UNKNOWN
        case _:
            assert_never(told.untold)


def _decimals(trend: float) -> int:
    """Return after how many decimals a trend says no more: ``×0.03``, ``×1.5``, ``×120``."""
    return 2 if trend < 0.1 else 1 if trend < 100 else 0


def unknown_text(told: PublicationInsights) -> str:
    """Return why numbers of a publication are not known, or not known anew; empty where they are."""
    subject, word = told.subject, "not read anew" if told.counts else "unknown"
    if subject.scope:
        return f"{word}, scope {subject.scope}"
    if subject.unknown:
        return f"{word} ({subject.unknown})"
    return "" if told.counts else "unknown (it was not looked at yet)"


def median_text(target: TargetInsights) -> str:
    """Return what the trend is measured by, or why there is none."""
    which = f"of the last {COMPARED.days} days that were {AGE_MIN // HOUR} h old when looked at"
    if target.median is None:
        return f"No trend yet: it takes {COMPARED_MIN} publications {which}, and there are {target.compared}."
    return (
        f"Trend: {target.metrics[0]} as a multiple of the median, {target.median:,.0f}, of the "
        f"{many(target.compared, 'publication')} {which}."
    )


def totals_text(target: TargetInsights) -> str:
    """Return the sums in a sentence."""
    totals = target.totals
    said = ", ".join(f"{name} {number_text(totals.counts.get(name))}" for name in target.metrics)
    missing = totals.publications - totals.counted
    without = f" ({missing} of them unknown)" if missing and totals.counted else ""
    return f"{many(totals.publications, 'publication')}{without}: {said if totals.counted else 'unknown'}"


def reasons(target: TargetInsights) -> list[str]:
    """Return why numbers are not known, each reason with how many publications it keeps back."""
    found = Counter(unknown_text(each) for each in target.publications)
    return [f"{reason}: {many(number, 'publication')}" for reason, number in found.items() if reason]


def name_of(told: PublicationInsights) -> str:
    """Return what a publication is called among those of its target."""
    return told.address.key if told.subject.bound else f"{told.address.key} (no longer followed)"


def _add_target(page: Page, target: TargetInsights, told: Insights, *, width: int, detail: Detail) -> None:
    page.add(target.target, style=Style.STRONG)
    if not target.metrics:
        page.add("Its network offers no numbers.", indent=INDENT)
        return
    if target.problem:
        page.add(f"Not read: {target.problem}", indent=INDENT, hang=2, style=Style.BAD)
        if target.remedy:
            page.add(f"What to do: {target.remedy}", indent=INDENT, hang=2)
    if not target.publications:
        page.add(f"Nothing published since {told_time(told.since, told.zone)}.", indent=INDENT)
        return
    if detail > Detail.QUIET:
        _add_publications(page, target, told, width=width, detail=detail)
        _add_weeks(page, target, width=width)
    page.add(totals_text(target), indent=INDENT, hang=2)
    for reason in reasons(target):
        page.add(reason, indent=INDENT, hang=2, style=Style.CHANGE)
    if detail > Detail.QUIET:
        page.add(median_text(target), indent=INDENT, hang=2)
        page.blank()


def _add_publications(
    page: Page, target: TargetInsights, told: Insights, *, width: int, detail: Detail
) -> None:
    head = ["publication", *target.metrics, "trend"]
    rows = [
        [
            printable(name_of(each)),
            *(number_text(each.counts.get(name)) for name in target.metrics),
            trend_text(each),
        ]
        for each in target.publications
    ]
    lines = _grid(head, rows, width - INDENT)
    page.add(lines[0], indent=INDENT, style=Style.FAINT)
    for each, line in zip(target.publications, lines[1:], strict=True):
        page.add(line, indent=INDENT)
        if detail is Detail.VERBOSE:
            said = [f"published {told_time(each.subject.published_at, told.zone)}"]
            said += [f"looked at {told_time(each.looked_at, told.zone)}"] if each.looked_at else []
            said += [each.subject.permalink] if each.subject.permalink else []
            for sentence in said:
                page.add(sentence, indent=INDENT + 2, hang=2, style=Style.FAINT)
    page.blank()


def _add_weeks(page: Page, target: TargetInsights, *, width: int) -> None:
    head = ["week", "published", *target.metrics, "gained"]
    rows = [
        [
            week_name(each.week),
            str(each.published.publications),
            *(_sum(each.published.publications, each.published.counts.get(name)) for name in target.metrics),
            _gained(each.gained.get(target.metrics[0])),
        ]
        for each in reversed(target.weeks)
        if each.published.publications or each.gained
    ]
    first, *lines = _grid(head, rows, width - INDENT)
    page.add(first, indent=INDENT, style=Style.FAINT)
    for line in lines:
        page.add(line, indent=INDENT)
    page.add(f"gained: {target.metrics[0]} that came in that week, whenever published.", indent=INDENT)
    page.blank()


def _sum(publications: int, number: int | None) -> str:
    return number_text(number) if publications else ""


def _gained(number: int | None) -> str:
    return UNKNOWN if number is None else f"{number:+,}"


def _grid(head: Sequence[str], rows: Iterable[Sequence[str]], width: int) -> list[str]:
    """Return lines with the first column to the left and the others to the right, *head* first.

    A name that is too long for its column has a row of its own; so has each, where the numbers need several.
    """
    every = [head, *rows]
    columns = [GAP + max(cells(row[place]) for row in every) for place in range(1, len(head))]
    groups = _groups(columns, width)
    longest = max(cells(row[0]) for row in every)
    room = min(longest, width - sum(columns)) if len(groups) == 1 else 0
    return [_line(row, room, groups) for row in every]


def _groups(columns: Sequence[int], width: int) -> list[list[int]]:
    """Part columns of these widths into as few rows as they need."""
    groups: list[list[int]] = [[]]
    for column in columns:
        if groups[-1] and sum(groups[-1]) + column > width:
            groups.append([])
        groups[-1].append(column)
    return groups


def _line(row: Sequence[str], room: int, groups: Sequence[Sequence[int]]) -> str:
    numbers = iter(row[1:])
    parts = ["".join(f"{next(numbers):>{column}}" for column in group) for group in groups]
    used = cells(row[0])
    if used <= room:
        return f"{row[0]}{' ' * (room - used)}{parts[0]}"
    return "\n".join([row[0], *(f"{' ' * room}{part}" for part in parts)])
