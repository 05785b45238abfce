"""What the owner of a sandbox may do to a network from outside: profiles, switches, faults, the clock.

Every change is a :data:`Command`, a value that can be written to a journal and carried out again.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import assert_never

from msgspec.structs import replace

from threadsync.sandbox.threads import publishing
from threadsync.sandbox.threads.call import Call
from threadsync.sandbox.threads.commands import (
    AddPlace,
    AddProfile,
    Arm,
    Command,
    Disarm,
    ExpireToken,
    Happening,
    MoveClock,
    PostAs,
    Read,
    Reset,
    SetApp,
    SetSwitches,
    SetUp,
    Subscribe,
    Tick,
    Vote,
)
from threadsync.sandbox.threads.faults import ArmedFault, Operation
from threadsync.sandbox.threads.model import run_due
from threadsync.sandbox.threads.records import Reading, RegisteredApp
from threadsync.sandbox.threads.showing import permalink, shown_text, timestamp
from threadsync.sandbox.threads.state import Account, Post, State, Token
from threadsync.sandbox.threads.values import SCOPES, App, Json, Profile, Request, no_media, token_digest


def new_state(profiles: Sequence[Profile], *, seed: int, now: float, base_url: str = "") -> State:
    """Make a network with these profiles; ids follow from *seed*."""
    state = State(seed=seed)
    if base_url:
        state.base_url = base_url
    for profile in profiles:
        apply(state, add_profile(profile), now)
    return state


def add_profile(profile: Profile) -> AddProfile:
    """Make the command that creates *profile*, with its token as digest."""
    return AddProfile(
        name=profile.name,
        token=token_digest(profile.secret),
        scopes=profile.scopes,
        token_expires_at=profile.token_expires_at,
        is_eligible_for_geo_gating=profile.is_eligible_for_geo_gating,
        has_instagram=profile.has_instagram,
        about=profile.about,
    )


def set_app(app: App) -> SetApp:
    """Make the command that registers *app*, with its secrets as digests."""
    return SetApp(RegisteredApp.of(app))


def account_id(name: str) -> str:
    """Return the user id of a profile: the same name has the same id in every sandbox."""
    mark = blake2b(f"user {name}".encode(), digest_size=8).digest()
    return f"17{int.from_bytes(mark) % 10**15:015d}"


def apply(state: State, command: Command, now: float) -> str:
    """Carry out *command* at *now* (Unix seconds); *state* changes in place.

    Returns:
        The id of the post it made, empty if it made none.

    Raises:
        ValueError: it is about a post or profile that is not there, or that it does not fit.
    """
    made = ""
    if isinstance(command, SetUp):
        _set_up(state, command, now)
    else:
        made = _happen(state, command, now)
    state.serial += 1
    return made


def _set_up(state: State, command: SetUp, now: float) -> None:
    match command:
        case SetSwitches(switches):
            state.switches = switches
        case Arm(faults):
            for fault in faults:
                state.number += 1
                state.armed.append(ArmedFault(fault, state.number))
        case Disarm():
            state.armed.clear()
        case Reset():
            _reset(state)
        case MoveClock(offset_seconds):
            state.clock_offset = offset_seconds
        case AddProfile():
            _add(state, command, now)
        case SetApp(app):
            state.app = app
        case AddPlace(place):
            state.places[place.id] = place
        case Subscribe(fields):
            _subscribe(state, fields)
        case _:
            assert_never(command)


def _happen(state: State, command: Happening, now: float) -> str:
    match command:
        case ExpireToken(token):
            if token in state.tokens:
                state.tokens[token] = replace(state.tokens[token], expires_at=now)
        case Vote():
            _vote(state, command)
        case Read():
            _read(state, command, now)
        case PostAs():
            return _post_as(state, command, now)
        case Tick():
            run_due(state, now)
        case _:
            assert_never(command)
    return ""


def _account(state: State, name: str) -> Account:
    found = state.accounts.get(account_id(name))
    if found is None:
        raise ValueError(f"no profile {name!r}; there are: {', '.join(_names(state))}")
    return found


def _names(state: State) -> list[str]:
    return sorted(account.name for account in state.accounts.values())


def _read(state: State, command: Read, now: float) -> None:
    post = state.posts.get(command.post_id)
    if command.post_id and post is None:
        raise ValueError(f"{command.post_id!r} is no live post")
    state.readings.append(
        Reading(
            at=now + state.switches.clock_skew_seconds,
            account=post.owner if post is not None else _account(state, command.profile).id,
            post=command.post_id,
            views=command.views,
            likes=command.likes,
            shares=command.shares,
            clicks=command.clicks,
        )
    )


def _post_as(state: State, command: PostAs, now: float) -> str:
    """Publish at once, whatever tokens the person has."""
    account = _account(state, command.profile)
    params = {"media_type": "TEXT", **command.params, "auto_publish_text": "true"}
    there = now + state.switches.clock_skew_seconds
    call = Call(
        state=state,
        request=Request.of("POST", "/me/threads", params),
        now=there,
        fetch=no_media,
        operation=Operation.CREATE,
        target="",
        account=account,
        token=Token(account.id, frozenset(SCOPES), there),
    )
    answer = publishing.create(call)
    match answer.body:
        case {"id": str() as made}:
            return made
        case {"error": {"message": str() as message, **more}}:
            raise ValueError(f"{message}: {more.get('error_user_msg', command.params)}")
    raise AssertionError(f"a create call answers with an id or an error, not {answer.body}")


def _subscribe(state: State, fields: tuple[str, ...]) -> None:
    if fields and not state.switches.advanced_access:
        raise ValueError("webhooks need Advanced Access: set the switch advanced_access first")
    state.subscribed = fields


def _vote(state: State, command: Vote) -> None:
    post = state.posts.get(command.post_id)
    options = len(post.content.poll) if post is not None else 0
    if post is None or not options:
        raise ValueError(f"{command.post_id!r} is no live post with a poll")
    if len(command.votes) != options or min(command.votes) < 0:
        raise ValueError(f"this poll takes {options} counts of votes, each 0 or more")
    state.change(replace(post, votes=command.votes))


def _reset(state: State) -> None:
    for table in (
        state.containers,
        state.posts,
        state.deleted,
        state.usage,
        state.lists,
        state.shortcodes,
        state.searches,
        state.grants,
    ):
        table.clear()
    state.readings.clear()
    state.deliveries.clear()
    state.reposts.clear()
    state.armed.clear()
    state.deferred.clear()
    state.number = 0


def _add(state: State, command: AddProfile, now: float) -> None:
    account = Account(
        id=account_id(command.name),
        name=command.name,
        is_eligible_for_geo_gating=command.is_eligible_for_geo_gating,
        has_instagram=command.has_instagram,
        about=command.about,
    )
    state.accounts[account.id] = account
    state.tokens[command.token] = Token(
        account=account.id,
        scopes=frozenset(command.scopes),
        issued_at=now,
        expires_at=command.token_expires_at,
    )


def ledger(state: State) -> Json:
    """List all that is live and all that was taken down: what a test compares its own view with."""
    return {
        "posts": [_ledger_row(state, post) for post in state.live()],
        "deletions": [
            {**_ledger_row(state, post), "deleted_at": timestamp(post.deleted_at or 0)}
            for post in state.deleted.values()
            if not post.child_of
        ],
        "containers": len(state.containers),
    }


def _ledger_row(state: State, post: Post) -> Json:
    return {
        "id": post.id,
        "profile": state.accounts[post.owner].name,
        "media_type": post.content.media_type,
        "text": shown_text(state, post),
        "created": timestamp(post.created),
        "container": post.container,
        "parent": post.parent,
        "root": post.root,
        "children": list(post.children),
        "alt_text": post.content.alt_text,
        "reposted": post.reposted,
        "permalink": permalink(state, post),
    }
