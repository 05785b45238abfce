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

FINDINGS_MAX = 10
DETAILED_MAX = 10
"""So many changes are shown with their texts; a branch switch changes a thousand, ..."""
LISTED_MAX = 20
"""... of which so many are named."""


def first_text(prepared: PreparedPlan, drafts: Sequence[Wanted], *, width: int, color: bool) -> str:
    """Return what a person sees when ``watch`` begins: findings, and the sum of the plan."""
    page = Page(width, color=color)
    _add_findings(page, prepared.findings)
    page.blank()
    page.add(_sum(prepared, drafts), style=Style.STRONG)
    return page.text()


def news_text(
    prepared: PreparedPlan,
    drafts: Sequence[Wanted],
    *,
    findings: Sequence[Diagnostic],
    standing: int,
    fewer: bool,
    mended: bool,
    actions: Sequence[Action],
    changed: Sequence[Wanted],
    gone: Sequence[Address],
    at: datetime,
    width: int,
    color: bool,
) -> str:
    """Return what one save changed: *actions* of the plan, *changed* drafts, and what is *gone*.

    *findings* are new, *standing* more are as they were; *fewer* says that some went.
    """
    page = Page(width, color=color)
    page.add(f"── {at:%H:%M:%S}", style=Style.FAINT)
    _add_findings(page, findings)
    if standing and (findings or fewer):
        left = "as before" if findings else "left"
        page.add(f"{many(standing, 'problem')} {left}; threadsync validate shows all.", style=Style.CHANGE)
    if mended:
        page.add("Nothing is wrong with the files any more.", style=Style.GOOD)
    if len(actions) + len(changed) <= DETAILED_MAX:
        _add_changes(page, prepared, actions, changed)
    else:
        heads = [*map(head, actions), *map(_draft, changed)]
        _add_listed(page, heads, "threadsync plan shows each with its text.")
    _add_listed(page, [f"gone  {address}: no file declares it any more" for address in gone])
    page.blank()
    page.add(_sum(prepared, drafts), style=Style.STRONG)
    return page.text()


def _add_findings(page: Page, findings: Sequence[Diagnostic]) -> None:
    add_findings(page, findings[:FINDINGS_MAX])
    if len(findings) > FINDINGS_MAX:
        page.add(
            f"… and {many(len(findings) - FINDINGS_MAX, 'more problem')}; threadsync validate shows all.",
            style=Style.CHANGE,
        )


def _add_changes(
    page: Page, prepared: PreparedPlan, actions: Iterable[Action], drafts: Iterable[Wanted]
) -> None:
    for action in actions:
        if isinstance(action, NoOp):
            page.blank()
            page.add(head(action), hang=INDENT, style=Style.FAINT)
            if action.note:
                page.add(action.note, indent=INDENT)
        else:
            add_action(page, action, now=prepared.plan.at, zone=prepared.zone, detail=Detail.NORMAL)
    for draft in drafts:
        page.blank()
        page.add(_draft(draft), hang=INDENT, style=Style.CHANGE)
        add_wanted(page, draft)


def _add_listed(page: Page, heads: Sequence[str], more: str = "") -> None:
    """Add a line each, but for those over the bound, which are counted."""
    if not heads:
        return
    page.blank()
    for line in heads[:LISTED_MAX]:
        page.add(line, hang=INDENT, style=Style.FAINT)
    if len(heads) > LISTED_MAX:
        page.add(f"… and {len(heads) - LISTED_MAX} more. {more}".rstrip(), hang=INDENT, style=Style.FAINT)


def _draft(draft: Wanted) -> str:
    return f"draft  {draft.publication.address}"


def _sum(prepared: PreparedPlan, drafts: Sequence[Wanted]) -> str:
    written = f" {many(len(drafts), 'draft')}." if drafts else ""
    return f"{summary(prepared)}{written}"
