"""The shapes of the documents that ``plan`` and ``apply`` print as JSON, as far as they are read back.

``schema/plan.schema.json`` is what they promise; a key that is not here is left out. What is read is as
hostile as what it was made from: it may be a pull request's.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from threadsync.execution.report import Became
from threadsync.model.fault import FaultClass
from threadsync.model.ids import RemoteId, TargetName
from threadsync.views.shapes_actions import ActionShape, Moment


class FindingShape(Struct, frozen=True):
    """What is wrong with a file."""

    file: str
    line: int
    column: int
    severity: str
    rule: str
    problem: str
    remedy: str


class NoticeShape(Struct, frozen=True):
    """A warning."""

    about: str
    problem: str
    remedy: str
    seen_at: Moment | None = None


class ExcessShape(Struct, frozen=True):
    """A safety limit that is gone over."""

    target: TargetName
    what: str
    number: int
    limit: int


class LifeShape(Struct, frozen=True):
    """How long a credential lives."""

    expires_at: Moment | None
    renewed_at: Moment | None
    endless: bool


class CredentialShape(LifeShape, frozen=True, kw_only=True):
    """What is known of the credential of a target."""

    target: TargetName
    renewed_here: bool
    is_local: bool = False


class AllowanceShape(Struct, frozen=True):
    """An allowance of an account."""

    what: str
    used: int | None
    total: int | None
    unknown: str
    scope: str
    window_seconds: float | None
    in_plan: int
    held_back: int
    goes_on_at: Moment | None
    is_past: bool = False


class AccountShape(Struct, frozen=True):
    """An account."""

    target: TargetName
    handle: str
    seen_at: Moment
    allowances: tuple[AllowanceShape, ...]
    credential: LifeShape | None
    is_outrun: bool = False


class StateShape(Struct, frozen=True):
    """The state that a plan was made from."""

    file: str
    lineage: str | None
    serial: int
    first_run_targets: tuple[TargetName, ...]
    durable: str


class FreezeShape(Struct, frozen=True):
    """A freeze."""

    at: Moment
    by: str
    why: str


class HoldShape(FreezeShape, frozen=True, kw_only=True):
    """A hold."""

    address: str


class HeartbeatShape(Struct, frozen=True):
    """When an apply of everything ended last."""

    at: Moment
    run: str
    by: str
    counts: Mapping[str, int]


class PlanShape(Struct, frozen=True):
    """A plan."""

    at: Moment
    counts: Mapping[str, int]
    actions: tuple[ActionShape, ...]
    findings: tuple[FindingShape, ...]
    notices: tuple[NoticeShape, ...]
    excesses: tuple[ExcessShape, ...]
    interrupted: tuple[str, ...]
    accounts: tuple[AccountShape, ...]
    credentials: tuple[CredentialShape, ...]
    state: StateShape
    zone: str | None = None
    freeze: FreezeShape | None = None
    holds: tuple[HoldShape, ...] = ()
    heartbeat: HeartbeatShape | None = None


class BecameShape(Struct, frozen=True):
    """What became of one action."""

    address: str
    became: Became
    why: str
    remedy: str
    permalinks: tuple[str, ...]
    candidates: tuple[RemoteId, ...]
    partly: bool


class PauseShape(Struct, frozen=True):
    """A target on which nothing more was begun."""

    target: TargetName
    since: str
    at: Moment
    failures: int
    allowance: str
    kind: FaultClass
    why: str
    remedy: str
    goes_on_at: Moment | None


class HeldShape(Struct, frozen=True):
    """What was stopped before a limit."""

    address: str
    action: str
    allowance: str
    why: str
    remedy: str
    goes_on_at: Moment | None


class FailureShape(Struct, frozen=True):
    """Why no more could be put on record."""

    where: str
    problem: str
    remedy: str


class ReportShape(Struct, frozen=True):
    """What became of a whole plan."""

    run: str
    stopped: bool
    failure: FailureShape | None
    actions: tuple[BecameShape, ...]
    pauses: tuple[PauseShape, ...]
    held: tuple[HeldShape, ...]


class CarriedOutShape(Struct, frozen=True):
    """The plan that apply showed, and what became of it."""

    plan: PlanShape
    report: ReportShape | None
    declined: bool
