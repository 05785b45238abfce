"""Which interrupted publications must be settled before a plan can be made, or trusted."""

from __future__ import annotations

from collections.abc import Callable

from threadsync.model.ids import Address, is_notice
from threadsync.model.state import State
from threadsync.planning.actions import Create, Delete, Extend, Plan, Replace


def to_settle(plan: Plan, prior: State | None, selects: Callable[[Address], bool]) -> list[Address]:
    """Return the interrupted publications that this plan does not simply go on with."""
    if prior is None:
        return []
    going_on = {a.address for a in plan.effective if isinstance(a, Create | Extend | Replace | Delete)}
    left = (address for address in prior.open if address not in going_on and not is_notice(address))
    return sorted(address for address in left if selects(address))


def to_know_first(plan: Plan, prior: State | None) -> list[Address]:
    """Return those in doubt that must be settled before others can be looked for on the account.

    In a state that is older than the account, the next segments of a chain, or what links to it, may be
    live too, and what a replace takes down may be gone; what they look like is known only when it is
    known what they hang on.
    """
    if prior is None:
        return []
    publishing = [a for a in plan.effective if isinstance(a, Create | Extend | Replace)]
    needed = {each for action in publishing for each in action.waits_for}
    found: list[Address] = []
    for action in publishing:
        unfinished = prior.open.get(action.address)
        index = unfinished.doubtful_index if unfinished is not None else None
        if index is None:
            continue
        further = any(segment.index > index for segment in action.segments)
        if action.address in needed or further or isinstance(action, Replace):
            found.append(action.address)
    return sorted(found)
