"""Plans and reports as GitHub-flavoured Markdown, for comments on pull requests; plain text reads well too.

What comes from files or networks can start nothing here: texts stand in fences longer than any run of
backticks in them, names in code spans, and what would become a link or call a person does as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import assert_never

from threadsync.content.escape import printable
from threadsync.execution.report import Became, Report
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.ids import Address
from threadsync.model.journal import Published
from threadsync.model.post import Publication
from threadsync.planning.actions import (
    Action,
    Adopt,
    Blocked,
    Create,
    Delete,
    Extend,
    Forget,
    Loss,
    Move,
    NoOp,
    Replace,
    SegmentView,
    Update,
    Wait,
)
from threadsync.views.account_text import account_head, account_lines, loss_text
from threadsync.views.holding_text import kept_back
from threadsync.views.media import file_text
from threadsync.views.moments import told
from threadsync.views.plan_text import (
    CONSENTS,
    TOLD_NO_OPS,
    forgotten_text,
    notes,
    option_lines,
    segment_lines,
    summary,
    waiting_text,
)
from threadsync.views.report_text import report_sum
from threadsync.views.seen import PreparedPlan
from threadsync.views.words import many

FENCE_MIN = 3
_SPECIAL = re.compile(r"([\\`*{}\[\]<>#|~!$&]|(?<!\w)_|_(?!\w))")
_PARTS = re.compile(r"([(\[\"']*)(.+?)([.,;:!?)\]\"']*)")
_ACTIVE = re.compile(r"[@#]|://|www\.|mailto:|xmpp:", re.IGNORECASE)
"""What becomes a link, a reference or a mention by itself (github.github.com/gfm, autolinks)."""


def plan_markdown(prepared: PreparedPlan) -> str:
    """Return a plan: its sum, a table of what would be done, then each action with its exact texts."""
    plan, zone = prepared.plan, prepared.zone
    told_actions = [a for a in plan.actions if not isinstance(a, NoOp) or a.reason in TOLD_NO_OPS]
    lines = ["## threadsync plan", "", f"**{prose(summary(plan))}**", ""]
    lines += _findings(prepared.findings)
    lines += [f"- **{about}**: {prose(text)}" for about, text in (*kept_back(prepared), *notes(prepared))] + [
        ""
    ]
    if told_actions:
        rows = [(a.sign.strip(), a.word, str(a.address), a.reason.value) for a in told_actions]
        lines += _table(("", "what", "publication", "why"), rows)
    for action in told_actions:
        lines += [f"### {prose(action.word)} {code(str(action.address))}", ""]
        lines += [*_body(action, plan.at, zone), ""]
    for account in prepared.accounts:
        lines += [f"### Account {code(account_head(account, plan.at))}", ""]
        lines += [f"- {prose(line)}" for line in account_lines(account, plan.at, zone)] + [""]
    return _joined(lines)


def report_markdown(report: Report, *, zone: str | None) -> str:
    """Return what became of every action, what was held back, and why."""
    lines = ["## threadsync apply", "", f"**{prose(report_sum(report))}**", ""]
    rows = [(each.became.value, each.action.word, str(each.address)) for each in report.actions]
    if rows:
        lines += _table(("became", "what", "publication"), rows)
    paused = {pause.why for pause in report.pauses}
    for each in report.actions:
        if each.became is Became.APPLIED:
            lines += [f"- {code(str(each.address))}: {code(link)}" for link in each.permalinks]
        elif each.why not in paused and (each.why or each.remedy):
            lines.append(f"- {code(str(each.address))}: {prose(f'{each.why}. {each.remedy}')}")
    for pause in report.pauses:
        lines.append(f"- **paused** {code(f'{pause.target} {pause.how}')}: {prose(pause.fault.remedy)}")
    for held in report.held:
        when = f", goes on at {told(held.goes_on_at, zone)} at the latest" if held.goes_on_at else ""
        what = f"{held.problem.removesuffix('.')}{when}."
        lines.append(f"- **stopped before the limit** {code(str(held.address))}: {prose(what)}")
    if report.failure is not None:
        lines.append(f"- **error**: {prose(f'{report.failure.problem} {report.failure.remedy}')}")
    return _joined(lines)


# Escaping.


def prose(text: str) -> str:
    """Return *text* as words that mean nothing else; what would act by itself stands in code spans."""
    return " ".join(_word(word) for word in printable(text.replace("\n", " ")).split(" "))


def _word(word: str) -> str:
    parts = _PARTS.fullmatch(word)
    if parts is None or not _ACTIVE.search(word):
        return _escaped(word)
    before, core, after = parts.groups()
    return f"{_escaped(before)}{code(core)}{_escaped(after)}"


def _escaped(word: str) -> str:
    return _SPECIAL.sub(r"\\\1", word)


def code(text: str, *, in_table: bool = False) -> str:
    """Return *text* as a code span, exactly as it is."""
    shown = printable(text)
    if not shown.strip():
        return ""
    ticks = "`" * (_longest_run(shown) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{pad}{shown.replace('|', chr(92) + '|') if in_table else shown}{pad}{ticks}"


def fenced(text: str) -> str:
    """Return *text* as a fenced block."""
    fence = "`" * max(FENCE_MIN, _longest_run(text) + 1)
    return "\n".join([f"{fence}text", *(printable(line) for line in text.split("\n")), fence])


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    body = ["| " + " | ".join(code(cell, in_table=True) for cell in row) + " |" for row in rows]
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *body, ""]


def _joined(lines: list[str]) -> str:
    """Put lines together, with one empty line where there are several; what is in a fence is one line."""
    kept = [line for before, line in pairwise(["", *lines]) if line or before]
    while kept and not kept[-1]:
        kept.pop()
    return "\n".join(kept) + "\n"


# Parts.


def _findings(findings: Iterable[Diagnostic]) -> list[str]:
    lines = [
        f"- **{finding.severity}** {code(str(finding.location))}: "
        f"{prose(f'{finding.problem} {finding.remedy}'.rstrip())} ({code(finding.rule)})"
        for finding in findings
    ]
    return [*lines, ""] if lines else []


def _body(action: Action, now: datetime, zone: str | None) -> Iterator[str]:  # noqa: PLR0912  (one case a kind)
    match action:
        case Create():
            schedule = action.publication.control.publish
            due = told(schedule.at, zone or schedule.zone) if schedule is not None else ""
            yield f"- {prose(f'due since {due}' if due else 'due at once: the post has no time')}"
            yield from _publishing(action.publication, action.segments, action.waits_for)
        case Extend():
            yield f"- under the {many(len(action.live), 'segment')} that are live"
            yield from _publishing(action.publication, action.segments, action.waits_for)
        case Replace():
            yield f"- {prose(CONSENTS.get(action.consent, action.consent))}"
            if action.why:
                yield f"- published anew: {prose(action.why)}"
            yield from _publishing(action.publication, action.segments, action.waits_for)
            yield from _taken_down("takes down", action.old, action.loses, now)
        case Update():
            yield f"- protect: {'yes' if action.protect else 'no'}"
            yield f"- when its file is removed: {action.on_remove}"
        case Move():
            yield f"- was: {code(str(action.old))}"
        case Delete():
            yield from _taken_down("takes down", action.old, action.loses, now)
        case Forget():
            yield f"- {prose(forgotten_text(action))}"
            yield from _live(action.live)
        case Adopt():
            yield "- binds what is live already:"
            yield from _live(action.segments)
        case Wait():
            yield f"- {prose(waiting_text(action, now, zone))}"
            yield from _segments(action.segments)
        case Blocked():
            yield f"- would {prose(f'{action.would}: {action.problem}')}"
            yield f"- What to do: {prose(action.remedy)}"
            yield from _segments(action.segments)
            if action.would in {"forget", "keep"}:
                yield from _live(action.old)
            else:
                yield from _taken_down("would take down", action.old, action.loses, now)
        case NoOp():
            yield f"- {prose(action.note)}"
        case _:
            assert_never(action)


def _publishing(
    publication: Publication, segments: tuple[SegmentView, ...], waits_for: tuple[Address, ...]
) -> Iterator[str]:
    if waits_for:
        yield f"- after: {', '.join(code(str(address)) for address in waits_for)}"
    for line in option_lines(publication):
        yield f"- {code(line)}"
    yield from _segments(segments, publication)


def _segments(segments: tuple[SegmentView, ...], publication: Publication | None = None) -> Iterator[str]:
    declared = publication.segments if publication is not None else ()
    total = len(declared or segments)
    for view in segments:
        over = " (too long)" if view.count > view.count_max else ""
        place = f"segment {view.index + 1} of {max(total, view.index + 1)}"
        yield f"- {place} · {view.count} of {view.count_max} {view.unit}{over}"
        if view.text:
            yield from ("", fenced(view.text), "")
        for name, words in view.attached.items():
            yield f"- {name} · {many(len(words), 'character')}"
            yield from ("", fenced(words), "")
        for item in view.media:
            shown = f": {code(item.alt)}" if item.alt else ", no alt text"
            fitted = f", fitted to {file_text(item.rendition.facts)}" if item.rendition is not None else ""
            yield f"- {item.facts.kind} {code(item.path)}{fitted}{shown}"
            for each in item.captions:
                yield f"- captions, {each.lang}: {code(each.path)}"
        for line in segment_lines(declared[view.index]) if view.index < len(declared) else ():
            yield f"- {code(line)}"


def _live(posts: Iterable[Published]) -> Iterator[str]:
    for post in posts:
        yield f"- live: {code(post.permalink or f'id {post.remote_id}')}"


def _taken_down(
    how: str, posts: tuple[Published, ...], losses: Iterable[Loss], now: datetime
) -> Iterator[str]:
    told_losses = {loss.remote_id: loss for loss in losses}
    for post in posts:
        loss = told_losses.get(post.remote_id, Loss(post.remote_id))
        where = code(post.permalink or f"id {post.remote_id}")
        yield f"- {how} {where}, {prose(loss_text(loss, now))}"
        yield from ("", fenced(post.text), "")
