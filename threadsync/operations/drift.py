"""Drift: what the network shows now of live posts, beside what the state remembers of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from threadsync.model.facts import Drift, Facts, ObservedPost
from threadsync.model.ids import Address, TargetName
from threadsync.model.journal import Published
from threadsync.model.state import State
from threadsync.planning.actions import Plan
from threadsync.providers.base import Provider


class Drifted(Struct, frozen=True):
    """A live post that is not as it was published."""

    address: Address
    post: Published
    drift: Drift
    text: str = ""
    """What it says now, where it was edited and that was read for this plan."""
    seen_at: datetime | None = None
    """When it was looked at, where that was not for this plan."""


def drifts(
    providers: Mapping[TargetName, Provider], prior: State | None, facts: Facts
) -> tuple[Drifted, ...]:
    """Return every bound post that was looked at and differs from its receipt, in the order of addresses."""
    found: list[Drifted] = []
    looked_at = {target for target, read in facts.targets.items() if read.observed}
    bound = prior.bindings if prior is not None else {}
    for address in sorted(each for each in bound if each.target in looked_at):
        observed = facts.of(address.target).observed
        for post in bound[address].segments:
            if post.remote_id in observed:
                now = observed[post.remote_id]
                drift = drift_of(providers[address.target], post, now, facts.gathered_at)
                if drift is not Drift.NONE:
                    text = now.text if now is not None and drift is Drift.EDITED else ""
                    found.append(Drifted(address, post, drift, text))
    return tuple(found)


def drift_of(provider: Provider, post: Published, now: ObservedPost | None, at: datetime | None) -> Drift:
    """Return how *now*, looked at at the time *at*, differs from the receipt *post*."""
    if at is not None and post.expired(at):
        return Drift.NONE  # the network took it from its readers by itself, as it was to
    if now is None:
        return Drift.DELETED
    if not provider.unchanged(post, now):
        return Drift.EDITED
    return Drift.HIDDEN if now.hidden else Drift.NONE


def remembered(prior: State | None, facts: Facts, made: Plan) -> tuple[Drifted, ...]:
    """Return the posts that differed when they were last looked at, and were not looked at for *made*.

    Only those of publications that *made* is about.
    """
    if prior is None:
        return ()
    found: list[Drifted] = []
    for action in made.actions:
        seen = prior.posts_seen.get(action.address)
        binding = prior.bindings.get(action.address) if seen is not None else None
        if binding is None or seen is None:
            continue
        observed = facts.of(action.address.target).observed
        for post in binding.segments:
            last = seen.posts.get(post.remote_id)
            is_news = post.remote_id not in observed and not post.expired(made.at)
            if is_news and last is not None and last.drift is not Drift.NONE:
                found.append(Drifted(action.address, post, last.drift, seen_at=seen.at))
    return tuple(found)
