"""What readers made of publications, as JSON; ``schema/insights.schema.json`` describes it."""

from __future__ import annotations

from threadsync.model.ids import Json
from threadsync.model.insights import (
    Insights,
    PublicationInsights,
    TargetInsights,
    Totals,
    WeekInsights,
    week_name,
)
from threadsync.views.json import Mapped, document
from threadsync.views.json_account import maybe
from threadsync.views.moments import stamp


def insights_json(told: Insights) -> Mapped:
    """Return every number that is known; what is not known is absent or null, never 0."""
    return document(
        "insights",
        at=stamp(told.at),
        since=stamp(told.since),
        zone=told.zone,
        offline=told.offline,
        unkept={"problem": told.unkept, "remedy": told.remedy} if told.unkept else None,
        targets=[_target(each) for each in told.targets],
    )


def _target(told: TargetInsights) -> Json:
    return {
        "target": told.target,
        "metrics": list(told.metrics),
        "median": told.median,
        "compared": told.compared,
        "problem": told.problem,
        "remedy": told.remedy,
        "totals": _totals(told.totals),
        "weeks": [_week(each) for each in told.weeks],
        "publications": [_publication(each) for each in told.publications],
    }


def _totals(totals: Totals) -> Mapped:
    return {
        "publications": totals.publications,
        "counted": totals.counted,
        "counts": dict(totals.counts),
    }


def _week(told: WeekInsights) -> Json:
    return {
        "week": week_name(told.week),
        "begins": told.week.isoformat(),
        **_totals(told.published),
        "gained": dict(told.gained),
    }


def _publication(told: PublicationInsights) -> Json:
    subject = told.subject
    return {
        "address": str(told.address),
        "key": told.address.key,
        "target": told.address.target,
        "published_at": stamp(subject.published_at),
        "permalink": subject.permalink,
        "bound": subject.bound,
        "posts": [
            {"index": post.index, "remote_id": post.remote_id, "published_at": stamp(post.published_at)}
            for post in subject.posts
        ],
        "looked_at": maybe(told.looked_at),
        "counts": dict(told.counts),
        "trend": told.trend,
        "untold": told.untold.value,
        "unknown": subject.unknown,
        "scope": subject.scope,
        "history": [
            {"week": week_name(point.week), "at": stamp(point.at), "counts": dict(point.counts)}
            for point in told.history
        ],
    }
