"""The Threads network of the sandbox, as its readers see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from msgspec import Struct

from threadsync.sandbox.pages.panel import DELETED_SHOWN, EXCERPT_LENGTH, changed, fault_views, offset
from threadsync.sandbox.pages.posts import author_view, post_path, post_view
from threadsync.sandbox.pages.texts import plain_line
from threadsync.sandbox.pages.times import Moment
from threadsync.sandbox.pages.views import (
    DeletedView,
    PanelView,
    PostView,
    ProfilePanel,
    QuotaView,
    TabView,
    number_in,
)
from threadsync.sandbox.threads.showing import shown_text
from threadsync.sandbox.threads.state import Approval, State, Status


class ThreadsNetwork(Struct, frozen=True):
    """The network at one moment."""

    state: State
    now: float

    @property
    def name(self) -> str:
        """What it is called."""
        return "Threads"

    @property
    def serial_name(self) -> str:
        """Under which name ``/sandbox/serial`` tells how often it has changed."""
        return "serial"

    def account(self, user: str) -> str | None:
        """Find a profile by its name."""
        return next((found.id for found in self.state.accounts.values() if found.name == user), None)

    def post(self, user: str, code: str) -> str | None:
        """Find a post by its shortcode, whoever's it is; of the part of a carousel the whole."""
        post = self.state.posts.get(self.state.shortcodes.get(code, ""))
        return (post.child_of or post.id) if post is not None else None

    def tabs(self, chosen: str | None) -> tuple[TabView, ...]:
        """Make the tabs: everybody, then each profile."""
        state = self.state
        counts = Counter(post.owner for post in state.live())
        profiles = (
            TabView(author_view(state, each), counts[each], each == chosen) for each in state.accounts
        )
        return (TabView(None, counts.total(), chosen == ""), *profiles)

    def panel(self, account: str) -> PanelView:
        """Make the panel for one profile, or for all."""
        state = self.state
        owners = [account] if account else list(state.accounts)
        gone = [post for post in state.deleted.values() if post.owner in owners and not post.child_of]
        return PanelView(
            profiles=tuple(self._profile(each) for each in owners),
            faults=fault_views(state.armed),
            switches=tuple(changed(state.switches)),
            clock=offset(state.clock_offset),
            deleted=tuple(
                DeletedView(
                    author_view(state, post.owner),
                    plain_line(shown_text(state, post), EXCERPT_LENGTH),
                    Moment.of(post.deleted_at or 0.0, self.now),
                )
                for post in islice(reversed(gone), DELETED_SHOWN)
            ),
            deleted_count=len(gone),
            serial=state.serial,
        )

    def _profile(self, account: str) -> ProfilePanel:
        state, switches = self.state, self.state.switches
        totals = {
            "posts": switches.posts_quota,
            "replies": switches.replies_quota,
            "deletes": switches.deletes_quota,
        }
        quotas = (
            QuotaView(kind.capitalize(), state.used(kind, account, self.now), total)
            for kind, total in totals.items()
        )
        found = Counter(
            container.status(self.now)
            for container in state.containers.values()
            if container.owner == account and not container.content.is_carousel_item
        )
        containers = ", ".join(
            f"{count} {status.replace('_', ' ').lower()}"
            for status, count in sorted(found.items())
            if status is not Status.PUBLISHED
        )
        making = f"Containers: {containers}" if containers else ""
        return ProfilePanel(author_view(state, account), tuple(quotas), making)

    def roots(self, account: str, older: str) -> Iterator[str]:
        """Yield the posts that stand on their own, newest first; *older* is the number of a post."""
        before = number_in(older)
        for post in reversed(self.state.posts.values()):
            if post.child_of or (account and post.owner != account):
                continue
            if (before is None or post.number < before) and not self.is_there(post.parent):
                yield post.id

    def place(self, post: str) -> str:
        """Return the number of a post."""
        return str(self.state.posts[post].number)

    def is_place(self, text: str) -> bool:
        """Whether it is a number."""
        return number_in(text) is not None

    def is_there(self, post: str) -> bool:
        """Whether there is such a post."""
        return post in self.state.posts

    def owner(self, post: str) -> str:
        """Return whose post it is."""
        return self.state.posts[post].owner

    def parent(self, post: str) -> str:
        """Return what a post answers, there or not; empty where it answers nothing."""
        return self.state.posts[post].parent

    def answers(self, post: str) -> Sequence[str]:
        """Return the direct answers to a post, oldest first."""
        return [row[2] for row in self.state.rows(f"under:{post}") if row[2] in self.state.posts]

    def is_held(self, post: str) -> bool:
        """Whether an answer is hidden, refused, or not approved yet."""
        found = self.state.posts[post]
        return found.approval is not Approval.NONE or found.hide_status == "HIDDEN"

    def path(self, post: str) -> str:
        """Return the path of a post's page."""
        return post_path(self.state, self.state.posts[post])

    def view(self, post: str) -> PostView:
        """Make the view of a post."""
        return post_view(self.state, self.now, self.state.posts[post])
