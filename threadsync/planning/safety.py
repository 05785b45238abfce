"""Limits on what one run may do to one target (law 8)."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from threadsync.errors import UnsafePlan
from threadsync.model.ids import TargetName
from threadsync.model.target import Safety
from threadsync.planning.actions import Create, Delete, Plan, Replace


class Excess(Struct, frozen=True):
    """A limit that a plan goes over, and the flag that lifts it for one run."""

    target: TargetName
    word: str
    number: int
    limit: int

    @property
    def flag(self) -> str:
        """Return the flag that allows just this number."""
        return f"--max-{self.word} {self.number}"


def excesses(plan: Plan, limits: Safety) -> tuple[Excess, ...]:
    """Return every limit that *plan* goes over."""
    counts = Counter(
        (action.address.target, f"{action.word}s")
        for action in plan.actions
        if isinstance(action, Create | Replace | Delete)
    )
    allowed = {"creates": limits.creates_max, "replaces": limits.replaces_max, "deletes": limits.deletes_max}
    return tuple(
        Excess(target, word, number, allowed[word])
        for (target, word), number in sorted(counts.items())
        if number > allowed[word]
    )


def refuse_excess(plan: Plan, limits: Safety) -> None:
    """Refuse a plan that goes over a limit.

    Raises:
        UnsafePlan: it does; the message names each limit and the flag that lifts it.
    """
    over = excesses(plan, limits)
    if over:
        listed = ", ".join(
            f"{each.number} {each.word} on {each.target} (limit {each.limit})" for each in over
        )
        flags: dict[str, int] = {}
        for each in over:
            flags[each.word] = max(each.number, flags.get(each.word, 0))
        said = " ".join(f"--max-{word} {number}" for word, number in flags.items())
        raise UnsafePlan(
            f"the plan does more than the project's safety limits allow: {listed}.",
            remedy=f"Read it, and if all of it is meant, apply with {said}; or select fewer publications.",
        )
