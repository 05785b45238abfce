"""``state …``: looking into the state and mending it, under the lock and with a backup.

Every change is a note like those of an apply, so that history and backups come of themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from threadsync.errors import UsageError
from threadsync.model.facts import ObservedPost
from threadsync.model.ids import Address, TargetName
from threadsync.model.journal import (
    Accepted,
    Doubted,
    Ended,
    Erased,
    Forgotten,
    Moved,
    Note,
    Published,
    Receipt,
    Settled,
    TargetMoved,
)
from threadsync.model.state import Binding, Open, State, Tombstone
from threadsync.operations import provenance
from threadsync.operations.reading import read_with
from threadsync.operations.selection import address_of, selection
from threadsync.operations.status import Shown, show
from threadsync.operations.workspace import Workspace
from threadsync.statefile.store import HistoryEntry, Session

LOCK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, a sentence a line; *backup* is the file that holds the state as it was."""

    lines: tuple[str, ...]
    backup: str = ""


def state_list(workspace: Workspace, selectors: Sequence[str] = ()) -> tuple[Binding | Tombstone, ...]:
    """Return every binding and tombstone that *selectors* choose."""
    prior = _existing(workspace)
    entries: dict[Address, Binding | Tombstone] = {**prior.tombstones, **prior.bindings}
    selects = selection(selectors, (), entries, {})
    return tuple(entries[address] for address in sorted(entries) if selects(address))


def state_show(workspace: Workspace, address: str) -> Shown:
    """Return all that is known of one address."""
    return show(workspace, address)


def state_move(workspace: Workspace, old: str, new: str) -> Done:
    """Give a publication, or a whole target, another name; nothing on the network changes.

    Raises:
        UsageError: the state does not hold *old*, or holds *new* already.
    """
    prior = _existing(workspace)
    at = workspace.clock.now()
    if "@" not in old and "@" not in new:
        before, after = TargetName(old), TargetName(new)
        held = {each.target for each in (*prior.bindings, *prior.tombstones, *prior.open)} | set(
            prior.targets
        )
        if before not in held:
            raise UsageError(f"the state holds nothing on a target {old}.", remedy=_names(held))
        if after in held:
            raise UsageError(f"the state already holds {new}.", remedy="Choose a name that is free.")
        return _write(workspace, [TargetMoved(before, after, at)], f"{old} is now called {new}.")
    source = address_of(old, (*prior.bindings, *prior.tombstones))
    try:
        goal = Address.parse(new)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if goal.target != source.target:
        raise UsageError(
            f"{old} is live on {source.target} and cannot become a post on {goal.target}.",
            remedy="Only its key can change; a whole target is renamed with state mv TARGET TARGET.",
        )
    if goal in prior.bindings:
        raise UsageError(f"the state already binds {new}.", remedy=f"See threadsync state show {new}.")
    return _write(workspace, [Moved(source, goal, at)], f"{old} is now called {new}.")


def state_remove(workspace: Workspace, addresses: Sequence[str]) -> Done:
    """Erase what the state knows of *addresses*, tombstones included; the posts stay up."""
    prior = _existing(workspace)
    known = (*prior.bindings, *prior.tombstones, *prior.open)
    at = workspace.clock.now()
    chosen = [address_of(text, known) for text in addresses]
    lines = [f"{address} is erased from the state; its post, if any, stays up." for address in chosen]
    return _write(workspace, [Erased(address, at) for address in chosen], *lines)


def state_accept(workspace: Workspace, addresses: Sequence[str]) -> Done:
    """Record today's files as what is live; a post that the network no longer has, as taken down.

    Raises:
        UsageError: the file has another number of segments than are live.
    """
    prior = _existing(workspace)
    at = workspace.clock.now()
    declared = workspace.declared(prior, at)
    chosen = [address_of(text, prior.bindings) for text in addresses]
    posts = [(each, s.remote_id) for each in chosen for s in prior.bindings[each].segments]
    seen = read_with(
        workspace, [(a.target, workspace.providers[a.target].observe(remote_id)) for a, remote_id in posts]
    )
    gone = {address for (address, _), post in zip(posts, seen, strict=True) if post is None}
    notes: list[Note] = []
    lines: list[str] = []
    for address in chosen:
        live = prior.bindings[address].segments
        wanted = declared.desired.publications.get(address)
        if address in gone:
            notes.append(Forgotten(address, "gone", at))
            lines.append(f"{address} is recorded as taken down: the network no longer has it.")
        elif wanted is None:
            raise UsageError(f"{address} has no file to accept.", remedy="Restore the file first.")
        elif len(wanted.digests) != len(live):
            raise UsageError(
                f"{address} has {len(wanted.digests)} segments in its file and {len(live)} live ones.",
                remedy="Accepting needs as many; otherwise extend or replace it.",
            )
        else:
            notes.append(Accepted(address, wanted.digests, at))
            lines.append(f"{address}: today's file counts as what is live.")
    return _write(workspace, notes, *lines)


def state_resolve(workspace: Workspace, address: str, *, published: str | None, not_published: bool) -> Done:
    """Say what became of a publication in doubt: it is *published* (an id or permalink), or it is not.

    Raises:
        UsageError: nothing is in doubt there, or the post named is none of the account's.
    """
    prior = _existing(workspace)
    found = address_of(address, (*prior.open, *prior.bindings, *prior.tombstones))
    unfinished = prior.open.get(found)
    if unfinished is None or not unfinished.in_doubt:
        raise UsageError(f"nothing is in doubt about {found}.", remedy="See threadsync status.")
    if (published is None) == (not not_published):
        raise UsageError(
            "say what is true: --published ID, or --not-published.", remedy="Look at the account first."
        )
    at = workspace.clock.now()
    if published is None:
        index = _index_in_doubt(unfinished)
        notes: list[Note] = [Settled(found, index, reuse=False, at=at), Ended(found, "dropped", at)]
        return _write(workspace, notes, f"{found}: recorded as not published; the next apply publishes it.")
    post = located(workspace, found.target, published)
    holder = prior.holder_of(found.target, post.remote_id)
    if holder is not None:
        raise UsageError(f"{post.remote_id} is bound to {holder}.", remedy="Name another post.")
    receipt = _receipt(unfinished, post)
    notes = [Receipt(found, receipt), Ended(found, "dropped", at)]
    return _write(workspace, notes, f"{found} is bound to {post.permalink or post.remote_id}.")


def _index_in_doubt(unfinished: Open) -> int:
    return next(note.index for note in reversed(unfinished.notes) if not isinstance(note, Doubted))


def _receipt(unfinished: Open, post: ObservedPost) -> Published:
    index = _index_in_doubt(unfinished)
    what = next(each for each in unfinished.job.segments if each.index == index)
    return Published(
        index, what.digest, post.remote_id, what.text, post.at, post.permalink, what.media, {}, "import"
    )


def state_history(workspace: Workspace) -> tuple[HistoryEntry, ...]:
    """Return the backups of the state on this machine, newest first."""
    return workspace.store.history()


def force_unlock(workspace: Workspace) -> Done:
    """Break the lock; what its holder had begun is settled by the next apply."""
    held = workspace.store.read().lock
    if held is None:
        return Done(("The state is not locked.",))
    workspace.store.force_unlock(held, provenance.holder("state force-unlock", workspace.clock.now()))
    return Done((f"The lock of {held} is broken. What it had begun is settled by the next apply.",))


def located(workspace: Workspace, target: TargetName, reference: str) -> ObservedPost:
    """Return the account's own post that *reference* (an id or a permalink) names.

    Raises:
        UsageError: it names none.
    """
    provider = workspace.providers[target]
    (post,) = read_with(workspace, [(target, provider.locate(reference))])
    if post is None:
        raise UsageError(
            f"{reference!r} is no post of the account of {target}.",
            remedy="Give the post's id (id:…) or its permalink, and check the target.",
        )
    return post


def _existing(workspace: Workspace) -> State:
    state = workspace.store.read().state
    if state is None:
        raise UsageError(
            "there is no state yet.", where=str(workspace.project.state), remedy="Run apply first."
        )
    return state


def _names(names: set[TargetName]) -> str:
    return f"It holds: {', '.join(sorted(names))}." if names else "It holds none."


def _write(workspace: Workspace, notes: Sequence[Note], *lines: str) -> Done:
    with workspace.store.open(provenance.holder("state", workspace.clock.now()), LOCK_SECONDS) as session:
        append(session, notes)
    return Done(tuple(lines), newest_backup(workspace))


def newest_backup(workspace: Workspace) -> str:
    """Return the file that holds the state as it was before the last change; empty where there was none."""
    backups = [entry.file for entry in workspace.store.history() if not entry.current]
    return str(backups[0]) if backups else ""


def append(session: Session, notes: Sequence[Note]) -> None:
    """Put *notes* on record.

    Raises:
        UsageError: they claim a post that another address holds.
    """
    holder = session.append(tuple(notes))
    if holder is not None:
        raise UsageError(f"that post is bound to {holder}.", remedy=f"See threadsync state show {holder}.")
    session.barrier()
