"""``status`` and ``show``: what is where, from the files and the state alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from threadsync.model.facts import Facts
from threadsync.model.holding import Freeze, Heartbeat, Hold
from threadsync.model.ids import Address, is_notice
from threadsync.model.journal import PostsSeen
from threadsync.model.state import Binding, Open, State, Tombstone
from threadsync.operations.plan import chosen
from threadsync.operations.selection import address_of
from threadsync.operations.workspace import Declared, Workspace
from threadsync.planning.actions import Action, Blocked, Create, Extend, NoOp, Reason, Replace, Wait
from threadsync.planning.inputs import Wanted
from threadsync.planning.planner import plan


class StatusRow(Struct, frozen=True):
    """One publication: *word* says how it stands, *when* since or until when."""

    address: Address
    word: str
    """live, incomplete, changed, due, waiting, blocked, interrupted, draft, forgotten, taken-down,
    skipped, or held where nothing else is known of it."""
    when: datetime | None = None
    permalink: str = ""
    detail: str = ""
    seen: PostsSeen | None = None
    """How its live posts were when they were last looked at."""
    due: datetime | None = None
    """Since when it should be live and is not; None where it is, no time says so, or a person holds it."""
    held: Hold | None = None
    """The hold under which apply does not touch it."""


class Status(Struct, frozen=True):
    """How all publications stand, and what apply may do about it."""

    rows: tuple[StatusRow, ...]
    freeze: Freeze | None = None
    heartbeat: Heartbeat | None = None


class Shown(Struct, frozen=True):
    """All that is known of one address."""

    address: Address
    declared: Wanted | None
    binding: Binding | None
    tombstone: Tombstone | None
    open: Open | None
    action: Action | None
    seen: PostsSeen | None
    held: Hold | None


def status(workspace: Workspace, selectors: Sequence[str] = ()) -> Status:
    """Return a row for every publication, declared or remembered; messages of ``notify:`` are none.

    Raises:
        StateError: the state cannot be read.
        UsageError: a selector chooses nothing.
    """
    prior = workspace.store.read().state
    declared = workspace.declared(prior, workspace.clock.now())
    selects = chosen(declared, prior, selectors, ())
    actions = _actions(workspace, declared, prior)
    remembered = (*prior.bindings, *prior.tombstones, *prior.open, *prior.holds) if prior is not None else ()
    posts = (address for address in remembered if not is_notice(address))
    every = {*declared.desired.publications, *declared.drafts, *posts}
    rows = (
        _row(address, actions.get(address), declared, prior) for address in sorted(every) if selects(address)
    )
    if prior is None:
        return Status(
            tuple(replace(row, due=_due(row, actions.get(row.address), declared, prior)) for row in rows)
        )
    found = tuple(
        replace(
            row,
            due=_due(row, actions.get(row.address), declared, prior),
            seen=prior.posts_seen.get(row.address),
            held=prior.holds.get(row.address),
        )
        for row in rows
    )
    return Status(found, prior.freeze, prior.heartbeat)


def overdue(rows: Sequence[StatusRow], now: datetime, grace: timedelta) -> tuple[StatusRow, ...]:
    """Return those of *rows* that should have been live for longer than *grace* and are not."""
    return tuple(row for row in rows if row.due is not None and now - row.due > grace)


def _due(row: StatusRow, action: Action | None, declared: Declared, prior: State | None) -> datetime | None:
    """Return since when a publication should be live; one before its target's ``since`` never should."""
    is_wanted = row.word in {"due", "blocked", "interrupted"}
    never = isinstance(action, Blocked) and action.reason in {Reason.BEFORE_SINCE, Reason.HELD}
    if not is_wanted or never or (prior is not None and row.address in prior.bindings):
        return None
    wanted = declared.desired.publications.get(row.address)
    schedule = wanted.publication.control.publish if wanted is not None else None
    if schedule is not None:
        return schedule.at
    begun = prior.open.get(row.address) if prior is not None else None
    return begun.begun if begun is not None else None


def show(workspace: Workspace, address: str) -> Shown:
    """Return all that is known of *address*.

    Raises:
        UsageError: there is no such publication.
    """
    prior = workspace.store.read().state
    declared = workspace.declared(prior, workspace.clock.now())
    remembered = (*prior.bindings, *prior.tombstones, *prior.open, *prior.holds) if prior is not None else ()
    wanted = {**declared.drafts, **declared.desired.publications}
    found = address_of(address, (*wanted, *remembered))
    return Shown(
        found,
        wanted.get(found),
        prior.bindings.get(found) if prior is not None else None,
        prior.tombstones.get(found) if prior is not None else None,
        prior.open.get(found) if prior is not None else None,
        _actions(workspace, declared, prior).get(found),
        prior.posts_seen.get(found) if prior is not None else None,
        prior.holds.get(found) if prior is not None else None,
    )


def _actions(workspace: Workspace, declared: Declared, prior: State | None) -> dict[Address, Action]:
    made = plan(declared.desired, prior, Facts(), workspace.clock.now())
    return {action.address: action for action in made.actions}


def _row(address: Address, action: Action | None, declared: Declared, prior: State | None) -> StatusRow:
    binding = prior.bindings.get(address) if prior is not None else None
    stone = prior.tombstones.get(address) if prior is not None else None
    if prior is not None and address in prior.open:
        doubt = prior.open[address].doubt
        detail = doubt.why if doubt is not None else "apply goes on with it"
        return StatusRow(address, "interrupted", prior.open[address].begun, detail=detail)
    permalink = binding.segments[0].permalink if binding is not None and binding.segments else ""
    at = binding.segments[0].at if binding is not None and binding.segments else None
    match action:
        case Blocked(reason=reason, problem=problem):
            return StatusRow(address, "blocked", at, permalink, f"{reason}: {problem}")
        case Wait(until=until):
            return StatusRow(address, "waiting", until)
        case Extend():
            return StatusRow(
                address, "incomplete", at, permalink, f"{len(action.segments)} segments to publish"
            )
        case Create():
            return StatusRow(address, "due", detail=action.reason)
        case Replace():
            return StatusRow(address, "changed", at, permalink, "apply replaces it")
        case NoOp(reason=Reason.SKIPPED_LATE):
            return StatusRow(address, "skipped", stone.at if stone is not None else None)
        case _:
            pass
    if binding is not None:
        detail = (
            action.note if isinstance(action, NoOp) else f"apply: {action.word}" if action is not None else ""
        )
        return StatusRow(address, "live", at, permalink, detail)
    if address in declared.drafts:
        return StatusRow(address, "draft")
    if stone is not None:
        first = stone.segments[0].permalink if stone.segments else ""
        word = {"forgotten": "forgotten", "skipped": "skipped"}.get(stone.why, "taken-down")
        return StatusRow(address, word, stone.at, first, stone.why)
    if prior is not None and address in prior.holds and address.key not in declared.desired.broken:
        return StatusRow(address, "held", prior.holds[address].at, detail="no file declares it any more")
    return StatusRow(address, "blocked", detail="its file has errors: see threadsync validate")
