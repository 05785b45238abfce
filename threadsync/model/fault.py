"""An error a network answered with, classified by what may be done next."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class FaultClass(StrEnum):
    """What may be done after an error."""

    TRANSIENT = "transient"
    """The server stumbled: try again later. A visible request may have acted: settle it first."""
    NOT_READY = "not-ready"
    """Something just made is not visible everywhere yet: wait seconds, look, try again."""
    THROTTLED = "throttled"
    """Too many calls: back off for minutes."""
    QUOTA = "quota"
    """The account's own allowance is used up: go on when the window has moved."""
    UNAUTHORIZED = "unauthorized"
    """The credential is expired, revoked or wrong: a person must act."""
    FORBIDDEN = "forbidden"
    """The credential lacks a scope or the app an access tier."""
    INVALID = "invalid"
    """The request can never succeed as it is."""
    MEDIA = "media"
    """The network could not fetch or use a media file."""
    GONE = "gone"
    """The object does not exist, or is not ours to see."""
    BLOCKED = "blocked"
    """The network restricts the account: stop for a long while."""
    ALREADY_DONE = "already-done"
    """What was asked is so already."""


class Fault(Struct, frozen=True):
    """One classified error; *row* names the rule of the provider's table that decided it."""

    kind: FaultClass
    problem: str
    remedy: str
    row: str
    status: int = 0
    code: int | None = None
    subcode: int | None = None
    scope: str | None = None
    """The scope that is missing, where the network says so."""
    allowance: str = ""
    """Which of the account's allowances is used up, by its name among the quotas; empty if not known."""
    retry_after_seconds: float | None = None
    """After how long it may be asked again, at the latest; None where the network does not say."""
