"""The endpoints of Threads that count: of one post, and of the whole account.

Sources: developers.facebook.com/docs/threads/insights and .../reference/insights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from threadsync.errors import UsageError
from threadsync.flows.effects import FieldValue, Flow, Request
from threadsync.model.ids import MAIN
from threadsync.providers.answers import Answer, Exchange, Fields
from threadsync.providers.threads.calls import VERSION, bounded, call

METRICS = ("likes", "replies", "reposts", "quotes", "shares", "views")
"""What Threads counts of a post."""
USER_METRICS = ("views", "likes", "replies", "reposts", "quotes", "clicks")
"""What Threads counts of an account in a stretch of time."""
TIMELESS_METRICS = ("followers_count", "follower_demographics")
"""What Threads tells of an account as it is now; it takes no stretch of time."""
EARLIEST_INSIGHTS = 1712991600
"""``since`` and ``until`` of an account may not be earlier: 13 April 2024."""

Breakdown = Literal["country", "city", "age", "gender"]


class Value(Struct, frozen=True):
    """A number; in a time series that of the day that ends at *end_time*."""

    value: int | None
    end_time: datetime | None
    more: Mapping[str, object] = field(default_factory=dict)


class LinkClicks(Struct, frozen=True):
    """How often a link in the account's posts was followed."""

    value: int | None
    link_url: str | None
    more: Mapping[str, object] = field(default_factory=dict)


class Share(Struct, frozen=True):
    """How many there are of one kind; *dimension_values* names it by the keys of its breakdown."""

    dimension_values: tuple[str, ...] | None
    value: int | None
    more: Mapping[str, object] = field(default_factory=dict)


class Demographics(Struct, frozen=True):
    """A number, broken down."""

    dimension_keys: tuple[str, ...] | None
    results: tuple[Share, ...]
    more: Mapping[str, object] = field(default_factory=dict)


class Metric(Struct, frozen=True):
    """One metric; it has one of *values*, *total_value*, *link_total_values* and *breakdowns*."""

    name: str
    period: str | None
    """``lifetime`` or ``day``."""
    title: str | None
    description: str | None
    id: str | None
    values: tuple[Value, ...] | None
    total_value: int | None
    link_total_values: tuple[LinkClicks, ...] | None
    breakdowns: tuple[Demographics, ...] | None
    more: Mapping[str, object] = field(default_factory=dict)

    @property
    def count(self) -> int | None:
        """Its one number; None where it has none, or is a series of several."""
        if self.total_value is not None:
            return self.total_value
        return self.values[0].value if self.values is not None and len(self.values) == 1 else None


class Insights(Answer, frozen=True):
    """What was counted; metrics that Threads left out are not there."""

    data: tuple[Metric, ...]
    exchange: Exchange
    more: Mapping[str, object] = field(default_factory=dict)

    @property
    def counts(self) -> Mapping[str, int]:
        """The metrics that are one number, by name."""
        return {each.name: each.count for each in self.data if each.count is not None}


def media_insights(media_id: str, metric: Sequence[str] = METRICS) -> Flow[Insights]:
    """Read what readers made of one of the account's own posts.

    Of a repost there is nothing to read; replies to its replies are not counted.

    Endpoint: GET /{threads-media-id}/insights
    Scopes: threads_basic, threads_manage_insights
    Source: developers.facebook.com/docs/threads/insights
    """
    params: dict[str, FieldValue] = {"metric": ",".join(metric)}
    request = Request("GET", f"{VERSION}/{media_id}/insights", params, auth=MAIN)
    return (yield from call(request, _insights))


def user_insights(
    metric: Sequence[str] = USER_METRICS,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    breakdown: Breakdown | None = None,
) -> Flow[Insights]:
    """Read what readers made of the account, from *since* to *until* (yesterday and today without both).

    ``followers_count`` and ``follower_demographics`` take no stretch of time; the latter needs a *breakdown*,
    and 100 followers. Before June 2024 not all is there.

    Endpoint: GET /{threads-user-id}/threads_insights
    Scopes: threads_basic, threads_manage_insights
    Limits: *since* and *until* not before 13 April 2024
    Source: developers.facebook.com/docs/threads/insights
    """
    span = bounded(since=since, until=until, earliest=EARLIEST_INSIGHTS)
    timeless = [name for name in metric if name in TIMELESS_METRICS]
    if timeless and span:
        raise UsageError(
            f"{', '.join(timeless)} cannot be asked for with since or until",
            remedy="Leave since and until out, or ask for it in a call of its own.",
        )
    if ("follower_demographics" in metric) != (breakdown is not None):
        raise UsageError(
            "follower_demographics and breakdown go together",
            remedy="Ask for the metric follower_demographics with breakdown country, city, age or gender.",
        )
    params: dict[str, FieldValue] = {"metric": ",".join(metric), **span}
    if breakdown is not None:
        params["breakdown"] = breakdown
    request = Request("GET", f"{VERSION}/me/threads_insights", params, auth=MAIN)
    return (yield from call(request, _insights))


def _insights(body: Fields, how: Exchange) -> Insights:
    rows = body.entries() or ()
    return Insights(tuple(_metric(row) for row in rows), how, body.rest)


def _metric(row: Fields) -> Metric:
    values, clicks = row.entries("values"), row.entries("link_total_values")
    total = row.inner("total_value")
    broken = total.entries("breakdowns") if total is not None else None
    total_value = total.number("value") if total is not None else None
    row.put_back("total_value", total)
    return Metric(
        row.text("name"),
        row.maybe_text("period"),
        row.maybe_text("title"),
        row.maybe_text("description"),
        row.maybe_text("id"),
        tuple(Value(each.number("value"), each.time("end_time"), each.rest) for each in values)
        if values is not None
        else None,
        total_value,
        tuple(LinkClicks(each.number("value"), each.maybe_text("link_url"), each.rest) for each in clicks)
        if clicks is not None
        else None,
        tuple(_demographics(each) for each in broken) if broken is not None else None,
        row.rest,
    )


def _demographics(body: Fields) -> Demographics:
    results = body.entries("results") or ()
    return Demographics(
        body.names("dimension_keys"),
        tuple(Share(each.names("dimension_values"), each.number("value"), each.rest) for each in results),
        body.rest,
    )
