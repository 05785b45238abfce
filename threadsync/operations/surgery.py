"""``state …``: looking into the state and mending it, under the lock and with a backup.

Every change is a note like those of an apply, so that history and backups come of themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final, TypeAlias

from msgspec import Struct

from threadsync.errors import UsageError
from threadsync.model.facts import ObservedPost
from threadsync.model.ids import Address, TargetName
from threadsync.model.journal import (
    Accepted,
    Doubted,
    Ended,
    Erased,
    Forgotten,
    Intent,
    Moved,
    Note,
    Published,
    Receipt,
    Settled,
    TargetMoved,
)
from threadsync.model.state import Binding, Open, State, Tombstone
from threadsync.operations.reading import read_with
from threadsync.operations.selection import address_of, selection
from threadsync.operations.workspace import Workspace
from threadsync.planning.inputs import Wanted
from threadsync.providers.base import Provider
from threadsync.statefile.codec import encode
from threadsync.statefile.folding import Copy
from threadsync.statefile.store import HistoryEntry, Session


class Patience(Struct, frozen=True):
    """How long to wait for another run that holds the state, and who is told whom it waits for."""

    seconds: float = 0.0
    tell: Callable[[str], None] = lambda _: None


AT_ONCE: Final = Patience()


class Done(Struct, frozen=True):
    """What was done, a sentence a line; *backup* is the file that holds the state as it was."""

    lines: tuple[str, ...]
    backup: str = ""


def state_list(workspace: Workspace, selectors: Sequence[str] = ()) -> tuple[Binding | Tombstone, ...]:
    """Return every binding and tombstone that *selectors* choose."""
    prior = _existing(workspace)
    entries: dict[Address, Binding | Tombstone] = {**prior.tombstones, **prior.bindings}
    selects = selection(selectors, (), entries, {})
    return tuple(entries[address] for address in sorted(entries) if selects(address))


def state_move(workspace: Workspace, old: str, new: str, patience: Patience = AT_ONCE) -> Done:
    """Give a publication, or a whole target, another name; nothing on the network changes.

    Raises:
        UsageError: the state does not hold *old*, or holds *new* already.
    """
    move = _publication_moved if "@" in old or "@" in new else _target_moved

    def change(prior: State) -> Change:
        return [move(prior, old, new, workspace.clock.now())], [f"{old} is now called {new}."]

    return _changed(workspace, change, patience)


def _target_moved(prior: State, old: str, new: str, at: datetime) -> Note:
    held = {each.target for each in _addresses(prior)} | set(prior.targets)
    if old not in held:
        names = f"It holds: {', '.join(sorted(held))}." if held else "It holds none."
        raise UsageError(f"the state holds nothing on a target {old}.", remedy=names)
    if new in held:
        raise UsageError(f"the state already holds {new}.", remedy="Choose a name that is free.")
    return TargetMoved(TargetName(old), TargetName(new), at)


def _publication_moved(prior: State, old: str, new: str, at: datetime) -> Note:
    known = _addresses(prior)
    source = address_of(old, known)
    try:
        goal = Address.parse(new)
    except ValueError as error:
        raise UsageError(f"{error}.") from error
    if goal.target != source.target:
        raise UsageError(
            f"{old} is on {source.target} and cannot become a post on {goal.target}.",
            remedy="Only its key can change; a whole target is renamed with state mv TARGET TARGET.",
        )
    if goal in known:
        raise UsageError(f"the state already knows {new}.", remedy=f"See threadsync state show {new}.")
    return Moved(source, goal, at)


def state_remove(workspace: Workspace, addresses: Sequence[str], patience: Patience = AT_ONCE) -> Done:
    """Erase what the state knows of *addresses*, tombstones included; the posts stay up.

    Raises:
        UsageError: the state does not know one of them.
    """

    def change(prior: State) -> Change:
        chosen = [address_of(text, _addresses(prior)) for text in addresses]
        lines = [f"{address} is erased from the state; its post, if any, stays up." for address in chosen]
        return [Erased(address, workspace.clock.now()) for address in chosen], lines

    return _changed(workspace, change, patience)


def state_accept(workspace: Workspace, addresses: Sequence[str], patience: Patience = AT_ONCE) -> Done:
    """Record today's files as what is live; what the network no longer has all of, as taken down.

    Raises:
        UsageError: the file has another number of segments than are live.
        ApiError, Unanswered: the network could not be asked.
    """

    def change(prior: State) -> Change:
        chosen = [address_of(text, prior.bindings) for text in addresses]
        gone = _gone(workspace, prior, chosen)
        declared = workspace.declared(prior, workspace.clock.now()).desired.publications
        at = workspace.clock.now()
        made = [_accepted(prior, each, declared.get(each), gone.get(each), at) for each in chosen]
        return [note for note, _ in made], [line for _, line in made]

    return _changed(workspace, change, patience)


def _gone(workspace: Workspace, prior: State, chosen: Sequence[Address]) -> dict[Address, list[Published]]:
    """Return those of *chosen* of which the network no longer has every post, with what it still has."""
    posts = [(each, segment) for each in chosen for segment in prior.bindings[each].segments]
    reads = [(a.target, _provider(workspace, a.target).observe(post.remote_id)) for a, post in posts]
    seen = read_with(workspace, reads)
    there: dict[Address, list[Published]] = {
        address: [] for (address, _), found in zip(posts, seen, strict=True) if found is None
    }
    for (address, post), found in zip(posts, seen, strict=True):
        if found is not None and address in there:
            there[address].append(post)
    return there


def _accepted(
    prior: State, address: Address, wanted: Wanted | None, still: Sequence[Published] | None, at: datetime
) -> tuple[Note, str]:
    """Return what to record of *address*; *still* are its posts that are left, None where none is gone."""
    live = prior.bindings[address].segments
    if still is not None:
        line = f"{address} is recorded as taken down: the network no longer has it."
        if still:
            line = (
                f"{address} is recorded as taken down: the network no longer has {len(live) - len(still)} of "
                f"its {len(live)} posts. The others are still up, and threadsync lets go of them: "
                f"{', '.join(post.permalink or post.remote_id for post in still)}."
            )
        return Forgotten(address, "gone", at), line
    if wanted is None:
        raise UsageError(f"{address} has no file to accept.", remedy="Restore the file first.")
    if len(wanted.digests) != len(live):
        raise UsageError(
            f"{address} has {len(wanted.digests)} segments in its file and {len(live)} live ones.",
            remedy="Accepting needs as many; otherwise extend or replace it.",
        )
    return Accepted(address, wanted.digests, at), f"{address}: today's file counts as what is live."


def state_resolve(
    workspace: Workspace,
    address: str,
    *,
    published: str | None,
    not_published: bool,
    patience: Patience = AT_ONCE,
) -> Done:
    """Say what became of a publication in doubt: it is *published* (an id or permalink), or it is not.

    Raises:
        UsageError: nothing is in doubt there, or the post named is none of the account's.
    """
    if (published is None) == (not not_published):
        raise UsageError(
            "say what is true: --published ID, or --not-published.", remedy="Look at the account first."
        )

    def change(prior: State) -> Change:
        found = address_of(address, _addresses(prior))
        unfinished = prior.open.get(found)
        if unfinished is None or not unfinished.in_doubt:
            raise UsageError(f"nothing is in doubt about {found}.", remedy="See threadsync status.")
        if unfinished.job.verb in {"delete", "withdraw"} or _is_delete(unfinished):
            raise UsageError(
                f"what is in doubt about {found} is a deletion.", remedy="Run apply: it looks, and goes on."
            )
        at = workspace.clock.now()
        if published is None:
            index = _index_in_doubt(unfinished)
            notes: list[Note] = [Settled(found, index, reuse=False, at=at), Ended(found, "dropped", at)]
            return notes, [f"{found}: recorded as not published; the next apply publishes it."]
        post = located(workspace, found.target, published)
        holder = prior.holder_of(found.target, post.remote_id)
        if holder is not None:
            raise UsageError(
                f"{post.remote_id} is bound to {holder}.",
                remedy=f"Name another post; or if {holder} is {found} under its new name, let go of the old "
                f"one: threadsync state rm {found}.",
            )
        receipt = Receipt(found, _published(unfinished, post))
        return [receipt, Ended(found, "dropped", at)], [f"{found} is bound to {_name(post)}."]

    return _changed(workspace, change, patience)


def _name(post: ObservedPost) -> str:
    return post.permalink or post.remote_id


def _is_delete(unfinished: Open) -> bool:
    intents = [note for note in unfinished.notes if isinstance(note, Intent)]
    return bool(intents) and intents[-1].verb == "delete"


def _index_in_doubt(unfinished: Open) -> int:
    return next(note.index for note in reversed(unfinished.notes) if not isinstance(note, Doubted))


def _published(unfinished: Open, post: ObservedPost) -> Published:
    index = _index_in_doubt(unfinished)
    what = next(each for each in unfinished.job.segments if each.index == index)
    return Published(
        index, what.digest, post.remote_id, what.text, post.at, post.permalink, what.media, {}, "import"
    )


def state_history(workspace: Workspace) -> tuple[HistoryEntry, ...]:
    """Return the copies of the state that there are: the one in use, then the newest."""
    return workspace.store.history()


def state_pull(workspace: Workspace, copy: str = "") -> bytes:
    """Return the state as a file of its own, with what is not folded into it yet; or an earlier *copy*.

    Raises:
        UsageError: there is no state, or ``state_history`` lists no such copy.
    """
    if not copy:
        return encode(_existing(workspace))
    found = workspace.store.copy(copy)
    if found is None:
        remedy = "threadsync state history --format json lists what there is, as file."
        raise UsageError(
            f"there is no copy {copy!r} of the state.", where=workspace.store.where, remedy=remedy
        )
    return found


def state_push(
    workspace: Workspace,
    encoded: bytes,
    named: str,
    *,
    replace_lineage: bool = False,
    patience: Patience = AT_ONCE,
) -> Done:
    """Put a copy of the state, *encoded*, back in the place of the one in use; *named* is its file.

    Raises:
        UsageError: it is a copy of another state, which *replace_lineage* allows; or a publish is in doubt.
        StateError: it is damaged, too new, or another project's; or another run holds the state.
    """
    holder = workspace.surroundings.holder("state push", workspace.clock.now())
    workspace.store.put(Copy(encoded, named, replace_lineage), holder, patience.seconds)
    bindings = len(_existing(workspace).bindings)
    line = f"The state is now what {named} holds: {bindings} publication{'' if bindings == 1 else 's'}."
    advice = "Run plan next: it shows in what the files and this state differ."
    return Done((line, advice), newest_backup(workspace))


def force_unlock(workspace: Workspace) -> Done:
    """Break the lock; what its holder had begun is settled by the next apply."""
    held = workspace.store.read().lock
    if held is None:
        return Done(("The state is not locked.",))
    holder = workspace.surroundings.holder("state force-unlock", workspace.clock.now())
    workspace.store.force_unlock(held, holder)
    return Done((f"The lock of {held} is broken. What it had begun is settled by the next apply.",))


def located(workspace: Workspace, target: TargetName, reference: str) -> ObservedPost:
    """Return the account's own post that *reference* (an id or a permalink) names.

    Raises:
        UsageError: it names none, or the project has no such target.
    """
    provider = _provider(workspace, target)
    (post,) = read_with(workspace, [(target, provider.locate(reference))])
    if post is not None and post.author:
        (account,) = read_with(workspace, [(target, provider.identify())])
        post = post if post.author == account.account_id else None
    if post is None:
        raise UsageError(
            f"{reference!r} is no post of the account of {target}.",
            remedy="Give the post's id (id:…) or its permalink, and check the target.",
        )
    return post


def _provider(workspace: Workspace, target: TargetName) -> Provider:
    """Return the provider of *target*, which the state may hold and the project no longer name.

    Raises:
        UsageError: the project does not.
    """
    provider = workspace.providers.get(target)
    if provider is None:
        raise UsageError(
            f"the project has no target {target}.",
            remedy=f"Put the target back, or rename it with threadsync state mv {target} NEW.",
        )
    return provider


def _existing(workspace: Workspace) -> State:
    state = workspace.store.read().state
    if state is None:
        raise UsageError("there is no state yet.", where=workspace.store.where, remedy="Run apply first.")
    return state


def _addresses(prior: State) -> set[Address]:
    return {*prior.bindings, *prior.tombstones, *prior.open}


Change: TypeAlias = tuple[Sequence[Note], Sequence[str]]
"""What goes on record, and what is said of it."""


def _changed(workspace: Workspace, change: Callable[[State], Change], patience: Patience) -> Done:
    """Let *change* decide under the lock, where nobody else changes the state, and put it on record."""
    _existing(workspace)
    with session(workspace, "state", patience) as opened:
        notes, lines = change(opened.ledger.state())
        append(opened, notes)
    return Done(tuple(lines), newest_backup(workspace))


def session(workspace: Workspace, verb: str, patience: Patience) -> AbstractContextManager[Session]:
    """Open the state for writing.

    Raises:
        StateLocked: another run holds it, for longer than *patience* lasts.
    """
    held = workspace.store.read().lock if patience.seconds else None
    if held is not None:
        patience.tell(f"Waiting for {held}.")
    return workspace.store.open(workspace.surroundings.holder(verb, workspace.clock.now()), patience.seconds)


def newest_backup(workspace: Workspace) -> str:
    """Return the file that holds the state as it was before the last change; empty where there was none."""
    backups = [entry.file for entry in workspace.store.history(backups_max=1) if not entry.current]
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
