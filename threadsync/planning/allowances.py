"""The accounts beside a plan: what of each allowance is used, what the plan takes, when more is free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from threadsync.model.capabilities import Capabilities
from threadsync.model.facts import CredentialLife, Facts, Quota, TargetFacts
from threadsync.model.ids import TargetName
from threadsync.model.state import State
from threadsync.planning.actions import Action, Blocked, Create, Delete, Extend, NoOp, Reason, Replace


class Allowance(Struct, frozen=True):
    """One allowance of an account, and what a plan takes of it."""

    what: str
    quota: Quota
    in_plan: int
    held_back: int
    """How many publications wait because they do not fit."""
    goes_on_at: datetime | None
    """When the first of them fits, at the latest; None where nothing waits, or no window is known."""
    is_past: bool = False
    """Whether the whole window has passed since it was read: what was used is free again."""

    @property
    def over(self) -> int:
        """By how much the plan goes over what was left when it was read, as far as that still holds."""
        left = self.quota.total if self.is_past else self.quota.left
        return 0 if left is None else max(0, self.in_plan - left)


class AccountView(Struct, frozen=True):
    """What is known of the account of a target, and when it was read."""

    target: TargetName
    handle: str
    seen_at: datetime
    allowances: tuple[Allowance, ...]
    life: CredentialLife | None
    is_outrun: bool = False
    """Whether something of ours went live there since: more is used than was read."""


class CredentialView(Struct, frozen=True):
    """What is known of how long the main credential of a target lives, and since when."""

    target: TargetName
    life: CredentialLife | None
    """None where nothing is known of it."""
    renewed_here: bool = False
    """Whether it is known because it was made or renewed from here."""
    is_local: bool = False
    """Whether the target is on this machine: a sandbox."""


def accounts(
    actions: Iterable[Action],
    can: Mapping[TargetName, Capabilities],
    prior: State | None,
    facts: Facts,
    at: datetime,
) -> tuple[AccountView, ...]:
    """Return the accounts that were read for a plan made at the time *at*, and those that it touches.

    The latter are told as they were last seen.
    """
    actions = tuple(actions)
    touched = {action.address.target for action in actions if not isinstance(action, NoOp)}
    found: list[AccountView] = []
    for target in sorted({*facts.targets, *touched}):
        read = facts.of(target)
        seen = prior.accounts_seen.get(target) if prior is not None else None
        own = [action for action in actions if action.address.target == target]
        if read.account is not None and facts.gathered_at is not None:
            told = _allowances(read.quotas, own, can[target], at - facts.gathered_at)
            found.append(AccountView(target, read.account.handle, facts.gathered_at, told, read.life))
        elif seen is not None and target in can:
            told = _allowances(seen.quotas, own, can[target], at - seen.at)
            outrun = prior is not None and _published_since(prior, target, seen.at)
            found.append(AccountView(target, seen.handle, seen.at, told, seen.life, outrun))
    return tuple(found)


def _published_since(prior: State, target: TargetName, seen_at: datetime) -> bool:
    second = seen_at.replace(microsecond=0)  # a network tells its times in whole seconds
    bindings = (binding for address, binding in prior.bindings.items() if address.target == target)
    return any(post.at >= second for binding in bindings for post in binding.segments)


def _allowances(
    quotas: Mapping[str, Quota], actions: Iterable[Action], can: Capabilities, age: timedelta
) -> tuple[Allowance, ...]:
    drawn: Counter[str] = Counter()
    held: Counter[str] = Counter()
    times: dict[str, datetime] = {}
    for action in actions:
        if isinstance(action, Create | Extend | Replace | Delete):
            drawn += drawn_on(action, can)
        elif isinstance(action, Blocked) and action.reason is Reason.QUOTA:
            held[action.allowance] += 1
            if action.goes_on_at is not None:
                first = times.get(action.allowance, action.goes_on_at)
                times[action.allowance] = min(first, action.goes_on_at)
    order = (can.quota_of_publish, can.quota_of_reply, can.quota_of_delete)
    told = sorted(quotas, key=lambda what: (order.index(what) if what in order else len(order), what))
    return tuple(
        Allowance(what, quotas[what], drawn[what], held[what], times.get(what), _is_past(quotas[what], age))
        for what in told
    )


def _is_past(quota: Quota, age: timedelta) -> bool:
    return quota.window_seconds is not None and age >= timedelta(seconds=quota.window_seconds)


def drawn_on(action: Create | Extend | Replace | Delete, can: Capabilities) -> Counter[str]:
    """Count what carrying *action* out takes of each of the account's allowances."""
    needs: Counter[str] = Counter()
    if not isinstance(action, Delete):
        begins = isinstance(action, Create) or (isinstance(action, Replace) and action.keep == 0)
        roots = 1 if begins and action.publication.reply_to is None else 0
        for number, view in enumerate(action.segments):
            of_it = can.quota_of_publish if number < roots else can.quota_of_reply
            needs[of_it] += view.records * can.quota_takes
    if isinstance(action, Replace | Delete):
        needs[can.quota_of_delete] += len(action.old)
    del needs[""]  # a network that counts nothing
    return +needs


def free_at(what: str, missing: int, facts: TargetFacts, can: Capabilities, at: datetime) -> datetime | None:
    """Return when *missing* more of an allowance are free, at the latest; None where that is not known.

    The window rolls: each post of the account that is read back leaves it when it is old enough. What is
    not read back (deletions, posts that are gone) has left it when the whole window has passed.
    """
    seconds = facts.quotas[what].window_seconds
    if seconds is None:
        return None
    window = timedelta(seconds=seconds)
    listed = facts.read_back.posts if facts.read_back is not None and what != can.quota_of_delete else ()
    of_it = [
        post.at
        for post in listed
        if what == (can.quota_of_reply if post.parent is not None else can.quota_of_publish)
    ]
    within = sorted(when for when in of_it if when > at - window)
    posts = -(-missing // can.quota_takes)
    return within[posts - 1] + window if posts <= len(within) else at + window
