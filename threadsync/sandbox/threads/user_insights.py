"""What readers made of a profile: ``GET /{user}/threads_insights``.

developers.facebook.com/docs/threads/insights and .../reference/insights. Times are Unix seconds.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from threadsync.sandbox.threads import errors
from threadsync.sandbox.threads.call import Call
from threadsync.sandbox.threads.errors import ApiError
from threadsync.sandbox.threads.insights import metrics_asked
from threadsync.sandbox.threads.readers import Audience, Span
from threadsync.sandbox.threads.showing import link_card, timestamp
from threadsync.sandbox.threads.values import Json, Response

METRICS: Final = (
    "views",
    "likes",
    "replies",
    "reposts",
    "quotes",
    "clicks",
    "followers_count",
    "follower_demographics",
)
TIMELESS: Final = frozenset({"followers_count", "follower_demographics"})
"""They take no ``since`` and no ``until``."""
BREAKDOWNS: Final = ("country", "city", "age", "gender")
SINCE_MIN: Final = 1_712_991_600
"""13 April 2024."""
FOLLOWERS_MIN: Final = 100
"""Fewer have no demographics, and their profiles cannot be looked up."""
DAY_SECONDS: Final = 86_400
DAY_ENDS_SECONDS: Final = 8 * 3600
"""After midnight UTC, as in the page's samples."""


def of_user(call: Call) -> Response:
    """Answer the metrics asked for, of yesterday and today unless told otherwise."""
    asked = metrics_asked(call, METRICS)
    if isinstance(asked, ApiError):
        return call.refuse(asked)
    span = _span(call)
    if isinstance(span, ApiError):
        return call.refuse(span)
    error = _not_offered(call, asked)
    if error is not None:
        return call.refuse(error)
    audience = Audience(call.state, call.account, span)
    return call.answer({"data": [_row(call, audience, name) for name in asked]})


def _not_offered(call: Call, asked: list[str]) -> ApiError | None:
    for name in asked:
        if name in TIMELESS and (call.param("since") or call.param("until")):
            return errors.invalid_parameter(f"{name} takes no since and no until")
    if "follower_demographics" in asked:
        if call.param("breakdown") not in BREAKDOWNS:
            return errors.invalid_parameter(f"breakdown is one of {', '.join(BREAKDOWNS)}")
        if call.account.about.follower_count < FOLLOWERS_MIN:
            return errors.invalid_parameter(f"follower_demographics needs {FOLLOWERS_MIN} followers")
    return None


def _span(call: Call) -> Span | ApiError:
    bounds: list[float | None] = []
    for name in ("since", "until"):
        text = call.param(name)
        if text and not (text.isascii() and text.isdecimal() and int(text) >= SINCE_MIN):
            return errors.invalid_parameter(f"{name} is a Unix time from {SINCE_MIN} on")
        bounds.append(float(text) if text else None)
    since, until = bounds
    end = call.now if until is None else until
    start = _day_start(end) - DAY_SECONDS if since is None else since
    if start >= end:
        return errors.invalid_parameter("since must be earlier than until")
    # Without `until` what happened in this very second counts.
    return Span(start, float("inf") if until is None else end)


def _day_start(at: float) -> float:
    return at - (at - DAY_ENDS_SECONDS) % DAY_SECONDS


def _row(call: Call, audience: Audience, metric: str) -> Json:
    period = "lifetime" if metric == "follower_demographics" else "day"
    return {
        "name": metric,
        "period": period,
        **_numbers(call, audience, metric),
        "title": metric,
        "description": "",
        "id": f"{call.account.id}/insights/{metric}/{period}",
    }


def _numbers(call: Call, audience: Audience, metric: str) -> Json:
    match metric:
        case "views":
            return {"values": _days(audience)}
        case "clicks":
            return {"link_total_values": _links(audience)}
        case "follower_demographics":
            return {"total_value": {"breakdowns": [_breakdown(call)]}}
        case "likes":
            total = audience.sum(lambda each: each.likes)
        case "replies":
            total = audience.replies()
        case "reposts":
            total = audience.reposts()
        case "quotes":
            total = audience.quotes()
        case _:
            total = call.account.about.follower_count
    return {"total_value": {"value": total}}


def _days(audience: Audience) -> list[Json]:
    """Count the views of the profile day by day; a day without any is left out, as in the sample."""
    days: Counter[float] = Counter()
    for each in audience.readings(of_posts=False):
        days[_day_start(each.at) + DAY_SECONDS] += each.views
    return [{"value": days[end], "end_time": timestamp(end)} for end in sorted(days)]


def _links(audience: Audience) -> list[Json]:
    """Count how often each link that the profile shared was followed, most followed first."""
    links: Counter[str] = Counter()
    for each in audience.readings(of_posts=True):
        post = audience.state.find(each.post)
        link = link_card(post) if post is not None and each.clicks else None
        if link is not None:
            links[link] += each.clicks
    return [{"value": count, "link_url": link} for link, count in links.most_common()]


def _breakdown(call: Call) -> Json:
    kind = call.param("breakdown")
    found = call.account.about.demographics.get(kind, {})
    results = [{"dimension_values": [name], "value": count} for name, count in found.items()]
    return {"dimension_keys": [kind], "results": results}
