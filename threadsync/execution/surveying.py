"""Looking at all that is bound on a target: what became of each post, and which own posts nobody declared.

Own posts are listed, which tells of many at once; what a list does not show is looked at alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from threadsync.errors import ApiError, ThreadsyncError, Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import attempt, gather, now, wait
from threadsync.flows.effects import Flow
from threadsync.model.facts import (
    Account,
    CredentialLife,
    Engagement,
    ObservedPost,
    Quota,
    ReadBack,
    TargetFacts,
)
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import MAIN, RemoteId
from threadsync.model.journal import Published
from threadsync.providers.base import Examined, Provider

TOGETHER_MAX = 16
"""How many posts are asked at once what readers made of them."""
REPLIES = "replies"
"""The name of that count, for every network."""


def survey(
    provider: Provider,
    bounds: Bounds,
    posts: Sequence[Published],
    *,
    since: datetime,
    is_ours: Callable[[Account], bool],
    spent: Callable[[], Mapping[str, Quota]],
) -> Flow[TargetFacts]:
    """Read the account, its allowances, its own posts since *since*, and every one of *posts*.

    Of an account that is not ours nothing is read but whose it is.
    """
    account = yield from attempt(provider.identify())
    if not isinstance(account, Account):
        return TargetFacts(fault=fault_of(account))
    if not is_ours(account):
        return TargetFacts(account)
    quotas, life, _ = yield from standing(provider, spent)
    at = yield from now()
    earliest = at - timedelta(days=bounds.read_back_days_max)
    oldest = min((post.at for post in posts), default=since)
    listed = yield from attempt(provider.read_back(min(since, max(oldest, earliest))))
    facts = TargetFacts(account, quotas=quotas, life=life)
    seen: dict[RemoteId, ObservedPost | None] = {}
    if isinstance(listed, ReadBack):
        facts = replace(facts, read_back=listed)
        seen = {post.remote_id: post for post in listed.posts}
    else:
        facts = replace(facts, read_back_fault=fault_of(listed))
    seen |= yield from looked_at(provider, [post.remote_id for post in posts if post.remote_id not in seen])
    observed = {post.remote_id: seen[post.remote_id] for post in posts if post.remote_id in seen}
    live = [remote_id for remote_id, post in observed.items() if post is not None]
    engaged = yield from engagement(provider, live)
    observed |= {
        remote_id: replace(post, hidden=True)
        for remote_id, post in observed.items()
        if post is not None and engaged.get(remote_id, Engagement()).hidden
    }
    return replace(facts, observed=observed, engagement=engaged)


def standing(
    provider: Provider, spent: Callable[[], Mapping[str, Quota]]
) -> Flow[tuple[Mapping[str, Quota], CredentialLife | None, frozenset[str] | None]]:
    """Read the account's allowances, and the life and scopes of the credential, each as far as it may be.

    *spent* returns those that no endpoint tells, as a ledger knows them once the account is open.
    """
    quotas = yield from attempt(provider.quotas())
    examined = yield from attempt(provider.examine(MAIN))
    life, scopes = None, None
    if isinstance(examined, Examined) and not examined.unknown:
        life = CredentialLife(examined.expires_at, examined.issued_at, examined.endless)
        scopes = examined.scopes
    return {**spent(), **(quotas if isinstance(quotas, Mapping) else {})}, life, scopes


def looked_at(
    provider: Provider, remote_ids: Iterable[RemoteId]
) -> Flow[dict[RemoteId, ObservedPost | None]]:
    """Look at posts one by one; one that could not be read is left out, one that is gone is None."""
    wanted = sorted(set(remote_ids))
    seen = yield from gather([attempt(provider.observe(remote_id)) for remote_id in wanted])
    return {
        remote_id: post
        for remote_id, post in zip(wanted, seen, strict=True)
        if post is None or isinstance(post, ObservedPost)
    }


def engagement(provider: Provider, remote_ids: Iterable[RemoteId]) -> Flow[dict[RemoteId, Engagement]]:
    """Read what readers made of posts; it ends early where none of a group can be read.

    A post that the network counts nothing of says nothing about the others. A reply that is one of the posts
    itself, as the further segments of a chain are, counts as nobody's.
    """
    found = yield from _told(provider, remote_ids)
    return _by_readers(found)


def _by_readers(found: Mapping[RemoteId, Engagement]) -> dict[RemoteId, Engagement]:
    own = Counter(each.answers for each in found.values() if each.answers is not None)
    return {
        remote_id: replace(
            each, counts={**each.counts, REPLIES: max(0, each.counts[REPLIES] - own[remote_id])}
        )
        if REPLIES in each.counts and remote_id in own
        else each
        for remote_id, each in found.items()
    }


def _told(provider: Provider, remote_ids: Iterable[RemoteId]) -> Flow[dict[RemoteId, Engagement]]:
    wanted = sorted(set(remote_ids))
    found: dict[RemoteId, Engagement] = {}
    for start in range(0, len(wanted), TOGETHER_MAX):
        group = wanted[start : start + TOGETHER_MAX]
        told = yield from gather([attempt(provider.engagement(remote_id)) for remote_id in group])
        found |= {r: e for r, e in zip(group, told, strict=True) if isinstance(e, Engagement)}
        if not any(_was_told(found.get(remote_id)) for remote_id in group):
            unread = next((each for each in found.values() if each.unknown), Engagement())
            return {**dict.fromkeys(wanted, unread), **found}
    return found


def _was_told(engaged: Engagement | None) -> bool:
    return engaged is not None and (bool(engaged.counts) or engaged.withheld)


def counted(
    provider: Provider,
    bounds: Bounds,
    remote_ids: Iterable[RemoteId],
    *,
    is_ours: Callable[[Account], bool],
) -> Flow[TargetFacts]:
    """Read whose account it is, and what readers made of posts; of another account than ours nothing more.

    What was not told for another reason than a scope or the network's own will is asked for once more.
    """
    account = yield from attempt(provider.identify())
    if not isinstance(account, Account):
        return TargetFacts(fault=fault_of(account))
    if not is_ours(account):
        return TargetFacts(account)
    wanted = sorted(set(remote_ids))
    found = yield from _told(provider, wanted)
    missed = [
        each for each in wanted if not (_was_told(found.get(each)) or (each in found and found[each].scope))
    ]
    if missed:
        yield from wait(bounds.retry_first_seconds, "reading numbers: trying again")
        found |= yield from _told(provider, missed)
    return TargetFacts(account, engagement=_by_readers(found))


def fault_of(error: Fault | ThreadsyncError) -> Fault:
    """Return why a read did not work, as a fault."""
    match error:
        case Fault():
            return error
        case ApiError(fault=fault):
            return fault
        case Unanswered():
            return Fault(FaultClass.TRANSIENT, error.problem, error.remedy, "no-answer")
        case _:
            # A credential that is missing, a media file that cannot be read: nothing was sent.
            return Fault(FaultClass.UNAUTHORIZED, error.problem, error.remedy, "not-sent")
