"""The whole of one Threads network as a value: profiles, containers, posts, quotas, armed faults.

The state changes in place, and only through :func:`threadsync.sandbox.threads.model.handle` and
:mod:`threadsync.sandbox.threads.control`; what a call does follows from the state, the call and the
time alone. Single objects are found in one step, lists by bisection. ``to_json`` and ``from_json``
(in :mod:`threadsync.sandbox.threads.codec`) lose nothing.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from enum import StrEnum
from hashlib import blake2b
from typing import TypeAlias

from msgspec import Struct, field

from threadsync.sandbox.threads.content import Content
from threadsync.sandbox.threads.faults import ArmedFault
from threadsync.sandbox.threads.records import (
    MENLO_PARK,
    OUR_APP,
    Delivery,
    Grant,
    Place,
    Reading,
    RegisteredApp,
    Search,
)
from threadsync.sandbox.threads.values import About, Request, Switches, TokenDigest

Entry: TypeAlias = tuple[float, int, str]
"""One row of a list: when the post was made, its number, its id. Sorted, oldest first."""


class Status(StrEnum):
    """The life of a container (developers.facebook.com/docs/threads/troubleshooting)."""

    IN_PROGRESS = "IN_PROGRESS"
    FINISHED = "FINISHED"
    PUBLISHED = "PUBLISHED"
    ERROR = "ERROR"
    EXPIRED = "EXPIRED"


class Approval(StrEnum):
    """Where a reply stands on a post that approves its replies."""

    NONE = ""
    PENDING = "pending"
    IGNORED = "ignored"


class Account(Struct, frozen=True):
    """A profile of the network."""

    id: str
    name: str
    is_eligible_for_geo_gating: bool = False
    has_instagram: bool = False
    about: About = field(default_factory=About)


class Token(Struct, frozen=True):
    """What a token opens."""

    account: str
    scopes: frozenset[str]
    issued_at: float
    expires_at: float | None = None
    is_short_lived: bool = False
    """Whether it came from a code and can be exchanged for a long-lived one."""


class Container(Struct, frozen=True):
    """A post in preparation. Its status follows from the time, see :meth:`status`."""

    id: str
    owner: str
    content: Content
    created: float
    ready_at: float
    expires_at: float
    error: str = ""
    """The ``error_message`` it ends with; empty for a good one."""
    media_id: str = ""
    """The post it became."""
    published_at: float = 0.0
    shows_published_at: float = 0.0

    def status(self, now: float) -> Status:
        """Say what a read at *now* shows."""
        if self.media_id:
            return Status.PUBLISHED if now >= self.shows_published_at else Status.FINISHED
        if self.error and now >= self.ready_at:
            return Status.ERROR
        if now >= self.expires_at:
            return Status.EXPIRED
        return Status.IN_PROGRESS if now < self.ready_at else Status.FINISHED


class Post(Struct, frozen=True):
    """A post, reply, repost or child of a carousel that is or was live."""

    id: str
    owner: str
    number: int
    shortcode: str
    content: Content
    created: float
    container: str = ""
    parent: str = ""
    root: str = ""
    child_of: str = ""
    children: tuple[str, ...] = ()
    """Media ids of a carousel's children."""
    reposted: str = ""
    listed_from: float = 0.0
    repliable_from: float = 0.0
    hide_status: str = "NOT_HUSHED"
    approval: Approval = Approval.NONE
    votes: tuple[int, ...] = ()
    """How often each option of its poll was chosen; empty before the first vote."""
    deleted_at: float | None = None
    listed_until: float | None = None

    @property
    def entry(self) -> Entry:
        """Its row in the lists that hold it."""
        return (self.created, self.number, self.id)

    def is_listed(self, now: float) -> bool:
        """Whether lists read at *now* show it."""
        if self.deleted_at is not None and (self.listed_until is None or now >= self.listed_until):
            return False
        return now >= self.listed_from


class Deferred(Struct, frozen=True):
    """A call whose connection was dropped and that the network carries out later."""

    due: float
    request: Request


class State(Struct):
    """One network. ``serial`` grows with every change, so a shell knows when to write it down."""

    seed: int
    base_url: str = "https://www.threads.com"
    """Where the network's pages are; permalinks and media URLs begin with it."""
    switches: Switches = field(default_factory=Switches)
    accounts: dict[str, Account] = field(default_factory=dict)
    tokens: dict[TokenDigest, Token] = field(default_factory=dict)
    containers: dict[str, Container] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    deleted: dict[str, Post] = field(default_factory=dict)
    usage: dict[str, list[float]] = field(default_factory=dict)
    """Times of what counts against a quota, by ``kind:account``; sorted."""
    armed: list[ArmedFault] = field(default_factory=list)
    deferred: list[Deferred] = field(default_factory=list)
    number: int = 0
    """The last number given out; ids are made from it and the seed."""
    serial: int = 0
    clock_offset: float = 0.0
    """How far a shell has moved this network's clock; added to the time before :func:`handle`."""
    app: RegisteredApp = OUR_APP
    app_tokens: set[TokenDigest] = field(default_factory=set)
    grants: dict[TokenDigest, Grant] = field(default_factory=dict)
    """By the digest of their code."""
    readings: list[Reading] = field(default_factory=list)
    """What readers did, oldest first."""
    searches: dict[str, list[Search]] = field(default_factory=dict)
    """By account, oldest first."""
    places: dict[str, Place] = field(default_factory=lambda: {MENLO_PARK.id: MENLO_PARK})
    subscribed: tuple[str, ...] = ()
    """The webhook fields that the app is subscribed to."""
    deliveries: list[Delivery] = field(default_factory=list)
    """The last of what was sent to the app's callback, oldest first."""
    lists: dict[str, list[Entry]] = field(default_factory=dict)
    """Derived from the posts: ``threads:``, ``replies:``, ``ghosts:`` of an account, ``under:`` a
    parent, ``conversation:`` of a root."""
    shortcodes: dict[str, str] = field(default_factory=dict)
    """Derived from the posts: shortcode to id."""
    reposts: set[tuple[str, str]] = field(default_factory=set)
    """Derived from the posts: who reposted what."""

    def next_id(self) -> str:
        """Give out an id of 17 digits; order and ids tell nothing of each other, as on the network."""
        while True:
            self.number += 1
            mark = blake2b(f"{self.seed}:{self.number}".encode(), digest_size=8).digest()
            found = f"18{int.from_bytes(mark) % 10**15:015d}"
            if not (found in self.containers or found in self.posts or found in self.deleted):
                return found

    def shortcode_of(self, media_id: str) -> str:
        """Make the eleven characters of a permalink."""
        mark = blake2b(f"{self.seed}/{media_id}".encode(), digest_size=8).digest()
        return "D" + urlsafe_b64encode(mark).decode().rstrip("=")[:10]

    def put(self, post: Post) -> None:
        """Make a post live, and enter it into the lists it belongs to."""
        self.posts[post.id] = post
        self.index(post)
        self.serial += 1

    def change(self, post: Post) -> None:
        """Replace a post by a changed value of itself; its place in the lists stays."""
        assert post.id in self.posts, "only a live post is changed"
        self.posts[post.id] = post
        self.serial += 1

    def keep(self, container: Container) -> None:
        """Add or replace a container."""
        self.containers[container.id] = container
        self.serial += 1

    def withdraw(self, post: Post) -> None:
        """Take a post down; *post* carries when, and until when lists go on showing it."""
        del self.posts[post.id]
        self.deleted[post.id] = post
        if post.listed_until is None:
            for name in list_names(post):
                rows = self.lists[name]
                del rows[bisect_left(rows, post.entry)]
        self.reposts.discard((post.owner, post.reposted))
        self.serial += 1

    def index(self, post: Post) -> None:
        """Enter a post into the derived tables."""
        self.shortcodes[post.shortcode] = post.id
        if post.reposted and post.deleted_at is None:
            self.reposts.add((post.owner, post.reposted))
        for name in list_names(post):
            insort(self.lists.setdefault(name, []), post.entry)

    def find(self, media_id: str) -> Post | None:
        """Return a post that is live, or deleted but still listed."""
        return self.posts.get(media_id) or self.deleted.get(media_id)

    def rows(self, name: str) -> list[Entry]:
        """Return one list, oldest first."""
        return self.lists.get(name, [])

    def used(self, kind: str, account: str, now: float, window: float | None = None) -> int:
        """Count what *account* used of a quota within the rolling window that ends at *now*."""
        times = self.usage.get(f"{kind}:{account}", [])
        window = self.switches.quota_window_seconds if window is None else window
        return bisect_right(times, now) - bisect_right(times, now - window)

    def use(self, kind: str, account: str, now: float) -> None:
        """Count one use, and forget those that are two windows old."""
        times = self.usage.setdefault(f"{kind}:{account}", [])
        insort(times, now)
        del times[: bisect_right(times, now - 2 * self.switches.quota_window_seconds)]

    def live(self) -> Iterator[Post]:
        """Yield all live posts in the order in which they were made, children of carousels apart."""
        return (post for post in self.posts.values() if not post.child_of)


def list_names(post: Post) -> tuple[str, ...]:
    """Name the lists a post belongs to."""
    if post.child_of:
        return ()
    if post.parent:
        return (f"replies:{post.owner}", f"under:{post.parent}", f"conversation:{post.root}")
    if post.content.is_ghost_post:
        return (f"ghosts:{post.owner}",)
    return (f"threads:{post.owner}",)
