"""Plans and reports as GitHub-flavoured Markdown, for comments on pull requests; plain text reads well too.

They say what the page of the plan says, with what every forge can show: tables, folds, differences, and
pictures by their address. A page that has to fit says first what would be hard to undo.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from threadsync.execution.report import ActionReport, Became, Report
from threadsync.model.diagnostic import Diagnostic
from threadsync.planning.actions import (
    Action,
    Blocked,
    Create,
    Delete,
    Extend,
    NoOp,
    Replace,
    Wait,
)
from threadsync.views.account_text import account_head, account_lines
from threadsync.views.holding_text import kept_back
from threadsync.views.markdown_actions import PictureUrl, action_markdown, nowhere
from threadsync.views.markup import code, link, prose, table_head, table_row
from threadsync.views.moments import told
from threadsync.views.plan_text import TOLD_NO_OPS, notes, summary
from threadsync.views.report_text import report_sum
from threadsync.views.room import NOTE, Block, page
from threadsync.views.seen import PreparedPlan

OPEN_MAX: Final = 5
"""Up to so many actions stand open; more are folded, so that a reader finds the way."""
ELSEWHERE: Final = "The rest: `threadsync plan`, or what the job of this plan has printed and kept."
ELSEWHERE_REPORT: Final = "The rest: `threadsync status`, or what the job of this apply has printed and kept."
_GRAVE: Final = {Delete: 2, Replace: 2, Blocked: 3, Create: 4, Extend: 4, Wait: 6}
"""How soon the body of an action is left out."""
_OTHERS: Final = 5


def plan_markdown(
    prepared: PreparedPlan, *, seen: PictureUrl = nowhere, chars_max: int | None = None, name: str = ""
) -> str:
    """Return a plan: its sum, a table of what would be done, then each action with its exact texts.

    *seen* says where a file of the project can be seen; *name* is told in the head. It has at most
    *chars_max* characters: what does not fit is counted and named.
    """
    plan, zone = prepared.plan, prepared.zone
    told_actions = [a for a in plan.actions if not isinstance(a, NoOp) or a.reason in TOLD_NO_OPS]
    is_open = len(told_actions) <= OPEN_MAX
    blocks = [
        _head("plan", name),
        Block(f"**{prose(summary(prepared))}**\n"),
        NOTE,
        *(Block(f"- **{prose(about)}**: {prose(text)}", 1, "remarks") for about, text in kept_back(prepared)),
        Block(""),
        *_findings(prepared.findings),
        *(Block(f"- **{prose(about)}**: {prose(text)}", 1, "remarks") for about, text in notes(prepared)),
        Block(""),
    ]
    if told_actions:
        blocks += [Block(table_head("", "what", "publication", "when", "why"))]
        blocks += [_row(action, zone) for action in told_actions] + [Block("")]
    blocks += [
        Block(
            action_markdown(action, plan.at, zone, seen, is_open=is_open) + "\n",
            _GRAVE.get(type(action), _OTHERS),
            "publications whose texts are not here",
            str(action.address),
        )
        for action in told_actions
    ]
    for account in prepared.accounts:
        lines = [f"- {prose(line)}" for line in account_lines(account, plan.at, zone)]
        head = f"### Account {code(account_head(account, plan.at))}\n"
        blocks += [Block("\n".join([head, *lines, ""]), 3, "accounts", account.target)]
    blocks += [Block(f"Planned for {prose(told(plan.at, zone))}.")]
    return page(blocks, chars_max, ELSEWHERE)


def report_markdown(report: Report, *, zone: str | None, chars_max: int | None = None, name: str = "") -> str:
    """Return what became of every action, what was held back, and why; see ``plan_markdown``."""
    blocks = [_head("apply", name), Block(f"**{prose(report_sum(report))}**\n"), NOTE]
    rows = [
        Block(table_row(each.became, each.action.word, str(each.address)), 2, "rows", str(each.address))
        for each in report.actions
    ]
    if rows:
        blocks += [Block(table_head("became", "what", "publication")), *rows, Block("")]
    paused = {pause.why for pause in report.pauses}
    blocks += [block for each in report.actions for block in _outcomes(each, paused)]
    for pause in report.pauses:
        what = f"- **paused** {code(f'{pause.target} {pause.how}')}: {prose(pause.fault.remedy)}"
        blocks += [Block(what, 1, "pauses", pause.target)]
    for held in report.held:
        when = f", goes on at {told(held.goes_on_at, zone)} at the latest" if held.goes_on_at else ""
        what = f"{held.problem.removesuffix('.')}{when}."
        line = f"- **stopped before the limit** {code(str(held.address))}: {prose(what)}"
        blocks += [Block(line, 4, "stopped before a limit", str(held.address))]
    if report.failure is not None:
        blocks += [Block(f"- **error**: {prose(f'{report.failure.problem} {report.failure.remedy}')}")]
    return page(blocks, chars_max, ELSEWHERE_REPORT)


def _head(what: str, name: str) -> Block:
    return Block(f"## threadsync {what}{f' {code(name)}' if name else ''}\n")


def _outcomes(each: ActionReport, paused: Iterable[str]) -> list[Block]:
    """Say where what was applied can be seen, and of anything else why, unless its pause says so."""
    address = code(str(each.address))
    if each.became is Became.APPLIED:
        lines = [f"- {address}: {link(where)}" for where in each.permalinks]
        return [Block(line, 5, "links", str(each.address)) for line in lines]
    if each.why in paused or not (each.why or each.remedy):
        return []
    line = f"- {address}: {prose(f'{each.why}. {each.remedy}')}"
    return [Block(line, 3, "reasons", str(each.address))]


def _row(action: Action, zone: str | None) -> Block:
    cells = (action.sign.strip(), action.word, str(action.address), _when(action, zone), action.reason.value)
    return Block(table_row(*cells), 3, "rows of the table", str(action.address))


def _when(action: Action, zone: str | None) -> str:
    match action:
        case Create() | Extend() | Replace():
            schedule = action.publication.control.publish
            return told(schedule.at, zone or schedule.zone) if schedule is not None else "at once"
        case Wait(until=until) if until is not None:
            return told(until, zone)
        case _:
            return ""


def _findings(findings: Iterable[Diagnostic]) -> list[Block]:
    blocks = [
        Block(
            f"- **{finding.severity}** {code(str(finding.location))}: "
            f"{prose(f'{finding.problem} {finding.remedy}'.rstrip())} ({code(finding.rule)})",
            1 if finding.is_error else 2,
            f"{finding.severity}s",
            str(finding.location),
        )
        for finding in findings
    ]
    return [*blocks, Block("")] if blocks else []
