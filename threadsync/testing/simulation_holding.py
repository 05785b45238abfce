"""What must be true of the runs of a simulated life while something is held, or all is frozen."""

from __future__ import annotations

from msgspec import Struct

from threadsync.errors import ThreadsyncError
from threadsync.model.ids import Address
from threadsync.planning.actions import Move
from threadsync.testing.networks import Network
from threadsync.testing.troubles import Place
from threadsync.testing.world import World


class Guarded(Struct, frozen=True):
    """What a run must leave alone, as it was before the run."""

    frozen: bool
    held: frozenset[Address]
    posts: frozenset[str]
    """Those of what is held that were there; what is still under way may end as it began."""


def guarded(world: World, network: Network) -> Guarded:
    """Return what a run that begins now must leave alone."""
    try:
        state = world.state
    except ThreadsyncError:
        state = None  # it cannot be read, so no run does anything
    if state is None:
        return Guarded(frozen=False, held=frozenset(), posts=frozenset())
    held = frozenset(state.holds)
    settled = held & state.bindings.keys() - state.open.keys()
    bound = {each for address in settled for each in state.bindings[address].remote_ids}
    live = {post.remote_id for post in network.live()}
    return Guarded(state.freeze is not None, held, frozenset(bound & live))


def broken(before: Guarded, world: World, network: Network) -> list[str]:
    """Return what the last run did although it must not."""
    found: list[str] = []
    if before.frozen and any(moment.place is Place.REQUEST for moment in world.moments):
        found.append("an apply asked a network under a freeze")
    planned = world.shown.plan.effective if world.shown is not None else ()
    found += [
        f"held, and planned: {action.word} {action.address}"
        for action in planned
        if action.address in before.held and not isinstance(action, Move)
    ]
    gone = before.posts - {post.remote_id for post in network.live()}
    return found + [f"held, and taken down: {each}" for each in sorted(gone)]
