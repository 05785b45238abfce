"""``insights``: asks what readers made of live posts, keeps it in a table of its own, tells what is known.

The accounts are only read. The state is only read, too: no lock of it is taken, and nothing in it changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial

from msgspec.structs import replace

from threadsync.content.times import zone_named
from threadsync.errors import StateError
from threadsync.execution.seams import NoJournal, Watcher
from threadsync.execution.surveying import counted
from threadsync.model.facts import TargetFacts
from threadsync.model.ids import Address, RemoteId, TargetName, network_of
from threadsync.model.insights import (
    CountedPost,
    Insights,
    Look,
    Subject,
    TargetInsights,
    account_name,
    identity,
    insights_of,
    merged,
)
from threadsync.model.state import State
from threadsync.operations.log import since_of
from threadsync.operations.reading import is_ours, read_targets, why_unread
from threadsync.operations.selection import selection
from threadsync.operations.shell import opened
from threadsync.operations.workspace import Workspace
from threadsync.statefile.looks import NAME, decode_looks, encode_looks
from threadsync.statefile.tables import Table

SINCE = timedelta(days=90)
"""How old the publications may be that are told of, unless said otherwise."""


def insights(
    workspace: Workspace,
    selectors: Sequence[str] = (),
    *,
    since: str | None = None,
    offline: bool = False,
    watcher: Watcher,
) -> Insights:
    """Return the numbers of the publications that *selectors* choose, of those since *since* (90 days).

    Unless *offline*, the networks are asked for the numbers of those that the state binds, and what they
    tell is kept. That an account cannot be read, or the table not be written, is told in the result.

    Raises:
        UsageError: a selector chooses nothing, or *since* is neither a span nor a time.
        StateError: the state or the table cannot be read.
    """
    now, zone = workspace.clock.now(), workspace.project.zone
    start = now - SINCE if since is None else since_of(since, now, zone)
    there = zone_named(zone) if zone is not None else UTC
    prior = workspace.store.read().state
    table = workspace.store.table(NAME)
    looks = decode_looks(table.read(), table.where)
    subjects = (*_bound(prior), *_unbound(prior, looks))
    selected = _selected(workspace, prior, selectors, subjects)
    chosen = frozenset(each.address for each in selected if each.published_at >= start)
    facts: dict[TargetName, TargetFacts] = {}
    unkept: StateError | None = None
    if not offline:
        facts = _asked(workspace, prior, chosen, watcher)
        now = workspace.clock.now()
        new = tuple(_looks(prior, chosen, facts, now.replace(microsecond=0)))
        looks = merged((*looks, *new), there)
        unkept = _kept(workspace, table, new, there) if new else None
    targets = {each.address.target for each in selected}
    if not selectors:
        targets |= {*workspace.project.targets}
    return Insights(
        now,
        start,
        zone,
        tuple(
            _told(
                workspace,
                prior,
                target,
                facts.get(target),
                subjects=[each for each in subjects if each.address.target == target],
                looks=looks,
                chosen=chosen,
                since=start,
                now=now,
                zone=there,
            )
            for target in sorted(targets)
        ),
        offline,
        unkept.problem if unkept is not None else "",
        unkept.remedy if unkept is not None else "",
    )


def _bound(prior: State | None) -> Iterator[Subject]:
    """Yield what the state binds, as far as it is live."""
    for address, binding in prior.bindings.items() if prior is not None else ():
        if binding.segments:
            posts = tuple(CountedPost(each.index, each.remote_id, each.at) for each in binding.segments)
            yield Subject(address, posts, binding.segments[0].permalink)


def _unbound(prior: State | None, looks: Iterable[Look]) -> Iterator[Subject]:
    """Yield what was looked at once and is bound no more: taken down, replaced or forgotten.

    It belongs to the target that is its account now. Of accounts that are no target's nothing is told: a
    sandbox that a project was tried out on says nothing about the account that took its place.
    """
    accounts = {
        account_name(each): name for name, each in (prior.targets if prior is not None else {}).items()
    }
    bound = {
        identity(subject.address.target, post.remote_id)
        for subject in _bound(prior)
        for post in subject.posts
    }
    left: dict[Address, dict[RemoteId, CountedPost]] = defaultdict(dict)
    for look in looks:
        target = accounts.get(look.account)
        if target is not None and identity(target, look.remote_id) not in bound:
            post = CountedPost(look.index, look.remote_id, look.published_at)
            left[Address(look.address.key, target)][look.remote_id] = post
    for address, posts in left.items():
        for publication in _parted(posts.values()):
            yield Subject(address, tuple(publication), bound=False)


def _parted(posts: Iterable[CountedPost]) -> list[list[CountedPost]]:
    """Part what one address had over time, as after several replaces: no publication has a segment twice."""
    parts: list[list[CountedPost]] = []
    for post in sorted(posts, key=lambda each: (each.published_at, each.index)):
        if not parts or post.index <= parts[-1][-1].index:
            parts.append([])
        parts[-1].append(post)
    return parts


def _selected(
    workspace: Workspace, prior: State | None, selectors: Sequence[str], subjects: Sequence[Subject]
) -> list[Subject]:
    """Return the subjects that are chosen; only a path, a draft or one not published yet needs the files."""
    if not selectors:
        return list(subjects)
    declared = workspace.declared(prior, workspace.clock.now())
    known = {*(each.address for each in subjects), *declared.desired.publications, *declared.drafts}
    selects = selection(selectors, (), known, declared.paths())
    return [each for each in subjects if selects(each.address)]


def _asked(
    workspace: Workspace, prior: State | None, chosen: Iterable[Address], watcher: Watcher
) -> dict[TargetName, TargetFacts]:
    """Ask the networks that offer numbers for those of the chosen posts that their readers still see."""
    now = workspace.clock.now()
    wanted: dict[TargetName, list[RemoteId]] = defaultdict(list)
    for address in chosen:
        binding = prior.bindings.get(address) if prior is not None else None
        provider = workspace.providers.get(address.target)
        if binding is not None and provider is not None and provider.capabilities.counts:
            wanted[address.target] += [each.remote_id for each in binding.segments if not each.expired(now)]
    if not wanted:
        return {}
    with opened(workspace, {}, NoJournal(), watcher) as shell:
        return read_targets(
            shell,
            {
                target: counted(
                    workspace.providers[target],
                    shell.bounds_of(target),
                    remote_ids,
                    is_ours=partial(is_ours, workspace, prior, target),
                )
                for target, remote_ids in wanted.items()
            },
        )


def _looks(
    prior: State | None, chosen: Iterable[Address], facts: Mapping[TargetName, TargetFacts], at: datetime
) -> Iterator[Look]:
    for address in chosen:
        binding = prior.bindings.get(address) if prior is not None else None
        read = facts.get(address.target)
        if binding is None or read is None or read.account is None:
            continue
        account = account_name(read.account)
        for post in binding.segments:
            engaged = read.engagement.get(post.remote_id)
            if engaged is not None and engaged.counts:
                yield Look(address, account, post.index, post.remote_id, post.at, at, engaged.counts)


def _kept(workspace: Workspace, table: Table, new: Sequence[Look], zone: tzinfo) -> StateError | None:
    """Keep *new* with what is in the table by now; returns why that could not be done."""

    def make(here: bytes | None) -> bytes:
        return encode_looks(merged((*decode_looks(here, table.where), *new), zone))

    try:
        table.change(make, workspace.surroundings.holder("insights", workspace.clock.now()))
    except StateError as error:
        return error
    return None


def _told(
    workspace: Workspace,
    prior: State | None,
    target: TargetName,
    read: TargetFacts | None,
    *,
    subjects: Iterable[Subject],
    looks: Sequence[Look],
    chosen: frozenset[Address],
    since: datetime,
    now: datetime,
    zone: tzinfo,
) -> TargetInsights:
    """Return what is known of *target*: its own publications are compared, whichever of them are chosen."""
    ours = [each for each in looks if network_of(each.address.target) == network_of(target)]
    told = insights_of(
        target,
        _metrics(workspace, target, ours),
        [_explained(each, read) for each in subjects],
        ours,
        chosen=chosen,
        since=since,
        now=now,
        zone=zone,
    )
    if read is None:
        return told
    problem, remedy = why_unread(workspace, prior, target, read)
    return replace(told, problem=problem, remedy=remedy)


def _metrics(workspace: Workspace, target: TargetName, looks: Iterable[Look]) -> tuple[str, ...]:
    """Return what the network of *target* counts; of one that the project lost, what was kept tells it."""
    provider = workspace.providers.get(target)
    if provider is not None:
        return provider.capabilities.counts
    known = {network_of(name): each.capabilities.counts for name, each in workspace.providers.items()}
    kept = {name for look in looks for name in look.counts}
    return known.get(network_of(target)) or tuple(sorted(kept))


def _explained(subject: Subject, read: TargetFacts | None) -> Subject:
    """Return *subject* with the reason why its numbers could not be read, if there is one."""
    for post in subject.posts:
        engaged = read.engagement.get(post.remote_id) if read is not None else None
        if engaged is not None and engaged.unknown:
            return replace(subject, unknown=engaged.unknown, scope=engaged.scope)
    return subject
