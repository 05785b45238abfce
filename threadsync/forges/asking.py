"""How the flows of every forge ask: one request, a list page by page, and what an answer is read as."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Final, TypeVar

from msgspec.structs import replace

from threadsync.errors import ApiError, Unanswered
from threadsync.flows.core import send
from threadsync.flows.effects import Flow, JsonBody, NoResponse, Params, Request, Response, Visibility
from threadsync.flows.retry import Classify
from threadsync.forges.base import Author, Comment
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import MAIN
from threadsync.providers.answers import Fields

T = TypeVar("T")

PAGE_ENTRIES: Final = 100
"""How many entries of a list are asked for at once: the most that GitHub and GitLab give."""
PAGES_MAX: Final = 100
"""How many pages of a list are read; a pull request with more comments has none of ours that is found."""


NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


def read(path: str, params: Params | None = None, headers: Mapping[str, str] = NO_HEADERS) -> Request:
    """Return the request that reads *path*."""
    return Request("GET", path, params or {}, auth=MAIN, headers=headers)


def write(
    method: str, path: str, body: str | None = None, headers: Mapping[str, str] = NO_HEADERS
) -> Request:
    """Return the request that writes a comment's *body*, or removes it."""
    content = JsonBody({"body": body}) if body is not None else None
    return Request(method, path, body=content, auth=MAIN, visibility=Visibility.VISIBLE, headers=headers)


def ask(request: Request, classify: Classify, understand: Callable[[Response], T]) -> Flow[T]:
    """Send *request* and return what *understand* makes of its answer.

    Raises:
        ApiError: *classify* finds an error in the answer.
        Unanswered: no answer came, or none that can be read.
    """
    outcome = yield from send(request)
    where = f"{request.method} {request.path}"
    if isinstance(outcome, NoResponse):
        raise Unanswered(outcome.reason, sent=outcome.sent, where=where)
    fault = classify(outcome)
    if fault is not None:
        raise ApiError(fault, where=where)
    try:
        return understand(outcome)
    except (ValueError, KeyError, TypeError) as error:
        reason = f"the answer (HTTP {outcome.status}) cannot be read: {error}"
        raise Unanswered(reason, sent=True, where=where) from error


def entries(response: Response) -> tuple[Fields, ...]:
    """Return the objects of an answer that is a list.

    Raises:
        TypeError: it is none.
    """
    found = response.json
    if not isinstance(found, list):
        raise TypeError("it is no list")
    return tuple(Fields(each) for each in found)


def listed(request: Request, classify: Classify, one: Callable[[Fields], T]) -> Flow[tuple[T, ...]]:
    """Read a list to its end, page by page: the answers say in ``Link`` (RFC 8288) whether there is another.

    Raises:
        ApiError: it is refused, or longer than ``PAGES_MAX`` pages.
        Unanswered: no answer came, or none that can be read.
    """
    found: list[T] = []
    for page in range(1, PAGES_MAX + 1):
        paged = {**request.params, "per_page": str(PAGE_ENTRIES), "page": str(page)}
        of_page, more = yield from ask(
            replace(request, params=paged),
            classify,
            lambda answer: (tuple(map(one, entries(answer))), _has_next(answer)),
        )
        found += of_page
        if not more:
            return tuple(found)
    fault = Fault(
        FaultClass.INVALID,
        f"the list has more than {PAGES_MAX * PAGE_ENTRIES:,} entries.",
        "Comment on another pull request.",
        "too-many",
    )
    raise ApiError(fault, where=f"GET {request.path}")


def _has_next(response: Response) -> bool:
    return 'rel="next"' in response.headers.get("link", "") or bool(response.headers.get("x-next-page"))


def none_where_gone(flow: Flow[T]) -> Flow[T | None]:
    """Run *flow*; None where the forge says that what it is about is not there."""
    return _none_where({FaultClass.GONE}, flow)


def none_where_nobody(flow: Flow[T]) -> Flow[T | None]:
    """Run *flow*, which asks whose a token is; None where the forge tells this token nothing."""
    return _none_where({FaultClass.FORBIDDEN, FaultClass.GONE}, flow)


def _none_where(kinds: Collection[FaultClass], flow: Flow[T]) -> Flow[T | None]:
    try:
        return (yield from flow)
    except ApiError as error:
        if error.fault.kind not in kinds:
            raise
        return None


def comment_of_issue(fields: Fields, author_of: Callable[[object], Author]) -> Comment:
    """Return the comment that GitHub, and those that answer as it does, tell."""
    author = fields.whole("user")
    return Comment(
        int(fields.id()),
        fields.maybe_text("body") or "",
        author_of(author) if author is not None else None,
        fields.maybe_text("html_url") or "",
    )
