"""What the owner of a sandbox may do to the network from outside: accounts, switches, faults."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from threadsync.sandbox.bluesky.faults import Fault
from threadsync.sandbox.bluesky.lexicons import POST
from threadsync.sandbox.bluesky.sessions import ACCESS
from threadsync.sandbox.bluesky.shapes import is_handle
from threadsync.sandbox.bluesky.state import Account, Record, State, did_of
from threadsync.sandbox.bluesky.values import Json, Profile, Switches, digest_of
from threadsync.sandbox.threads.faults import ArmedFault


def new_state(profiles: Sequence[Profile], *, seed: int, base_url: str = "") -> State:
    """Make a network with these accounts; ids follow from *seed*."""
    state = State(seed=seed)
    if base_url:
        state.base_url = base_url
    for profile in profiles:
        add_profile(state, profile)
    return state


def add_profile(state: State, profile: Profile) -> None:
    """Create an account, or give one that is there other passwords.

    Raises:
        ValueError: the handle has not the form of one.
    """
    if not is_handle(profile.handle) or profile.handle != profile.handle.lower():
        raise ValueError(
            f"{profile.handle!r} is no handle: a domain name in small letters, such as lifts.test"
        )
    account = Account(
        did=did_of(profile.handle),
        handle=profile.handle,
        password=digest_of(profile.main_secret),
        app_password=digest_of(profile.secret),
        email=f"{profile.handle.partition('.')[0]}@example.com",
        display_name=profile.display_name,
    )
    state.accounts[account.did] = account
    state.blobs.setdefault(account.did, {})
    state.serial += 1


def switch(state: State, switches: Switches) -> None:
    """Replace all switches."""
    state.switches = switches
    state.serial += 1


def arm(state: State, *faults: Fault) -> None:
    """Put faults in force, besides those that are."""
    for fault in faults:
        state.number += 1
        state.armed.append(ArmedFault(fault, state.number))
    state.serial += 1


def disarm(state: State) -> None:
    """Take all faults out of force."""
    state.armed.clear()
    state.serial += 1


def expire_sessions(state: State, handle: str, now: float) -> None:
    """End the life of all access tokens of an account at once.

    Raises:
        ValueError: there is no such account.
    """
    did = did_of(handle)
    if did not in state.accounts:
        raise ValueError(f"no account {handle!r}")
    for token, session in state.sessions.items():
        if session.did == did and session.kind == ACCESS:
            state.sessions[token] = replace(session, expires_at=min(session.expires_at, now))
    state.serial += 1


def reset(state: State) -> None:
    """Forget records, blobs, videos, what was used up, faults and what is deferred; accounts stay."""
    for emptied in (state.records, state.heads, state.jobs, state.usage, state.armed, state.deferred):
        emptied.clear()
    state.deletions.clear()
    for own in state.blobs.values():
        own.clear()
    state.serial += 1


def ledger(state: State) -> Json:
    """List what is live and what was taken down, posts only, oldest first: the independent witness."""
    live = sorted((each for each in state.records.values() if each.collection == POST), key=_order)
    gone = [each for each in state.deletions if each.collection == POST]
    return {"posts": [_row(state, each) for each in live], "deletions": [_row(state, each) for each in gone]}


def _order(record: Record) -> tuple[float, str]:
    return record.indexed_at, record.rkey


def _row(state: State, record: Record) -> Json:
    handle = state.accounts[record.did].handle
    reply = record.value.get("reply")
    parent = reply.get("parent") if isinstance(reply, dict) else None
    return {
        "id": record.uri,
        "cid": record.cid,
        "profile": handle,
        "text": record.value.get("text", ""),
        "parent": parent.get("uri", "") if isinstance(parent, dict) else "",
        "permalink": f"https://bsky.app/profile/{record.did}/post/{record.rkey}",
    }
