"""Plans, reports, findings and standings as JSON; ``schema/plan.schema.json`` describes them all.

``format_version`` grows when a key changes its meaning or goes away; a new key may come without that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, assert_never

from threadsync.errors import StateError
from threadsync.execution.breaker import Pause
from threadsync.execution.report import ActionReport, Report
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.ids import Json
from threadsync.model.journal import Published
from threadsync.model.post import Publication
from threadsync.model.state import Binding, Open, Tombstone
from threadsync.planning.actions import (
    Action,
    Adopt,
    Blocked,
    Create,
    Delete,
    Extend,
    Forget,
    Move,
    NoOp,
    Plan,
    Replace,
    SegmentView,
    Update,
    Wait,
)
from threadsync.planning.inputs import Wanted
from threadsync.planning.safety import Excess
from threadsync.views.json_account import (
    account_json,
    credential_json,
    held_json,
    losses_json,
    maybe,
    notice_json,
    seen_json,
)
from threadsync.views.media import card_json, media_json
from threadsync.views.moments import stamp
from threadsync.views.seen import Backup, CarriedOut, Known, PreparedPlan, Standing, Validated

FORMAT_VERSION = 1

Mapped: TypeAlias = dict[str, Json]


def as_text(value: Json) -> str:
    """Return *value* as a JSON document in ASCII, ended by a line break.

    So no character of a text acts on a terminal, and any encoding of standard output will do.
    """
    return json.dumps(value, indent=2, allow_nan=False) + "\n"


def document(kind: str, **content: Json) -> Mapped:
    """Return a document of *kind*, with the version of its format."""
    return {"format_version": FORMAT_VERSION, "kind": kind, **content}


def plan_json(prepared: PreparedPlan) -> Mapped:
    """Return a plan with what belongs to it."""
    plan = prepared.plan
    return document(
        "plan",
        at=stamp(plan.at),
        changes=bool(plan.effective),
        counts=dict(plan.counts()),
        actions=[action_json(action) for action in plan.actions],
        findings=[_finding(finding) for finding in prepared.findings],
        notices=[notice_json(notice) for notice in plan.notices],
        excesses=[_excess(excess) for excess in prepared.excesses],
        interrupted=[str(address) for address in prepared.interrupted],
        accounts=[account_json(account) for account in prepared.accounts],
        credentials=[credential_json(view) for view in prepared.credentials],
        state=_state(plan, prepared),
    )


def applied_json(applied: CarriedOut) -> Mapped:
    """Return what apply showed, and what became of it; *report* is null where nothing was begun."""
    report = applied.report
    return document(
        "report",
        declined=applied.declined,
        plan=plan_json(applied.prepared),
        report=_report(report) if report is not None else None,
    )


def validation_json(validated: Validated) -> Mapped:
    """Return what checking the files found."""
    return document(
        "validation",
        ok=not any(finding.is_error for finding in validated.findings),
        files=validated.files,
        publications=validated.publications,
        drafts=validated.drafts,
        findings=[_finding(finding) for finding in validated.findings],
    )


def status_json(rows: Sequence[Standing]) -> Mapped:
    """Return how every publication stands."""
    return document(
        "status",
        publications=[
            {
                **_address(row.address),
                "word": row.word,
                "when": maybe(row.when),
                "permalink": row.permalink,
                "detail": row.detail,
                "due": maybe(row.due),
                "seen": seen_json(row.seen),
            }
            for row in rows
        ],
    )


def show_json(known: Known) -> Mapped:
    """Return all that is known of one publication."""
    return document(
        "publication",
        **_address(known.address),
        declared=_declared(known.declared) if known.declared is not None else None,
        binding=_binding(known.binding) if known.binding is not None else None,
        tombstone=_tombstone(known.tombstone) if known.tombstone is not None else None,
        open=_open(known.open) if known.open is not None else None,
        action=action_json(known.action) if known.action is not None else None,
        seen=seen_json(known.seen),
    )


def entries_json(entries: Sequence[Binding | Tombstone]) -> Mapped:
    """Return what the state holds."""
    return document(
        "entries",
        bindings=[_binding(entry) for entry in entries if isinstance(entry, Binding)],
        tombstones=[_tombstone(entry) for entry in entries if isinstance(entry, Tombstone)],
    )


def history_json(entries: Sequence[Backup]) -> Mapped:
    """Return the copies of the state that there are."""
    return document(
        "history",
        copies=[
            {
                "file": str(entry.file),
                "current": entry.current,
                "serial": entry.serial,
                "when": maybe(entry.when),
                "run": entry.run,
                "bindings": entry.bindings,
                "problem": entry.problem,
                "restore": entry.restore,
            }
            for entry in entries
        ],
    )


def action_json(action: Action) -> Mapped:
    """Return one action; which further keys it has depends on its word."""
    return {
        **_address(action.address),
        "action": action.word,
        "reason": action.reason.value,
        **_further(action),
    }


def _further(action: Action) -> Mapped:
    match action:
        case Create():
            return {**_publishing(action), "republish": action.republish}
        case Extend():
            return {**_publishing(action), "live": _posts(action.live)}
        case Update():
            return {
                "protect": action.protect,
                "on_remove": action.on_remove.value,
                "in_place": action.publication is not None,
            }
        case Move():
            return {"old_address": str(action.old)}
        case Replace():
            return {
                **_publishing(action),
                "keep": action.keep,
                "live": _posts(action.live),
                "takes_down": _posts(action.old),
                "loses": losses_json(action.loses),
                "consent": action.consent,
            }
        case Delete():
            return {
                "takes_down": _posts(action.old),
                "loses": losses_json(action.loses),
                "forget_as": action.forget_as,
            }
        case Forget():
            return {"live": _posts(action.live), "why": action.why}
        case Adopt():
            return {"live": _posts(action.segments)}
        case Wait():
            return {"until": maybe(action.until), "segments": _segments(action.segments)}
        case Blocked():
            return {
                "would": action.would,
                "problem": action.problem,
                "remedy": action.remedy,
                "segments": _segments(action.segments),
                "live": _posts(action.old),
                "loses": losses_json(action.loses),
                "allowance": action.allowance,
                "goes_on_at": maybe(action.goes_on_at),
            }
        case NoOp():
            return {"note": action.note}
        case _:
            assert_never(action)


def _publishing(action: Create | Extend | Replace) -> Mapped:
    return {
        **_publication(action.publication),
        "segments": _segments(action.segments, action.publication),
        "waits_for": [str(address) for address in action.waits_for],
    }


def _publication(publication: Publication) -> Mapped:
    schedule = publication.control.publish
    return {
        "file": publication.location.file,
        "digest": publication.digest,
        "due": maybe(schedule.at if schedule is not None else None),
        "options": dict(publication.options),
    }


def _segments(segments: Iterable[SegmentView], publication: Publication | None = None) -> list[Json]:
    declared = publication.segments if publication is not None else ()
    return [
        {
            "index": view.index,
            "text": view.text,
            "count": view.count,
            "count_max": view.count_max,
            "unit": view.unit,
            "digest": view.digest,
            "media": [media_json(item) for item in view.media],
            "attached": dict(view.attached),
            "card": card_json(declared[view.index].card) if view.index < len(declared) else None,
        }
        for view in segments
    ]


def _posts(posts: Iterable[Published]) -> list[Json]:
    return [
        {
            "index": post.index,
            "remote_id": post.remote_id,
            "permalink": post.permalink,
            "text": post.text,
            "at": stamp(post.at),
            "digest": post.digest,
            "bound_by": post.bound_by,
        }
        for post in posts
    ]


def _address(address: object) -> Mapped:
    key, _, target = str(address).rpartition("@")
    return {"address": str(address), "key": key, "target": target}


def _finding(finding: Diagnostic) -> Json:
    return {
        "file": finding.location.file,
        "line": finding.location.line,
        "column": finding.location.column,
        "severity": finding.severity.value,
        "rule": finding.rule,
        "problem": finding.problem,
        "remedy": finding.remedy,
    }


def _excess(excess: Excess) -> Json:
    return {
        "target": excess.target,
        "what": excess.word,
        "number": excess.number,
        "limit": excess.limit,
        "flag": excess.flag,
    }


def _state(plan: Plan, prepared: PreparedPlan) -> Mapping[str, Json]:
    return {
        "file": prepared.state_path,
        "lineage": plan.lineage,
        "serial": plan.serial,
        "first_run_targets": list(plan.first_run_targets),
        "durable": prepared.durable,
    }


def _report(report: Report) -> Json:
    return {
        "run": report.run,
        "stopped": report.stopped,
        "complete": report.complete,
        "failure": _failure(report.failure) if report.failure is not None else None,
        "actions": [_became(each) for each in report.actions],
        "pauses": [_pause(pause, report.remaining(pause.target)) for pause in report.pauses],
        "held": held_json(report.held),
    }


def _pause(pause: Pause, remaining: int) -> Json:
    return {
        "target": pause.target,
        "since": str(pause.since),
        "at": stamp(pause.at),
        "failures": pause.failures,
        "allowance": pause.allowance,
        "kind": pause.fault.kind.value,
        "why": pause.fault.problem,
        "remedy": pause.fault.remedy,
        "remaining": remaining,
        "needs_person": pause.needs_person,
        "goes_on_at": maybe(pause.goes_on_at),
    }


def _failure(error: StateError) -> Json:
    return {"where": error.where, "problem": error.problem, "remedy": error.remedy}


def _became(each: ActionReport) -> Json:
    return {
        **_address(each.address),
        "action": each.action.word,
        "became": each.became.value,
        "why": each.why,
        "remedy": each.remedy,
        "permalinks": list(each.permalinks),
        "candidates": list(each.candidates),
        "partly": each.partly,
    }


def _declared(declared: Wanted) -> Json:
    return {
        **_publication(declared.publication),
        "segments": _segments(declared.segments),
        "waits_for": [str(address) for address in declared.waits_for],
    }


def _binding(binding: Binding) -> Json:
    came = binding.provenance
    return {
        **_address(binding.address),
        "live": _posts(binding.segments),
        "superseded": _posts(binding.superseded),
        "protect": binding.protect,
        "on_remove": binding.on_remove,
        "provenance": {
            "run": came.run,
            "commit": came.commit,
            "plan": came.plan,
            "by": came.by,
            "at": maybe(came.at),
        },
    }


def _tombstone(stone: Tombstone) -> Json:
    return {
        **_address(stone.address),
        "why": stone.why,
        "at": stamp(stone.at),
        "posts": _posts(stone.segments),
    }


def _open(unfinished: Open) -> Json:
    doubt = unfinished.doubt
    return {
        "verb": unfinished.job.verb,
        "begun": stamp(unfinished.begun),
        "in_doubt": unfinished.in_doubt,
        "doubt": doubt.why if doubt is not None else "",
    }
