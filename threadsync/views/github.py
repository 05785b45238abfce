"""Findings as GitHub workflow commands, which become annotations on the lines of a pull request.

Format and escaping: https://docs.github.com/actions/reference/workflow-commands-for-github-actions and
the toolkit's ``command.ts``. A finding knows where it begins and not
where it ends, so there is no ``endColumn``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from threadsync.content.escape import printable
from threadsync.model.diagnostic import Diagnostic, Severity

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning"}
ANNOTATIONS_MAX: Final = 10
"""How many of one kind GitHub makes of what a step says; those after them stand in its log alone
(https://github.com/orgs/community/discussions/26680)."""


def github_annotations(findings: Sequence[Diagnostic], *, below: str = "") -> str:
    """Return a command a line for each finding; *below* is the project's folder in the repository.

    Where there are more of a kind than GitHub shows, one that says so stands in the last place it shows.
    """
    left = {severity: sum(each.severity is severity for each in findings) for severity in Severity}
    said = dict.fromkeys(Severity, 0)
    lines: list[str] = []
    for finding in findings:
        kind = finding.severity
        if said[kind] == ANNOTATIONS_MAX - 1 and left[kind] > 1:
            lines.append(_more(kind, left[kind]))
        lines.append(_annotation(finding, below))
        said[kind] += 1
        left[kind] -= 1
    return "".join(f"{line}\n" for line in lines)


def _more(severity: Severity, left: int) -> str:
    text = f"{left} more are not shown here: GitHub shows {ANNOTATIONS_MAX}. The step's log has them all."
    return _command(severity, {"title": f"threadsync: {left} more {severity}s"}, text)


def _annotation(finding: Diagnostic, below: str) -> str:
    place = finding.location
    properties = {
        "file": f"{below.rstrip('/')}/{place.file}" if below else place.file,
        "line": str(place.line),
        "col": str(place.column),
        "title": f"threadsync {finding.rule}",
    }
    text = "\n".join(part for part in (finding.problem, finding.remedy) if part)
    return _command(finding.severity, properties, text)


def _command(severity: Severity, properties: Mapping[str, str], text: str) -> str:
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_COMMANDS[severity]} {said}::{_message(text)}"


def _message(text: str) -> str:
    lines = (printable(line) for line in text.split("\n"))
    return "%0A".join(line.replace("%", "%25") for line in lines)


def _property(text: str) -> str:
    return printable(text).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
