"""What the owner of a sandbox may do to a network from outside: profiles, switches, faults, the clock.

Every change is a :data:`Command`, a value that can be written to a journal and carried out again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from typing import Any, TypeAlias, assert_never

from threadsync.sandbox.threads.codec import fault_from_json, switches_from_json
from threadsync.sandbox.threads.faults import ArmedFault, Fault
from threadsync.sandbox.threads.model import run_due
from threadsync.sandbox.threads.showing import permalink, shown_text, timestamp
from threadsync.sandbox.threads.state import Account, Post, State, Token
from threadsync.sandbox.threads.values import (
    SCOPES,
    Json,
    Profile,
    Switches,
    TokenDigest,
    token_digest,
)


@dataclass(frozen=True, slots=True)
class SetSwitches:
    """Replace all switches."""

    switches: Switches


@dataclass(frozen=True, slots=True)
class Arm:
    """Put faults in force, besides those that are."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Disarm:
    """Take all faults out of force."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Forget all containers, posts, quotas, faults and deferred calls; profiles and switches stay."""


@dataclass(frozen=True, slots=True)
class MoveClock:
    """Set how far this network's clock is from the shell's."""

    offset_seconds: float


@dataclass(frozen=True, slots=True)
class AddProfile:
    """Create a profile, or give one that is there another token."""

    name: str
    token: TokenDigest
    scopes: tuple[str, ...]
    token_expires_at: float | None = None
    is_eligible_for_geo_gating: bool = False
    has_instagram: bool = False

    def __post_init__(self) -> None:
        if not self.name or not all(mark.isalnum() or mark in "._" for mark in self.name):
            raise ValueError(f"{self.name!r} is no username: letters, digits, dots and underscores")
        if unknown := set(self.scopes) - set(SCOPES):
            raise ValueError(f"no scope {sorted(unknown)[0]!r}; there are: {', '.join(SCOPES)}")


@dataclass(frozen=True, slots=True)
class ExpireToken:
    """End the life of a token at once."""

    token: TokenDigest


@dataclass(frozen=True, slots=True)
class Vote:
    """Set how often each option of a post's poll was chosen."""

    post_id: str
    votes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """Let time pass: carry out what was deferred until now."""


Command: TypeAlias = SetSwitches | Arm | Disarm | Reset | MoveClock | AddProfile | ExpireToken | Vote | Tick


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
    )


def account_id(name: str) -> str:
    """Return the user id of a profile: the same name has the same id in every sandbox."""
    mark = blake2b(f"user {name}".encode(), digest_size=8).digest()
    return f"17{int.from_bytes(mark) % 10**15:015d}"


def apply(state: State, command: Command, now: float) -> None:
    """Carry out *command* at *now* (Unix seconds); *state* changes in place.

    Raises:
        ValueError: the votes do not fit the post they are for.
    """
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
        case ExpireToken(token):
            if token in state.tokens:
                state.tokens[token] = replace(state.tokens[token], expires_at=now)
        case Vote():
            _vote(state, command)
        case Tick():
            run_due(state, now)
        case _:
            assert_never(command)
    state.serial += 1


def _vote(state: State, command: Vote) -> None:
    post = state.posts.get(command.post_id)
    options = len(post.content.poll) if post is not None else 0
    if post is None or not options:
        raise ValueError(f"{command.post_id!r} is no live post with a poll")
    if len(command.votes) != options or min(command.votes) < 0:
        raise ValueError(f"this poll takes {options} counts of votes, each 0 or more")
    state.change(replace(post, votes=command.votes))


def _reset(state: State) -> None:
    for table in (state.containers, state.posts, state.deleted, state.usage, state.lists, state.shortcodes):
        table.clear()
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
    )
    state.accounts[account.id] = account
    state.tokens[command.token] = Token(
        account=account.id,
        scopes=frozenset(command.scopes),
        issued_at=now,
        expires_at=command.token_expires_at,
    )


def command_to_json(command: Command) -> Json:
    """Write a command down."""
    return {"do": type(command).__name__, **asdict(command)}


def command_from_json(row: dict[str, Any]) -> Command:
    """Read a command back."""
    name, values = row["do"], {key: value for key, value in row.items() if key != "do"}
    match name:
        case "SetSwitches":
            return SetSwitches(switches_from_json(values["switches"]))
        case "Arm":
            return Arm(tuple(fault_from_json(fault) for fault in values["faults"]))
        case "AddProfile":
            return AddProfile(**{**values, "scopes": tuple(values["scopes"])})
        case "MoveClock":
            return MoveClock(values["offset_seconds"])
        case "ExpireToken":
            return ExpireToken(values["token"])
        case "Vote":
            return Vote(values["post_id"], tuple(values["votes"]))
    plain: dict[str, Command] = {"Disarm": Disarm(), "Reset": Reset(), "Tick": Tick()}
    return plain[name]


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
