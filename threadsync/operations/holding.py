"""``hold``, ``release``, ``freeze``, ``unfreeze``: what apply must not touch, wherever the state is shared.

Each is a note like those of an apply, written under the lock, so it cannot cross one that is at work.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from threadsync.errors import StateLocked, UsageError
from threadsync.model.digest import digest_of_segments
from threadsync.model.holding import Freeze, Hold, Released, Unfrozen, whose
from threadsync.model.ids import ContentDigest
from threadsync.model.state import State
from threadsync.operations.selection import selection
from threadsync.operations.surgery import AT_ONCE, Done, Patience, append, session
from threadsync.operations.workspace import Workspace


def hold(
    workspace: Workspace, selectors: Sequence[str], *, why: str = "", patience: Patience = AT_ONCE
) -> Done:
    """Let apply not touch what *selectors* choose of the publications that are declared or live.

    Raises:
        UsageError: a selector chooses nothing, or there is no state yet.
        StateLocked: another run holds the state, for longer than *patience* lasts.
    """
    refuse_no_state(workspace)
    with session(workspace, "hold", patience) as opened:
        prior, at = opened.ledger.state(), workspace.clock.now()
        declared = workspace.declared(prior, at)
        wanted = {**declared.drafts, **declared.desired.publications}
        known = sorted({*wanted, *prior.bindings, *prior.open, *prior.holds})
        selects = selection(selectors, (), known, declared.paths())
        chosen = list(filter(selects, known))
        who = workspace.surroundings.who()
        digests = {each: digest_of_segments(wanted[each].digests) for each in chosen if each in wanted}
        append(
            opened,
            [
                Hold(each, at, who, why, digests.get(each, ContentDigest("")))
                for each in chosen
                if each not in prior.holds
            ],
        )
    lines = [
        f"{_already(prior.holds[each])}{_unrecorded(prior.holds[each], why, 'release it')}"
        if each in prior.holds
        else f"{each} is held: apply does not touch it until threadsync release {each}."
        for each in chosen
    ]
    return Done((*lines, *_known_where(workspace)))


def release(workspace: Workspace, selectors: Sequence[str], *, patience: Patience = AT_ONCE) -> Done:
    """Let apply touch again what *selectors* choose of the publications that are held.

    Raises:
        UsageError: a selector chooses nothing that is held.
        StateLocked: another run holds the state, for longer than *patience* lasts.
    """
    refuse_no_state(workspace)
    with session(workspace, "release", patience) as opened:
        prior, at = opened.ledger.state(), workspace.clock.now()
        if not prior.holds:
            raise UsageError("nothing is held.", remedy="See threadsync status.")
        try:
            selects = selection(selectors, (), prior.holds, {})
        except UsageError:  # one may be a path, which the files tell; otherwise they need not be readable
            selects = selection(selectors, (), prior.holds, workspace.declared(prior, at).paths())
        chosen = sorted(filter(selects, prior.holds))
        append(opened, [Released(address, at) for address in chosen])
    advice = "What is past its window by now waits for a yes: see threadsync plan."
    return Done((*(f"{address} is released." for address in chosen), advice, *_known_where(workspace)))


def freeze(workspace: Workspace, *, why: str = "", patience: Patience = AT_ONCE) -> Done:
    """Let every apply refuse until ``unfreeze``.

    Raises:
        UsageError: there is no state yet.
        StateLocked: another run holds the state, for longer than *patience* lasts; it may be publishing.
    """
    refuse_no_state(workspace)
    try:
        with session(workspace, "freeze", patience) as opened:
            already = opened.ledger.freeze
            if already is not None:
                when = f"{already.at:%Y-%m-%d %H:%M} UTC"
                unrecorded = _unrecorded(already, why, "unfreeze")
                return Done((f"Nothing changed: apply is frozen{whose(already)}, since {when}.{unrecorded}",))
            append(opened, [Freeze(workspace.clock.now(), workspace.surroundings.who(), why)])
    except StateLocked as error:
        raise StateLocked(
            f"{error.problem}. It is NOT frozen yet",
            where=error.where,
            remedy="Stop that run: Ctrl-C, or cancel its CI job, and it ends within seconds. Then freeze "
            "again; --lock-timeout 60 waits for it. If it is dead: threadsync state force-unlock.",
        ) from error
    undo = "Frozen: every apply refuses until threadsync unfreeze; taking down (withdraw) still works."
    return Done((undo, *_known_where(workspace)))


def unfreeze(workspace: Workspace, *, patience: Patience = AT_ONCE) -> Done:
    """Let apply act again; what became late meanwhile waits for a yes.

    Raises:
        UsageError: there is no state yet.
        StateLocked: another run holds the state, for longer than *patience* lasts.
    """
    refuse_no_state(workspace)
    with session(workspace, "unfreeze", patience) as opened:
        if opened.ledger.freeze is None:
            return Done(("Nothing changed: nothing is frozen.",))
        append(opened, [Unfrozen(workspace.clock.now())])
    advice = "What is past its window by now waits for a yes: see threadsync plan."
    return Done(("Apply acts again.", advice, *_known_where(workspace)))


def refuse_no_state(workspace: Workspace) -> State:
    """Return the state, of which there must be one.

    Raises:
        UsageError: nothing was applied yet, so nothing goes out without a yes anyway.
    """
    state = workspace.store.read().state
    if state is None:
        raise UsageError(
            "there is no state yet: nothing was applied, and the first apply asks before it publishes.",
            where=workspace.store.where,
            remedy="To keep a post from going out, write draft: true in it.",
        )
    return state


def _already(hold: Hold) -> str:
    return f"{hold.address} is held already{whose(hold)}, since {hold.at:%Y-%m-%d %H:%M} UTC."


def _unrecorded(said: Hold | Freeze, why: str, undo: str) -> str:
    """Say that *why* does not take the place of what was said the first time, which those who wait go by."""
    if not why or why == said.why:
        return ""
    return f" The reason given now is not recorded; to change it, {undo} first."


def _known_where(workspace: Workspace) -> tuple[str, ...]:
    """Say who does not learn of it by itself: a state in a file is on this machine alone."""
    if not isinstance(workspace.project.state, Path):
        return ()
    name = workspace.project.state_name
    return (f"It stands in {name}: who applies from another copy of that file must get this one first.",)
