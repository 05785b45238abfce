"""Holding an apply to a saved plan: what makes the plan stale, and what it did not show (law 9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, assert_never

from msgspec.structs import replace

from threadsync.model.ids import Address, TargetName
from threadsync.model.post import Publication
from threadsync.model.state import State
from threadsync.planning.actions import (
    Action,
    Adopt,
    Blocked,
    Create,
    Delete,
    Effective,
    Extend,
    Forget,
    Move,
    NoOp,
    Plan,
    Reason,
    Replace,
    SegmentView,
    Update,
    Wait,
)
from threadsync.planning.inputs import Desired
from threadsync.planning.planfile import (
    PlanOptions,
    SavedPlan,
    Shown,
    TargetShown,
    digest,
    digest_of_prior,
)

_IDLE: Final = frozenset({NoOp.word, ""})
_HELD: Final = frozenset({Blocked.word, Wait.word})
_RESUMING: Final = frozenset({Reason.RESUME.value, Reason.FINISH_REPLACE.value})
_UNTOUCHED: Final = frozenset({NoOp.word, Blocked.word})
"""What a plan shows and does nothing about."""


def saved_plan(
    plan: Plan, desired: Desired, prior: State | None, *, project: str, options: PlanOptions
) -> SavedPlan:
    """Bind *plan* to what it was made from."""
    touched = sorted({action.address.target for action in plan.actions})
    return SavedPlan(
        project,
        plan.lineage,
        plan.serial,
        plan.at,
        options,
        {str(name): _target(name, desired, prior) for name in touched},
        tuple(_shown(action, desired, prior) for action in plan.actions),
    )


def _target(name: TargetName, desired: Desired, prior: State | None) -> TargetShown:
    target = desired.targets.get(name)
    record = prior.targets.get(name) if prior is not None else None
    return TargetShown(
        (target.account or "") if target is not None else "",
        (target.base_url or "") if target is not None else "",
        f"{record.origin} {record.account_id} {record.channel}".strip() if record is not None else "",
    )


def _shown(action: Action, desired: Desired, prior: State | None) -> Shown:
    address = action.address
    wanted = desired.publications.get(address)
    return Shown(
        address,
        action.word,
        action.reason.value,
        _declared(wanted.publication) if wanted is not None else "",
        digest_of_prior(prior, address),
        digest([action.word, *_does(action, prior)]),
    )


def _declared(publication: Publication) -> str:
    """Return the digest of what a plan shows of a declaration: what is sent, when, and if it is fitted.

    A wait that is carried out when it is due must be due when the plan said.
    """
    control, schedule = publication.control, publication.control.publish
    when = None
    if schedule is not None:
        when = [schedule.at.isoformat(), schedule.window.total_seconds(), schedule.if_late.value]
    return digest([publication.digest, when, control.fit])


def _does(action: Action, prior: State | None) -> list[object]:
    """Return what *action* does, but for what a person may read differently: texts, times, consents."""
    match action:
        case Create():
            return [*_publishing(action.publication, action.segments, action.waits_for), action.republish]
        case Extend():
            live = [post.remote_id for post in action.live]
            return [*_publishing(action.publication, action.segments, action.waits_for), live]
        case Replace():
            old = [post.remote_id for post in action.old]
            return [*_publishing(action.publication, action.segments, action.waits_for), action.keep, old]
        case Update():
            return [action.protect, action.on_remove.value]
        case Move():
            kept = [action.protect, action.on_remove.value]
            return [str(action.old), digest_of_prior(prior, action.old), *kept]
        case Delete():
            return [[post.remote_id for post in action.old], action.forget_as]
        case Forget():
            return [action.why, [post.remote_id for post in action.live]]
        case Adopt():
            return [[post.remote_id for post in action.segments], action.protect, str(action.on_remove)]
        case Wait() | Blocked() | NoOp():
            return []
        case _:
            assert_never(action)


def _publishing(
    publication: Publication, segments: tuple[SegmentView, ...], waits_for: tuple[Address, ...]
) -> list[object]:
    control = publication.control
    kept = [control.protect, control.on_remove.value]
    return [[segment.digest for segment in segments], [str(each) for each in waits_for], kept]


# Against what would be done now.


def differences(saved: SavedPlan, now: SavedPlan) -> tuple[str, ...]:
    """Return what makes *saved* stale, a sentence each; *now* is the plan of now, with the same options."""
    if saved.project != now.project:
        return (f"it is a plan of project {saved.project}, and this is {now.project}.",)
    if saved.lineage != now.lineage:
        names = [each or "no state yet" for each in (saved.lineage, now.lineage)]
        return (f"it was made from another state ({names[0]}) than the one in use ({names[1]}).",)
    current = {shown.address: shown for shown in now.actions}
    found = [
        f"{name}: {problem}"
        for name, target in sorted(saved.targets.items())
        if (problem := _other_account(target, now.targets.get(name)))
    ]
    for shown in saved.actions:
        if shown.action in _UNTOUCHED:
            continue
        problem = _stale(shown, current.get(shown.address, Shown(shown.address, "", "", "", "", "")))
        if problem:
            found.append(f"{shown.address}: {problem}")
    return tuple(found)


def _other_account(saved: TargetShown, now: TargetShown | None) -> str:
    if now is None:
        return ""  # nothing is to be done there any more, which each of its addresses says
    if saved.bound and saved.bound != now.bound:
        return f"it is another account by now ({now.bound or 'none'} in place of {saved.bound})."
    if (saved.account, saved.base_url) != (now.account, now.base_url):
        return "the project gives it another account or address by now."
    return ""


def _stale(saved: Shown, now: Shown) -> str:
    if saved.content != now.content:
        return "its file has changed since." if now.content else "its file is gone since."
    if now.action in _IDLE or _goes_on(saved, now):
        return ""
    if saved.prior != now.prior:
        return f"what the state holds of it has changed since (now: {now.action}, {now.reason})."
    if now.action in _HELD or _is_shown(saved, now) or now.reason == Reason.SKIPPED_LATE:
        return ""
    return f"the plan shows {saved.action}, and now it would be {now.action} ({now.reason})."


def _goes_on(saved: Shown, now: Shown) -> bool:
    """Whether what would be done now is the rest of what the plan showed, and an apply had begun."""
    if now.reason not in _RESUMING:
        return False
    if now.action in {Delete.word, Replace.word}:
        return saved.action == now.action  # the consent was given to what the plan showed
    return saved.action in {Create.word, Extend.word, Replace.word, Wait.word}


def _is_shown(saved: Shown, now: Shown) -> bool:
    """Whether the plan showed what would be done now; a wait is carried out when it is due."""
    came_due = saved.action == Wait.word and now.action in {Create.word, Extend.word}
    return came_due or saved.does == now.does


def held_to(saved: SavedPlan, plan: Plan, now: SavedPlan) -> Plan:
    """Return *plan* without what *saved* did not show: that is blocked, and so is what hangs on it."""
    shown = {each.address: each for each in saved.actions}
    current = {each.address: each for each in now.actions}
    unborn: set[Address] = set()
    actions: list[Action] = []
    for action in plan.actions:
        problem = _not_shown(action, shown, current[action.address], unborn)
        if problem and not isinstance(action, Wait | Blocked | NoOp):
            if isinstance(action, Create):
                unborn.add(action.address)
            actions.append(_held_back(action, problem))
        else:
            actions.append(action)
    return replace(plan, actions=tuple(actions))


def _not_shown(action: Action, shown: Mapping[Address, Shown], now: Shown, unborn: set[Address]) -> str:
    before = shown.get(action.address)
    if before is None:
        return "it is new since the plan was saved."
    if before.action in _UNTOUCHED or before.content != now.content:
        return f"the saved plan shows it as {before.action} ({before.reason})."
    if not (_goes_on(before, now) or _is_shown(before, now)):
        return f"the saved plan shows {before.action} ({before.reason})."
    if isinstance(action, Create | Extend | Replace):
        for needed in action.waits_for:
            if needed in unborn:
                return f"it needs {needed}, and the saved plan does not show that."
    return ""


def _held_back(action: Effective, problem: str) -> Blocked:
    segments = action.segments if isinstance(action, Create | Extend | Replace) else ()
    return Blocked(
        action.address,
        Reason.NOT_IN_PLAN,
        problem,
        "Make a new plan, or apply without one.",
        action.word,
        segments,
        action.old if isinstance(action, Replace | Delete) else (),
    )
