"""The shapes of actions in the documents of ``plan`` and ``apply``; see ``shapes``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeAlias

from msgspec import Meta, Struct

from threadsync.model.ids import ContentDigest, MediaDigest, RemoteId
from threadsync.model.post import OnRemove
from threadsync.model.text import Mark
from threadsync.planning.actions import Reason

Moment: TypeAlias = Annotated[datetime, Meta(tz=True)]
"""A time with its zone: one without could not be compared with ours."""


class FileShape(Struct, frozen=True):
    """A file of media."""

    sha256: MediaDigest
    kind: str
    format: str
    size_bytes: int
    width: int
    height: int
    duration_seconds: float | None = None


class CaptionShape(Struct, frozen=True):
    """Captions of a video."""

    lang: str
    path: str
    sha256: MediaDigest


class MediaShape(FileShape, frozen=True, kw_only=True):
    """A file of media of a segment."""

    path: str
    alt: str
    rendition: FileShape | None = None
    captions: tuple[CaptionShape, ...] = ()


class CardShape(Struct, frozen=True):
    """The card of a link."""

    url: str
    title: str
    description: str = ""
    picture: FileShape | None = None
    problem: str = ""


class SegmentShape(Struct, frozen=True):
    """A segment as its network gets it."""

    index: Annotated[int, Meta(ge=0)]
    text: str
    count: int
    count_max: int
    unit: str
    digest: ContentDigest
    media: tuple[MediaShape, ...] = ()
    attached: Mapping[str, str] = {}
    marks: tuple[Mark, ...] = ()
    covers_media: str = ""
    card: CardShape | None = None
    link: str = ""
    poll: Mapping[str, Any] | None = None
    quote: str = ""
    options: Mapping[str, Any] = {}


class PostShape(Struct, frozen=True):
    """A live post."""

    index: int
    remote_id: RemoteId
    permalink: str
    text: str
    at: Moment
    digest: ContentDigest
    bound_by: str = "receipt"


class LossShape(Struct, frozen=True):
    """What goes with a post that is taken down."""

    remote_id: RemoteId
    counts: Mapping[str, int]
    seen_at: Moment | None = None
    unknown: str = ""
    scope: str = ""


class _Action(Struct, frozen=True, tag_field="action", kw_only=True):
    address: str
    reason: Reason


class _Publishing(_Action, frozen=True, kw_only=True):
    file: str
    digest: ContentDigest
    segments: tuple[SegmentShape, ...]
    segments_in_all: int
    waits_for: tuple[str, ...] = ()
    due: Moment | None = None
    zone: str = ""
    reply_to: str = ""
    repost: str = ""
    who_can_reply: str = ""
    tags: tuple[str, ...] = ()
    langs: tuple[str, ...] = ()
    options: Mapping[str, Any] = {}


class CreateShape(_Publishing, frozen=True, tag="create", kw_only=True):
    """See ``planning.actions.Create``."""

    republish: bool = False


class ExtendShape(_Publishing, frozen=True, tag="extend", kw_only=True):
    """See ``planning.actions.Extend``."""

    live: tuple[PostShape, ...]


class ReplaceShape(_Publishing, frozen=True, tag="replace", kw_only=True):
    """See ``planning.actions.Replace``."""

    keep: int
    live: tuple[PostShape, ...]
    takes_down: tuple[PostShape, ...]
    loses: tuple[LossShape, ...]
    consent: str
    why: str = ""


class UpdateShape(_Action, frozen=True, tag="update", kw_only=True):
    """See ``planning.actions.Update``."""

    protect: bool
    on_remove: OnRemove


class MoveShape(_Action, frozen=True, tag="move", kw_only=True):
    """See ``planning.actions.Move``."""

    old_address: str


class DeleteShape(_Action, frozen=True, tag="delete", kw_only=True):
    """See ``planning.actions.Delete``."""

    takes_down: tuple[PostShape, ...]
    loses: tuple[LossShape, ...]
    forget_as: str
    by: str = ""
    said: str = ""


class ForgetShape(_Action, frozen=True, tag="forget", kw_only=True):
    """See ``planning.actions.Forget``."""

    live: tuple[PostShape, ...]
    why: str


class AdoptShape(_Action, frozen=True, tag="adopt", kw_only=True):
    """See ``planning.actions.Adopt``."""

    live: tuple[PostShape, ...]


class WaitShape(_Action, frozen=True, tag="wait", kw_only=True):
    """See ``planning.actions.Wait``."""

    until: Moment | None
    segments: tuple[SegmentShape, ...]


class BlockedShape(_Action, frozen=True, tag="blocked", kw_only=True):
    """See ``planning.actions.Blocked``."""

    would: str
    problem: str
    remedy: str
    segments: tuple[SegmentShape, ...]
    live: tuple[PostShape, ...]
    loses: tuple[LossShape, ...]
    allowance: str = ""
    goes_on_at: Moment | None = None


class NoOpShape(_Action, frozen=True, tag="no-op", kw_only=True):
    """See ``planning.actions.NoOp``."""

    note: str


ActionShape: TypeAlias = (
    CreateShape
    | ExtendShape
    | UpdateShape
    | MoveShape
    | ReplaceShape
    | DeleteShape
    | ForgetShape
    | AdoptShape
    | WaitShape
    | BlockedShape
    | NoOpShape
)
