"""What the pages ask of a network. Posts and accounts go by their ids there, as texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from threadsync.sandbox.pages.views import PanelView, PostView, TabView


class Network(Protocol):
    """One network at one moment."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def now(self) -> float:
        """The time there."""
        ...

    @property
    def serial_name(self) -> str:
        """Under which name ``/sandbox/serial`` tells how often it has changed."""
        ...

    def account(self, user: str) -> str | None:
        """Return the account that the address of a page names; None where there is none."""
        ...

    def post(self, user: str, code: str) -> str | None:
        """Return the post that the address of a page names; None where there is none."""
        ...

    def tabs(self, chosen: str | None) -> tuple[TabView, ...]:
        """Make the tabs: everybody, then each profile.

        *chosen* is an account, empty for everybody, ``None`` on a page that no tab stands for.
        """
        ...

    def panel(self, account: str) -> PanelView:
        """Make what stands beside the posts, of one account, or of all where it is empty."""
        ...

    def roots(self, account: str, older: str) -> Iterator[str]:
        """Yield the posts that stand on their own, newest first: all, or those of one account.

        With *older* only those before that place.
        """
        ...

    def place(self, post: str) -> str:
        """Return the place of a post among the roots."""
        ...

    def is_place(self, text: str) -> bool:
        """Whether a page can have given *text* out as a place."""
        ...

    def is_there(self, post: str) -> bool:
        """Whether there is such a post."""
        ...

    def owner(self, post: str) -> str:
        """Return whose post it is."""
        ...

    def parent(self, post: str) -> str:
        """Return what a post answers, there or not; empty where it answers nothing."""
        ...

    def answers(self, post: str) -> Sequence[str]:
        """Return the direct answers to a post, oldest first."""
        ...

    def is_held(self, post: str) -> bool:
        """Whether readers do not see an answer."""
        ...

    def path(self, post: str) -> str:
        """Return the path of a post's page."""
        ...

    def view(self, post: str) -> PostView:
        """Make the view of a post."""
        ...
