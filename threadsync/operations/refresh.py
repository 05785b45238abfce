"""``refresh``: looks at all that is live, says what drifted, and keeps what it saw with the state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from threadsync.execution.seams import Watcher
from threadsync.model.facts import Engagement, Facts, ObservedPost, SeenPost, TargetFacts
from threadsync.model.ids import Address, TargetName
from threadsync.model.journal import Confirmed, Note, PostsSeen
from threadsync.model.state import State
from threadsync.operations.beginning import accounts_seen
from threadsync.operations.drift import Drifted, drift_of, drifts
from threadsync.operations.plan import chosen
from threadsync.operations.reading import surveyed, why_unread
from threadsync.operations.shell import opened
from threadsync.operations.surgery import AT_ONCE, Patience, append, session
from threadsync.operations.workspace import Workspace
from threadsync.planning.allowances import AccountView, accounts
from threadsync.statefile.store import Session

UNDECLARED_DAYS = 30
"""How far back own posts that nobody declared are looked for, unless said otherwise."""


class Undeclared(Struct, frozen=True):
    """An own post that no publication is bound to, and that was never let go of."""

    target: TargetName
    post: ObservedPost


class Unread(Struct, frozen=True):
    """A target that could not be looked at, or not wholly."""

    target: TargetName
    problem: str
    remedy: str = ""


class Refreshed(Struct, frozen=True):
    """What was seen."""

    at: datetime
    since: datetime
    """From when own posts that nobody declared were looked for."""
    looked_at: int
    """How many live posts were looked at."""
    drifted: tuple[Drifted, ...]
    undeclared: tuple[Undeclared, ...]
    unread: tuple[Unread, ...]
    accounts: tuple[AccountView, ...]
    seen: Mapping[Address, PostsSeen]
    zone: str | None
    recorded: bool
    """Whether it is kept with the state; without a state there is no place for it."""


def refresh(
    workspace: Workspace,
    selectors: Sequence[str] = (),
    *,
    days: float = UNDECLARED_DAYS,
    patience: Patience = AT_ONCE,
    watcher: Watcher,
) -> Refreshed:
    """Look at the live posts that *selectors* choose, and at their accounts.

    Nothing is changed but what the state keeps of such looks, and permalinks that were not known yet.

    Raises:
        UsageError: a selector chooses nothing.
        StateError: the state is locked, damaged or cannot be written.
    """
    with session(workspace, "refresh", patience) as journal:
        prior = None if journal.first_run else journal.ledger.state()
        now = workspace.clock.now()
        declared = workspace.declared(prior, now)
        selects = chosen(declared, prior, selectors, ())
        known = {*declared.desired.publications, *(prior.bindings if prior is not None else ())}
        addresses = {address for address in known if selects(address)}
        every = set(workspace.project.targets)
        targets = {address.target for address in addresses} & every if selectors else every
        bound = {address for address in addresses if prior is not None and address in prior.bindings}
        since = now - timedelta(days=days)
        with opened(workspace, {}, journal, watcher) as shell:
            found = surveyed(workspace, shell, prior, bound, targets, since=since)
        facts = Facts(workspace.clock.now(), found)
        seen = _seen(workspace, prior, bound, facts)
        if prior is not None:
            _record(journal, prior, facts, seen)
    return Refreshed(
        facts.gathered_at or now,
        since,
        sum(len(each.posts) for each in seen.values()),
        drifts(workspace.providers, prior, facts),
        tuple(_undeclared(workspace, prior, found, since)),
        tuple(_unread(workspace, prior, bound, facts)),
        accounts((), declared.desired.capabilities, prior, facts, facts.gathered_at or now),
        seen,
        workspace.project.zone,
        recorded=prior is not None,
    )


def _seen(
    workspace: Workspace, prior: State | None, bound: Iterable[Address], facts: Facts
) -> dict[Address, PostsSeen]:
    """Return how the posts of each publication are, as far as they could be looked at."""
    found: dict[Address, PostsSeen] = {}
    for address in sorted(bound):
        of_target = facts.of(address.target)
        posts = {
            post.remote_id: SeenPost(
                drift_of(
                    workspace.providers[address.target],
                    post,
                    of_target.observed[post.remote_id],
                    facts.gathered_at,
                ),
                of_target.engagement.get(post.remote_id, Engagement()).counts,
            )
            for post in (prior.bindings[address].segments if prior is not None else ())
            if post.remote_id in of_target.observed
        }
        if posts and facts.gathered_at is not None:
            found[address] = PostsSeen(address, posts, facts.gathered_at)
    return found


def _record(journal: Session, prior: State, facts: Facts, seen: Mapping[Address, PostsSeen]) -> None:
    """Keep what was seen, and permalinks that could not be read when their posts went out."""
    assert facts.gathered_at is not None, "the accounts were read"
    learnt: list[Note] = []
    for address in seen:
        for post in prior.bindings[address].segments:
            now = facts.of(address.target).observed.get(post.remote_id)
            if now is not None and now.permalink and not post.permalink:
                learnt.append(Confirmed(address, post.remote_id, now.permalink, facts.gathered_at))
    ours = {target for target, read in facts.targets.items() if _is_read(read)}
    append(journal, [*learnt, *seen.values(), *accounts_seen(facts, ours, facts.gathered_at)])


def _is_read(read: TargetFacts) -> bool:
    """Whether more than the account's name was read: of another account than ours it is not."""
    return read.read_back is not None or read.read_back_fault is not None


def _undeclared(
    workspace: Workspace, prior: State | None, found: Mapping[TargetName, TargetFacts], since: datetime
) -> Iterator[Undeclared]:
    for target, read in sorted(found.items()):
        known = _known(prior, target)
        for post in read.read_back.posts if read.read_back is not None else ():
            new = post.at >= since and post.remote_id not in known
            if new and not _is_in_doubt(workspace, prior, target, post):
                yield Undeclared(target, post)


def _known(prior: State | None, target: TargetName) -> set[str]:
    """Return the posts of *target* that are bound, or were let go of and left up."""
    if prior is None:
        return set()
    bound = [b.remote_ids for address, b in prior.bindings.items() if address.target == target]
    left = [
        tuple(post.remote_id for post in (*stone.segments, *stone.superseded))
        for address, stone in prior.tombstones.items()
        if address.target == target and stone.left_up
    ]
    return {remote_id for ids in (*bound, *left) for remote_id in ids}


def _is_in_doubt(workspace: Workspace, prior: State | None, target: TargetName, post: ObservedPost) -> bool:
    """Whether *post* may be what an interrupted publish made: the next apply finds that out."""
    for address, unfinished in prior.open.items() if prior is not None else ():
        if address.target != target or not unfinished.in_doubt:
            continue
        doubtful = [each for each in unfinished.job.segments if each.index == unfinished.doubtful_index]
        if any(workspace.providers[target].matches(each, post.parent, post) for each in doubtful):
            return True
    return False


def _unread(
    workspace: Workspace, prior: State | None, bound: Iterable[Address], facts: Facts
) -> Iterator[Unread]:
    for target, read in sorted(facts.targets.items()):
        problem, remedy = why_unread(workspace, prior, target, read)
        if problem:
            yield Unread(target, problem, remedy)
            continue
        if read.read_back_fault is not None:
            problem = f"own posts could not be listed: {read.read_back_fault.problem}"
            yield Unread(target, problem, read.read_back_fault.remedy)
        elif read.read_back is not None and not read.read_back.complete:
            yield Unread(
                target,
                f"the account has more posts since {read.read_back.since:%Y-%m-%d} than are listed, so older "
                "ones that nobody declared are not shown.",
                "Look at fewer days (--days), or raise read_back_posts_max under the target's bounds:.",
            )
        posts = [
            p for a in bound if a.target == target and prior is not None for p in prior.bindings[a].segments
        ]
        unseen = sum(post.remote_id not in read.observed for post in posts)
        if unseen:
            yield Unread(target, f"{unseen} of its live posts could not be looked at.", "Run refresh again.")
