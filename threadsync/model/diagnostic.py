"""A finding about a file: where it is, what is wrong, and what to do next."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct


class Severity(StrEnum):
    """Whether a finding stops the work."""

    ERROR = "error"
    WARNING = "warning"


class Location(NamedTuple):
    """A place in a file; *file* is relative to the project, lines and columns start at 1.

    A tuple, because a post has one for each of its keys and parts.
    """

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Diagnostic(Struct, frozen=True):
    """One finding; *rule* is its stable id, documented in docs/reference/rules.md."""

    location: Location
    rule: str
    problem: str
    remedy: str
    severity: Severity = Severity.ERROR

    @property
    def is_error(self) -> bool:
        """Whether this finding stops an apply."""
        return self.severity is Severity.ERROR


def by_place(finding: Diagnostic) -> tuple[Location, str, str]:
    """Sort findings as a reader walks the files."""
    return (finding.location, finding.rule, finding.problem)
