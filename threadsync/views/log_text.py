"""The API log as text: a run after the other, a call after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from threadsync.execution.apilog import Call
from threadsync.model.ids import Json
from threadsync.views.moments import told
from threadsync.views.page import Page, Style

INDENT = 4


def log_text(calls: Sequence[Call], *, width: int, color: bool, zone: str | None) -> str:
    """Return *calls* with their runs as headings; times within a run are in UTC."""
    page = Page(width, color=color)
    run = ""
    for call in calls:
        if call.run != run or run == "":
            run = call.run
            page.blank()
            command = call.command or "a program"
            page.add(f"{command}, run {run}, {told(call.at, zone)}", style=Style.STRONG, hang=INDENT)
        _add_call(page, call)
    if not calls:
        page.add("The API log has no such calls.")
    return page.text()


def _add_call(page: Page, call: Call) -> None:
    is_error = bool(call.fault_row) or call.status is None
    came = "no answer" if call.status is None else str(call.status)
    head = f"{call.at:%H:%M:%S}  {call.target}  {call.operation}  {came}  {call.duration_ms} ms"
    page.add(head, hang=INDENT, style=Style.BAD if is_error else None)
    if call.attempt > 1:
        page.add(f"time {call.attempt} of the same call in this run", indent=INDENT)
    if call.parameters:
        page.add(_pairs(call.parameters), indent=INDENT, hang=2)
    if call.reason:
        page.add(call.reason, indent=INDENT, hang=2)
    if call.fault_row:
        page.add(f"{call.fault_row} ({call.fault_class}): {call.fault_text}", indent=INDENT, hang=2)
    if call.ids:
        page.add(f"ids: {' '.join(call.ids)}", indent=INDENT, hang=2)
    if call.allowances:
        page.add(_pairs(call.allowances), indent=INDENT, hang=2)


def _pairs(values: Mapping[str, Json]) -> str:
    return "  ".join(f"{name}={value}" for name, value in values.items())
