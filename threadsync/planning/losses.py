"""What goes with posts that are taken down: what readers made of them, as far as it was ever read."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from threadsync.model.facts import Facts
from threadsync.model.ids import Address
from threadsync.model.journal import Published
from threadsync.model.state import State
from threadsync.planning.actions import Action, Blocked, Delete, Loss, Replace


def with_losses(action: Action, prior: State | None, facts: Facts) -> Action:
    """Return *action* with what it would lose: as it was read for this plan, or else when last looked at."""
    if not isinstance(action, Replace | Delete | Blocked) or not action.old:
        return action
    return replace(action, loses=_losses(action.address, action.old, prior, facts))


def _losses(
    address: Address, posts: Iterable[Published], prior: State | None, facts: Facts
) -> tuple[Loss, ...]:
    read = facts.of(address.target).engagement
    seen = prior.posts_seen.get(address) if prior is not None else None
    found: list[Loss] = []
    for post in posts:
        now = read.get(post.remote_id)
        before = seen.posts.get(post.remote_id) if seen is not None else None
        if now is not None and (now.counts or before is None or not before.counts):
            found.append(Loss(post.remote_id, now.counts, facts.gathered_at, now.unknown, now.scope))
        elif seen is not None and before is not None and before.counts:
            found.append(Loss(post.remote_id, before.counts, seen.at))
        else:
            found.append(Loss(post.remote_id))
    return tuple(found)
