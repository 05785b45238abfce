"""A row of a network's table of rules: a stable id, how sure the fact is, where it is documented."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from threadsync.model.diagnostic import Location, Severity
from threadsync.model.ids import Json

Found: TypeAlias = tuple[str, Location, str, str]
"""The rule that was broken, where, what is wrong, and what to do."""


class Rule(Struct, frozen=True):
    """One row: a stable id, how sure the fact is, where it is documented, and two samples.

    A sample is a list of segments; each may have ``text``, ``images`` (format, width, height,
    bytes, alt), ``videos`` (what differs from one that is fine) and further keys of the post format, and
    so may the sample itself.
    """

    id: str
    mark: str
    source: str
    meaning: str
    good: Mapping[str, Json]
    bad: Mapping[str, Json]
    severity: Severity = Severity.ERROR
