"""What a person holds is not touched: every action on it is blocked until it is released."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from threadsync.model.digest import digest_of_segments
from threadsync.model.holding import Hold, whose
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
    Update,
    Wait,
)
from threadsync.planning.inputs import Desired

_LIFTED_BY_A_YES = frozenset({Reason.NEEDS_CONSENT, Reason.LATE})
"""What is blocked for one of these is done once somebody says yes, so a hold is said instead."""


def held_back(
    actions: Mapping[Address, Action], desired: Desired, prior: State | None
) -> dict[Address, Action]:
    """Return *actions* with those on what is held turned into ``Blocked``.

    A move is carried out: the network sees nothing of it, and the hold goes along. What is in doubt is
    settled, which only looks.
    """
    if prior is None or not prior.holds:
        return dict(actions)
    return {address: _held_back(action, desired, prior) for address, action in actions.items()}


def _held_back(action: Action, desired: Desired, prior: State) -> Action:
    match action:
        case NoOp() | Move() | Wait(reason=Reason.UNSETTLED):
            return action
        case Blocked(reason=reason) if reason not in _LIFTED_BY_A_YES:
            return action
        case _:
            hold = prior.holds.get(action.address) or _under_an_old_name(action, desired, prior)
            return _blocked(action, hold) if hold is not None else action


def _under_an_old_name(action: Action, desired: Desired, prior: State) -> Hold | None:
    """Return the hold on what is this publication under the name that its file had before."""
    wanted = desired.publications.get(action.address)
    if wanted is None or action.address in prior.bindings:
        return None
    digest, named = digest_of_segments(wanted.digests), wanted.publication.control.moved_from
    for hold in prior.holds.values():
        old = hold.address
        if old.target != action.address.target or old in desired.publications or old in prior.bindings:
            continue
        if hold.digest == digest or named == old.key:
            return hold
    return None


def _blocked(action: Action, hold: Hold) -> Blocked:
    name = "" if hold.address == action.address else f" as {hold.address}, the name it had before"
    problem = f"it is held{whose(hold)}, since {hold.at:%Y-%m-%d %H:%M} UTC{name}."
    remedy = f"Let it go with threadsync release {hold.address}."
    match action:
        case Create() | Extend() | Replace():
            old = action.old if isinstance(action, Replace) else ()
            return Blocked(action.address, Reason.HELD, problem, remedy, action.word, action.segments, old)
        case Delete():
            return Blocked(action.address, Reason.HELD, problem, remedy, action.word, old=action.old)
        case Wait():
            return Blocked(action.address, Reason.HELD, problem, remedy, Create.word, action.segments)
        case Blocked():
            return Blocked(
                action.address, Reason.HELD, problem, remedy, action.would, action.segments, action.old
            )
        case Update() | Forget() | Adopt() | Move() | NoOp():
            return Blocked(action.address, Reason.HELD, problem, remedy, action.word)
        case _:
            assert_never(action)
