"""The actions of a plan as JSON, with their segments and posts: parts of several documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from threadsync.model.ids import Address, Json
from threadsync.model.journal import Published
from threadsync.model.post import Publication, Segment
from threadsync.planning.actions import (
    Action,
    Adopt,
    Blocked,
    Create,
    Delete,
    Extend,
    Forget,
    Move,
    NoOp,
    Replace,
    SegmentView,
    Update,
    Wait,
)
from threadsync.views.json_account import losses_json, maybe
from threadsync.views.media import card_json, media_json
from threadsync.views.moments import stamp
from threadsync.views.plan_text import reference_text


def action_json(action: Action) -> dict[str, Json]:
    """Return one action; which further keys it has depends on its word."""
    return {
        **address_json(action.address),
        "action": action.word,
        "reason": action.reason.value,
        **_further(action),
    }


def _further(action: Action) -> dict[str, Json]:
    match action:
        case Create():
            return {**_publishing(action), "republish": action.republish}
        case Extend():
            return {**_publishing(action), "live": posts_json(action.live)}
        case Update():
            return {
                "protect": action.protect,
                "on_remove": action.on_remove.value,
                "in_place": action.publication is not None,
            }
        case Move():
            return {"old_address": str(action.old)}
        case Replace():
            return {
                **_publishing(action),
                "keep": action.keep,
                "live": posts_json(action.live),
                "takes_down": posts_json(action.old),
                "loses": losses_json(action.loses),
                "consent": action.consent,
                "why": action.why,
            }
        case Delete():
            return {
                "takes_down": posts_json(action.old),
                "loses": losses_json(action.loses),
                "forget_as": action.forget_as,
                "by": action.by,
                "said": action.said,
            }
        case Forget():
            return {"live": posts_json(action.live), "why": action.why}
        case Adopt():
            return {"live": posts_json(action.segments)}
        case Wait():
            return {"until": maybe(action.until), "segments": segments_json(action.segments)}
        case Blocked():
            return {
                "would": action.would,
                "problem": action.problem,
                "remedy": action.remedy,
                "segments": segments_json(action.segments),
                "live": posts_json(action.old),
                "loses": losses_json(action.loses),
                "allowance": action.allowance,
                "goes_on_at": maybe(action.goes_on_at),
            }
        case NoOp():
            return {"note": action.note}
        case _:
            assert_never(action)


def _publishing(action: Create | Extend | Replace) -> dict[str, Json]:
    return {
        **publication_json(action.publication),
        "segments": segments_json(action.segments, action.publication),
        "segments_in_all": len(action.publication.segments),
        "waits_for": [str(address) for address in action.waits_for],
    }


def publication_json(publication: Publication) -> dict[str, Json]:
    """Return what a publication declares besides its segments."""
    schedule = publication.control.publish
    return {
        "file": publication.location.file,
        "digest": publication.digest,
        "due": maybe(schedule.at if schedule is not None else None),
        "zone": schedule.zone if schedule is not None else "",
        "reply_to": reference_text(publication.reply_to),
        "repost": reference_text(publication.repost),
        "who_can_reply": publication.who_can_reply or "",
        "tags": list(publication.tags),
        "langs": list(publication.langs),
        "options": dict(publication.options),
    }


def segments_json(segments: Iterable[SegmentView], publication: Publication | None = None) -> list[Json]:
    """Return segments as their network gets them, with what *publication* declares besides."""
    declared = publication.segments if publication is not None else ()
    return [
        {
            "index": view.index,
            "text": view.text,
            "count": view.count,
            "count_max": view.count_max,
            "unit": view.unit,
            "digest": view.digest,
            "media": [media_json(item) for item in view.media],
            "attached": dict(view.attached),
            "marks": [
                {"start": each.start, "end": each.end, "kind": each.kind.value, "url": each.url}
                for each in view.marks
            ],
            "covers_media": view.covers_media,
            **_besides(declared[view.index] if view.index < len(declared) else None),
        }
        for view in segments
    ]


def _besides(segment: Segment | None) -> dict[str, Json]:
    """Return what readers get with a segment besides its text and media."""
    return {
        "card": card_json(segment.card) if segment is not None else None,
        "link": (segment.link if segment is not None else None) or "",
        "poll": segment.poll if segment is not None else None,
        "quote": reference_text(segment.quote) if segment is not None else "",
        "options": dict(segment.options) if segment is not None else {},
    }


def posts_json(posts: Iterable[Published]) -> list[Json]:
    """Return live posts."""
    return [
        {
            "index": post.index,
            "remote_id": post.remote_id,
            "permalink": post.permalink,
            "text": post.text,
            "at": stamp(post.at),
            "digest": post.digest,
            "bound_by": post.bound_by,
        }
        for post in posts
    ]


def address_json(address: Address) -> dict[str, Json]:
    """Return an address, whole and in its two parts."""
    key, _, target = str(address).rpartition("@")
    return {"address": str(address), "key": key, "target": target}
