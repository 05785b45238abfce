"""What the facts forbid: wrong accounts, posts that look published, quotas, posts that are gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from threadsync.model.capabilities import Capabilities
from threadsync.model.facts import Account, Facts, Quota, TargetFacts
from threadsync.model.ids import Address, TargetName, network_of
from threadsync.model.state import State
from threadsync.model.target import Target
from threadsync.planning.actions import (
    Action,
    Blocked,
    Create,
    Delete,
    Extend,
    Reason,
    Replace,
    SegmentView,
)
from threadsync.planning.inputs import Consents, Desired


def hold_back(
    actions: Mapping[Address, Action],
    desired: Desired,
    prior: State | None,
    facts: Facts,
    consents: Consents,
) -> dict[Address, Action]:
    """Return *actions* with those that must not be carried out turned into ``Blocked``."""
    used: Counter[tuple[TargetName, str]] = Counter()
    result: dict[Address, Action] = {}
    for address, action in actions.items():
        result[address] = action
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
            or _unpublishable(action, of_target, facts, prior, consents)
            or _gone(action, of_target)
            or _needed_gone(action, facts, prior)
            or _not_proved(action)
            or _quota(action, of_target, desired, used)
        )
        if blocked is not None:
            result[address] = blocked
    return result


def _block(action: Create | Extend | Replace | Delete, reason: Reason, problem: str, remedy: str) -> Blocked:
    segments: tuple[SegmentView, ...] = () if isinstance(action, Delete) else action.segments
    old = action.old if isinstance(action, Replace | Delete) else ()
    return Blocked(action.address, reason, problem, remedy, action.word, segments, old)


_Touching = Create | Extend | Replace | Delete


def _renamed_target(
    action: _Touching | Blocked,
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
            return _block(action, Reason.TARGET_RENAMED, problem, remedy)
    return None


def is_account(declared: str, account_id: str, handle: str) -> bool:
    """Whether *declared* (a handle with or without @, or an id) is this account."""
    return (
        declared == account_id or declared.removeprefix("@").casefold() == handle.removeprefix("@").casefold()
    )


def _account(
    action: _Touching, target: Target, facts: TargetFacts, prior: State | None, consents: Consents
) -> Blocked | None:
    account = facts.account
    if account is None:
        why = facts.fault.problem if facts.fault is not None else "it was not read"
        remedy = facts.fault.remedy if facts.fault is not None else "Run apply again."
        return _block(action, Reason.ACCOUNT_UNREADABLE, f"the account cannot be read: {why}", remedy)
    record = prior.targets.get(target.name) if prior is not None else None
    if record is not None and (record.origin, record.account_id, record.channel) != (
        account.origin,
        account.account_id,
        account.channel,
    ):
        return _mismatch(
            action, account, f"@{record.handle} ({record.account_id} at {record.origin})", "the state"
        )
    if target.account is not None and not is_account(target.account, account.account_id, account.handle):
        return _mismatch(action, account, target.account, "the project file")
    if target.account is None and record is None and target.name not in consents.accounts:
        return _block(
            action,
            Reason.ACCOUNT_UNCONFIRMED,
            f"nobody has confirmed that {target.name} is @{account.handle} "
            f"({account.account_id} at {account.origin}).",
            f"Write account: {account.handle} under {target.name} in threadsync.yaml, or apply at a "
            "terminal.",
        )
    return None


def _account_twice(action: _Touching, target: Target, facts: Facts, prior: State | None) -> Blocked | None:
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
            return _block(
                action,
                Reason.ACCOUNT_MISMATCH,
                f"the credentials of {target.name} and {name} open one account, @{mine.handle} "
                f"({mine.account_id} at {mine.origin}): a post for both would go out twice there.",
                "Give each its own credential, or remove one of the two targets.",
            )
    return None


def _mismatch(action: _Touching, account: Account, expected: str, where: str) -> Blocked:
    return _block(
        action,
        Reason.ACCOUNT_MISMATCH,
        f"the credential opens @{account.handle} ({account.account_id} at {account.origin}), "
        f"and {where} says {expected}.",
        "Give the target the right credential, or make it a target of its own.",
    )


def _unpublishable(
    action: _Touching, facts: TargetFacts, all_facts: Facts, prior: State | None, consents: Consents
) -> Blocked | None:
    """Block what the read-back or the media hosts speak against."""
    if isinstance(action, Delete) or (isinstance(action, Replace) and not action.segments):
        return None
    for segment in action.segments:
        for path, digest in zip(segment.media, segment.media_digests, strict=True):
            problem = all_facts.media_problems.get((action.address.target, digest))
            if problem is not None:
                return _block(
                    action,
                    Reason.MEDIA_NOT_SERVED,
                    f"{path}: {problem}",
                    "Make the file public as it is on disk, or say in threadsync.yaml where the target's "
                    "media is served (media_host:, media_hosts:).",
                )
    if facts.read_back_fault is not None:
        return _block(
            action,
            Reason.READ_BACK_FAILED,
            f"the account's own posts could not be read back: {facts.read_back_fault.problem}",
            facts.read_back_fault.remedy,
        )
    if facts.read_back is not None and not facts.read_back.complete and not consents.first_run:
        return _block(
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
            return _block(
                action,
                Reason.UNCERTAIN,
                "what became of an earlier publish cannot be told yet, and the account has a post like what "
                f"follows it: {post.permalink or post.remote_id}.",
                f"Run apply again later. If it stays so, look at the account, then say what is true: "
                f"threadsync state resolve {action.address} --published ID, or --not-published.",
            )
        return _block(
            action,
            Reason.LOOKS_PUBLISHED,
            f"the account already has a post like it: {post.permalink or post.remote_id} "
            f"({post.at:%Y-%m-%d %H:%M} UTC).",
            f"If that is it: threadsync import {action.address} {post.remote_id}. If it is to be published "
            f"all the same: --allow-duplicate={action.address}.",
        )
    return None


def _gone(action: _Touching, facts: TargetFacts) -> Blocked | None:
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
            return _block(
                action,
                Reason.GONE,
                f"the network no longer has {segment.permalink or segment.remote_id}.",
                f"Record it as taken down with threadsync state accept {action.address}.",
            )
    return None


def _not_proved(action: _Touching) -> Blocked | None:
    """Block taking down what was bound by its text alone: another program may have posted it."""
    old = action.old if isinstance(action, Replace | Delete) else ()
    for segment in old:
        if segment.bound_by == "text":
            return _block(
                action,
                Reason.NOT_PROVED_OURS,
                f"{segment.permalink or segment.remote_id} was bound because its text matched, after an "
                "answer was lost; that is no proof that it is ours.",
                f"Look at it, and if it is ours: threadsync import {action.address} {segment.remote_id}.",
            )
    return None


def _needed_gone(action: _Touching, facts: Facts, prior: State | None) -> Blocked | None:
    """Block what links to, or replies to, a post that the network no longer has."""
    if prior is None or isinstance(action, Delete):
        return None
    for needed in action.waits_for:
        binding = prior.bindings.get(needed)
        if binding is None or not binding.segments:
            continue
        first = binding.segments[0]
        if facts.of(needed.target).observed.get(first.remote_id, first) is None:
            return _block(
                action,
                Reason.GONE,
                f"it needs {needed}, and the network no longer has {first.permalink or first.remote_id}.",
                f"Take the reference out, or record it as taken down with threadsync state accept {needed}.",
            )
    return None


def drawn_on(action: Create | Extend | Replace | Delete, can: Capabilities) -> Counter[str]:
    """Count what carrying *action* out takes of each of the account's allowances."""
    needs: Counter[str] = Counter()
    if not isinstance(action, Delete):
        begins = isinstance(action, Create) or (isinstance(action, Replace) and action.keep == 0)
        roots = min(1, len(action.segments)) if begins and action.publication.reply_to is None else 0
        needs[can.quota_of_publish] += roots
        needs[can.quota_of_reply] += len(action.segments) - roots
    if isinstance(action, Replace | Delete):
        needs[can.quota_of_delete] += len(action.old)
    return +needs


def _undeletable(action: _Touching, quota: Quota) -> Blocked:
    if quota.scope:
        return _block(
            action,
            Reason.MISSING_SCOPE,
            f"the credential may not delete (it lacks the scope {quota.scope}), so it could not be finished.",
            "Authorize the account again with that scope.",
        )
    return _block(
        action,
        Reason.QUOTA,
        f"whether the account may still delete could not be read: {quota.unknown or 'no answer'}.",
        "Apply again; it is read anew.",
    )


def _quota(
    action: _Touching, facts: TargetFacts, desired: Desired, used: Counter[tuple[TargetName, str]]
) -> Blocked | None:
    can = desired.capabilities[action.address.target]
    needs = drawn_on(action, can)
    for what, number in needs.items():
        quota = facts.quotas.get(what, Quota(None, None))
        # Nothing is begun that could not be finished; an offline plan has read nothing yet.
        if number and what == can.quota_of_delete and quota.left is None and facts.account is not None:
            return _undeletable(action, quota)
        left = None if quota.left is None else max(0, quota.left - used[action.address.target, what])
        if left is not None and number > left:
            return _block(
                action,
                Reason.QUOTA,
                f"it needs {number} of the account's {what}, and {left} of {quota.total} are left.",
                "Apply again when the 24-hour window has moved on.",
            )
    for what, number in needs.items():
        used[action.address.target, what] += number
    return None
