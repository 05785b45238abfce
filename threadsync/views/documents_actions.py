"""The actions of a plan read back from JSON; see ``documents``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, assert_never

from threadsync.model.diagnostic import Location
from threadsync.model.ids import Address, ContentDigest
from threadsync.model.journal import Published
from threadsync.model.post import (
    Caption,
    Card,
    Control,
    Media,
    MediaFacts,
    Publication,
    RemoteRef,
    Rendition,
    Schedule,
    Segment,
    VideoFacts,
)
from threadsync.planning.actions import (
    Action,
    Adopt,
    Blocked,
    Create,
    Delete,
    Extend,
    Forget,
    Loss,
    Move,
    NoOp,
    Replace,
    SegmentView,
    Update,
    Wait,
)
from threadsync.views.shapes_actions import (
    ActionShape,
    AdoptShape,
    BlockedShape,
    CreateShape,
    DeleteShape,
    ExtendShape,
    FileShape,
    ForgetShape,
    LossShape,
    MediaShape,
    MoveShape,
    NoOpShape,
    PostShape,
    ReplaceShape,
    SegmentShape,
    UpdateShape,
    WaitShape,
)

SEGMENTS_MAX: Final = 1_000
"""How many segments a post may be said to have; no network takes as many."""


def action_of(shape: ActionShape) -> Action:
    """Return what *shape* tells of an action.

    Raises:
        ValueError: no plan has such an action.
    """
    address, reason = Address.parse(shape.address), shape.reason
    match shape:
        case CreateShape():
            waits = tuple(map(Address.parse, shape.waits_for))
            views = _views(shape.segments)
            return Create(address, reason, _publication(shape), views, waits, shape.republish)
        case ExtendShape():
            waits = tuple(map(Address.parse, shape.waits_for))
            views, live = _views(shape.segments), _posts(shape.live)
            return Extend(address, reason, _publication(shape), views, live, waits)
        case ReplaceShape():
            return _replace(shape, address)
        case UpdateShape():
            return Update(address, reason, shape.protect, shape.on_remove)
        case MoveShape():
            return Move(address, reason, Address.parse(shape.old_address))
        case DeleteShape():
            old, loses = _posts(shape.takes_down), _losses(shape.loses)
            return Delete(address, reason, old, shape.forget_as, loses, shape.by, shape.said)
        case ForgetShape():
            return Forget(address, reason, shape.why, ContentDigest(""), _posts(shape.live))
        case AdoptShape():
            return Adopt(address, reason, _posts(shape.live))
        case WaitShape():
            return Wait(address, reason, shape.until, _views(shape.segments))
        case BlockedShape():
            return _blocked(shape, address)
        case NoOpShape():
            return NoOp(address, reason, shape.note)
        case _:
            assert_never(shape)


def _replace(shape: ReplaceShape, address: Address) -> Replace:
    return Replace(
        address,
        shape.reason,
        _publication(shape),
        _views(shape.segments),
        _posts(shape.live),
        shape.keep,
        _posts(shape.takes_down),
        shape.consent,
        tuple(map(Address.parse, shape.waits_for)),
        _losses(shape.loses),
        shape.why,
    )


def _blocked(shape: BlockedShape, address: Address) -> Blocked:
    return Blocked(
        address,
        shape.reason,
        shape.problem,
        shape.remedy,
        shape.would,
        _views(shape.segments),
        _posts(shape.live),
        _losses(shape.loses),
        shape.allowance,
        shape.goes_on_at,
    )


def _publication(shape: CreateShape | ExtendShape | ReplaceShape) -> Publication:
    """Return what is told of a publication; of segments that are not told of there is nothing but a place."""
    if not 0 <= shape.segments_in_all <= SEGMENTS_MAX:
        raise ValueError(f"{shape.segments_in_all} segments are too many")
    told = {each.index: each for each in shape.segments}
    schedule = Schedule(shape.due, shape.zone) if shape.due is not None else None
    return Publication(
        Address.parse(shape.address),
        tuple(_segment(told.get(index)) for index in range(shape.segments_in_all)),
        Control(publish=schedule),
        Location(shape.file),
        shape.digest,
        reply_to=_reference(shape.reply_to),
        repost=_reference(shape.repost),
        who_can_reply=shape.who_can_reply or None,
        tags=shape.tags,
        langs=shape.langs,
        options=shape.options,
    )


def _reference(text: str) -> RemoteRef | None:
    return RemoteRef(permalink=text) if text else None


def _segment(shape: SegmentShape | None) -> Segment:
    if shape is None:
        return Segment("", ())
    card = shape.card
    return Segment(
        shape.text,
        (),
        link=shape.link or None,
        poll=shape.poll,
        quote=_reference(shape.quote),
        options=shape.options,
        card=Card(card.url, card.title, card.description, _rendition(card.picture), card.problem)
        if card is not None
        else None,
    )


def _views(segments: Sequence[SegmentShape]) -> tuple[SegmentView, ...]:
    return tuple(
        SegmentView(
            each.index,
            each.text,
            each.count,
            each.count_max,
            each.unit,
            tuple(map(_media, each.media)),
            each.digest,
            each.attached,
            marks=each.marks,
            covers_media=each.covers_media,
        )
        for each in segments
    )


def _media(shape: MediaShape) -> Media:
    captions = tuple(
        Caption(each.lang, each.path, MediaFacts(each.sha256, 0, "captions", "VTT", 0, 0))
        for each in shape.captions
    )
    place = Location(shape.path)
    return Media(shape.path, _facts(shape), shape.alt, place, _rendition(shape.rendition), captions)


def _rendition(shape: FileShape | None) -> Rendition | None:
    return Rendition("", _facts(shape)) if shape is not None else None


def _facts(shape: FileShape) -> MediaFacts:
    """Return what is told of a file; of a video that is its length alone."""
    seconds = shape.duration_seconds
    video = VideoFacts(seconds, "", 0.0, 0, "", False, False, False, False) if seconds is not None else None
    of_it = (shape.sha256, shape.size_bytes, shape.kind, shape.format, shape.width, shape.height)
    return MediaFacts(*of_it, video=video)


def _posts(posts: Sequence[PostShape]) -> tuple[Published, ...]:
    return tuple(
        Published(
            each.index,
            each.digest,
            each.remote_id,
            each.text,
            each.at,
            each.permalink,
            bound_by=each.bound_by,
        )
        for each in posts
    )


def _losses(losses: Sequence[LossShape]) -> tuple[Loss, ...]:
    return tuple(Loss(each.remote_id, each.counts, each.seen_at, each.unknown, each.scope) for each in losses)
