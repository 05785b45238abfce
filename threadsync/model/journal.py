"""What goes on record while a plan is carried out: the notes, in the order they are written.

An action opens with ``Begun`` and closes with ``Ended``. Between the two a flow notes what it
stages, its intent before each visible request, and the receipt after it. ``threadsync.model.ledger``
says what each note does to the state.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias

from msgspec import Struct, field

from threadsync.model.facts import CredentialLife, Quota, SeenPost
from threadsync.model.holding import Holding
from threadsync.model.ids import Address, ContentDigest, Json, MediaDigest, RemoteId, TargetName
from threadsync.model.trouble import Troubling


class Rendered(Struct, frozen=True):
    """One segment exactly as a network gets it; enough to find it again after the file has changed."""

    index: int
    digest: ContentDigest
    text: str
    media: tuple[MediaDigest, ...] = ()
    alts: tuple[str, ...] = ()
    options: Mapping[str, Json] = field(default_factory=dict)
    """The network's own parameters, as its provider renders them; empty for a text or a picture alone."""
    quotes: RemoteId | None = None
    """The post that it quotes."""
    reposts: RemoteId | None = None
    """The post that it reposts; it has nothing else then."""


class Published(Struct, frozen=True):
    """The receipt of one segment: which remote post it is; *ids* holds the network's further ids."""

    index: int
    digest: ContentDigest
    remote_id: RemoteId
    text: str
    at: datetime
    permalink: str = ""
    media: tuple[MediaDigest, ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict)
    bound_by: str = "receipt"
    """How we know that it is ours: ``receipt``, ``container`` (settled by its own container),
    ``text`` (one match by what it says alone) or ``import``."""
    expires_at: datetime | None = None
    """When the network takes it from its readers by itself; None where it stays."""

    def expired(self, now: datetime) -> bool:
        """Whether the network has taken it from its readers by itself, as it was to."""
        return self.expires_at is not None and now >= self.expires_at


class Job(Struct, frozen=True):
    """What an action is about to do, kept so that it can be settled and finished without its file."""

    verb: str
    """The action: create, extend, replace, delete, withdraw."""
    segments: tuple[Rendered, ...] = ()
    """What is to be published, in order."""
    parent: RemoteId | None = None
    """What the first of *segments* replies to."""
    keep: int = 0
    """How many live segments stay; the rest of a replaced chain is superseded."""
    protect: bool = False
    on_remove: str = "forget"
    republished: bool = False
    forget_as: str = ""
    """For a delete: why (``withdrawn``, ``removed``), kept in the tombstone."""
    digest_version: int = 1
    by: str = ""
    """For a delete: who asked for it by a command; it goes on whatever the file says."""
    said: str = ""
    """The reason they gave, kept in the tombstone."""


class RunStarted(Struct, frozen=True):
    """A run begins; its facts become the provenance of what it publishes."""

    run: str
    at: datetime
    plan: str
    commit: str = ""
    by: str = ""


class TargetBound(Struct, frozen=True):
    """A target is this account from now on (law 7)."""

    target: TargetName
    origin: str
    account_id: str
    handle: str
    since: datetime
    at: datetime
    channel: str = ""


class Begun(Struct, frozen=True):
    """An action begins."""

    address: Address
    job: Job
    at: datetime


class Staged(Struct, frozen=True):
    """Something nobody sees was made: *name* (``container``, ``child-0`` …) is *remote*."""

    address: Address
    index: int
    digest: ContentDigest
    name: str
    remote: str
    at: datetime
    """The server's time."""


class Intent(Struct, frozen=True):
    """A visible request goes out next; *covers* is its fingerprint, *key* how to find what it did."""

    address: Address
    index: int
    digest: ContentDigest
    verb: str
    """``publish`` or ``delete``."""
    key: str
    covers: str
    at: datetime
    """The local time."""


class Receipt(Struct, frozen=True):
    """A segment is live."""

    address: Address
    published: Published

    @property
    def at(self) -> datetime:
        """When the segment was published."""
        return self.published.at


class Confirmed(Struct, frozen=True):
    """What was learnt of a live segment after its receipt."""

    address: Address
    remote_id: RemoteId
    permalink: str
    at: datetime


class Deleted(Struct, frozen=True):
    """A post of ours is no longer on the network."""

    address: Address
    remote_id: RemoteId
    at: datetime


class Settled(Struct, frozen=True):
    """An intent whose answer was lost did not act; *reuse* says whether what was staged still serves."""

    address: Address
    index: int
    reuse: bool
    at: datetime


class Doubted(Struct, frozen=True):
    """What became of an intent cannot be told; *candidates* are posts it may be."""

    address: Address
    index: int
    why: str
    at: datetime
    candidates: tuple[RemoteId, ...] = ()


class Ended(Struct, frozen=True):
    """An action is over; *outcome* is ``applied``, ``refused`` or ``dropped``."""

    address: Address
    outcome: str
    at: datetime
    why: str = ""


class Forgotten(Struct, frozen=True):
    """A binding (or a publication never made) becomes a tombstone; *why* as in ``Tombstone``."""

    address: Address
    why: str
    at: datetime
    digest: ContentDigest = ContentDigest("")
    """The declaration's digest where there was no binding (a skipped post)."""


class Moved(Struct, frozen=True):
    """A binding or a tombstone has a new address; nothing on the network changes."""

    old: Address
    new: Address
    at: datetime


class Adopted(Struct, frozen=True):
    """Existing posts are bound to an address."""

    address: Address
    segments: tuple[Published, ...]
    at: datetime
    protect: bool = False
    on_remove: str = "forget"
    digest_version: int = 1


class Accepted(Struct, frozen=True):
    """Today's file is recorded as what is live, segment by segment."""

    address: Address
    digests: tuple[ContentDigest, ...]
    at: datetime
    digest_version: int = 1


class Kept(Struct, frozen=True):
    """Control keys copied into a binding at apply, so that they survive the file."""

    address: Address
    protect: bool
    on_remove: str
    at: datetime


class Erased(Struct, frozen=True):
    """``state rm``: a binding, a tombstone and what is open at an address are gone from the state."""

    address: Address
    at: datetime


class TargetMoved(Struct, frozen=True):
    """``state mv threads/main threads/brand``: all that a target holds has a new name."""

    old: TargetName
    new: TargetName
    at: datetime


class PostsSeen(Struct, frozen=True):
    """The posts of a publication were looked at; only the newest look is kept, and it decides nothing."""

    address: Address
    posts: Mapping[RemoteId, SeenPost]
    at: datetime


class AccountSeen(Struct, frozen=True):
    """The account of a target was looked at; kept as ``PostsSeen`` is."""

    target: TargetName
    handle: str
    at: datetime
    quotas: Mapping[str, Quota] = field(default_factory=dict)
    life: CredentialLife | None = None


Seen: TypeAlias = PostsSeen | AccountSeen
"""Notes of what was looked at: they change nothing that a plan is made from."""

Beside: TypeAlias = Seen | Holding | Troubling
"""Notes that say nothing of what we did on a network: own posts are read back from before them."""

Note: TypeAlias = (
    RunStarted
    | TargetBound
    | Begun
    | Staged
    | Intent
    | Receipt
    | Confirmed
    | Deleted
    | Settled
    | Doubted
    | Ended
    | Forgotten
    | Moved
    | Adopted
    | Accepted
    | Kept
    | Erased
    | TargetMoved
    | PostsSeen
    | AccountSeen
    | Holding
    | Troubling
)

InFlight: TypeAlias = Staged | Intent | Settled | Doubted
"""The notes a publish or delete flow goes on from."""
