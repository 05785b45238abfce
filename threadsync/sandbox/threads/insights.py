"""What readers made of a post: ``GET /{media}/insights`` (developers.facebook.com/docs/threads/insights)."""

from __future__ import annotations

from typing import Final

from threadsync.sandbox.threads import errors
from threadsync.sandbox.threads.call import Call
from threadsync.sandbox.threads.state import Approval, Post
from threadsync.sandbox.threads.values import Json, Response

METRICS: Final = ("views", "likes", "replies", "reposts", "quotes", "shares")


def of_media(call: Call) -> Response:
    """Answer the metrics asked for; of a repost there are none."""
    post = call.state.posts.get(call.target)
    if post is None or post.owner != call.account.id:
        return call.refuse(errors.unsupported("GET", call.target))
    asked = [name.strip() for name in call.param("metric").split(",") if name.strip()]
    unknown = next((name for name in asked if name not in METRICS), "metric" if not asked else "")
    if unknown:
        return call.refuse(errors.invalid_parameter(f"metric: {unknown} is none of {', '.join(METRICS)}"))
    rows = [] if post.reposted else [_row(call, post, name) for name in asked]
    return call.answer({"data": rows})


def _row(call: Call, post: Post, metric: str) -> Json:
    return {
        "name": metric,
        "period": "lifetime",
        "values": [{"value": _number(call, post, metric)}],
        "title": metric.capitalize(),
        "description": "",
        "id": f"{post.id}/insights/{metric}/lifetime",
    }


def _number(call: Call, post: Post, metric: str) -> int:
    match metric:
        case "replies":
            under = (call.state.find(row[2]) for row in call.state.rows(f"under:{post.id}"))
            return sum(
                each is not None and each.is_listed(call.now) and each.approval is Approval.NONE
                for each in under
            )
        case "reposts":
            return sum(each.reposted == post.id for each in call.state.live())
        case "quotes":
            return sum(each.content.quote == post.id for each in call.state.live())
        case _:
            return 0
