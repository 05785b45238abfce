"""The order of a plan: what depends on something comes behind it, and waits where it must."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter

from threadsync.model.ids import Address
from threadsync.model.state import State
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
    Reason,
    Replace,
    Wait,
)
from threadsync.planning.inputs import Desired

_NOTHING_TO_DO = (True, "")


def ordered(actions: Mapping[Address, Action], desired: Desired, prior: State | None) -> tuple[Action, ...]:
    """Return *actions* in the order they are carried out, holding back what its dependencies hold back."""
    result: dict[Address, Action] = {}
    for address in _stable(actions, desired):
        action = actions[address]
        result[address] = _held(action, result, desired, prior) if _before(address, desired) else action
    return tuple(result.values())


def _stable(actions: Mapping[Address, Action], desired: Desired) -> list[Address]:
    """Return a topological order; among equals what was interrupted, then by due time and address."""
    behind = {
        address: needed
        for address in actions
        if (before := _before(address, desired))
        and (needed := sorted(each for each in before if each in actions))
    }

    def in_order(layer: Iterable[Address]) -> list[Address]:
        return sorted(sorted(layer), key=lambda address: _rank(actions[address]))

    # Most depend on nothing: they are the first layer, and no graph is made of them.
    found = in_order(address for address in actions if address not in behind)
    # prepare() is not called on a graph with a cycle: content refuses cycles, so one is our bug.
    walk = TopologicalSorter(behind)
    walk.prepare()
    while walk.is_active():
        ready = walk.get_ready()
        found += in_order(address for address in ready if address in behind)
        walk.done(*ready)
    return found


def _rank(action: Action) -> tuple[bool, str]:
    if isinstance(action, NoOp):
        return _NOTHING_TO_DO  # most of a plan
    # What is in doubt is settled before anything that says the same is published.
    return action.reason is not Reason.RESUME, _due(action)


def _due(action: Action) -> str:
    match action:
        case Create(publication=publication) if publication.control.publish is not None:
            return publication.control.publish.at.isoformat()
        case Wait(until=until) if until is not None:
            return until.isoformat()
        case _:
            return ""


def _before(address: Address, desired: Desired) -> tuple[Address, ...]:
    wanted = desired.publications.get(address)
    return wanted.waits_for if wanted is not None else ()


def _held(action: Action, earlier: Mapping[Address, Action], desired: Desired, prior: State | None) -> Action:
    """Hold *action* back where something it needs is not live and will not be in this run."""
    if isinstance(action, NoOp) and action.reason is Reason.SAME:
        return _link_changed(action, earlier, desired)
    if not isinstance(action, Create | Extend | Replace):
        return action
    if action.reason is Reason.LINK_CHANGED and not any(
        isinstance(earlier.get(needed), Replace) for needed in action.waits_for
    ):
        return NoOp(action.address, Reason.SAME)  # what it would follow is held back
    for needed in action.waits_for:
        before = earlier.get(needed)
        if isinstance(before, Wait):
            return Wait(action.address, before.reason, before.until, action.segments)
        if isinstance(before, Create | Extend | Replace | Adopt | Move):
            continue
        bound = prior is not None and needed in prior.bindings and not isinstance(before, Delete | Forget)
        if not bound or (isinstance(before, Blocked) and before.reason is Reason.GONE):
            return Blocked(
                action.address,
                Reason.DEPENDS_ON_BLOCKED,
                f"it needs {needed}, {_why(before)}.",
                f"See what holds {needed} back, or take the reference out.",
                action.word,
                action.segments,
            )
    return action


def _why(before: Action | None) -> str:
    match before:
        case Blocked(reason=reason):
            return f"which is not published ({reason})"
        case Delete():
            return "which this plan takes down"
        case Forget():
            return "which this plan forgets"
        case None:
            return "which is not published and not part of this plan"
        case _:
            return "which is not published"


def _link_changed(action: NoOp, earlier: Mapping[Address, Action], desired: Desired) -> Action:
    for needed in _before(action.address, desired):
        before = earlier.get(needed)
        if isinstance(before, Replace) and before.keep == 0:
            return Blocked(
                action.address,
                Reason.LINK_CHANGED,
                f"it names {needed}, which gets a new address and loses the old one.",
                f"Nothing is done to it; if it must follow, replace it too with "
                f"--allow-replace={action.address}.",
                "replace",
            )
    return action
