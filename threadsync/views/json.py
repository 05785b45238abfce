"""Plans, reports, findings and standings as JSON; ``schema/plan.schema.json`` describes them all.

``format_version`` grows when a key changes its meaning or goes away; a new key may come without that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from threadsync.errors import StateError
from threadsync.execution.breaker import Pause
from threadsync.execution.report import ActionReport, Report
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.ids import Json
from threadsync.model.state import Binding, Open, Tombstone
from threadsync.planning.actions import (
    Plan,
)
from threadsync.planning.inputs import Wanted
from threadsync.planning.safety import Excess
from threadsync.views.json_account import (
    account_json,
    credential_json,
    freeze_json,
    heartbeat_json,
    held_json,
    hold_json,
    maybe,
    notice_json,
    seen_json,
)
from threadsync.views.json_actions import (
    action_json,
    address_json,
    posts_json,
    publication_json,
    segments_json,
)
from threadsync.views.moments import stamp
from threadsync.views.seen import Backup, CarriedOut, Known, PreparedPlan, Standings, Validated

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
        zone=prepared.zone,
        changes=bool(plan.effective),
        counts=dict(plan.counts()),
        actions=[action_json(action) for action in plan.actions],
        findings=[_finding(finding) for finding in prepared.findings],
        notices=[notice_json(notice) for notice in plan.notices],
        excesses=[_excess(excess) for excess in prepared.excesses],
        interrupted=[str(address) for address in prepared.interrupted],
        accounts=[account_json(account) for account in prepared.accounts],
        credentials=[credential_json(view) for view in prepared.credentials],
        freeze=freeze_json(prepared.freeze),
        holds=[{**address_json(hold.address), **hold_json(hold)} for hold in prepared.holds],
        heartbeat=heartbeat_json(prepared.heartbeat),
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


def status_json(standings: Standings) -> Mapped:
    """Return how every publication stands."""
    return document(
        "status",
        freeze=freeze_json(standings.freeze),
        heartbeat=heartbeat_json(standings.heartbeat),
        publications=[
            {
                **address_json(row.address),
                "word": row.word,
                "when": maybe(row.when),
                "permalink": row.permalink,
                "detail": row.detail,
                "due": maybe(row.due),
                "seen": seen_json(row.seen),
                "held": hold_json(row.held) if row.held is not None else None,
            }
            for row in standings.rows
        ],
    )


def show_json(known: Known) -> Mapped:
    """Return all that is known of one publication."""
    return document(
        "publication",
        **address_json(known.address),
        declared=_declared(known.declared) if known.declared is not None else None,
        binding=_binding(known.binding) if known.binding is not None else None,
        tombstone=_tombstone(known.tombstone) if known.tombstone is not None else None,
        open=_open(known.open) if known.open is not None else None,
        action=action_json(known.action) if known.action is not None else None,
        seen=seen_json(known.seen),
        held=hold_json(known.held) if known.held is not None else None,
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
        **address_json(each.address),
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
        **publication_json(declared.publication),
        "segments": segments_json(declared.segments),
        "waits_for": [str(address) for address in declared.waits_for],
    }


def _binding(binding: Binding) -> Json:
    came = binding.provenance
    return {
        **address_json(binding.address),
        "live": posts_json(binding.segments),
        "superseded": posts_json(binding.superseded),
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
        **address_json(stone.address),
        "why": stone.why,
        "by": stone.by,
        "said": stone.said,
        "at": stamp(stone.at),
        "posts": posts_json(stone.segments),
    }


def _open(unfinished: Open) -> Json:
    doubt = unfinished.doubt
    return {
        "verb": unfinished.job.verb,
        "begun": stamp(unfinished.begun),
        "in_doubt": unfinished.in_doubt,
        "doubt": doubt.why if doubt is not None else "",
    }
