"""What ``apply`` needs around the operation: showing, asking, progress, signals, the last words."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from threadsync.cli._exit import Exit
from threadsync.cli._options import asked
from threadsync.cli._person import AtTerminal
from threadsync.cli._progress import Lines, Progress, Silent, Table
from threadsync.cli._signals import Signals
from threadsync.cli._terminal import detail, error_output, is_attended, note, output, say
from threadsync.operations.apply import AppliedPlan, ApplyOptions
from threadsync.operations.apply import apply as carry_out
from threadsync.views.json import applied_json, as_text
from threadsync.views.plan_text import plan_text
from threadsync.views.report_text import report_text
from threadsync.views.seen import Detail

if TYPE_CHECKING:
    from threadsync.execution.report import Report
    from threadsync.operations.plan import Prepared
    from threadsync.operations.workspace import Workspace


def run(workspace: Workspace, options: ApplyOptions) -> Exit:
    """Apply, tell how it goes and what became of it, and return the exit status."""
    progress = _progress()
    with Signals() as signals:
        person = None
        if is_attended() and not options.yes:
            now, zone = workspace.clock.now(), workspace.project.zone
            person = AtTerminal(error_output(), progress, signals, now=now, zone=zone)
        try:
            applied = carry_out(
                workspace,
                options,
                person=person,
                show=lambda prepared: _show(prepared, progress, attended=person is not None),
                watcher=progress,
                on_started=signals.started,
            )
        finally:
            progress.pause()
    _tell(applied)
    return status_of(applied, signalled=signals.came)


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


def _show(prepared: Prepared, progress: Progress, *, attended: bool) -> None:
    """Show the plan: on standard output, or beside the question where that is to hold JSON."""
    progress.pause()
    json = asked().format == "json"
    if json and not attended:
        return
    terminal = error_output() if json else output()
    text = plan_text(prepared, width=terminal.width, color=terminal.color, detail=detail())
    if json:
        click.echo(text, nl=False, err=True, color=True)
    else:
        say(text)


def _tell(applied: AppliedPlan) -> None:
    if asked().format == "json":
        say(as_text(applied_json(applied)))
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
