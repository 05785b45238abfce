"""One comment on one pull request, made or brought up to date: a flow over whichever forge.

It looks before it writes, so an answer that was lost makes no second comment; and it looks again after it
made one, so that two runs at once end with one. Only a comment that has our hidden line at its top, names
the same project and name, and was written by whose token this is, is ever touched.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from msgspec import Struct

from threadsync.errors import ApiError, Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import now, wait
from threadsync.flows.effects import Flow
from threadsync.flows.retry import delay_seconds
from threadsync.forges.base import Author, Comment, Forge
from threadsync.forges.marks import Mark, mark_of
from threadsync.model.fault import Fault, FaultClass

T = TypeVar("T")

ROUNDS_MAX: Final = 4
"""How often it looks and writes: an answer may be lost, a comment deleted meanwhile, another run as fast."""
THROTTLED_SECONDS_MAX: Final = 120.0
"""How long it waits for the end of a forge's limit; one that lasts longer ends the flow."""
AHEAD_MAX: Final = timedelta(minutes=5)
"""How far ahead of this clock a comment may be; beyond that, its time is a wrong clock's or a hand's."""


class Put(Struct, frozen=True):
    """What became of the comment on a pull request."""

    comment: Comment
    made: bool = False
    """Whether it was not there before."""
    outdated: bool = False
    """Whether it shows something newer, and was left as it is."""
    removed: tuple[int, ...] = ()
    """Further comments of ours, which two runs at once had made; the oldest stays."""


Content = Callable[[Mark | None], tuple[Mark, str]]
"""Returns what a comment is to show, given what it says of itself so far; None where it is not there."""


def put_comment(forge: Forge, number: int, mark: Mark, content: Content, bounds: Bounds) -> Flow[Put]:
    """Make the comment of *mark* on a pull request show *content*, and return what became of it.

    Raises:
        ApiError: the forge refuses.
        Unanswered: no answer came, as often as it was tried.
    """
    me = yield from forge.whoami()
    made: Comment | None = None
    for round_number in range(1, ROUNDS_MAX + 1):
        own = yield from _own(forge, number, mark, me)
        if made is not None and all(each.id != made.id for each in own):
            own = (*own, made)  # a list may be a moment behind
        try:
            if not own:
                made = yield from _patient(lambda: _create(forge, number, content), bounds)
                me = me or made.author
                continue  # another run may have made one too: look again
            put = yield from _settled(forge, number, own, content, bounds, made)
        except (ApiError, Unanswered) as error:
            stumbled = isinstance(error, Unanswered) or error.fault.kind is FaultClass.TRANSIENT
            if not stumbled or round_number == ROUNDS_MAX:
                raise
            # It may be there all the same: look again.
            yield from wait(delay_seconds(round_number, bounds), "the forge did not answer")
            continue
        if put is not None:
            return put
    fault = Fault(
        FaultClass.TRANSIENT,
        f"the comment on pull request {number} vanished or came back each time it was looked at.",
        "Run it again when no other run comments there.",
        "comment-restless",
    )
    raise ApiError(fault)


def _create(forge: Forge, number: int, content: Content) -> Flow[Comment]:
    mark, body = content(None)
    return forge.create(number, mark.line() + body)


def _own(forge: Forge, number: int, mark: Mark, me: Author | None) -> Flow[tuple[Comment, ...]]:
    """Return the comments of *mark* that are ours, the oldest first.

    Where the forge does not tell whose the token is, a comment that no person wrote is taken for ours.
    """
    found = yield from forge.comments(number)
    return tuple(
        sorted(
            (each for each in found if _is_ours(each, me) and _is_of(each, mark)), key=lambda each: each.id
        )
    )


def _is_ours(comment: Comment, me: Author | None) -> bool:
    if comment.author is None:
        return False
    return comment.author.is_bot if me is None else comment.author.login == me.login


def _is_of(comment: Comment, mark: Mark) -> bool:
    found = mark_of(comment.body)
    return found is not None and found.is_of(mark)


def _settled(  # noqa: PLR0917  (what a comment is made of)
    forge: Forge,
    number: int,
    own: tuple[Comment, ...],
    content: Content,
    bounds: Bounds,
    made: Comment | None,
) -> Flow[Put | None]:
    """Bring the oldest of *own* up to date and remove the others; None where it is gone by now."""
    first, *others = own
    before = mark_of(first.body)
    mark, body = content(before)
    is_made = made is not None and made.id == first.id
    outdated = before is not None and before.at > mark.at and before.at <= (yield from now()) + AHEAD_MAX
    shown = first
    if not outdated and _plain(first.body) != _plain(mark.line() + body):
        try:
            shown = yield from _patient(lambda: forge.update(number, first.id, mark.line() + body), bounds)
        except ApiError as error:
            if error.fault.kind is not FaultClass.GONE:
                raise
            return None
    for other in others:
        yield from _removed(forge, number, other, shown, bounds)
    return Put(shown, is_made, outdated, tuple(other.id for other in others))


def _plain(body: str) -> str:
    """Return *body* without what a forge may make of its white space."""
    return body.replace("\r\n", "\n").strip()


def _removed(forge: Forge, number: int, other: Comment, kept: Comment, bounds: Bounds) -> Flow[None]:
    """Delete *other*; where that is not allowed, empty it and point to the one that is *kept*."""
    try:
        yield from _patient(lambda: forge.delete(number, other.id), bounds)
    except ApiError as error:
        found = mark_of(other.body)
        if error.fault.kind is not FaultClass.FORBIDDEN or found is None:
            raise
        # Of no name that anybody asks for: it is never taken for the comment again.
        moved = Mark(found.project, f"{found.name}\n{other.id}", "moved", datetime.fromtimestamp(0, UTC))
        pointer = f"{moved.line()}Two runs commented at once; the comment is [this one]({kept.url}).\n"
        yield from _patient(lambda: forge.update(number, other.id, pointer), bounds)


def _patient(make: Callable[[], Flow[T]], bounds: Bounds) -> Flow[T]:
    """Run the flow that *make* returns; one that the forge's limit held back was not done, and goes again.

    Raises:
        ApiError: it is refused, or held back for too long or too often.
        Unanswered: no answer came.
    """
    for attempt in range(1, bounds.retry_attempts_max + 1):
        try:
            return (yield from make())
        except ApiError as error:
            seconds = error.fault.retry_after_seconds
            again = error.fault.kind is FaultClass.THROTTLED and seconds is not None
            if not again or seconds is None or seconds > THROTTLED_SECONDS_MAX:
                raise
            if attempt == bounds.retry_attempts_max:
                raise
        yield from wait(seconds, "the forge takes no more requests for now")
    raise AssertionError("a bound of at least one attempt ends the loop")
