"""Accounts, and what readers made of posts, as JSON: parts of several documents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from threadsync.model.facts import CredentialLife
from threadsync.model.holding import Freeze, Heartbeat, Hold
from threadsync.model.ids import Json
from threadsync.model.journal import PostsSeen
from threadsync.planning.actions import Blocked, Loss, Notice
from threadsync.planning.allowances import AccountView, Allowance, CredentialView
from threadsync.views.moments import stamp


def maybe(at: datetime | None) -> Json:
    """Return a time that may not be known."""
    return stamp(at) if at is not None else None


def account_json(account: AccountView) -> Json:
    """Return an account as it was read, and what a plan takes of its allowances."""
    return {
        "target": account.target,
        "handle": account.handle,
        "seen_at": stamp(account.seen_at),
        "is_outrun": account.is_outrun,
        "allowances": [_allowance(each) for each in account.allowances],
        "credential": _life(account.life) if account.life is not None else None,
    }


def credential_json(view: CredentialView) -> Json:
    """Return when the credential of a target was last renewed and when it ends, as far as is known."""
    life = view.life or CredentialLife()
    return {
        "target": view.target,
        "renewed_here": view.renewed_here,
        "is_local": view.is_local,
        **_life(life),
    }


def _allowance(each: Allowance) -> Json:
    return {
        "what": each.what,
        "used": each.quota.used,
        "total": each.quota.total,
        "unknown": each.quota.unknown,
        "scope": each.quota.scope,
        "window_seconds": each.quota.window_seconds,
        "in_plan": each.in_plan,
        "over": each.over,
        "is_past": each.is_past,
        "held_back": each.held_back,
        "goes_on_at": maybe(each.goes_on_at),
    }


def _life(life: CredentialLife) -> dict[str, Json]:
    return {
        "expires_at": maybe(life.expires_at),
        "renewed_at": maybe(life.renewed_at),
        "endless": life.endless,
    }


def notice_json(notice: Notice) -> Json:
    """Return a warning of a plan."""
    return {
        "about": notice.about,
        "problem": notice.problem,
        "remedy": notice.remedy,
        "seen_at": maybe(notice.seen_at),
    }


def losses_json(losses: Iterable[Loss]) -> list[Json]:
    """Return what goes with posts that are taken down."""
    return [
        {
            "remote_id": loss.remote_id,
            "counts": dict(loss.counts),
            "seen_at": maybe(loss.seen_at),
            "unknown": loss.unknown,
            "scope": loss.scope,
        }
        for loss in losses
    ]


def seen_json(seen: PostsSeen | None) -> Json:
    """Return how the posts of a publication were when they were last looked at; null if never."""
    if seen is None:
        return None
    posts: list[Json] = [
        {"remote_id": remote_id, "drift": post.drift.value, "counts": dict(post.counts)}
        for remote_id, post in seen.posts.items()
    ]
    return {"at": stamp(seen.at), "posts": posts}


def held_json(held: Iterable[Blocked]) -> list[Json]:
    """Return what was stopped before a limit."""
    return [
        {
            "address": str(each.address),
            "action": each.would,
            "allowance": each.allowance,
            "why": each.problem,
            "remedy": each.remedy,
            "goes_on_at": maybe(each.goes_on_at),
        }
        for each in held
    ]


def freeze_json(freeze: Freeze | None) -> Json:
    """Return a freeze."""
    return {"at": stamp(freeze.at), "by": freeze.by, "why": freeze.why} if freeze is not None else None


def hold_json(hold: Hold) -> dict[str, Json]:
    """Return a hold, without the publication that it is on."""
    return {"at": stamp(hold.at), "by": hold.by, "why": hold.why}


def heartbeat_json(last: Heartbeat | None) -> Json:
    """Return when an apply of everything ended last, and what became of its actions."""
    if last is None:
        return None
    return {"at": stamp(last.at), "run": last.run, "by": last.by, "counts": dict(last.counts)}
