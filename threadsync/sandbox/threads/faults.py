"""The things that can be made to go wrong, as one vocabulary, and which call each of them hits.

A fault is armed in the state. *Before* kinds decide before the network acts; *after* kinds need an
act that went well and spoil what follows it, so a lost answer always belongs to something done.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from hashlib import blake2b
from types import MappingProxyType

from msgspec import Struct


class Operation(StrEnum):
    """What a call asks for."""

    CREATE = "create"
    STATUS = "status"
    PUBLISH = "publish"
    DELETE = "delete"
    REPOST = "repost"
    READ = "read"
    THREADS = "threads"
    REPLIES = "replies"
    GHOST_POSTS = "ghost-posts"
    MEDIA_REPLIES = "media-replies"
    CONVERSATION = "conversation"
    PENDING_REPLIES = "pending-replies"
    MANAGE_REPLY = "manage-reply"
    MANAGE_PENDING = "manage-pending-reply"
    INSIGHTS = "insights"
    PROFILE = "profile"
    QUOTA = "quota"
    MENTIONS = "mentions"
    USER_INSIGHTS = "user-insights"
    KEYWORD_SEARCH = "keyword-search"
    PROFILE_LOOKUP = "profile-lookup"
    PROFILE_POSTS = "profile-posts"
    LOCATION_SEARCH = "location-search"
    LOCATION = "location"
    OEMBED = "oembed"
    AUTHORIZE = "authorize"
    EXCHANGE_CODE = "exchange-code"
    APP_TOKEN = "app-token"  # noqa: S105 - the name of an operation
    EXCHANGE_TOKEN = "exchange-token"  # noqa: S105 - the name of an operation
    REFRESH_TOKEN = "refresh-token"  # noqa: S105 - the name of an operation
    DEBUG_TOKEN = "debug-token"  # noqa: S105 - the name of an operation


LISTS = frozenset(
    {
        Operation.THREADS,
        Operation.REPLIES,
        Operation.GHOST_POSTS,
        Operation.MEDIA_REPLIES,
        Operation.CONVERSATION,
        Operation.PENDING_REPLIES,
        Operation.MENTIONS,
        Operation.KEYWORD_SEARCH,
        Operation.PROFILE_POSTS,
    }
)
WRITES = frozenset(
    {
        Operation.CREATE,
        Operation.PUBLISH,
        Operation.DELETE,
        Operation.REPOST,
        Operation.MANAGE_REPLY,
        Operation.MANAGE_PENDING,
    }
)
OPEN = frozenset({Operation.AUTHORIZE, Operation.EXCHANGE_CODE, Operation.APP_TOKEN, Operation.OEMBED})
"""What is asked without a user's token."""
EVERYTHING = frozenset(Operation)

GROUPS: Mapping[str, frozenset[Operation]] = MappingProxyType(
    {"any": EVERYTHING, "list": LISTS, "write": WRITES}
    | {str(operation): frozenset({operation}) for operation in Operation}
)
"""What may stand as the operation of a fault: one operation, or ``any``, ``list``, ``write``."""


class FaultKind(StrEnum):
    """What goes wrong."""

    REQUEST_LOST = "request-lost"
    """The connection closes and nothing happened."""
    ACTS_LATE = "acts-late"
    """The connection closes; the network acts so many seconds later."""
    SERVER_ERROR = "server-error"
    """HTTP 500, code 2, and nothing happened."""
    THROTTLED = "throttled"
    """613/4279002."""
    TOKEN_EXPIRED = "token-expired"  # noqa: S105 - the name of a fault
    """190/463 with HTTP 401."""
    MEDIA_NOT_FOUND = "media-not-found"
    """24/4279009: on publishing a FINISHED container, a status read, a reply to a live post."""
    RESTRICTED = "restricted"
    """2207051, the spam block."""
    LINK_REFUSED = "link-refused"
    """-1/4279047 for a text with a link."""
    CONTAINER_EXPIRED = "container-expired"
    """The container of this call is EXPIRED from now on."""
    SLOW = "slow"
    """The answer comes so many seconds later."""
    ANSWER_LOST = "answer-lost"
    """The network acted; the connection closes without an answer."""
    ANSWER_CUT = "answer-cut"
    """The network acted; the connection closes in the middle of the answer."""
    ERROR_ALTHOUGH_DONE = "error-although-done"
    """The network acted; the answer is HTTP 500, code 2."""
    LATE_LISTING = "late-listing"
    """The fresh post shows in lists (or the deleted one leaves them) so many seconds later."""
    PARENT_NOT_VISIBLE = "parent-not-visible"
    """The fresh post cannot be replied to for so many seconds."""
    LATE_STATUS = "late-status"
    """The published container says FINISHED for so many seconds."""
    LONG_PROCESSING = "long-processing"
    """The fresh container is IN_PROGRESS for so many seconds more."""
    CONTAINER_ERROR = "container-error"
    """The fresh container ends as ERROR with error_message UNKNOWN."""


_PUBLISHED = frozenset({Operation.PUBLISH, Operation.REPOST})
_CREATE = frozenset({Operation.CREATE})

KIND_OPERATIONS: Mapping[FaultKind, frozenset[Operation]] = MappingProxyType(
    {
        FaultKind.ACTS_LATE: frozenset({Operation.PUBLISH, Operation.DELETE, Operation.REPOST}),
        FaultKind.MEDIA_NOT_FOUND: frozenset(
            {Operation.CREATE, Operation.STATUS, Operation.PUBLISH, Operation.READ}
        ),
        FaultKind.TOKEN_EXPIRED: EVERYTHING - OPEN,
        FaultKind.RESTRICTED: WRITES,
        FaultKind.LINK_REFUSED: frozenset({Operation.CREATE, Operation.PUBLISH}),
        FaultKind.CONTAINER_EXPIRED: frozenset({Operation.STATUS, Operation.PUBLISH}),
        FaultKind.LATE_LISTING: _PUBLISHED | {Operation.DELETE},
        FaultKind.PARENT_NOT_VISIBLE: frozenset({Operation.PUBLISH}),
        FaultKind.LATE_STATUS: frozenset({Operation.PUBLISH}),
        FaultKind.LONG_PROCESSING: _CREATE,
        FaultKind.CONTAINER_ERROR: _CREATE,
    }
)
"""Where a kind makes sense; a kind not named here fits every operation."""

AFTER = frozenset(
    {
        FaultKind.ANSWER_LOST,
        FaultKind.ANSWER_CUT,
        FaultKind.ERROR_ALTHOUGH_DONE,
        FaultKind.LATE_LISTING,
        FaultKind.PARENT_NOT_VISIBLE,
        FaultKind.LATE_STATUS,
        FaultKind.LONG_PROCESSING,
        FaultKind.CONTAINER_ERROR,
    }
)
VERDICTS = frozenset(
    {
        FaultKind.REQUEST_LOST,
        FaultKind.ACTS_LATE,
        FaultKind.SERVER_ERROR,
        FaultKind.THROTTLED,
        FaultKind.TOKEN_EXPIRED,
        FaultKind.MEDIA_NOT_FOUND,
        FaultKind.RESTRICTED,
        FaultKind.LINK_REFUSED,
        FaultKind.ANSWER_LOST,
        FaultKind.ANSWER_CUT,
        FaultKind.ERROR_ALTHOUGH_DONE,
    }
)
"""Kinds that settle the answer: at most one of them hits a call. The others may hit together."""

TIMED = frozenset(
    {
        FaultKind.ACTS_LATE,
        FaultKind.SLOW,
        FaultKind.LATE_LISTING,
        FaultKind.PARENT_NOT_VISIBLE,
        FaultKind.LATE_STATUS,
        FaultKind.LONG_PROCESSING,
    }
)
"""Kinds that need ``seconds``."""


class Fault(Struct, frozen=True):
    """One thing that goes wrong, and when: *times* calls of *operation*, after *skip* good ones.

    ``times`` of ``None`` is without end. ``probability`` below 1 makes each call a draw, decided by
    the state's seed. ``profile`` narrows it to one profile's calls.
    """

    operation: str
    kind: FaultKind
    times: int | None = 1
    seconds: float = 0.0
    skip: int = 0
    probability: float = 1.0
    profile: str = ""

    def __post_init__(self) -> None:
        if self.operation not in GROUPS:
            raise ValueError(f"no operation {self.operation!r}; there are: {', '.join(sorted(GROUPS))}")
        possible = KIND_OPERATIONS.get(self.kind, EVERYTHING)
        if not GROUPS[self.operation] & possible:
            names = ", ".join(sorted(possible))
            raise ValueError(f"{self.kind} cannot happen to {self.operation}; it can happen to: {names}")
        if self.kind in TIMED and self.seconds <= 0:
            raise ValueError(f"{self.kind} needs seconds above 0")
        if not 0 < self.probability <= 1:
            raise ValueError(f"a probability is above 0 and at most 1, not {self.probability}")
        if self.skip < 0 or (self.times is not None and self.times < 1):
            raise ValueError("a fault happens at least once, after no fewer than 0 good calls")

    def fits(self, operation: Operation, profile: str) -> bool:
        """Whether a call of this kind by this profile can be hit."""
        return (
            operation in GROUPS[self.operation]
            and operation in KIND_OPERATIONS.get(self.kind, EVERYTHING)
            and self.profile in {"", profile}
        )


class ArmedFault(Struct):
    """A fault in force, and how often it was asked and has happened; lives in the state."""

    fault: Fault
    number: int
    seen: int = 0
    fired: int = 0

    @property
    def is_spent(self) -> bool:
        """Whether it will never happen again."""
        return self.fault.times is not None and self.fired >= self.fault.times

    def draw(self, seed: int) -> bool:
        """Count one call it could hit, and say whether it does."""
        self.seen += 1
        if self.seen <= self.fault.skip:
            return False
        if self.fault.probability < 1:
            mark = blake2b(f"{seed}/{self.number}/{self.seen}".encode(), digest_size=8).digest()
            if int.from_bytes(mark) / 2**64 >= self.fault.probability:
                return False
        self.fired += 1
        return True
