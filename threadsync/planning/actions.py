"""The plan as data: what would be done to each publication, and why.

An action never holds a function: it can be printed, saved, compared and refused when stale.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, TypeAlias

from msgspec import Struct, field

from threadsync.model.ids import Address, ContentDigest, MediaDigest, RemoteId, TargetName
from threadsync.model.journal import Published
from threadsync.model.post import Media, OnRemove, Publication
from threadsync.model.state import Lineage, Tombstone
from threadsync.model.text import Mark


class Reason(StrEnum):
    """Why an action is in the plan; the values are stable and documented in docs/reference/reasons.md."""

    NEW = "new"
    DUE = "due"
    RESUME = "resume"
    """An earlier apply was interrupted here; this goes on where it stopped."""
    APPENDED = "appended"
    CHANGED = "changed"
    SHORTENED = "shortened"
    FINISH_REPLACE = "finish-replace"
    CONTROLS = "controls"
    """Only control keys changed; the state remembers them, the network sees nothing."""
    FILE_REMOVED = "file-removed"
    TARGET_REMOVED = "target-removed"
    WITHDRAWN = "withdrawn"
    SKIPPED_LATE = "skipped-late"
    RENAMED = "renamed"
    MOVED_FROM = "moved-from"
    RETURNED = "returned"
    SAME = "same"
    DRAFT_PUBLISHED = "draft-published"
    KEPT = "kept"
    ALREADY_WITHDRAWN = "already-withdrawn"
    NOT_DUE = "not-due"
    UNSETTLED = "unsettled"
    """An interrupted publication has changed since: apply first finds out what became of it."""
    # blocked
    HELD = "held"
    """A person has said that it is not to be touched."""
    NEEDS_CONSENT = "needs-consent"
    PROTECTED = "protected"
    LATE = "late"
    BEFORE_SINCE = "before-since"
    SAME_AS_PUBLISHED = "same-as-published"
    SIMILAR_TO_PUBLISHED = "similar-to-published"
    WAS_TAKEN_DOWN = "was-taken-down"
    GONE = "gone"
    LOOKS_PUBLISHED = "looks-published"
    READ_BACK_FAILED = "read-back-failed"
    READ_BACK_BOUNDED = "read-back-bounded"
    ACCOUNT_UNCONFIRMED = "account-unconfirmed"
    ACCOUNT_MISMATCH = "account-mismatch"
    ACCOUNT_UNREADABLE = "account-unreadable"
    TARGET_MISSING = "target-missing"
    TARGET_RENAMED = "target-renamed"
    MEDIA_NOT_SERVED = "media-not-served"
    QUOTA = "quota"
    MISSING_SCOPE = "missing-scope"
    ACCOUNT_CANNOT = "account-cannot"
    """The network does not let this account do what the post needs."""
    UNKNOWN_POST = "unknown-post"
    """It names a post by its address, and the account has no such post."""
    UNKNOWN_ACCOUNT = "unknown-account"
    """It mentions an account that nobody has, and the network would not say so."""
    UNCERTAIN = "uncertain"
    NOT_LIVE = "not-live"
    """It was to be taken down in doubt, and turned out never to have been published."""
    NOT_IN_PLAN = "not-in-plan"
    """It is new since the plan was saved that is carried out."""
    DEPENDS_ON_BLOCKED = "depends-on-blocked"
    LINK_CHANGED = "link-changed"
    NOT_PROVED_OURS = "not-proved-ours"
    """It was bound because its text matched, which is no proof that it is ours to take down (law 17)."""


class SegmentView(Struct, frozen=True):
    """One segment as the plan shows it: its exact text, links still to be made as a stand-in."""

    index: int
    text: str
    count: int
    count_max: int
    unit: str
    media: tuple[Media, ...] = ()
    digest: ContentDigest = ContentDigest("")
    attached: Mapping[str, str] = field(default_factory=dict)
    """Further texts that readers can open, by what they are called."""
    records: int = 1
    """What the network makes of it: each takes from the account's allowance."""
    marks: tuple[Mark, ...] = ()
    """Which of its words readers see as more than words, in order."""
    covers_media: str = ""
    """What readers see in place of its media until they ask for them."""

    @property
    def media_digests(self) -> tuple[MediaDigest, ...]:
        """Return the digests of what the network gets, in order: a rendition's where there is one."""
        return tuple(item.sent.digest for item in self.media)


class Loss(Struct, frozen=True):
    """What goes with one post that is taken down; *seen_at* is when it was read, None if never."""

    remote_id: RemoteId
    counts: Mapping[str, int] = field(default_factory=dict)
    """What readers made of it: ``likes``, ``replies`` …; those not there are unknown."""
    seen_at: datetime | None = None
    unknown: str = ""
    """Why nothing is known."""
    scope: str = ""
    """The scope that the credential lacks to read it."""


class _Base(Struct, frozen=True):
    sign: ClassVar[str]
    word: ClassVar[str]
    address: Address
    reason: Reason


class Create(_Base, frozen=True):
    """Publish a new post."""

    sign: ClassVar[str] = "+"
    word: ClassVar[str] = "create"
    publication: Publication
    segments: tuple[SegmentView, ...]
    waits_for: tuple[Address, ...] = ()
    """Publications that must be live first: linked to, or replied to."""
    republish: bool = False


class Extend(_Base, frozen=True):
    """Publish further segments under those that are live; *segments* are the new ones."""

    sign: ClassVar[str] = "++"
    word: ClassVar[str] = "extend"
    publication: Publication
    segments: tuple[SegmentView, ...]
    live: tuple[Published, ...]
    waits_for: tuple[Address, ...] = ()


class Update(_Base, frozen=True):
    """Change in place: the network edits it, or (reason ``controls``) only the state remembers."""

    sign: ClassVar[str] = "~"
    word: ClassVar[str] = "update"
    protect: bool
    on_remove: OnRemove
    publication: Publication | None = None


class Move(_Base, frozen=True):
    """The same posts under another key; nothing on the network changes."""

    sign: ClassVar[str] = ">"
    word: ClassVar[str] = "move"
    old: Address
    protect: bool = False
    on_remove: OnRemove = OnRemove.FORGET


class Replace(_Base, frozen=True):
    """Publish *segments* under the *keep* that stay, then delete *old*, last to first."""

    sign: ClassVar[str] = "-/+"
    word: ClassVar[str] = "replace"
    publication: Publication
    segments: tuple[SegmentView, ...]
    live: tuple[Published, ...]
    keep: int
    old: tuple[Published, ...]
    """What is taken down afterwards, in chain order; each loses its replies, likes and address."""
    consent: str
    """Where the consent comes from: ``file``, ``flag``, ``prompt``, ``resume``."""
    waits_for: tuple[Address, ...] = ()
    loses: tuple[Loss, ...] = ()
    """What goes with each of *old*, in their order."""
    why: str = ""
    """Why the network is not asked to edit what is live."""


class Delete(_Base, frozen=True):
    """Take *old* down, last to first."""

    sign: ClassVar[str] = "-"
    word: ClassVar[str] = "delete"
    old: tuple[Published, ...]
    forget_as: str
    loses: tuple[Loss, ...] = ()
    """What goes with each of *old*, in their order."""
    by: str = ""
    """Who asked for it by a command, and *said* why; empty where a file, or a file that is gone, does."""
    said: str = ""


class Forget(_Base, frozen=True):
    """Let go of a publication; its posts stay up, and a tombstone remembers them."""

    sign: ClassVar[str] = "x"
    word: ClassVar[str] = "forget"
    why: str
    digest: ContentDigest
    live: tuple[Published, ...] = ()


class Adopt(_Base, frozen=True):
    """Bind posts that are on the network already."""

    sign: ClassVar[str] = "="
    word: ClassVar[str] = "adopt"
    segments: tuple[Published, ...]
    tombstone: Tombstone | None = None
    protect: bool = False
    on_remove: str = "forget"


class Wait(_Base, frozen=True):
    """Nothing yet: *until* is when it is due."""

    sign: ClassVar[str] = "."
    word: ClassVar[str] = "wait"
    until: datetime | None
    segments: tuple[SegmentView, ...] = ()


class Blocked(_Base, frozen=True):
    """Something would be done, and must not be: *problem* says why, *remedy* the ways out."""

    sign: ClassVar[str] = "!"
    word: ClassVar[str] = "blocked"
    problem: str
    remedy: str
    would: str = "create"
    """The action that is held back."""
    segments: tuple[SegmentView, ...] = ()
    old: tuple[Published, ...] = ()
    """What would be taken down."""
    loses: tuple[Loss, ...] = ()
    """What would go with each of *old*."""
    allowance: str = ""
    """The allowance of the account that is not enough (reason ``quota``)."""
    goes_on_at: datetime | None = None
    """When it is enough, at the latest, as far as that is known."""


class NoOp(_Base, frozen=True):
    """Nothing to do."""

    sign: ClassVar[str] = " "
    word: ClassVar[str] = "no-op"
    note: str = ""


Action: TypeAlias = (
    Create | Extend | Update | Move | Replace | Delete | Forget | Adopt | Wait | Blocked | NoOp
)
Effective: TypeAlias = Create | Extend | Update | Move | Replace | Delete | Forget | Adopt
"""What apply carries out."""


class Notice(Struct, frozen=True):
    """A warning of the plan that belongs to a target or to the whole."""

    about: str
    problem: str
    remedy: str = ""
    seen_at: datetime | None = None
    """When what it says was last looked at, where that was not for this plan."""


class Plan(Struct, frozen=True):
    """The ordered actions, with what they were made from."""

    actions: tuple[Action, ...]
    at: datetime
    lineage: Lineage | None
    """The state it was made from; None before the first apply."""
    serial: int = 0
    notices: tuple[Notice, ...] = ()
    first_run_targets: tuple[TargetName, ...] = ()
    unchanged: int = 0
    """How many further publications stay as they are, of which no action says so."""

    @property
    def effective(self) -> tuple[Effective, ...]:
        """The actions that apply would carry out, in order."""
        return tuple(a for a in self.actions if not isinstance(a, Wait | Blocked | NoOp))

    def counts(self) -> dict[str, int]:
        """Count the actions by word, in the order of this module; words with none are left out."""
        words = [
            kind.word
            for kind in (Create, Extend, Update, Move, Replace, Delete, Forget, Adopt, Wait, Blocked, NoOp)
        ]
        found = Counter(action.word for action in self.actions)
        found[NoOp.word] += self.unchanged
        return {word: found[word] for word in words if found[word]}
