"""A report as text: what became of every action, and where it can be seen now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from threadsync.execution.breaker import Pause
from threadsync.execution.report import ActionReport, Became, Report
from threadsync.model.ids import TargetName
from threadsync.planning.actions import Blocked, Create, Extend, Replace
from threadsync.views.findings_text import add_error
from threadsync.views.moments import told
from threadsync.views.page import Page, Style
from threadsync.views.seen import Detail
from threadsync.views.words import many

INDENT = 4

_STYLES = {
    Became.APPLIED: Style.GOOD,
    Became.REFUSED: Style.BAD,
    Became.UNCERTAIN: Style.CHANGE,
    Became.INTERRUPTED: Style.CHANGE,
    Became.NOT_TRIED: Style.FAINT,
}
_COLUMN = max(len(each.value) for each in Became) + 1


def report_text(
    report: Report, *, width: int, color: bool, zone: str | None, detail: Detail = Detail.NORMAL
) -> str:
    """Return *report* as text, *width* columns wide; with QUIET what was applied is only counted.

    Why a pause held an action back, and when it could go on, is said once for the pause.
    """
    page = Page(width, color=color)
    held = {pause.why for pause in report.pauses}
    for each in report.actions:
        if detail > Detail.QUIET or each.became is not Became.APPLIED:
            _add(page, each, told_below=each.why in held)
    for pause in report.pauses:
        page.blank()
        _add_pause(page, pause, report.remaining(pause.target), zone)
    for target in sorted({each.address.target for each in report.held}):
        page.blank()
        _add_held(page, target, [each for each in report.held if each.address.target == target], zone)
    page.blank()
    page.add(report_sum(report), style=Style.STRONG)
    if report.failure is not None:
        add_error(page, report.failure)
    elif not report.complete:
        page.add("Run threadsync apply again: it goes on where this run ended.")
    return page.text()


def _add(page: Page, each: ActionReport, *, told_below: bool) -> None:
    action = each.action
    page.add(
        f"{each.became:<{_COLUMN}}{action.sign} {action.word}  {action.address}",
        hang=INDENT,
        style=_STYLES[each.became],
    )
    if told_below:
        return
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


def _add_pause(page: Page, pause: Pause, remaining: int, zone: str | None) -> None:
    page.add(f"{'paused':<{_COLUMN}}{pause.target}  {pause.how}", hang=INDENT, style=Style.CHANGE)
    page.add(pause.fault.problem, indent=INDENT)
    page.add(f"{many(remaining, 'action')} not done there", indent=INDENT)
    page.add(f"can go on: {_goes_on(pause, zone)}", indent=INDENT, hang=2)
    page.add(f"What to do: {pause.fault.remedy}", indent=INDENT, hang=2)


def _add_held(page: Page, target: TargetName, held: Sequence[Blocked], zone: str | None) -> None:
    """Say what was stopped before a limit; what fits was done."""
    for allowance in sorted({each.allowance for each in held}):
        own = [each for each in held if each.allowance == allowance]
        page.add(
            f"{'stopped':<{_COLUMN}}{target}  before the limit of {allowance}",
            hang=INDENT,
            style=Style.CHANGE,
        )
        names = ", ".join(str(each.address) for each in own)
        page.add(f"{many(len(own), 'action')} not begun: {names}", indent=INDENT, hang=2)
        for each in own[:1]:
            page.add(each.problem, indent=INDENT, hang=2)
        times = [each.goes_on_at for each in own if each.goes_on_at is not None]
        when = f"goes on at {told(min(times), zone)} at the latest" if times else own[0].remedy
        page.add(when, indent=INDENT, hang=2)


def _goes_on(pause: Pause, zone: str | None) -> str:
    if pause.needs_person:
        return "not by itself, somebody must act first"
    at = pause.goes_on_at
    return f"{told(at, zone)} at the latest" if at is not None else "with the next run"


def report_sum(report: Report) -> str:
    """Return the sum of a report in one sentence."""
    counts = Counter(each.became for each in report.actions)
    said = ", ".join(f"{counts[word]} {word.replace('-', ' ')}" for word in Became if counts[word])
    stopped = "Stopped. " if report.stopped else ""
    return f"{stopped}Done: {said}." if report.complete else f"{stopped}Not all was done: {said}."
