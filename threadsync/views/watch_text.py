"""What ``watch`` shows: at first the sum of the plan, then what each save changed, with its exact text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from threadsync.model.diagnostic import Diagnostic
from threadsync.model.ids import Address
from threadsync.planning.actions import Action, NoOp
from threadsync.planning.inputs import Wanted
from threadsync.views.findings_text import add_findings
from threadsync.views.page import Page, Style
from threadsync.views.plan_text import INDENT, add_action, add_wanted, head, summary
from threadsync.views.seen import Detail, PreparedPlan
from threadsync.views.words import many


def first_text(prepared: PreparedPlan, drafts: Sequence[Wanted], *, width: int, color: bool) -> str:
    """Return what a person sees when ``watch`` begins: findings, and the sum of the plan."""
    page = Page(width, color=color)
    add_findings(page, prepared.findings)
    page.blank()
    page.add(_sum(prepared, drafts), style=Style.STRONG)
    return page.text()


def news_text(
    prepared: PreparedPlan,
    drafts: Sequence[Wanted],
    *,
    findings: Sequence[Diagnostic],
    mended: bool,
    actions: Iterable[Action],
    changed: Iterable[Wanted],
    gone: Iterable[Address],
    at: datetime,
    width: int,
    color: bool,
) -> str:
    """Return what one save changed: *actions* of the plan, *changed* drafts, and what is *gone*."""
    page = Page(width, color=color)
    page.add(f"── {at:%H:%M:%S}", style=Style.FAINT)
    add_findings(page, findings)
    if mended:
        page.add("Nothing is wrong with the files any more.", style=Style.GOOD)
    for action in actions:
        if isinstance(action, NoOp):
            page.blank()
            page.add(head(action), hang=INDENT, style=Style.FAINT)
        else:
            add_action(page, action, now=prepared.plan.at, zone=prepared.zone, detail=Detail.NORMAL)
    for draft in changed:
        page.blank()
        page.add(f"draft  {draft.publication.address}", hang=INDENT, style=Style.CHANGE)
        add_wanted(page, draft)
    for address in gone:
        page.blank()
        page.add(f"gone  {address}: no file declares it any more", hang=INDENT, style=Style.FAINT)
    page.blank()
    page.add(_sum(prepared, drafts), style=Style.STRONG)
    return page.text()


def _sum(prepared: PreparedPlan, drafts: Sequence[Wanted]) -> str:
    written = f" {many(len(drafts), 'draft')}." if drafts else ""
    return f"{summary(prepared.plan)}{written}"
