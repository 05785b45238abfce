"""The pages of a list, one flow at a time, for whichever driver runs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from threadsync.flows.effects import Flow


class HasAfter(Protocol):
    """A page of a list, as every network's ``api`` returns one."""

    @property
    def after(self) -> str | None:
        """The cursor of the next page; None on the last."""


PageT = TypeVar("PageT", bound=HasAfter)


class Pages(Generic[PageT]):
    """A list, page by page: ``while pages.more: page = client.run(pages.read())``.

    *of* returns the flow that reads the page behind a cursor: ``lambda after: own_threads(after=after)``. The
    list begins behind the cursor *after*, and ends where a page has no cursor, or one that was there before,
    so it ends whatever a server says. A page whose reading failed is read by the next ``read``.
    """

    def __init__(self, of: Callable[[str | None], Flow[PageT]], after: str | None = None) -> None:
        self._of = of
        self._after = after
        self._seen: set[str] = set()
        self.more = True
        """Whether there is a page left to read."""

    def read(self) -> Flow[PageT]:
        """Read the next page."""
        page = yield from self._of(self._after)
        self._after = page.after
        self.more = page.after is not None and page.after not in self._seen
        if page.after is not None:
            self._seen.add(page.after)
        return page
