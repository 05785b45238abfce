"""What was read of accounts and of what readers made of posts, in words: quotas, life left, likes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from threadsync.model.facts import CredentialLife, Quota
from threadsync.planning.actions import Loss
from threadsync.planning.allowances import AccountView, Allowance, CredentialView
from threadsync.views.moments import ago, ahead, told
from threadsync.views.words import many

FRESH = timedelta(minutes=1)
"""What was read less long ago than this needs no age."""
SOON = timedelta(days=7)
"""A credential that ends so soon is worth a word of its own."""
_ORDER = ("likes", "replies", "reposts", "quotes", "shares", "views")
_SINGULAR = {"replies": "reply"}


def counted(counts: Mapping[str, int]) -> str:
    """Return ``12 likes, 1 reply``; what is zero is left out."""
    order = {name: place for place, name in enumerate(_ORDER)}
    said = [
        f"{counts[name]:,} {name if counts[name] != 1 else _SINGULAR.get(name, name.removesuffix('s'))}"
        for name in sorted(counts, key=lambda name: (order.get(name, len(order)), name))
        if counts[name]
    ]
    return ", ".join(said) or "no reactions"


def aged(seen_at: datetime, now: datetime) -> str:
    """Return ``, 3 days ago`` for what was read a while ago; empty for what is fresh."""
    return f", {ago(now - seen_at)}" if now - seen_at >= FRESH else ""


def loss_text(loss: Loss, now: datetime) -> str:
    """Return what goes with a post that is taken down."""
    if loss.counts and loss.seen_at is not None:
        return f"loses: {counted(loss.counts)}{aged(loss.seen_at, now)}"
    if loss.scope:
        return f"loses: unknown, scope {loss.scope}"
    return f"loses: unknown ({loss.unknown or 'replies and likes were not read'})"


def quota_text(quota: Quota) -> str:
    """Return how much of an allowance is used, or why that is not known."""
    if quota.used is not None and quota.total is not None:
        return f"{quota.used:,} of {quota.total:,} used"
    return f"unknown, scope {quota.scope}" if quota.scope else f"unknown ({quota.unknown or 'not told'})"


def allowance_text(allowance: Allowance) -> str:
    """Return ``posts: 12 of 250 used, 3 in this plan``."""
    planned = f", {allowance.in_plan} in this plan" if allowance.in_plan else ""
    over = f": would exceed it by {allowance.over}" if allowance.over else ""
    return f"{allowance.what}: {quota_text(allowance.quota)}{planned}{over}"


def exceeding_text(allowance: Allowance, zone: str | None) -> str:
    """Return what waits because it would exceed an allowance; empty where nothing does."""
    if not allowance.held_back:
        return ""
    when = f"; goes on at {told(allowance.goes_on_at, zone)} at the latest" if allowance.goes_on_at else ""
    waits = "waits" if allowance.held_back == 1 else "wait"
    return f"would exceed the {allowance.what}: {many(allowance.held_back, 'publication')} {waits}{when}"


def life_text(life: CredentialLife | None, now: datetime) -> str:
    """Return how long a credential still lives, and when it was renewed."""
    if life is None:
        return ""
    renewed = f"renewed {ago(now - life.renewed_at)}" if life.renewed_at is not None else ""
    if life.endless:
        left = "does not expire"
    elif life.expires_at is None:
        left = "life unknown"
    elif life.expires_at <= now:
        left = "has expired"
    else:
        off = ahead(life.expires_at - now).removeprefix("in ")
        left = f"only {off} left" if life.expires_at - now < SOON else f"{off} left"
    return ", ".join(part for part in (left, renewed) if part)


def credential_text(view: CredentialView, zone: str | None) -> str:
    """Return when a credential was last renewed, and until when it lives; empty for a sandbox's of no end.

    It names times alone, and no span from now, so that it holds until something is done.
    """
    life = view.life
    if life is None or (life.renewed_at is None and life.expires_at is None and not life.endless):
        said = "when it was last renewed is not known here; plan --refresh asks the network."
        return "" if view.is_local else said
    if life.endless:
        return "" if view.is_local else "it does not expire."
    how = "made or last renewed here" if view.renewed_here else "issued or last renewed"
    renewed = f"{how} {told(life.renewed_at, zone)}" if life.renewed_at is not None else f"{how}: not known"
    return f"{renewed}, lives until {told(life.expires_at, zone)}." if life.expires_at else f"{renewed}."


def account_lines(account: AccountView, now: datetime, zone: str | None) -> list[str]:
    """Return the lines under an account's head: its allowances, then its credential."""
    lines = [allowance_text(each) for each in account.allowances]
    lines += [line for each in account.allowances if (line := exceeding_text(each, zone))]
    life = life_text(account.life, now)
    return [*lines, *([f"credential: {life}"] if life else [])]


def account_head(account: AccountView, now: datetime) -> str:
    """Return the line that names an account, and when it was read."""
    outrun = ", before the last apply" if account.is_outrun else ""
    return f"{account.target} (@{account.handle}{aged(account.seen_at, now)}{outrun})"
