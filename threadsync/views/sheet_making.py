"""A prepared plan as a proof sheet: posts in the order of the plan, each with its targets side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from threadsync.content.escape import printable
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.ids import Address, PostKey
from threadsync.planning.actions import Action, NoOp
from threadsync.planning.allowances import AccountView, Allowance
from threadsync.views.account_text import account_head, account_lines, allowance_text
from threadsync.views.holding_text import kept_back
from threadsync.views.moments import ago, told, zone_told
from threadsync.views.plan_text import TOLD_NO_OPS, notes, summary
from threadsync.views.seen import PlanOfPosts
from threadsync.views.sheet import (
    AccountSheet,
    Entry,
    Finding,
    Gauge,
    Pictures,
    Post,
    Row,
    Sheet,
    Sources,
)
from threadsync.views.sheet_entries import draft_of, entry_of, id_of
from threadsync.views.sheet_parts import lines

LINE_CHARACTERS = 120
"""So much of a line is shown."""
TABS = str.maketrans({"\t": " "})
"""A marker stands right under its column only where every character before it takes as much room."""


def sheet_of(
    prepared: PlanOfPosts, pictures: Pictures, sources: Sources, *, whole: bool = False, title: str = "Plan"
) -> Sheet:
    """Return *prepared* as a sheet; *whole*, with its drafts, which come first, and all that stays."""
    shown = [action for action in prepared.plan.actions if whole or _is_told(action)]
    drafts = prepared.drafts if whole else {}
    used = {each.target for each in (*(action.address for action in shown), *drafts)}
    targets = sorted(used | set(prepared.desired.targets) if whole else used)
    place = {target: number for number, target in enumerate(targets)}
    entries: dict[PostKey, list[Entry]] = {}
    for address, wanted in drafts.items():
        entry = draft_of(wanted, prepared, pictures, place[address.target])
        entries.setdefault(address.key, []).append(entry)
    for action in shown:
        entry = entry_of(action, prepared, pictures, place[action.address.target])
        entries.setdefault(action.address.key, []).append(entry)
    files = {address.key: file for address, file in _files(prepared, drafts)}
    found = _by_file(prepared.findings, sources)
    posts = tuple(
        Post(
            id_of(key),
            printable(key),
            printable(files.get(key, "")),
            tuple(found.pop(files.get(key, ""), ())),
            tuple(sorted(of_it, key=lambda entry: entry.place)),
        )
        for key, of_it in entries.items()
    )
    return Sheet(
        title,
        summary(prepared),
        told(prepared.plan.at, prepared.zone),
        zone_told(prepared.zone),
        tuple(map(printable, targets)),
        tuple(Row(about, lines(text)) for about, text in (*kept_back(prepared), *notes(prepared))),
        tuple(each for of_file in found.values() for each in of_file),
        tuple(_account(each, prepared) for each in prepared.accounts),
        posts,
        prepared.plan.unchanged + len(prepared.plan.actions) - len(shown),
    )


def finding_of(finding: Diagnostic, sources: Sources) -> Finding:
    """Return *finding* with the line that it is about, or what of it is around the column, and a marker."""
    at = finding.location
    shown = marker = ""
    source = sources.get((at.file, at.line))
    if source is not None:
        start = max(0, at.column - 1 - LINE_CHARACTERS // 2) if at.column > LINE_CHARACTERS else 0
        part = source[start : start + LINE_CHARACTERS].translate(TABS)
        cut = "…" if start else ""
        shown = printable(cut + part) + ("…" if len(source) > start + LINE_CHARACTERS else "")
        marker = " " * len(printable(cut + part[: at.column - 1 - start])) + "^"
    return Finding(
        printable(str(at)),
        finding.severity.value,
        printable(finding.rule),
        lines(finding.problem),
        lines(finding.remedy),
        shown,
        marker,
    )


def _is_told(action: Action) -> bool:
    return not isinstance(action, NoOp) or action.reason in TOLD_NO_OPS


def _files(prepared: PlanOfPosts, drafts: Iterable[Address]) -> Iterator[tuple[Address, str]]:
    for address in drafts:
        yield address, prepared.drafts[address].publication.location.file
    for address, wanted in prepared.desired.publications.items():
        yield address, wanted.publication.location.file


def _by_file(findings: Sequence[Diagnostic], sources: Sources) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.location.file, []).append(finding_of(finding, sources))
    return found


def _account(account: AccountView, prepared: PlanOfPosts) -> AccountSheet:
    now, zone = prepared.plan.at, prepared.zone
    told_once = {allowance_text(each) for each in account.allowances}
    # A page is looked at long after it was made, so that what was read just now is told its time too.
    read = f"Read {told(account.seen_at, zone)}, {ago(now - account.seen_at)}"
    return AccountSheet(
        printable(account_head(account, now)),
        tuple(map(_gauge, account.allowances)),
        tuple(
            printable(line) for line in (*account_lines(account, now, zone), read) if line not in told_once
        ),
    )


def _gauge(allowance: Allowance) -> Gauge:
    quota = allowance.quota
    total = quota.total or 0
    used = 0 if allowance.is_past else quota.used or 0
    share = min(100.0, round(100 * used / total, 1)) if total else 0.0
    more = min(100.0 - share, round(100 * allowance.in_plan / total, 1)) if total else 0.0
    return Gauge(printable(allowance_text(allowance)), share, allowance.over > 0, more)
