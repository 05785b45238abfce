"""Plans and reports read back from the JSON they were printed as, so that they can be shown elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC
from typing import Any, TypeVar

from msgspec import Struct, ValidationError, convert

from threadsync.errors import StateError, UsageError
from threadsync.execution.breaker import Pause
from threadsync.execution.report import ActionReport, Report
from threadsync.model.diagnostic import Diagnostic, Location, Severity
from threadsync.model.facts import CredentialLife, Quota
from threadsync.model.fault import Fault
from threadsync.model.holding import Freeze, Heartbeat, Hold
from threadsync.model.ids import Address
from threadsync.model.state import Lineage
from threadsync.planning.actions import (
    Blocked,
    Effective,
    NoOp,
    Notice,
    Plan,
    Reason,
)
from threadsync.planning.allowances import AccountView, Allowance, CredentialView
from threadsync.planning.planfile import KIND
from threadsync.planning.safety import Excess
from threadsync.views import shapes
from threadsync.views.documents_actions import action_of
from threadsync.views.json import FORMAT_VERSION

S = TypeVar("S", bound=Struct)


class ReadPlan(Struct, frozen=True):
    """A plan as a document tells it; a ``PreparedPlan``."""

    plan: Plan
    findings: tuple[Diagnostic, ...]
    excesses: tuple[Excess, ...]
    durable: str
    state_path: str
    zone: str | None
    interrupted: tuple[Address, ...]
    accounts: tuple[AccountView, ...]
    credentials: tuple[CredentialView, ...]
    freeze: Freeze | None
    holds: tuple[Hold, ...]
    heartbeat: Heartbeat | None

    @property
    def has_errors(self) -> bool:
        """Whether the files had errors."""
        return any(finding.is_error for finding in self.findings)


class ReadReport(Struct, frozen=True):
    """The plan that apply showed, and what became of it, as a document tells it; a ``CarriedOut``."""

    prepared: ReadPlan
    report: Report | None
    declined: bool


def read_plan(content: bytes, where: str) -> ReadPlan:
    """Read a plan that ``plan --format json`` printed, or that ``plan --out`` saved, in the file *where*.

    Raises:
        UsageError: it is none, or of another version.
    """
    document = _document(content, where)
    if document.get("kind") == KIND and isinstance(document.get("plan"), dict):
        document = document["plan"]
    try:
        return _plan(_shaped(document, "plan", shapes.PlanShape, where, "plan --format json > FILE"))
    except (ValueError, OverflowError) as error:
        raise _misshapen(where, error, "plan --format json > FILE") from error


def read_report(content: bytes, where: str) -> ReadReport:
    """Read a report that ``apply --format json`` printed, in the file *where*.

    Raises:
        UsageError: it is none, or of another version.
    """
    made_by = "apply --format json > FILE"
    shape = _shaped(_document(content, where), "report", shapes.CarriedOutShape, where, made_by)
    try:
        prepared = _plan(shape.plan)
        report = _report(shape.report, prepared) if shape.report is not None else None
    except (ValueError, OverflowError) as error:
        raise _misshapen(where, error, made_by) from error
    return ReadReport(prepared, report, shape.declined)


def _document(content: bytes, where: str) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            "it is not JSON.", where=where, remedy="Name a file that --format json was printed into."
        ) from error
    return document if isinstance(document, dict) else {}


def _shaped(document: Mapping[str, Any], kind: str, shape: type[S], where: str, made_by: str) -> S:
    if document.get("kind") != kind or document.get("format_version") != FORMAT_VERSION:
        raise UsageError(
            f"it is no {kind} of version {FORMAT_VERSION}.",
            where=where,
            remedy=f"Make one with this threadsync: threadsync {made_by}.",
        )
    try:
        return convert(document, shape)
    except (ValidationError, UnicodeError) as error:  # JSON can say half a character
        raise _misshapen(where, error, made_by) from error


def _misshapen(where: str, error: Exception, made_by: str) -> UsageError:
    return UsageError(
        f"its shape is wrong: {error}.", where=where, remedy=f"Make it anew: threadsync {made_by}."
    )


def _plan(shape: shapes.PlanShape) -> ReadPlan:
    actions = tuple(map(action_of, shape.actions))
    silent = shape.counts.get(NoOp.word, 0) - sum(isinstance(action, NoOp) for action in actions)
    lineage = Lineage(shape.state.lineage) if shape.state.lineage is not None else None
    notices = tuple(Notice(each.about, each.problem, each.remedy, each.seen_at) for each in shape.notices)
    first, last = shape.state.first_run_targets, shape.heartbeat
    return ReadPlan(
        Plan(actions, shape.at.astimezone(UTC), lineage, shape.state.serial, notices, first, max(0, silent)),
        tuple(map(_finding, shape.findings)),
        tuple(Excess(each.target, each.what, each.number, each.limit) for each in shape.excesses),
        shape.state.durable,
        shape.state.file,
        shape.zone,
        tuple(map(Address.parse, shape.interrupted)),
        tuple(map(_account, shape.accounts)),
        tuple(map(_credential, shape.credentials)),
        Freeze(shape.freeze.at, shape.freeze.by, shape.freeze.why) if shape.freeze is not None else None,
        tuple(Hold(Address.parse(each.address), each.at, each.by, each.why) for each in shape.holds),
        Heartbeat(last.at, last.run, last.by, last.counts) if last is not None else None,
    )


def _finding(shape: shapes.FindingShape) -> Diagnostic:
    place = Location(shape.file, shape.line, shape.column)
    return Diagnostic(place, shape.rule, shape.problem, shape.remedy, Severity(shape.severity))


def _life(shape: shapes.LifeShape) -> CredentialLife:
    return CredentialLife(shape.expires_at, shape.renewed_at, shape.endless)


def _credential(shape: shapes.CredentialShape) -> CredentialView:
    return CredentialView(shape.target, _life(shape), shape.renewed_here, shape.is_local)


def _account(shape: shapes.AccountShape) -> AccountView:
    allowances = tuple(
        Allowance(
            each.what,
            Quota(each.used, each.total, each.unknown, each.scope, each.window_seconds),
            each.in_plan,
            each.held_back,
            each.goes_on_at,
            each.is_past,
        )
        for each in shape.allowances
    )
    life = _life(shape.credential) if shape.credential is not None else None
    return AccountView(shape.target, shape.handle, shape.seen_at, allowances, life, shape.is_outrun)


def _report(shape: shapes.ReportShape, prepared: ReadPlan) -> Report:
    planned = {action.address: action for action in prepared.plan.effective}
    failure = shape.failure
    return Report(
        tuple(
            ActionReport(
                _planned(planned, each.address),
                each.became,
                each.why,
                each.remedy,
                each.permalinks,
                each.candidates,
                each.partly,
            )
            for each in shape.actions
        ),
        shape.run,
        shape.stopped,
        tuple(map(_pause, shape.pauses)),
        tuple(map(_held, shape.held)),
        StateError(failure.problem, where=failure.where, remedy=failure.remedy) if failure else None,
    )


def _planned(planned: Mapping[Address, Effective], address: str) -> Effective:
    """Return the action that became something; it stands in the plan beside the report."""
    found = planned.get(Address.parse(address))
    if found is None:
        raise ValueError(f"its plan does nothing to {address}")
    return found


def _pause(shape: shapes.PauseShape) -> Pause:
    seconds = (shape.goes_on_at - shape.at).total_seconds() if shape.goes_on_at is not None else None
    fault = Fault(shape.kind, shape.why, shape.remedy, "", retry_after_seconds=seconds)
    since = Address.parse(shape.since)
    return Pause(shape.target, since, fault, shape.at, shape.failures, shape.allowance)


def _held(shape: shapes.HeldShape) -> Blocked:
    return Blocked(
        Address.parse(shape.address),
        Reason.QUOTA,
        shape.why,
        shape.remedy,
        shape.action,
        allowance=shape.allowance,
        goes_on_at=shape.goes_on_at,
    )
