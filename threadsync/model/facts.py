"""What was learnt by reading the networks, and when; planning sees the accounts through this alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from threadsync.model.fault import Fault
from threadsync.model.ids import Address, MediaDigest, RemoteId, TargetName
from threadsync.model.post import Card
from threadsync.values import Besides


class Account(Besides, frozen=True):
    """Whose account a credential opens; *origin* is the network's own, ``sandbox:NAME`` for a sandbox."""

    hidden = frozenset({"server_ahead_seconds"})

    origin: str
    account_id: str
    handle: str
    channel: str = ""
    server_ahead_seconds: float | None = None
    """The server's clock minus ours, where the answer was dated."""
    lacks: frozenset[str] = frozenset()
    """What posts may need (``Needs.features``) and the network says that this account may not do."""


class ObservedPost(Struct, frozen=True):
    """A post as the network shows it now; *kind* is text, image, video, carousel, repost or other."""

    remote_id: RemoteId
    kind: str
    text: str
    at: datetime
    permalink: str = ""
    parent: RemoteId | None = None
    children: int = 0
    hidden: bool = False
    """Whether the network keeps it from readers, as a reply that was hidden under its parent."""
    carries: Mapping[str, str] = field(default_factory=dict)
    """What hangs on it, in the words of its provider: a poll, a quoted post …"""
    expires_at: datetime | None = None
    """When the network takes it from its readers by itself; None where it stays."""
    author: str = ""
    """The id of the account whose post it is, where others' posts are found too."""


class Quota(Struct, frozen=True):
    """An allowance of the account; None where the credential may not read it (*unknown* says why)."""

    used: int | None
    total: int | None
    unknown: str = ""
    scope: str = ""
    """The scope that the credential lacks to read it, where that is why."""
    window_seconds: float | None = None
    """How long the window is that it is counted in, where the network says so."""

    @property
    def left(self) -> int | None:
        """How many are left, None where unknown."""
        return None if self.used is None or self.total is None else max(0, self.total - self.used)


class Engagement(Struct, frozen=True):
    """What readers made of one post: numbers by name (``likes``, ``replies`` …); others are unknown."""

    counts: Mapping[str, int] = field(default_factory=dict)
    unknown: str = ""
    """Why nothing is known."""
    scope: str = ""
    """The scope that the credential lacks to read it, where that is why."""
    withheld: bool = False
    """Whether the network answered that it tells no numbers of this very post."""
    hidden: bool = False
    """Whether the network was seen to keep the post from readers."""
    answers: RemoteId | None = None
    """What it replies to, where the network is known to count own replies among the ``replies`` of that."""


class CredentialLife(Struct, frozen=True):
    """How long a credential lives, and since when; None where the network does not say."""

    expires_at: datetime | None = None
    renewed_at: datetime | None = None
    """When it was issued or last renewed."""
    endless: bool = False
    """Whether the network says that it does not expire."""


class Drift(StrEnum):
    """How a live post differs from what was published (``""``: it does not)."""

    NONE = ""
    DELETED = "deleted"
    EDITED = "edited"
    HIDDEN = "hidden"


class SeenPost(Struct, frozen=True):
    """How one live post was when it was last looked at."""

    drift: Drift = Drift.NONE
    counts: Mapping[str, int] = field(default_factory=dict)
    """As in ``Engagement``."""


class ReadBack(Struct, frozen=True):
    """Own posts and replies since *since*, newest first; *complete* is False where a bound ended it early."""

    since: datetime
    posts: tuple[ObservedPost, ...]
    complete: bool = True


class TargetFacts(Struct, frozen=True):
    """What was read of one target; *fault* is set where its account could not be read at all."""

    account: Account | None = None
    fault: Fault | None = None
    quotas: Mapping[str, Quota] = field(default_factory=dict)
    """By what they count: ``posts``, ``replies``, ``deletes``."""
    read_back: ReadBack | None = None
    read_back_fault: Fault | None = None
    observed: Mapping[RemoteId, ObservedPost | None] = field(default_factory=dict)
    """Bound posts that were looked at; None where the network no longer has one."""
    lookalikes: Mapping[Address, tuple[ObservedPost, ...]] = field(default_factory=dict)
    """Unbound posts that match a wanted segment."""
    engagement: Mapping[RemoteId, Engagement] = field(default_factory=dict)
    """What readers made of posts that were looked at."""
    life: CredentialLife | None = None
    """Of the main credential; None where it is not known."""
    scopes: frozenset[str] | None = None
    """Of the main credential; None where they are not known."""
    accounts: Mapping[str, str | None] = field(default_factory=dict)
    """The ids of accounts that posts mention, by their names; None where nobody has one."""
    located: Mapping[str, RemoteId | None] = field(default_factory=dict)
    """Own posts by the permalinks that references name; None where the account has no such post."""


_NOTHING = TargetFacts()


class MediaProblem(Struct, frozen=True):
    """Why a network would not get a media file as it is on disk, and what to do about it."""

    problem: str
    remedy: str


class Facts(Struct, frozen=True):
    """All that was gathered by reading, and when; empty for an offline plan."""

    gathered_at: datetime | None = None
    targets: Mapping[TargetName, TargetFacts] = field(default_factory=dict)
    media_problems: Mapping[tuple[TargetName, MediaDigest], MediaProblem] = field(default_factory=dict)
    """Media files that a target's host does not serve as they are on disk."""
    cards: Mapping[tuple[TargetName, str], Card] = field(default_factory=dict)
    """Link cards by the address they lead to, for targets whose network has us make them."""

    def of(self, target: TargetName) -> TargetFacts:
        """Return what is known of *target*; nothing, if it was not read."""
        return self.targets.get(target, _NOTHING)
