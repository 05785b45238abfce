"""A report as text: what became of every action, and where it can be seen now."""

from __future__ import annotations

from collections import Counter

from threadsync.execution.report import ActionReport, Became, Report
from threadsync.planning.actions import Create, Extend, Replace
from threadsync.views.page import Page, Style
from threadsync.views.seen import Detail

INDENT = 4

_STYLES = {
    Became.APPLIED: Style.GOOD,
    Became.REFUSED: Style.BAD,
    Became.UNCERTAIN: Style.CHANGE,
    Became.INTERRUPTED: Style.CHANGE,
    Became.NOT_TRIED: Style.FAINT,
}
_COLUMN = max(len(each.value) for each in Became) + 1


def report_text(report: Report, *, width: int, color: bool, detail: Detail = Detail.NORMAL) -> str:
    """Return *report* as text, *width* columns wide; with QUIET what was applied is only counted."""
    page = Page(width, color=color)
    for each in report.actions:
        if detail > Detail.QUIET or each.became is not Became.APPLIED:
            _add(page, each)
    page.blank()
    page.add(_sum(report), style=Style.STRONG)
    if not report.complete:
        page.add("Run threadsync apply again: it goes on where this run ended.")
    return page.text()


def _add(page: Page, each: ActionReport) -> None:
    action = each.action
    page.add(
        f"{each.became:<{_COLUMN}}{action.sign} {action.word}  {action.address}",
        hang=INDENT,
        style=_STYLES[each.became],
    )
    if each.why:
        page.add(each.why, indent=INDENT)
    if each.candidates:
        page.add(f"it may be: {', '.join(each.candidates)}", indent=INDENT, hang=2)
    if each.remedy:
        page.add(f"What to do: {each.remedy}", indent=INDENT, hang=2)
    if each.became is Became.APPLIED:
        for permalink in each.permalinks:
            page.add(permalink, indent=INDENT)
        if isinstance(action, Create | Extend | Replace) and not each.permalinks:
            page.add("no permalink: the network named none", indent=INDENT)


def _sum(report: Report) -> str:
    counts = Counter(each.became for each in report.actions)
    said = ", ".join(f"{counts[word]} {word.replace('-', ' ')}" for word in Became if counts[word])
    stopped = "Stopped. " if report.stopped else ""
    return f"{stopped}Done: {said}." if report.complete else f"{stopped}Not all was done: {said}."
