"""What ``apply`` needs around the operation: showing, asking, progress, signals, the last words."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import click

from threadsync.cli._exit import Exit
from threadsync.cli._options import asked
from threadsync.cli._person import AtTerminal
from threadsync.cli._progress import Lines, Progress, Silent, Table
from threadsync.cli._signals import Signals
from threadsync.cli._terminal import detail, error_output, is_attended, note, output, say
from threadsync.content.escape import printable
from threadsync.operations.apply import AppliedPlan, ApplyOptions, apply
from threadsync.operations.forge_place import seen_here
from threadsync.operations.status import overdue, status
from threadsync.planning.actions import Delete, NoOp
from threadsync.views.json import applied_json, as_text
from threadsync.views.markdown import plan_markdown, report_markdown
from threadsync.views.plan_text import plan_text
from threadsync.views.report_text import report_text
from threadsync.views.seen import Detail

if TYPE_CHECKING:
    from threadsync.execution.report import Report
    from threadsync.operations.applied import CarriesOut
    from threadsync.operations.plan import Prepared
    from threadsync.operations.workspace import Workspace
    from threadsync.views.markdown_actions import PictureUrl


def run(
    workspace: Workspace,
    options: ApplyOptions,
    fail_on: Collection[str] = (),
    max_chars: int | None = None,
    *,
    carry_out: CarriesOut = apply,
) -> Exit:
    """Apply (or what *carry_out* does), tell how it goes and what became of it, and return the exit status.

    With *fail_on* a run that did all it could ends as failed where something is ``blocked``, waits for a
    yes (``ask``), or should be live by now and is not (``overdue``). As Markdown, plan and report have
    at most *max_chars* characters each.
    """
    progress = _progress()
    with Signals() as signals:
        person = None
        if is_attended() and not options.yes:
            now, zone = workspace.clock.now(), workspace.project.zone
            person = AtTerminal(error_output(), progress, signals, now=now, zone=zone)
        seen = partial(seen_here, os.environ, workspace.project.root)
        try:
            applied = carry_out(
                workspace,
                options,
                person=person,
                show=lambda prepared: _show(prepared, progress, seen, max_chars, attended=person is not None),
                watcher=progress,
                on_started=signals.started,
            )
        finally:
            progress.pause()
        _tell(applied, max_chars)
        status = status_of(applied, signalled=signals.came)
        if status is Exit.DONE and not _are_down(options, applied):
            return Exit.PARTLY if applied.report is not None else Exit.FAILED
        if status is Exit.DONE and _is_left(workspace, options, applied, fail_on):
            return Exit.FAILED
        return status


def _are_down(options: ApplyOptions, applied: AppliedPlan) -> bool:
    """Whether all is down that was to be taken down."""
    return not options.withdraw or all(
        isinstance(action, Delete | NoOp) for action in applied.prepared.plan.actions
    )


def _is_left(
    workspace: Workspace, options: ApplyOptions, applied: AppliedPlan, fail_on: Collection[str]
) -> bool:
    """Say on standard error what of *fail_on* there is, and return whether there is any."""
    said: list[str] = []
    if "blocked" in fail_on and applied.blocked:
        said.append(f"blocked: {', '.join(map(str, applied.blocked))}")
    if "ask" in fail_on and applied.asks:
        said.append(f"waits for a yes: {', '.join(map(str, applied.asks))}")
    if "overdue" in fail_on:
        rows = overdue(status(workspace, options.asked.selectors).rows, workspace.clock.now(), timedelta(0))
        said += [f"overdue: {', '.join(str(row.address) for row in rows)}"] if rows else []
    for line in said:
        note(printable(f"Left: {line}."))
    return bool(said)


def status_of(applied: AppliedPlan, *, signalled: bool) -> Exit:
    """Return the exit status; a run that a signal ended is never simply done (law 16)."""
    report = applied.report
    if applied.declined or (report is None and signalled):
        return Exit.FAILED
    if applied.uncertain:
        return Exit.PARTLY
    if report is None:
        return Exit.FAILED if applied.unreadable else Exit.DONE
    if report.complete:
        hindered = signalled or applied.unreadable or report.failure is not None
        return Exit.PARTLY if hindered else Exit.DONE
    return Exit.FAILED if report.failed else Exit.PARTLY


def _progress() -> Progress:
    if asked().quiet:
        return Silent()
    if sys.stderr.isatty():
        return Table(sys.stderr, color=error_output().color)
    return Lines(note)


def _show(
    prepared: Prepared,
    progress: Progress,
    seen: Callable[[], PictureUrl],
    max_chars: int | None,
    *,
    attended: bool,
) -> None:
    """Show the plan: on standard output, or beside the question where that is to hold JSON."""
    progress.pause()
    wanted = asked().format
    if wanted == "json" and not attended:
        return
    if wanted == "markdown" and not attended:
        say(plan_markdown(prepared, seen=seen(), chars_max=max_chars))
        return
    apart = wanted != "text"
    terminal = error_output() if apart else output()
    text = plan_text(prepared, width=terminal.width, color=terminal.color, detail=detail())
    if apart:
        click.echo(text, nl=False, err=True, color=True)
    else:
        say(text)


def _tell(applied: AppliedPlan, max_chars: int | None) -> None:
    if asked().format == "json":
        say(as_text(applied_json(applied)))
    elif applied.report is not None and asked().format == "markdown":
        page = report_markdown(applied.report, zone=applied.prepared.zone, chars_max=max_chars)
        say(f"\n{page}")
    elif applied.report is not None:
        _tell_report(applied.report, zone=applied.prepared.zone)
    elif applied.declined:
        note("Nothing was done.")


def _tell_report(report: Report, *, zone: str | None) -> None:
    terminal = output()
    said = detail()
    between = "" if said is Detail.QUIET and report.complete else "\n"
    text = report_text(report, width=terminal.width, color=terminal.color, zone=zone, detail=said)
    say(between + text)
