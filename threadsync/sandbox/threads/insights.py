"""What readers made of a post: ``GET /{media}/insights`` (developers.facebook.com/docs/threads/insights)."""

from __future__ import annotations

from typing import Final

from threadsync.sandbox.threads import errors, readers
from threadsync.sandbox.threads.call import Call
from threadsync.sandbox.threads.errors import ApiError
from threadsync.sandbox.threads.state import Post
from threadsync.sandbox.threads.values import Json, Response

METRICS: Final = ("views", "likes", "replies", "reposts", "quotes", "shares")


def of_media(call: Call) -> Response:
    """Answer the metrics asked for; of a repost there are none."""
    post = call.state.posts.get(call.target)
    if post is None or post.owner != call.account.id:
        return call.refuse(errors.unsupported("GET", call.target))
    asked = metrics_asked(call, METRICS)
    if isinstance(asked, ApiError):
        return call.refuse(asked)
    rows = [] if post.reposted else [_row(call, post, name) for name in asked]
    return call.answer({"data": rows})


def metrics_asked(call: Call, known: tuple[str, ...]) -> list[str] | ApiError:
    """Read ``metric``: at least one name, and all of them known."""
    asked = [name.strip() for name in call.param("metric").split(",") if name.strip()]
    unknown = next((name for name in asked if name not in known), "" if asked else "nothing")
    if unknown:
        return errors.invalid_parameter(f"metric: {unknown} is none of {', '.join(known)}")
    return asked


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
            return readers.replies_to_post(call.state, post, call.now)
        case "reposts":
            return readers.reposts_of_post(call.state, post)
        case "quotes":
            return readers.quotes_of_post(call.state, post)
    public = readers.public_of_post(call.state, post, call.now)
    found = [*readers.readings_of_post(call.state, post), public]
    return sum({"views": each.views, "likes": each.likes, "shares": each.shares}[metric] for each in found)
