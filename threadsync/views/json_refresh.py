"""What ``refresh`` saw, as JSON."""

from __future__ import annotations

from threadsync.model.ids import Json
from threadsync.views.json import Mapped, document
from threadsync.views.json_account import account_json, seen_json
from threadsync.views.moments import stamp
from threadsync.views.seen_refresh import DriftedPost, Looked, UndeclaredPost


def refresh_json(looked: Looked) -> Mapped:
    """Return what was seen of live posts and their accounts."""
    return document(
        "refresh",
        at=stamp(looked.at),
        since=stamp(looked.since),
        looked_at=looked.looked_at,
        drifted=[_drifted(each) for each in looked.drifted],
        undeclared=[_undeclared(each) for each in looked.undeclared],
        unread=[
            {"target": each.target, "problem": each.problem, "remedy": each.remedy} for each in looked.unread
        ],
        accounts=[account_json(each) for each in looked.accounts],
        seen={str(address): seen_json(seen) for address, seen in looked.seen.items()},
        recorded=looked.recorded,
    )


def _drifted(each: DriftedPost) -> Json:
    return {
        "address": str(each.address),
        "index": each.post.index,
        "remote_id": each.post.remote_id,
        "permalink": each.post.permalink,
        "drift": each.drift.value,
        "text": each.post.text,
        "text_now": each.text,
    }


def _undeclared(each: UndeclaredPost) -> Json:
    return {
        "target": each.target,
        "remote_id": each.post.remote_id,
        "permalink": each.post.permalink,
        "parent": each.post.parent,
        "kind": each.post.kind,
        "text": each.post.text,
        "at": stamp(each.post.at),
    }
