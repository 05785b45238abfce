"""What the facts forbid: wrong accounts, posts that look published, quotas, posts that are gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from threadsync.model.facts import Account, Facts, Quota, TargetFacts
from threadsync.model.ids import Address, TargetName, network_of
from threadsync.model.state import State, TargetRecord
from threadsync.model.target import Target
from threadsync.planning.actions import (
    Action,
    Blocked,
    Create,
    Delete,
    Extend,
    NoOp,
    Reason,
    Replace,
)
from threadsync.planning.allowances import drawn_on, free_at
from threadsync.planning.inputs import Consents, Desired
from threadsync.planning.needs import Touching, block, incapable, nobody, unfound


def hold_back(
    actions: Mapping[Address, Action],
    desired: Desired,
    prior: State | None,
    facts: Facts,
    consents: Consents,
) -> dict[Address, Action]:
    """Return *actions* with those that must not be carried out turned into ``Blocked``.

    Allowances are used up in their order: what fits is done, and what comes after the limit waits.
    """
    used: Counter[tuple[TargetName, str]] = Counter()
    result: dict[Address, Action] = {}
    for address, action in actions.items():
        result[address] = action
        if isinstance(action, NoOp):
            if facts.targets or facts.gathered_at is not None:
                result[address] = _vanished(action, prior, facts)
            continue
        target = desired.targets.get(address.target)
        if target is None or not isinstance(action, Create | Extend | Replace | Delete | Blocked):
            continue
        of_target = facts.of(address.target)
        renamed = _renamed_target(action, target, of_target, prior, desired)
        if renamed is not None or isinstance(action, Blocked):
            result[address] = renamed or action
            continue
        blocked = (
            (_account(action, target, of_target, prior, consents) if facts.gathered_at is not None else None)
            or _account_twice(action, target, facts, prior)
            or incapable(action, of_target, desired)
            or unfound(action, of_target, facts)
            or nobody(action, of_target)
            or _unpublishable(action, of_target, facts, prior, consents)
            or _gone(action, of_target)
            or _needed_gone(action, facts, prior)
            or _not_proved(action)
            or _quota(action, facts, desired, used)
        )
        if blocked is not None:
            result[address] = blocked
    return result


def _vanished(action: NoOp, prior: State | None, facts: Facts) -> Action:
    """Block what would stay as it is, where the network was seen to have it no more (law 6)."""
    binding = prior.bindings.get(action.address) if prior is not None else None
    if binding is None:
        return action
    observed = facts.of(action.address.target).observed
    for segment in binding.segments:
        past = facts.gathered_at is not None and segment.expired(facts.gathered_at)
        if observed.get(segment.remote_id, segment) is None and not past:
            return Blocked(
                action.address,
                Reason.GONE,
                f"the network no longer has {segment.permalink or segment.remote_id}.",
                f"Record it as taken down with threadsync state accept {action.address}.",
                "keep",
                old=binding.segments,
            )
    return action


def _renamed_target(
    action: Touching | Blocked,
    target: Target,
    facts: TargetFacts,
    prior: State | None,
    desired: Desired,
) -> Blocked | None:
    """Block a target whose account the state holds under another name (law 4)."""
    if prior is None or target.name in prior.targets:
        return None
    for record in prior.targets.values():
        network = record.target.partition("/")[0]
        if network != target.network or record.channel != str(target.settings.get("channel", "")):
            continue
        account = facts.account
        same = (
            (account.origin, account.account_id) == (record.origin, record.account_id)
            if account is not None
            else target.account is not None
            and record.target not in desired.targets
            and is_account(target.account, record.account_id, record.handle)
        )
        if same:
            problem = f"the state holds this account under the name {record.target}."
            remedy = f"If the target was renamed: threadsync state mv {record.target} {target.name}."
            if isinstance(action, Blocked):
                return replace(action, reason=Reason.TARGET_RENAMED, problem=problem, remedy=remedy)
            return block(action, Reason.TARGET_RENAMED, problem, remedy)
    return None


def is_account(declared: str, account_id: str, handle: str) -> bool:
    """Whether *declared* (a handle with or without @, or an id) is this account."""
    return (
        declared == account_id or declared.removeprefix("@").casefold() == handle.removeprefix("@").casefold()
    )


def other_account(account: Account, target: Target, record: TargetRecord | None) -> str:
    """Say that *account* is another one than the state or the project has there; empty where it is not."""
    opens = f"the credential opens @{account.handle} ({account.account_id} at {account.origin})"
    if record is not None and (record.origin, record.account_id, record.channel) != (
        account.origin,
        account.account_id,
        account.channel,
    ):
        expected = f"@{record.handle} ({record.account_id} at {record.origin})"
        return f"{opens}, and the state says {expected}."
    if target.account is not None and not is_account(target.account, account.account_id, account.handle):
        return f"{opens}, and the project file says {target.account}."
    return ""


def _account(
    action: Touching, target: Target, facts: TargetFacts, prior: State | None, consents: Consents
) -> Blocked | None:
    account = facts.account
    if account is None:
        why = facts.fault.problem if facts.fault is not None else "it was not read"
        remedy = facts.fault.remedy if facts.fault is not None else "Run apply again."
        return block(action, Reason.ACCOUNT_UNREADABLE, f"the account cannot be read: {why}", remedy)
    record = prior.targets.get(target.name) if prior is not None else None
    other = other_account(account, target, record)
    if other:
        return block(
            action,
            Reason.ACCOUNT_MISMATCH,
            other,
            "Give the target the right credential, or make it a target of its own.",
        )
    if target.account is None and record is None and target.name not in consents.accounts:
        return block(
            action,
            Reason.ACCOUNT_UNCONFIRMED,
            f"nobody has confirmed that {target.name} is @{account.handle} "
            f"({account.account_id} at {account.origin}).",
            f"Write account: {account.handle} under {target.name} in threadsync.yaml, or apply at a "
            "terminal.",
        )
    return None


def _account_twice(action: Touching, target: Target, facts: Facts, prior: State | None) -> Blocked | None:
    """Block a new target that turns out to be the account of another one that is read in this run (law 7).

    One that the state holds already is found by ``_renamed_target``.
    """
    mine = facts.of(target.name).account
    if mine is None or (prior is not None and target.name in prior.targets):
        return None
    for name, of_other in sorted(facts.targets.items()):
        other = of_other.account
        if name == target.name or other is None or network_of(name) != target.network:
            continue
        if (mine.origin, mine.account_id, mine.channel) == (other.origin, other.account_id, other.channel):
            return block(
                action,
                Reason.ACCOUNT_MISMATCH,
                f"the credentials of {target.name} and {name} open one account, @{mine.handle} "
                f"({mine.account_id} at {mine.origin}): a post for both would go out twice there.",
                "Give each its own credential, or remove one of the two targets.",
            )
    return None


def _unpublishable(
    action: Touching, facts: TargetFacts, all_facts: Facts, prior: State | None, consents: Consents
) -> Blocked | None:
    """Block what the read-back or the media hosts speak against."""
    if isinstance(action, Delete) or (isinstance(action, Replace) and not action.segments):
        return None
    for segment in action.segments:
        for item in segment.media:
            problem = all_facts.media_problems.get((action.address.target, item.sent.digest))
            if problem is not None:
                return block(
                    action,
                    Reason.MEDIA_NOT_SERVED,
                    f"{item.path}: {problem.problem}",
                    problem.remedy,
                )
    if facts.read_back_fault is not None:
        return block(
            action,
            Reason.READ_BACK_FAILED,
            f"the account's own posts could not be read back: {facts.read_back_fault.problem}",
            facts.read_back_fault.remedy,
        )
    if facts.read_back is not None and not facts.read_back.complete and not consents.first_run:
        return block(
            action,
            Reason.READ_BACK_BOUNDED,
            f"the account has more posts since {facts.read_back.since:%Y-%m-%d} than are read back, so "
            "one of them may be this one.",
            "Raise read_back_posts_max under bounds, or accept it with --first-run.",
        )
    lookalikes = facts.lookalikes.get(action.address, ())
    unfinished = prior.open.get(action.address) if prior is not None else None
    if lookalikes and action.address not in consents.duplicate:
        post = lookalikes[0]
        if unfinished is not None and unfinished.in_doubt:
            return block(
                action,
                Reason.UNCERTAIN,
                "what became of an earlier publish cannot be told yet, and the account has a post like what "
                f"follows it: {post.permalink or post.remote_id}.",
                f"Run apply again later. If it stays so, look at the account, then say what is true: "
                f"threadsync state resolve {action.address} --published ID, or --not-published.",
            )
        return block(
            action,
            Reason.LOOKS_PUBLISHED,
            f"the account already has a post like it: {post.permalink or post.remote_id} "
            f"({post.at:%Y-%m-%d %H:%M} UTC).",
            f"If that is it: threadsync import {action.address} {post.remote_id}. If it is to be published "
            f"all the same: --allow-duplicate={action.address}.",
        )
    return None


def _gone(action: Touching, facts: TargetFacts) -> Blocked | None:
    """Block what builds on, or replaces, a post that the network no longer has."""
    match action:
        case Extend():
            needed = action.live[-1:]
        case Replace():
            # What an earlier run replaced already may be gone: it is to be taken down anyway.
            needed = (
                *action.live[: action.keep][-1:],
                *(action.live[action.keep :] if action.segments else ()),
            )
        case Create() | Delete():
            needed = ()
    for segment in needed:
        if facts.observed.get(segment.remote_id, segment) is None:
            return block(
                action,
                Reason.GONE,
                f"the network no longer has {segment.permalink or segment.remote_id}.",
                f"Record it as taken down with threadsync state accept {action.address}.",
            )
    return None


def _not_proved(action: Touching) -> Blocked | None:
    """Block taking down what was bound by its text alone: another program may have posted it."""
    old = action.old if isinstance(action, Replace | Delete) else ()
    for segment in old:
        if segment.bound_by == "text":
            return block(
                action,
                Reason.NOT_PROVED_OURS,
                f"{segment.permalink or segment.remote_id} was bound because its text matched, after an "
                "answer was lost; that is no proof that it is ours.",
                f"Look at it, and if it is ours: threadsync import {action.address} {segment.remote_id}.",
            )
    return None


def _needed_gone(action: Touching, facts: Facts, prior: State | None) -> Blocked | None:
    """Block what links to, or replies to, a post that the network no longer has."""
    if prior is None or isinstance(action, Delete):
        return None
    for needed in action.waits_for:
        binding = prior.bindings.get(needed)
        if binding is None or not binding.segments:
            continue
        first = binding.segments[0]
        if facts.of(needed.target).observed.get(first.remote_id, first) is None:
            return block(
                action,
                Reason.GONE,
                f"it needs {needed}, and the network no longer has {first.permalink or first.remote_id}.",
                f"Take the reference out, or record it as taken down with threadsync state accept {needed}.",
            )
    return None


def _undeletable(action: Touching, quota: Quota) -> Blocked:
    if quota.scope:
        return block(
            action,
            Reason.MISSING_SCOPE,
            f"the credential may not delete (it lacks the scope {quota.scope}), so it could not be finished.",
            f"Log in again, which asks for that scope: threadsync auth login {action.address.target}.",
        )
    return block(
        action,
        Reason.QUOTA,
        f"whether the account may still delete could not be read: {quota.unknown or 'no answer'}.",
        "Apply again; it is read anew.",
    )


def _over(
    action: Touching, what: str, *, number: int, left: int, quota: Quota, goes_on_at: datetime | None
) -> Blocked:
    """Stop before a limit; what fits is done now."""
    if goes_on_at is not None:
        remedy = f"It goes on at {goes_on_at:%Y-%m-%d %H:%M} UTC at the latest: apply again then."
    elif quota.total is not None and number > quota.total:
        remedy = f"The account may never do so many at once: split the post, {quota.total} at most."
    else:
        remedy = "Apply again when the account's window has moved on."
    return replace(
        block(
            action,
            Reason.QUOTA,
            f"it would exceed the account's {what}: it needs {number}, and {left} of {quota.total} are left.",
            remedy,
        ),
        allowance=what,
        goes_on_at=goes_on_at,
    )


def _quota(
    action: Touching, facts: Facts, desired: Desired, used: Counter[tuple[TargetName, str]]
) -> Blocked | None:
    can, of_target = desired.capabilities[action.address.target], facts.of(action.address.target)
    needs = drawn_on(action, can)
    for what, number in needs.items():
        quota = of_target.quotas.get(what, Quota(None, None))
        # Nothing is begun that could not be finished; an offline plan has read nothing yet.
        if number and what == can.quota_of_delete and quota.left is None and of_target.account is not None:
            return _undeletable(action, quota)
        left = None if quota.left is None else max(0, quota.left - used[action.address.target, what])
        if left is not None and number > left:
            goes_on_at = (
                free_at(what, number - left, of_target, can, facts.gathered_at)
                if facts.gathered_at is not None and number <= (quota.total or 0)
                else None
            )
            return _over(action, what, number=number, left=left, quota=quota, goes_on_at=goes_on_at)
    for what, number in needs.items():
        used[action.address.target, what] += number
    return None
