"""What readers made of publications, as a table for a spreadsheet: a row a publication."""

from __future__ import annotations

import csv
import io

from threadsync.content.escape import printable
from threadsync.model.insights import Insights, PublicationInsights
from threadsync.views.insights_text import unknown_text
from threadsync.views.moments import stamp

_BEFORE = ("target", "key", "published_at", "looked_at")
_AFTER = ("trend", "unknown", "permalink")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a cell begins with that a spreadsheet takes for a formula (owasp.org, CSV Injection)."""


def insights_csv(told: Insights) -> str:
    """Return a row for each publication under a row of names; what is not known is an empty cell."""
    metrics = tuple(dict.fromkeys(name for target in told.targets for name in target.metrics))
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow([*_BEFORE, *map(_cell, metrics), *_AFTER])
    for target in told.targets:
        for each in target.publications:
            rows.writerow(_row(each, metrics))
    return out.getvalue()


def _row(told: PublicationInsights, metrics: tuple[str, ...]) -> list[str | int | float]:
    subject = told.subject
    return [
        _cell(told.address.target),
        _cell(told.address.key),
        stamp(subject.published_at),
        stamp(told.looked_at) if told.looked_at is not None else "",
        *(told.counts.get(name, "") for name in metrics),
        told.trend if told.trend is not None else "",
        _cell(unknown_text(told)),
        _cell(subject.permalink),
    ]


def _cell(text: str) -> str:
    """Return *text* so that a spreadsheet shows it and never works it out."""
    shown = printable(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
