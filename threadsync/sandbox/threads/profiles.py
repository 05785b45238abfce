"""Profiles: the caller's own, and those of others that can be looked up, with their posts.

developers.facebook.com/docs/threads/threads-profiles, .../reference/user,
.../retrieve-and-discover-posts/retrieve-posts.
"""

from __future__ import annotations

from typing import Final

from threadsync.sandbox.threads import errors, listing
from threadsync.sandbox.threads.call import Call
from threadsync.sandbox.threads.errors import ApiError
from threadsync.sandbox.threads.readers import Audience, Span
from threadsync.sandbox.threads.showing import pick
from threadsync.sandbox.threads.state import Account
from threadsync.sandbox.threads.user_insights import FOLLOWERS_MIN
from threadsync.sandbox.threads.values import Json, Response

OFFICIAL: Final = frozenset({"meta", "threads", "instagram", "facebook"})
"""The only profiles that can be looked up without Advanced Access."""
COUNTED_SECONDS: Final = 7 * 86_400


def own(call: Call) -> Response:
    """Answer the caller's own profile."""
    account = call.account
    searches = call.state.searches.get(account.id, [])
    recent = [{"query": each.query, "timestamp": int(each.at * 1000)} for each in reversed(searches)]
    known: Json = {
        "id": account.id,
        "username": account.name,
        "name": _display_name(account),
        "threads_profile_picture_url": account.about.picture_url or None,
        "threads_biography": _biography(account),
        "is_verified": account.about.is_verified,
        "recently_searched_keywords": recent or None,
        "is_eligible_for_geo_gating": account.is_eligible_for_geo_gating,
    }
    found = pick(known, call.param("fields"), "id")
    return call.refuse(found) if isinstance(found, ApiError) else call.answer(found)


def _display_name(account: Account) -> str:
    return account.about.display_name or account.name.replace("_", " ").title()


def _biography(account: Account) -> str | None:
    said = account.about.biography
    return f"{account.name} on a local sandbox" if said is None else said or None


def lookup(call: Call) -> Response:
    """Answer the public profile of somebody, with what happened to it in the last 7 days."""
    account = _discovered(call)
    if isinstance(account, ApiError):
        return call.refuse(account)
    audience = Audience(call.state, account, Span(since=call.now - COUNTED_SECONDS))
    shown: Json = {
        "username": account.name,
        "name": _display_name(account),
        "profile_picture_url": account.about.picture_url or None,
        "biography": _biography(account),
        "is_verified": account.about.is_verified,
        "follower_count": account.about.follower_count,
        "likes_count": audience.sum(lambda each: each.likes),
        "quotes_count": audience.quotes(),
        "replies_count": audience.replies(),
        "reposts_count": audience.reposts(),
        "views_count": audience.sum(lambda each: each.views),
    }
    return call.answer({name: value for name, value in shown.items() if value is not None})


def posts(call: Call) -> Response:
    """Answer the posts of somebody's public profile; the field ``owner`` is not there."""
    account = _discovered(call)
    if isinstance(account, ApiError):
        return call.refuse(account)
    rows = call.state.rows(f"threads:{account.id}")
    return listing.ranged(call, rows, frozenset({"owner"}))


def _discovered(call: Call) -> Account | ApiError:
    """Find the profile that a call names; 1000 such calls in 24 hours."""
    username, switches = call.param("username"), call.state.switches
    if not username:
        return errors.invalid_parameter("username is required")
    if not switches.advanced_access and username not in OFFICIAL:
        return errors.access_tier(with_subcode=switches.standard_access_refuses)
    if call.state.used("discoveries", call.account.id, call.now) >= switches.discoveries_quota:
        return errors.quota_reached("profile lookups")
    call.state.use("discoveries", call.account.id, call.now)
    call.state.serial += 1
    for account in call.state.accounts.values():
        is_shown = not account.about.is_private and account.about.follower_count >= FOLLOWERS_MIN
        if account.name == username and is_shown:
            return account
    return errors.unsupported("GET", username)
