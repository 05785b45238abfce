"""What stands beside the posts: profiles, quotas, faults in force, what was taken down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from msgspec import Struct, to_builtins

from threadsync.sandbox.pages.posts import AuthorView, author_view
from threadsync.sandbox.pages.texts import plain_line
from threadsync.sandbox.pages.times import Moment
from threadsync.sandbox.threads.faults import ArmedFault
from threadsync.sandbox.threads.showing import shown_text
from threadsync.sandbox.threads.state import Account, State, Status
from threadsync.sandbox.threads.values import Switches

DELETED_SHOWN = 50
EXCERPT_LENGTH = 80


class TabView(Struct, frozen=True):
    """A profile among the tabs; ``author`` is ``None`` for everybody."""

    author: AuthorView | None
    posts: int
    is_chosen: bool


class QuotaView(Struct, frozen=True):
    """How much of a quota is used."""

    name: str
    used: int
    total: int


class ProfilePanel(Struct, frozen=True):
    """What one profile used, and what it has in preparation."""

    author: AuthorView
    quotas: tuple[QuotaView, ...]
    containers: tuple[str, ...]
    """How many are in each state that is not PUBLISHED."""


class FaultView(Struct, frozen=True):
    """A fault in force."""

    text: str
    fired: str
    is_spent: bool


class DeletedView(Struct, frozen=True):
    """A post that was taken down."""

    author: AuthorView
    text: str
    time: Moment


class PanelView(Struct, frozen=True):
    """All that stands beside the posts."""

    profiles: tuple[ProfilePanel, ...]
    faults: tuple[FaultView, ...]
    switches: tuple[str, ...]
    """Those that do not have their default."""
    clock: str
    deleted: tuple[DeletedView, ...]
    deleted_count: int
    serial: int


def tabs(state: State, user: str | None) -> tuple[TabView, ...]:
    """Make the tabs: everybody, then each profile.

    *user* is the chosen one, empty for everybody, ``None`` on a page that no tab stands for.
    """
    counts = Counter(post.owner for post in state.live())
    accounts = state.accounts.values()
    profiles = (
        TabView(author_view(state, account.id), counts[account.id], account.name == user)
        for account in accounts
    )
    return (TabView(None, counts.total(), user == ""), *profiles)


def panel(state: State, now: float, account: Account | None) -> PanelView:
    """Make the panel for one profile, or for all."""
    accounts = [account] if account else list(state.accounts.values())
    owners = {found.id for found in accounts}
    gone = [post for post in state.deleted.values() if post.owner in owners and not post.child_of]
    return PanelView(
        profiles=tuple(_profile(state, now, found) for found in accounts),
        faults=tuple(_fault(armed) for armed in state.armed),
        switches=tuple(_changed(state.switches)),
        clock=_offset(state.clock_offset),
        deleted=tuple(
            DeletedView(
                author_view(state, post.owner),
                plain_line(shown_text(state, post), EXCERPT_LENGTH),
                Moment.of(post.deleted_at or 0.0, now),
            )
            for post in islice(reversed(gone), DELETED_SHOWN)
        ),
        deleted_count=len(gone),
        serial=state.serial,
    )


def _profile(state: State, now: float, account: Account) -> ProfilePanel:
    switches = state.switches
    totals = {"posts": switches.posts_quota, "replies": switches.replies_quota}
    quotas = (
        QuotaView(kind.capitalize(), state.used(kind, account.id, now), total)
        for kind, total in {**totals, "deletes": switches.deletes_quota}.items()
    )
    found = Counter(
        container.status(now)
        for container in state.containers.values()
        if container.owner == account.id and not container.content.is_carousel_item
    )
    containers = (
        f"{count} {status.replace('_', ' ').lower()}"
        for status, count in sorted(found.items())
        if status is not Status.PUBLISHED
    )
    return ProfilePanel(author_view(state, account.id), tuple(quotas), tuple(containers))


def _fault(armed: ArmedFault) -> FaultView:
    fault = armed.fault
    first = f" from call {fault.skip + 1} on" if fault.skip else ""
    chance = f" in {fault.probability:.0%} of calls" if fault.probability < 1 else ""
    lasts = f", {fault.seconds:g} s" if fault.seconds else ""
    whose = f" of @{fault.profile}" if fault.profile else ""
    bound = "" if fault.times is None else f" of {fault.times}"
    text = f"{fault.operation}{whose}: {fault.kind.replace('-', ' ')}{lasts}{first}{chance}"
    return FaultView(text, f"happened: {armed.fired}{bound}", armed.is_spent)


def _changed(switches: Switches) -> Iterator[str]:
    defaults = to_builtins(Switches())
    for name, value in to_builtins(switches).items():
        if value != defaults[name]:
            yield f"{name.replace('_', ' ')}: {value}"


def _offset(seconds: float) -> str:
    """Say how far the clock was moved; empty when it was not."""
    if not seconds:
        return ""
    hours, rest = divmod(round(abs(seconds)), 3600)
    minutes, left = divmod(rest, 60)
    direction = "ahead of" if seconds > 0 else "behind"
    return f"{hours} h {minutes} min {left} s {direction} this machine"
