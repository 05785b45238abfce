"""Plans and reports read back from the JSON they were printed as, so that they can be shown elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar, assert_never

from msgspec import Struct, ValidationError, convert

from threadsync.errors import StateError, UsageError
from threadsync.execution.breaker import Pause
from threadsync.execution.report import ActionReport, Report
from threadsync.model.diagnostic import Diagnostic, Location, Severity
from threadsync.model.facts import CredentialLife, Quota
from threadsync.model.fault import Fault
from threadsync.model.ids import Address, ContentDigest
from threadsync.model.journal import Published
from threadsync.model.post import (
    Caption,
    Card,
    Control,
    Media,
    MediaFacts,
    Publication,
    RemoteRef,
    Rendition,
    Schedule,
    Segment,
    VideoFacts,
)
from threadsync.model.state import Lineage
from threadsync.planning.actions import (
    Action,
    Adopt,
    Blocked,
    Create,
    Delete,
    Effective,
    Extend,
    Forget,
    Loss,
    Move,
    NoOp,
    Notice,
    Plan,
    Reason,
    Replace,
    SegmentView,
    Update,
    Wait,
)
from threadsync.planning.allowances import AccountView, Allowance, CredentialView
from threadsync.planning.planfile import KIND
from threadsync.planning.safety import Excess
from threadsync.views import shapes
from threadsync.views.json import FORMAT_VERSION

S = TypeVar("S", bound=Struct)

SEGMENTS_MAX: Final = 1_000
"""How many segments a post may be said to have; no network takes as many."""


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
    except ValidationError as error:
        raise _misshapen(where, error, made_by) from error


def _misshapen(where: str, error: Exception, made_by: str) -> UsageError:
    return UsageError(
        f"its shape is wrong: {error}.", where=where, remedy=f"Make it anew: threadsync {made_by}."
    )


def _plan(shape: shapes.PlanShape) -> ReadPlan:
    actions = tuple(map(_action, shape.actions))
    silent = shape.counts.get(NoOp.word, 0) - sum(isinstance(action, NoOp) for action in actions)
    lineage = Lineage(shape.state.lineage) if shape.state.lineage is not None else None
    notices = tuple(Notice(each.about, each.problem, each.remedy, each.seen_at) for each in shape.notices)
    first = shape.state.first_run_targets
    return ReadPlan(
        Plan(actions, shape.at, lineage, shape.state.serial, notices, first, max(0, silent)),
        tuple(map(_finding, shape.findings)),
        tuple(Excess(each.target, each.what, each.number, each.limit) for each in shape.excesses),
        shape.state.durable,
        shape.state.file,
        shape.zone,
        tuple(map(Address.parse, shape.interrupted)),
        tuple(map(_account, shape.accounts)),
        tuple(map(_credential, shape.credentials)),
    )


def _action(shape: shapes.ActionShape) -> Action:
    address, reason = Address.parse(shape.address), shape.reason
    match shape:
        case shapes.CreateShape():
            waits = tuple(map(Address.parse, shape.waits_for))
            views = _views(shape.segments)
            return Create(address, reason, _publication(shape), views, waits, shape.republish)
        case shapes.ExtendShape():
            waits = tuple(map(Address.parse, shape.waits_for))
            views, live = _views(shape.segments), _posts(shape.live)
            return Extend(address, reason, _publication(shape), views, live, waits)
        case shapes.ReplaceShape():
            return _replace(shape, address)
        case shapes.UpdateShape():
            return Update(address, reason, shape.protect, shape.on_remove)
        case shapes.MoveShape():
            return Move(address, reason, Address.parse(shape.old_address))
        case shapes.DeleteShape():
            return Delete(address, reason, _posts(shape.takes_down), shape.forget_as, _losses(shape.loses))
        case shapes.ForgetShape():
            return Forget(address, reason, shape.why, ContentDigest(""), _posts(shape.live))
        case shapes.AdoptShape():
            return Adopt(address, reason, _posts(shape.live))
        case shapes.WaitShape():
            return Wait(address, reason, shape.until, _views(shape.segments))
        case shapes.BlockedShape():
            return _blocked(shape, address)
        case shapes.NoOpShape():
            return NoOp(address, reason, shape.note)
        case _:
            assert_never(shape)


def _replace(shape: shapes.ReplaceShape, address: Address) -> Replace:
    return Replace(
        address,
        shape.reason,
        _publication(shape),
        _views(shape.segments),
        _posts(shape.live),
        shape.keep,
        _posts(shape.takes_down),
        shape.consent,
        tuple(map(Address.parse, shape.waits_for)),
        _losses(shape.loses),
        shape.why,
    )


def _blocked(shape: shapes.BlockedShape, address: Address) -> Blocked:
    return Blocked(
        address,
        shape.reason,
        shape.problem,
        shape.remedy,
        shape.would,
        _views(shape.segments),
        _posts(shape.live),
        _losses(shape.loses),
        shape.allowance,
        shape.goes_on_at,
    )


def _publication(shape: shapes.CreateShape | shapes.ExtendShape | shapes.ReplaceShape) -> Publication:
    """Return what is told of a publication; of segments that are not told of there is nothing but a place."""
    if not 0 <= shape.segments_in_all <= SEGMENTS_MAX:
        raise ValueError(f"{shape.segments_in_all} segments are too many")
    told = {each.index: each for each in shape.segments}
    schedule = Schedule(shape.due, shape.zone) if shape.due is not None else None
    return Publication(
        Address.parse(shape.address),
        tuple(_segment(told.get(index)) for index in range(shape.segments_in_all)),
        Control(publish=schedule),
        Location(shape.file),
        shape.digest,
        reply_to=_reference(shape.reply_to),
        repost=_reference(shape.repost),
        who_can_reply=shape.who_can_reply or None,
        tags=shape.tags,
        langs=shape.langs,
        options=shape.options,
    )


def _reference(text: str) -> RemoteRef | None:
    return RemoteRef(permalink=text) if text else None


def _segment(shape: shapes.SegmentShape | None) -> Segment:
    if shape is None:
        return Segment("", ())
    card = shape.card
    return Segment(
        shape.text,
        (),
        link=shape.link or None,
        poll=shape.poll,
        quote=_reference(shape.quote),
        options=shape.options,
        card=Card(card.url, card.title, card.description, _rendition(card.picture), card.problem)
        if card is not None
        else None,
    )


def _views(segments: Sequence[shapes.SegmentShape]) -> tuple[SegmentView, ...]:
    return tuple(
        SegmentView(
            each.index,
            each.text,
            each.count,
            each.count_max,
            each.unit,
            tuple(map(_media, each.media)),
            each.digest,
            each.attached,
        )
        for each in segments
    )


def _media(shape: shapes.MediaShape) -> Media:
    captions = tuple(
        Caption(each.lang, each.path, MediaFacts(each.sha256, 0, "captions", "VTT", 0, 0))
        for each in shape.captions
    )
    place = Location(shape.path)
    return Media(shape.path, _facts(shape), shape.alt, place, _rendition(shape.rendition), captions)


def _rendition(shape: shapes.FileShape | None) -> Rendition | None:
    return Rendition("", _facts(shape)) if shape is not None else None


def _facts(shape: shapes.FileShape) -> MediaFacts:
    """Return what is told of a file; of a video that is its length alone."""
    seconds = shape.duration_seconds
    video = VideoFacts(seconds, "", 0.0, 0, "", False, False, False, False) if seconds is not None else None
    of_it = (shape.sha256, shape.size_bytes, shape.kind, shape.format, shape.width, shape.height)
    return MediaFacts(*of_it, video=video)


def _posts(posts: Sequence[shapes.PostShape]) -> tuple[Published, ...]:
    return tuple(
        Published(
            each.index,
            each.digest,
            each.remote_id,
            each.text,
            each.at,
            each.permalink,
            bound_by=each.bound_by,
        )
        for each in posts
    )


def _losses(losses: Sequence[shapes.LossShape]) -> tuple[Loss, ...]:
    return tuple(Loss(each.remote_id, each.counts, each.seen_at, each.unknown, each.scope) for each in losses)


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
