"""What keeps apply from acting, and when it last did, in words: a freeze, holds, the heartbeat."""

from __future__ import annotations

from datetime import datetime

from threadsync.model.holding import Freeze, Heartbeat, Hold, whose
from threadsync.planning.actions import Blocked, NoOp, Reason
from threadsync.views.moments import ago, told
from threadsync.views.seen import PreparedPlan


def freeze_text(freeze: Freeze, zone: str | None) -> str:
    """Return that everything is frozen, by whom and why."""
    since = told(freeze.at, zone)
    return f"apply is frozen{whose(freeze)}, since {since}. It refuses until threadsync unfreeze."


def hold_text(hold: Hold, zone: str | None) -> str:
    """Return that a publication is held, by whom and why."""
    return f"held{whose(hold)}, since {told(hold.at, zone)}"


def heartbeat_text(heartbeat: Heartbeat, now: datetime | None, zone: str | None) -> str:
    """Return ``12 minutes ago, by ana: 3 applied``; without *now* the time itself, which does not age."""
    when = told(heartbeat.at, zone) if now is None else ago(now - heartbeat.at)
    by = f", by {heartbeat.by}" if heartbeat.by else ""
    counts = ", ".join(f"{number} {word}" for word, number in sorted(heartbeat.counts.items()))
    return f"{when}{by}: {counts or 'nothing to do'}."


def kept_back(prepared: PreparedPlan) -> list[tuple[str, str]]:
    """Return what a person has said that apply must not do, and no action of the plan says."""
    found: list[tuple[str, str]] = []
    if prepared.freeze is not None:
        found.append(("Frozen", freeze_text(prepared.freeze, prepared.zone)))
    said = {
        action.address
        for action in prepared.plan.actions
        if isinstance(action, Blocked) and action.reason is Reason.HELD
    }
    found += [
        ("Held", f"{hold.address}, {hold_text(hold, prepared.zone).removeprefix('held ')}.")
        for hold in prepared.holds
        if hold.address not in said
    ]
    return found


def last_apply(prepared: PreparedPlan) -> str:
    """Return when an apply of everything ended last; empty where that is not known.

    Of a plan without changes the text is kept and told again, so no age stands in it.
    """
    if prepared.heartbeat is None:
        return ""
    is_kept = all(isinstance(action, NoOp) for action in prepared.plan.actions)
    return heartbeat_text(prepared.heartbeat, None if is_kept else prepared.plan.at, prepared.zone)
