"""Lists: own posts and replies, the replies to a post, a conversation; with times, limits and cursors.

developers.facebook.com/docs/threads/retrieve-and-discover-posts/retrieve-posts,
.../retrieve-and-manage-replies/replies-and-conversations.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from msgspec import Struct

from threadsync.sandbox.threads import errors
from threadsync.sandbox.threads.call import Call
from threadsync.sandbox.threads.errors import ApiError
from threadsync.sandbox.threads.showing import select, show
from threadsync.sandbox.threads.state import Approval, Entry, Post
from threadsync.sandbox.threads.values import Json, Response

SINCE_MIN = 1_688_540_400
LIMIT_DEFAULT, LIMIT_MAX = 25, 100
_CURSOR_MARK = "QVFIU"


class Range(Struct, frozen=True):
    """Which part of a list is asked for."""

    since: float = float("-inf")
    until: float = float("inf")
    limit: int = LIMIT_DEFAULT
    after: Entry | None = None
    before: Entry | None = None
    newest_first: bool = True


def own_list(call: Call, name: str) -> Response:
    """Answer a list of the caller: ``threads``, ``replies`` or ``ghosts``."""
    return ranged(call, call.state.rows(f"{name}:{call.account.id}"))


def ranged(call: Call, rows: list[Entry], without: frozenset[str] = frozenset()) -> Response:
    """Answer a list by its times, limit and cursors; *without* names fields that it has not."""
    wanted = read_range(call)
    if isinstance(wanted, ApiError):
        return call.refuse(wanted)
    return _page(call, rows, wanted, lambda post: True, without)


def replies_to(call: Call, name: str) -> Response:
    """Answer the replies ``under`` a post, or its ``conversation`` (root posts only)."""
    post = _own_or_refused(call)
    if isinstance(post, ApiError):
        return call.refuse(post)
    if name == "conversation" and post.parent:
        return call.refuse(errors.invalid_parameter("a conversation is that of a root post"))
    return _replies_page(call, name, lambda reply: reply.approval is Approval.NONE)


def pending_replies(call: Call) -> Response:
    """Answer the replies that wait for the author's yes, or that were ignored."""
    post = _own_or_refused(call)
    if isinstance(post, ApiError):
        return call.refuse(post)
    wanted = call.param("approval_status")
    if wanted not in {"", "pending", "ignored"}:
        return call.refuse(errors.invalid_parameter("approval_status is pending or ignored"))
    kinds = {Approval(wanted)} if wanted else {Approval.PENDING, Approval.IGNORED}
    return _replies_page(call, "under", lambda reply: reply.approval in kinds)


def _own_or_refused(call: Call) -> Post | ApiError:
    """Return the post of the path; another's root needs Advanced Access, one's own replies do not."""
    post = call.state.posts.get(call.target)
    if post is None:
        return errors.unsupported("GET", call.target)
    if post.owner != call.account.id and not call.state.switches.advanced_access:
        root = call.state.posts.get(post.root)
        if root is None or root.owner != call.account.id:
            return errors.unsupported("GET", call.target)
    return post


def _replies_page(call: Call, name: str, is_shown: Callable[[Post], bool]) -> Response:
    cursors = _read_cursors(call)
    if isinstance(cursors, ApiError):
        return call.refuse(cursors)
    newest_first = call.param("reverse").lower() not in {"false", "0"}
    wanted = Range(after=cursors[0], before=cursors[1], newest_first=newest_first)
    return _page(call, call.state.rows(f"{name}:{call.target}"), wanted, is_shown)


def read_range(call: Call) -> Range | ApiError:
    """Read ``since``, ``until``, ``limit`` and the cursors, or refuse what has no sense."""
    since = _read_time(call.param("since"))
    until = _read_time(call.param("until"))
    if isinstance(since, ApiError):
        return since
    if isinstance(until, ApiError):
        return until
    if since is not None and since < SINCE_MIN:
        return errors.invalid_parameter(f"since must be at least {SINCE_MIN}")
    if until is not None and until > call.now:
        return errors.invalid_parameter("until must not be in the future")
    if since is not None and since >= (call.now if until is None else until):
        return errors.invalid_parameter("since must be earlier than until")
    limit = call.param("limit") or str(LIMIT_DEFAULT)
    if not (limit.isascii() and limit.isdecimal() and 1 <= int(limit) <= LIMIT_MAX):
        return errors.invalid_parameter(f"limit is a number from 1 to {LIMIT_MAX}")
    cursors = _read_cursors(call)
    if isinstance(cursors, ApiError):
        return cursors
    return Range(
        since=float("-inf") if since is None else since,
        until=float("inf") if until is None else until,
        limit=int(limit),
        after=cursors[0],
        before=cursors[1],
    )


def _read_time(text: str) -> float | ApiError | None:
    """Read Unix seconds or a date; of strtotime's many forms the ISO ones are understood."""
    if not text:
        return None
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return errors.invalid_parameter(f"{text!r} is no time")
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _read_cursors(call: Call) -> tuple[Entry | None, Entry | None] | ApiError:
    after, before = call.param("after"), call.param("before")
    if after and before:
        return errors.invalid_parameter("either before or after, not both")
    places: list[Entry | None] = []
    for text in (after, before):
        place = _decode_cursor(text) if text else None
        if text and place is None:
            return errors.invalid_parameter("this cursor was not made here")
        places.append(place)
    return places[0], places[1]


def _encode_cursor(entry: Entry) -> str:
    return _CURSOR_MARK + urlsafe_b64encode(json.dumps(entry).encode()).decode().rstrip("=")


def _decode_cursor(text: str) -> Entry | None:
    if not text.startswith(_CURSOR_MARK):
        return None
    bare = text.removeprefix(_CURSOR_MARK)
    try:
        found: object = json.loads(urlsafe_b64decode(bare + "=" * (-len(bare) % 4)))
    except (NotBase64, ValueError):
        return None  # the caller refuses the call
    match found:
        case [int() | float() as created, int() as number, str() as media_id]:
            return (float(created), number, media_id)
    return None


def _page(
    call: Call,
    rows: list[Entry],
    wanted: Range,
    is_shown: Callable[[Post], bool],
    without: frozenset[str] = frozenset(),
) -> Response:
    fields = select(call, without)
    if isinstance(fields, ApiError):
        return call.refuse(fields)
    first = bisect_left(rows, (wanted.since, -1, ""))
    last = bisect_left(rows, (wanted.until, -1, ""))
    found = _posts(call, rows, _order(rows, first, last, wanted), wanted.limit, is_shown)
    if wanted.before is not None:
        found.reverse()
    body: Json = {"data": [show(call, post, fields) for post in found]}
    is_last = len(found) < wanted.limit
    if found and not (is_last and not call.state.switches.last_page_has_cursors):
        cursors = {"before": _encode_cursor(found[0].entry), "after": _encode_cursor(found[-1].entry)}
        body["paging"] = {"cursors": cursors}
    return call.answer(body)


def _order(rows: list[Entry], first: int, last: int, wanted: Range) -> Iterable[int]:
    """Return the positions to walk through: from the cursor on, away from it."""
    cursor = wanted.after or wanted.before
    walks_down = wanted.newest_first is (wanted.before is None)
    if cursor is None:
        return range(last - 1, first - 1, -1) if walks_down else range(first, last)
    if walks_down:
        return range(min(last, bisect_left(rows, cursor)) - 1, first - 1, -1)
    return range(max(first, bisect_right(rows, cursor)), last)


def _posts(
    call: Call, rows: list[Entry], order: Iterable[int], limit: int, is_shown: Callable[[Post], bool]
) -> list[Post]:
    found: list[Post] = []
    for at in order:
        post = call.state.find(rows[at][2])
        assert post is not None, "a list holds known posts only"
        if post.is_listed(call.now) and is_shown(post):
            found.append(post)
            if len(found) == limit:
                break
    return found
