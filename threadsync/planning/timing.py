"""Whether a new publication is due: its schedule, its window, and the target's backlog (laws 8 and 15)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from threadsync.model.digest import digest_of_segments
from threadsync.model.holding import Lull
from threadsync.model.post import IfLate
from threadsync.model.state import State
from threadsync.planning.actions import Action, Blocked, Forget, NoOp, Reason, Wait
from threadsync.planning.inputs import BACKLOG, Consents, Desired, Wanted
from threadsync.planning.lulls import lull_over


def since_of(desired: Desired, prior: State | None, wanted: Wanted, now: datetime) -> datetime:
    """Return the time before which a target's posts count as backlog."""
    name = wanted.publication.address.target
    declared = desired.targets[name].since
    if declared is not None:
        return declared
    record = prior.targets.get(name) if prior is not None else None
    return record.since if record is not None else now - BACKLOG


def hold_back(
    wanted: Wanted,
    desired: Desired,
    prior: State | None,
    *,
    now: datetime,
    consents: Consents,
    lulls: Sequence[Lull],
) -> Action | None:
    """Return why an unbound publication is not created now, or None where it is due."""
    publication = wanted.publication
    schedule = publication.control.publish
    if not publication.control.backfill:
        since = since_of(desired, prior, wanted, now)
        if schedule is not None and schedule.at < since:
            its_time = f"its time, {schedule.at:%Y-%m-%d %H:%M} UTC"
            return _before_since(wanted, f"{its_time}, is before {since.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
        elsewhere = _published_elsewhere(wanted, prior)
        if schedule is None and elsewhere is not None and elsewhere < max(since, now - BACKLOG):
            return _before_since(wanted, f"it has no time, and went out elsewhere on {elsewhere:%Y-%m-%d}")
    return untimely(wanted, now, consents, lulls)


def untimely(wanted: Wanted, now: datetime, consents: Consents, lulls: Sequence[Lull]) -> Action | None:
    """Return what a schedule says about now: not yet, or too late; None where it is time.

    What one of *lulls* has made late waits for a yes, whatever its ``if_late`` says.
    """
    publication = wanted.publication
    schedule = publication.control.publish
    if schedule is None or schedule.at <= now <= schedule.at + schedule.window:
        return None
    if now < schedule.at:
        return Wait(publication.address, Reason.NOT_DUE, schedule.at, wanted.segments)
    lull = lull_over(publication, lulls)
    if lull is None and schedule.if_late is IfLate.SKIP:
        digest = digest_of_segments(wanted.digests)
        return Forget(publication.address, Reason.SKIPPED_LATE, "skipped", digest)
    if publication.address in consents.late or (lull is None and schedule.if_late is IfLate.PUBLISH):
        return None
    ended = schedule.at + schedule.window
    because = (
        f"; {lull.why} from {lull.since:%Y-%m-%d %H:%M} to {lull.until:%Y-%m-%d %H:%M} UTC" if lull else ""
    )
    return Blocked(
        publication.address,
        Reason.LATE,
        f"its window ended at {ended:%Y-%m-%d %H:%M} UTC{because}.",
        f"Publish it all the same with --late={publication.address}, or give it a new time.",
        segments=wanted.segments,
    )


def skipped(wanted: Wanted) -> NoOp:
    """Return what is planned for a publication that was skipped for good."""
    return NoOp(wanted.publication.address, Reason.SKIPPED_LATE, "skipped because it was late")


def _published_elsewhere(wanted: Wanted, prior: State | None) -> datetime | None:
    """Return when the post first went out on another target."""
    if prior is None:
        return None
    key = wanted.publication.address.key
    times = [
        binding.segments[0].at
        for target in prior.targets
        if target != wanted.publication.address.target
        and (binding := prior.bindings.get(type(wanted.publication.address)(key, target))) is not None
        and binding.segments
    ]
    return min(times, default=None)


def _before_since(wanted: Wanted, why: str) -> Blocked:
    address = wanted.publication.address
    return Blocked(
        address,
        Reason.BEFORE_SINCE,
        f"it counts as backlog of {address.target}: {why}.",
        "If it is to go out all the same, write backfill: true in the post.",
        segments=wanted.segments,
    )
