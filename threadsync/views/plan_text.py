"""A plan as text: every change with its exact text, in words and signs, then the sum of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

from threadsync.model.journal import Published
from threadsync.model.post import Media, PostRef, Publication, Reference, Segment
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
    Notice,
    Reason,
    Replace,
    SegmentView,
    Update,
    Wait,
)
from threadsync.planning.inputs import Wanted
from threadsync.views.account_text import account_head, account_lines, credential_text, loss_text
from threadsync.views.findings_text import add_findings
from threadsync.views.holding_text import kept_back, last_apply
from threadsync.views.media import card_texts, file_text
from threadsync.views.moments import ago, ahead, told
from threadsync.views.page import Page, Style
from threadsync.views.seen import Detail, PreparedPlan
from threadsync.views.words import many

INDENT = 4
OPTION_CHARACTERS_MAX = 60
"""How much of an option's text is shown in its line."""
_STYLES = {
    Create.word: Style.GOOD,
    Extend.word: Style.GOOD,
    Update.word: Style.CHANGE,
    Move.word: Style.MOVE,
    Replace.word: Style.CHANGE,
    Delete.word: Style.BAD,
    Forget.word: Style.MOVE,
    Adopt.word: Style.GOOD,
    Wait.word: Style.FAINT,
    Blocked.word: Style.BAD,
    NoOp.word: Style.FAINT,
}
_SAID = {NoOp.word: "unchanged", Blocked.word: "blocked"}
"""How the sum names what is not ``to <word>``."""
TOLD_NO_OPS = frozenset({Reason.KEPT, Reason.DRAFT_PUBLISHED})
"""Nothing is done, and the person may not expect that."""
CONSENTS = {
    "file": "agreed to in the file",
    "flag": "agreed to by --allow-replace",
    "prompt": "agreed to at the prompt",
    "resume": "agreed to before it was interrupted",
}


def plan_text(prepared: PreparedPlan, *, width: int, color: bool, detail: Detail = Detail.NORMAL) -> str:
    """Return *prepared* as text, *width* columns wide."""
    page = Page(width, color=color)
    if prepared.findings:
        add_findings(page, prepared.findings)
        page.blank()
    for about, text in kept_back(prepared):
        page.add(f"{about}: {text}", hang=2, style=Style.BAD)
    for action in prepared.plan.actions:
        add_action(page, action, now=prepared.plan.at, zone=prepared.zone, detail=detail)
    page.blank()
    page.add(summary(prepared), style=Style.STRONG)
    if detail > Detail.QUIET:
        _add_notes(page, prepared)
    return page.text()


def action_text(action: Action, *, width: int, color: bool, now: datetime, zone: str | None) -> str:
    """Return one action as text, as the plan shows it."""
    page = Page(width, color=color)
    add_action(page, action, now=now, zone=zone, detail=Detail.NORMAL)
    return page.text()


def add_wanted(page: Page, wanted: Wanted) -> None:
    """Add what a network would get of a publication that no plan is about: a draft."""
    _add_publishing(page, wanted.publication, wanted.segments, wanted.waits_for)


def summary(prepared: PreparedPlan) -> str:
    """Return the sum of a plan in one sentence; what a file with errors would change nobody knows."""
    plan = prepared.plan
    counts, nothing = plan.counts(), "The files have errors." if prepared.has_errors else "No changes."
    if not counts:
        return f"{nothing} There is no publication to plan."
    if set(counts) == {NoOp.word}:
        number, down = counts[NoOp.word], all(a.reason is Reason.ALREADY_WITHDRAWN for a in plan.actions)
        what = "taken down already" if down else "as the files say"
        return f"{nothing} {many(number, 'publication')} {'is' if number == 1 else 'are'} {what}."
    said = ", ".join(f"{number} {_SAID.get(word, f'to {word}')}" for word, number in counts.items())
    return f"Plan: {said}." if plan.effective else f"{nothing} {said}."


def head(action: Action) -> str:
    """Return the line that names *action*: its sign, its word, its address, its reason."""
    return f"{action.sign} {action.word}  {action.address}  ({action.reason})".lstrip()


def add_action(page: Page, action: Action, *, now: datetime, zone: str | None, detail: Detail) -> None:
    """Add one action; of those that change nothing only what a reader would not expect."""
    if isinstance(action, NoOp):
        if detail is Detail.VERBOSE or action.reason in TOLD_NO_OPS:
            page.blank()
            page.add(head(action), hang=INDENT, style=_STYLES[action.word])
            if action.note:
                page.add(action.note, indent=INDENT)
        return
    if detail is Detail.QUIET:
        page.add(head(action), hang=INDENT, style=_STYLES[action.word])
        if isinstance(action, Blocked):
            page.add(f"What to do: {action.remedy}", indent=INDENT, hang=2)
        return
    page.blank()
    page.add(head(action), hang=INDENT, style=_STYLES[action.word])
    _add_body(page, action, now, zone)


def _add_body(  # noqa: PLR0912  (one case a kind of action)
    page: Page, action: Action, now: datetime, zone: str | None
) -> None:
    match action:
        case Create():
            _add_due(page, action.publication, zone)
            if action.republish:
                page.add("again: republish: true counts once", indent=INDENT)
            _add_publishing(page, action.publication, action.segments, action.waits_for)
        case Extend():
            page.add(f"under the {many(len(action.live), 'segment')} that are live:", indent=INDENT)
            _add_old(page, action.live[-1:], zone)
            _add_publishing(page, action.publication, action.segments, action.waits_for)
        case Replace():
            _add_replace(page, action, now, zone)
        case Update():
            page.add(f"protect: {'yes' if action.protect else 'no'}", indent=INDENT)
            page.add(f"when its file is removed: {action.on_remove}", indent=INDENT)
            if action.publication is None:
                page.add("only the state remembers this; the network sees nothing", indent=INDENT)
        case Move():
            page.add(f"was: {action.old}", indent=INDENT)
        case Delete():
            _add_taken_down(page, action, now, zone)
        case Forget():
            page.add(forgotten_text(action), indent=INDENT)
            _add_old(page, action.live, zone)
        case Adopt():
            page.add("binds what is live already:", indent=INDENT)
            _add_old(page, action.segments, zone)
        case Wait():
            page.add(waiting_text(action, now, zone), indent=INDENT)
            _add_segments(page, action.segments)
        case Blocked():
            _add_blocked(page, action, now, zone)
        case NoOp():
            pass
        case _:
            assert_never(action)


def _add_due(page: Page, publication: Publication, zone: str | None) -> None:
    schedule = publication.control.publish
    if schedule is None:
        page.add("due at once: the post has no time", indent=INDENT)
    else:
        page.add(f"due since {told(schedule.at, zone or schedule.zone)}", indent=INDENT)


def _add_publishing(
    page: Page, publication: Publication, segments: tuple[SegmentView, ...], waits_for: Iterable[object]
) -> None:
    needed = ", ".join(map(str, waits_for))
    if needed:
        page.add(f"after: {needed}", indent=INDENT, hang=2)
    for line in option_lines(publication):
        page.add(line, indent=INDENT, hang=2)
    _add_segments(page, segments, publication)


def option_lines(publication: Publication) -> list[str]:
    """Return what readers get besides the segments, a line each."""
    said = {
        "reply to": reference_text(publication.reply_to),
        "repost": reference_text(publication.repost),
        "who can reply": publication.who_can_reply or "",
        "tags": ", ".join(publication.tags),
        "languages": ", ".join(publication.langs),
        "options": compact(publication.options),
    }
    return [f"{name}: {value}" for name, value in said.items() if value]


def reference_text(reference: Reference | None) -> str:
    """Return the post that another one names."""
    if reference is None:
        return ""
    if isinstance(reference, PostRef):
        return f"{reference.key}@{reference.target}" if reference.target else reference.key
    return reference.permalink or f"id:{reference.remote_id}"


def compact(options: object) -> str:
    """Return options in one line; empty where there are none."""
    return json.dumps(_short(options), ensure_ascii=False, sort_keys=True, default=str) if options else ""


def _short(value: object) -> object:
    """Shorten long texts, which stand in full beside their segment."""
    match value:
        case dict():
            return {name: _short(inner) for name, inner in value.items()}
        case str() if len(value) > OPTION_CHARACTERS_MAX:
            return f"{value[:OPTION_CHARACTERS_MAX]}…"
        case _:
            return value


def _add_segments(
    page: Page, segments: tuple[SegmentView, ...], publication: Publication | None = None
) -> None:
    """Add the exact text of each segment; *publication* knows how many there are in all."""
    total = len(publication.segments) if publication is not None else len(segments)
    for view in segments:
        place = f"segment {view.index + 1} of {max(total, view.index + 1)} · "
        over = " (too long)" if view.count > view.count_max else ""
        page.add(f"{place}{view.count} of {view.count_max} {view.unit}{over}", indent=INDENT)
        if view.text:
            page.exact(view.text, indent=INDENT + 2)
        for name, words in view.attached.items():
            page.add(f"{name} · {many(len(words), 'character')}", indent=INDENT + 2)
            page.exact(words, indent=INDENT + 4)
        for item in view.media:
            _add_media(page, item)
        if publication is not None and view.index < len(publication.segments):
            for line in segment_lines(publication.segments[view.index]):
                page.add(line, indent=INDENT + 2, hang=2)


def segment_lines(segment: Segment) -> list[str]:
    """Return what readers get with a segment besides its text and media, a line each."""
    said = {
        "link": segment.link or "",
        **card_texts(segment.card),
        "poll": compact(segment.poll),
        "quote": reference_text(segment.quote),
        "options": compact(segment.options),
    }
    return [f"{name}: {value}" for name, value in said.items() if value]


def _add_media(page: Page, item: Media) -> None:
    kind = "video" if item.facts.kind == "video" else "picture"
    page.add(f"{kind}: {item.path}", indent=INDENT + 2, hang=2)
    if item.facts.video is not None:
        page.add(file_text(item.facts), indent=INDENT + 4, hang=2)
    if item.rendition is not None:
        before, after = file_text(item.facts), file_text(item.rendition.facts)
        page.add(f"fitted: {before} -> {after}", indent=INDENT + 4, hang=2)
    page.add(f"alt text: {item.alt}" if item.alt else "no alt text", indent=INDENT + 4, hang=2)
    for each in item.captions:
        page.add(f"captions, {each.lang}: {each.path}", indent=INDENT + 4, hang=2)


def _add_old(page: Page, posts: Iterable[Published], zone: str | None) -> None:
    for post in posts:
        where = post.permalink or f"id {post.remote_id}"
        page.add(where, indent=INDENT + 2)
        page.add(f"published {told(post.at, zone)}", indent=INDENT + 4, hang=2)


def _add_taken_down(page: Page, action: Replace | Delete, now: datetime, zone: str | None) -> None:
    order = ", last to first" if len(action.old) > 1 else ""
    page.add(f"takes down{order}:", indent=INDENT, style=Style.BAD)
    _add_lost(page, action, now, zone)


def _add_lost(page: Page, action: Replace | Delete | Blocked, now: datetime, zone: str | None) -> None:
    losses = {loss.remote_id: loss for loss in action.loses}
    for post in action.old:
        _add_old(page, [post], zone)
        first, *more = post.text.split("\n")
        page.exact(first + (" …" if more else ""), indent=INDENT + 4)
        loss = losses.get(post.remote_id, Loss(post.remote_id))
        page.add(loss_text(loss, now), indent=INDENT + 4, hang=2)


def _add_replace(page: Page, action: Replace, now: datetime, zone: str | None) -> None:
    page.add(CONSENTS.get(action.consent, f"agreed to: {action.consent}"), indent=INDENT)
    if action.why:
        page.add(f"published anew: {action.why}", indent=INDENT, hang=2)
    if action.keep:
        page.add(f"keeps {many(action.keep, 'segment')} at its start", indent=INDENT)
    if action.segments:
        _add_publishing(page, action.publication, action.segments, action.waits_for)
    if action.old:
        _add_taken_down(page, action, now, zone)


def forgotten_text(action: Forget) -> str:
    """Return what becomes of what is forgotten."""
    if action.why == "skipped":
        return "its time has passed: it is never published"
    return "left up; threadsync no longer looks after:" if action.live else "threadsync lets go of it"


def waiting_text(action: Wait, now: datetime, zone: str | None) -> str:
    """Return what an action waits for."""
    if action.until is not None:
        off = ahead(action.until - now)
        return f"until {told(action.until, zone)}{f', {off}' if off else ''}"
    if action.reason is Reason.UNSETTLED:
        return "until apply has found out what became of an earlier publish"
    return "until what it needs is published"


def _add_blocked(page: Page, action: Blocked, now: datetime, zone: str | None) -> None:
    page.add(f"would {action.would}: {action.problem}", indent=INDENT, hang=2)
    page.add(f"What to do: {action.remedy}", indent=INDENT, hang=2)
    _add_segments(page, action.segments)
    if action.old:
        stays = action.would in {"forget", "keep"}
        page.add("live:" if stays else "would take down:", indent=INDENT)
        if stays:
            _add_old(page, action.old, zone)
        else:
            _add_lost(page, action, now, zone)


def _add_notes(page: Page, prepared: PreparedPlan) -> None:
    """Add what a reader should know of the plan as a whole."""
    for account in prepared.accounts:
        page.blank()
        page.add(f"Account: {account_head(account, prepared.plan.at)}", hang=2)
        for line in account_lines(account, prepared.plan.at, prepared.zone):
            page.add(line, indent=INDENT, hang=2)
    if prepared.accounts:
        page.blank()
    for about, text in notes(prepared):
        page.add(f"{about}: {text}", hang=2)


def _said(notice: Notice, now: datetime) -> tuple[str, ...]:
    seen = f"Seen {ago(now - notice.seen_at)}." if notice.seen_at is not None else ""
    return f"{notice.problem.removesuffix('.')}.", seen, notice.remedy


def notes(prepared: PreparedPlan) -> list[tuple[str, str]]:
    """Return what a reader should know of the plan as a whole: what it is about, and a sentence or two."""
    plan = prepared.plan
    found = [
        ("Warning", f"{notice.about}: {' '.join(part for part in _said(notice, plan.at) if part)}")
        for notice in plan.notices
    ]
    if prepared.has_errors:
        found.append(("Errors", "files have errors, so apply does nothing until they are mended."))
    if prepared.interrupted:
        names = ", ".join(map(str, prepared.interrupted))
        found.append(("Interrupted", f"an earlier apply did not finish {names}; the next one goes on."))
    if plan.lineage is None and plan.effective:
        where = ", ".join(plan.first_run_targets)
        found.append(
            (
                "First run",
                f"there is no state in {prepared.state_path} yet. Apply asks before it publishes on {where}, "
                "or needs --first-run.",
            )
        )
    found += [
        (
            "Safety",
            f"{excess.number} {excess.word} on {excess.target}, and the limit is {excess.limit}. "
            f"Apply refuses that without {excess.flag}.",
        )
        for excess in prepared.excesses
    ]
    found += [
        ("Credential", f"{view.target}: {text}")
        for view in prepared.credentials
        if (text := credential_text(view, prepared.zone))
    ]
    if last := last_apply(prepared):
        found.append(("Last apply", last))
    if plan.effective and prepared.durable:
        found.append(("State", f"{prepared.state_path}: {prepared.durable}."))
    return found
