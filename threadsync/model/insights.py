"""What readers made of publications: looks at live posts, kept over time, and what can be told from them.

A ``Look`` is a row of the table that keeps them. A number that a network does not tell is absent, never 0,
and a sum of which a part is unknown is unknown too.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from statistics import median
from typing import TypeAlias

from msgspec import Struct, field

from threadsync.model.facts import Account
from threadsync.model.ids import Address, NetworkName, RemoteId, TargetName, network_of
from threadsync.model.state import TargetRecord

COMPARED = timedelta(days=90)
"""A publication counts in the median of its target for so long after it was published."""
AGE_MIN = timedelta(hours=24)
"""A publication that was younger at its last look is not compared: its readers are still to come."""
COMPARED_MIN = 5
"""Of fewer publications there is no median worth the name."""
FRESH = timedelta(days=7)
"""What a first look so soon after publishing finds was gained in the week of that look."""

Counts: TypeAlias = Mapping[str, int]
"""Numbers by what is counted: ``views``, ``likes`` …"""


class Look(Struct, frozen=True):
    """What readers had made of one live post by *at*; *address* is what the publication was called then."""

    address: Address
    account: str
    """Whose post it is, as ``account_name`` writes it."""
    index: int
    remote_id: RemoteId
    published_at: datetime
    at: datetime
    counts: Counts


class CountedPost(Struct, frozen=True):
    """One segment of a publication, as the state or an earlier look names it."""

    index: int
    remote_id: RemoteId
    published_at: datetime


class Subject(Struct, frozen=True):
    """A publication that numbers can be told of; *unknown* says why the last look brought none."""

    address: Address
    posts: tuple[CountedPost, ...]
    permalink: str = ""
    bound: bool = True
    """Whether the state binds it; of others only what was kept is told."""
    unknown: str = ""
    scope: str = ""
    """The scope that the credential lacks, where that is why."""

    @property
    def published_at(self) -> datetime:
        """When its first segment was published."""
        return min(post.published_at for post in self.posts)


class Untold(StrEnum):
    """Why a publication is not compared with the median (``""``: it is)."""

    NONE = ""
    UNCOUNTED = "uncounted"
    """The number that is compared is not known."""
    YOUNG = "young"
    """It was younger than ``AGE_MIN`` at its last look."""
    FEW = "few"
    """The target has fewer than ``COMPARED_MIN`` publications to compare it with."""


class Point(Struct, frozen=True):
    """The numbers of a publication at the last look of a week."""

    week: date
    """The Monday it begins with."""
    at: datetime
    counts: Counts


class PublicationInsights(Struct, frozen=True):
    """One publication: its numbers now and over time, beside the account's median."""

    subject: Subject
    counts: Counts = field(default_factory=dict)
    looked_at: datetime | None = None
    """The time of the oldest look that *counts* rest on; None where there is none."""
    trend: float | None = None
    """How many times the median its first metric is."""
    untold: Untold = Untold.NONE
    history: tuple[Point, ...] = ()
    """Oldest first."""

    @property
    def address(self) -> Address:
        """Which publication it is."""
        return self.subject.address


class Totals(Struct, frozen=True):
    """Sums over publications."""

    publications: int = 0
    counted: int = 0
    """Of how many of them numbers are known; the sums are over these."""
    counts: Counts = field(default_factory=dict)


class WeekInsights(Struct, frozen=True):
    """An ISO week: what was published in it, with its numbers now, and what was gained in it by all."""

    week: date
    """The Monday it begins with."""
    published: Totals
    gained: Counts
    """What publications of any age gained between their looks; what was not looked at twice is not in it."""


class TargetInsights(Struct, frozen=True):
    """One target; *metrics* is what its network counts, the first one being what is compared."""

    target: TargetName
    metrics: tuple[str, ...]
    """Empty where the network offers no numbers."""
    publications: tuple[PublicationInsights, ...] = ()
    """Newest first."""
    totals: Totals = Totals()
    weeks: tuple[WeekInsights, ...] = ()
    """Every week from the first publication to now, oldest first."""
    median: float | None = None
    compared: int = 0
    """Over how many publications the median is, or would be."""
    problem: str = ""
    """Why its account could not be read."""
    remedy: str = ""


class Insights(Struct, frozen=True):
    """All targets that were asked for."""

    at: datetime
    since: datetime
    """Publications from before it are left out."""
    zone: str | None
    """Whose weeks they are."""
    targets: tuple[TargetInsights, ...]
    offline: bool = False
    """Whether no account was asked."""
    unkept: str = ""
    """Why what was read could not be kept."""
    remedy: str = ""

    @property
    def publications(self) -> int:
        """How many publications are told of."""
        return sum(len(each.publications) for each in self.targets)


def week_of(at: datetime, zone: tzinfo) -> date:
    """Return the Monday of the ISO week that *at* is in, there."""
    day = at.astimezone(zone).date()
    return day - timedelta(days=day.weekday())


def week_name(monday: date) -> str:
    """Return the name of an ISO week: ``2026-W47``."""
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02}"


def account_name(account: Account | TargetRecord) -> str:
    """Return what tells an account from all others, on whatever network: ``178@threads.net``."""
    channel = f"/{account.channel}" if account.channel else ""
    return f"{account.account_id}@{account.origin}{channel}"


def identity(target: TargetName, remote_id: RemoteId) -> tuple[NetworkName, RemoteId]:
    """Return what tells a post from all others, whatever its target and its publication are called now."""
    return network_of(target), remote_id


def merged(looks: Iterable[Look], zone: tzinfo) -> tuple[Look, ...]:
    """Return the last look of each post in each week, sorted; in which order they came means nothing."""
    last: dict[tuple[NetworkName, RemoteId, date], Look] = {}
    for look in looks:
        place = (*identity(look.address.target, look.remote_id), week_of(look.at, zone))
        if place not in last or _rank(look) > _rank(last[place]):
            last[place] = look
    return tuple(
        sorted(last.values(), key=lambda each: (each.published_at, each.address, each.index, each.at))
    )


def _rank(look: Look) -> tuple[datetime, list[tuple[str, int]], Address]:
    """Tell looks of one post in one week apart: the later, and of two at once always the same one."""
    return look.at, sorted(look.counts.items()), look.address


def insights_of(
    target: TargetName,
    metrics: tuple[str, ...],
    subjects: Sequence[Subject],
    looks: Iterable[Look],
    *,
    chosen: frozenset[Address],
    since: datetime,
    now: datetime,
    zone: tzinfo,
) -> TargetInsights:
    """Return what is known of the *chosen* ones since *since* among *subjects*, which are all of a target."""
    of_post: dict[RemoteId, list[Look]] = defaultdict(list)
    for look in sorted(looks, key=lambda each: each.at):
        of_post[look.remote_id].append(look)
    every = [_told(subject, metrics, of_post, zone) for subject in subjects] if metrics else []
    comparable = [
        each.counts[metrics[0]]
        for each in every
        if _is_comparable(each, metrics[0]) and now - each.subject.published_at <= COMPARED
    ]
    middle = float(median(comparable)) if len(comparable) >= COMPARED_MIN else None
    shown = tuple(
        _compared(each, metrics[0], middle)
        for each in sorted(every, key=lambda each: (each.subject.published_at, each.address), reverse=True)
        if each.address in chosen and each.subject.published_at >= since
    )
    return TargetInsights(
        target,
        metrics,
        shown,
        _totals(shown),
        tuple(_weeks(shown, now, zone)),
        middle,
        len(comparable),
    )


def _told(
    subject: Subject, metrics: Sequence[str], of_post: Mapping[RemoteId, Sequence[Look]], zone: tzinfo
) -> PublicationInsights:
    weeks = sorted({week_of(look.at, zone) for post in subject.posts for look in of_post[post.remote_id]})
    history = tuple(
        point for week in weeks if (point := _point(subject, week, metrics, of_post, zone)) is not None
    )
    latest = history[-1] if history and history[-1].week == weeks[-1] else None
    if latest is None:
        return PublicationInsights(subject, history=history)
    return PublicationInsights(subject, latest.counts, latest.at, history=history)


def _point(
    subject: Subject,
    week: date,
    metrics: Sequence[str],
    of_post: Mapping[RemoteId, Sequence[Look]],
    zone: tzinfo,
) -> Point | None:
    """Add up the segments that were live by the end of *week*; None where one of them was never counted."""
    found: list[Look] = []
    for post in subject.posts:
        known = [look for look in of_post[post.remote_id] if week_of(look.at, zone) <= week]
        if known:
            found.append(known[-1])
        elif week_of(post.published_at, zone) <= week:
            return None
    counts = {
        name: sum(look.counts[name] for look in found)
        for name in metrics
        if all(name in look.counts for look in found)
    }
    return Point(week, min(look.at for look in found), counts) if counts else None


def _is_comparable(each: PublicationInsights, metric: str) -> bool:
    return metric in each.counts and not _is_young(each)


def _is_young(each: PublicationInsights) -> bool:
    return each.looked_at is not None and each.looked_at - each.subject.published_at < AGE_MIN


def _compared(each: PublicationInsights, metric: str, middle: float | None) -> PublicationInsights:
    trend, untold = None, Untold.NONE
    if metric not in each.counts:
        untold = Untold.UNCOUNTED
    elif _is_young(each):
        untold = Untold.YOUNG
    elif not middle:
        untold = Untold.FEW
    else:
        trend = round(each.counts[metric] / middle, 2)
    return PublicationInsights(each.subject, each.counts, each.looked_at, trend, untold, each.history)


def _totals(publications: Sequence[PublicationInsights]) -> Totals:
    counted = [each.counts for each in publications if each.counts]
    known = [name for name in (counted[0] if counted else ()) if all(name in counts for counts in counted)]
    sums = {name: sum(counts[name] for counts in counted) for name in known}
    return Totals(len(publications), len(counted), sums)


def _weeks(
    publications: Sequence[PublicationInsights], now: datetime, zone: tzinfo
) -> Iterator[WeekInsights]:
    if not publications:
        return
    published: dict[date, list[PublicationInsights]] = defaultdict(list)
    gained: dict[date, Counter[str]] = defaultdict(Counter)
    for each in publications:
        published[week_of(each.subject.published_at, zone)].append(each)
        for week, counts in _gains(each):
            gained[week].update(counts)
    week, last = min(published), max(week_of(now, zone), *published, *gained)
    while week <= last:
        yield WeekInsights(week, _totals(published[week]), dict(gained[week]))
        week += timedelta(days=7)


def _gains(each: PublicationInsights) -> Iterator[tuple[date, Counts]]:
    """Yield what a publication gained between its looks, with the week of the later one."""
    if not each.history:
        return
    first, *later = each.history
    if first.at - each.subject.published_at <= FRESH:
        yield first.week, first.counts
    known = dict(first.counts)
    for point in later:
        yield point.week, {name: point.counts[name] - known[name] for name in point.counts if name in known}
        known |= point.counts
