"""Drift: what the network shows now of live posts, beside what the state remembers of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from threadsync.model.facts import Drift, Facts, ObservedPost
from threadsync.model.ids import Address, TargetName
from threadsync.model.journal import Published
from threadsync.model.state import State
from threadsync.providers.base import Provider


@dataclass(frozen=True, slots=True)
class Drifted:
    """A live post that is not as it was published."""

    address: Address
    post: Published
    drift: Drift
    text: str = ""
    """What it says now, where it was edited."""


def drifts(
    providers: Mapping[TargetName, Provider], prior: State | None, facts: Facts
) -> tuple[Drifted, ...]:
    """Return every bound post that was looked at and differs from its receipt, in the order of addresses."""
    found: list[Drifted] = []
    for address, binding in sorted(prior.bindings.items()) if prior is not None else ():
        observed = facts.of(address.target).observed
        for post in binding.segments:
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
