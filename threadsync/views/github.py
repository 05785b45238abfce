"""Findings as GitHub workflow commands, which become annotations on the lines of a pull request.

Format and escaping: https://docs.github.com/actions/reference/workflow-commands-for-github-actions and
the toolkit's ``command.ts``.
"""

from __future__ import annotations

from collections.abc import Sequence

from threadsync.content.escape import printable
from threadsync.model.diagnostic import Diagnostic, Severity

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning"}


def github_annotations(findings: Sequence[Diagnostic], *, below: str = "") -> str:
    """Return a command a line for each finding; *below* is the project's folder in the repository."""
    return "".join(_annotation(finding, below) + "\n" for finding in findings)


def _annotation(finding: Diagnostic, below: str) -> str:
    place = finding.location
    file = f"{below.rstrip('/')}/{place.file}" if below else place.file
    properties = {
        "file": file,
        "line": place.line,
        "col": place.column,
        "title": f"threadsync {finding.rule}",
    }
    said = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    text = "\n".join(part for part in (finding.problem, finding.remedy) if part)
    return f"::{_COMMANDS[finding.severity]} {said}::{_message(text)}"


def _message(text: str) -> str:
    lines = (printable(line) for line in text.split("\n"))
    return "%0A".join(line.replace("%", "%25") for line in lines)


def _property(text: str) -> str:
    return printable(text).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
