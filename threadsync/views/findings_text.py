"""Findings as text: place, what is wrong, what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from threadsync.errors import ContentError, ProjectError, ThreadsyncError
from threadsync.model.diagnostic import Diagnostic
from threadsync.views.page import Page, Style
from threadsync.views.seen import Detail, Validated
from threadsync.views.words import many

INDENT = 4


def add_findings(page: Page, findings: Sequence[Diagnostic]) -> None:
    """Add each finding."""
    for finding in findings:
        style = Style.BAD if finding.is_error else Style.CHANGE
        page.add(f"{finding.location}: {finding.severity}: {finding.problem}", hang=INDENT, style=style)
        if finding.remedy:
            page.add(finding.remedy, indent=INDENT)
        page.add(f"[{finding.rule}]", indent=INDENT, style=Style.FAINT)


def findings_text(findings: Sequence[Diagnostic], *, width: int, color: bool) -> str:
    """Return each finding."""
    page = Page(width, color=color)
    add_findings(page, findings)
    return page.text()


def error_text(error: ThreadsyncError, *, width: int, color: bool) -> str:
    """Return where, what, and what to do next; the findings that the error carries come before it."""
    page = Page(width, color=color)
    if isinstance(error, ProjectError | ContentError) and error.findings:
        add_findings(page, error.findings)
        page.blank()
    add_error(page, error)
    return page.text()


def add_error(page: Page, error: ThreadsyncError) -> None:
    """Add where, what, and what to do next."""
    where = f"{error.where}: " if error.where else ""
    stop = "" if error.problem.endswith((".", "!", "?")) else "."
    page.add(f"Error: {where}{error.problem}{stop}", hang=INDENT, style=Style.BAD)
    if error.remedy:
        page.add(error.remedy)


def validation_text(validated: Validated, *, width: int, color: bool, detail: Detail = Detail.NORMAL) -> str:
    """Return what checking the files found; with QUIET only the findings."""
    page = Page(width, color=color)
    add_findings(page, validated.findings)
    if detail > Detail.QUIET:
        page.blank()
        page.add(_sum(validated), style=Style.STRONG)
    return page.text()


def _sum(validated: Validated) -> str:
    errors = sum(finding.is_error for finding in validated.findings)
    warnings = len(validated.findings) - errors
    read = f"{many(validated.files, 'file')}, {many(validated.publications, 'publication')}"
    if validated.drafts:
        read += f", {many(validated.drafts, 'draft')}"
    if not validated.findings:
        return f"All is well: {read}."
    found = [many(number, word) for number, word in ((errors, "error"), (warnings, "warning")) if number]
    return f"{' and '.join(found).capitalize()} in {read}."
