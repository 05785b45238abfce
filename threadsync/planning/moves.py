"""A rename is not a new post: finding the old name of what looks new (law 4)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from msgspec import Struct

from threadsync.model.digest import digest_of_segments
from threadsync.model.ids import Address, PostKey
from threadsync.model.journal import Published, Rendered
from threadsync.model.state import Binding, Open, State, Tombstone
from threadsync.planning.actions import Action, Adopt, Blocked, Move, Reason
from threadsync.planning.inputs import UNKNOWN_LINK, Wanted
from threadsync.planning.similar import alike

_LINK = re.compile(rf"https?://\S+|{re.escape(UNKNOWN_LINK)}")


class Renamed(Struct, frozen=True):
    """What was found for an address that looks new; *involved* are old addresses it may be."""

    action: Action | None
    involved: tuple[Address, ...] = ()
    republish: bool = False
    """Whether it is one, and ``republish: true`` asks for a new post all the same."""


def find(
    wanted: Wanted,
    vanished: Mapping[Address, Binding],
    doubtful: Mapping[Address, Open],
    prior: State | None,
) -> Renamed:
    """Say whether *wanted* is an earlier publication under another key; no action means that it is new.

    *doubtful* are publications of which it cannot be told whether they are live, and that do not go on.
    """
    if prior is None:
        return Renamed(None)
    address, control = wanted.publication.address, wanted.publication.control
    for old, unfinished in doubtful.items():
        if old.target == address.target and _like(wanted, unfinished.job.segments):
            return Renamed(_in_doubt(wanted, old))
    tombstones = prior.tombstones
    here = [old for old in vanished.values() if old.address.target == address.target]
    if control.moved_from is not None:
        declared = _declared(wanted, Address(control.moved_from, address.target), vanished, prior)
        if declared is not None:
            return declared
        if here and not control.republish and not _knows(prior, control.moved_from, address.key):
            return _misnamed(wanted, control.moved_from, here)
    digest = digest_of_segments(wanted.digests)
    gone = [
        stone
        for stone in tombstones.values()
        if stone.address.target == address.target and stone.address.key != address.key
    ]
    same = [old for old in here if old.digest == digest]
    same_gone = [stone for stone in gone if stone.digest == digest and stone.segments]
    close = [old for old in here if _close(wanted, old)]
    close_gone = [stone for stone in gone if _close(wanted, stone)]
    older: tuple[Binding | Tombstone, ...] = (*same, *same_gone, *close, *close_gone)
    if control.republish and not any(old.republished for old in older):
        return Renamed(None, republish=bool(older))  # it counts once, whatever the file is called
    if len(same) == 1 and not same_gone and not _recurs(wanted, same[0]):
        return _moved(wanted, Reason.RENAMED, same[0].address, prior)
    if same or same_gone:
        return _blocked(wanted, Reason.SAME_AS_PUBLISHED, [*same, *same_gone], "says the same as")
    if close or close_gone:
        return _blocked(wanted, Reason.SIMILAR_TO_PUBLISHED, [*close, *close_gone], "is much like")
    return Renamed(None)


def contested(renames: Mapping[Address, Renamed]) -> dict[Address, Blocked]:
    """Block the moves of one publication to several files, but for the one that alone declares it."""
    movers: dict[Address, list[Move]] = defaultdict(list)
    for renamed in renames.values():
        if isinstance(renamed.action, Move):
            movers[renamed.action.old].append(renamed.action)
    found: dict[Address, Blocked] = {}
    for old, moves in movers.items():
        declared = [move for move in moves if move.reason is Reason.MOVED_FROM]
        kept = declared if len(declared) == 1 else moves[:1] if len(moves) == 1 else []
        names = ", ".join(str(move.address) for move in moves)
        for move in moves:
            if move not in kept:
                found[move.address] = Blocked(
                    move.address,
                    Reason.SAME_AS_PUBLISHED,
                    f"{old} has been published, its file is gone, and several files may be it now: {names}.",
                    f"Write moved_from: {old.key} in one of them, and republish: true in what is to be "
                    "published besides.",
                )
    return found


def _declared(
    wanted: Wanted, old: Address, vanished: Mapping[Address, Binding], prior: State
) -> Renamed | None:
    """Say what ``moved_from`` comes to; None where *old* is nothing, or no longer anything, here."""
    address = wanted.publication.address
    if old in vanished:
        return _moved(wanted, Reason.MOVED_FROM, old, prior)
    stone = prior.tombstones.get(old)
    if stone is not None and stone.left_up:
        return Renamed(
            Adopt(address, Reason.MOVED_FROM, stone.segments, stone, stone.protect, stone.on_remove)
        )
    if stone is not None and stone.segments and not wanted.publication.control.republish:
        return Renamed(
            Blocked(
                address,
                Reason.WAS_TAKEN_DOWN,
                f"it was {old}, which was published and taken down ({stone.why}, {stone.at:%Y-%m-%d}).",
                "To publish it again, write republish: true in the post.",
                segments=wanted.segments,
            )
        )
    if old in prior.bindings:
        return Renamed(
            Blocked(
                address,
                Reason.SAME_AS_PUBLISHED,
                f"moved_from names {old}, which is live and still has a file of its own.",
                f"Remove the file of {old.key}, or take moved_from out if this is another post.",
                segments=wanted.segments,
            )
        )
    return None


def _knows(prior: State, *keys: PostKey) -> bool:
    """Whether a post of one of *keys* was ever published on any target, or begun."""
    return any(each.key in keys for each in (*prior.bindings, *prior.tombstones, *prior.open))


def _misnamed(wanted: Wanted, named: PostKey, olds: Sequence[Binding]) -> Renamed:
    """Stop what ``moved_from`` says was published, under a key that nobody knows: it would go out twice."""
    names = ", ".join(str(old.address) for old in olds)
    return Renamed(
        Blocked(
            wanted.publication.address,
            Reason.SIMILAR_TO_PUBLISHED,
            f"moved_from names {named}, of which nothing is on record; published, and without a file, is "
            f"{names}.",
            f"If it is that post under a new name, write moved_from: {olds[0].address.key}; if it is another "
            "one, take moved_from out.",
            segments=wanted.segments,
        ),
        tuple(old.address for old in olds),
    )


def _moved(wanted: Wanted, reason: Reason, old: Address, prior: State) -> Renamed:
    control, unfinished = wanted.publication.control, prior.open.get(old)
    if unfinished is not None and unfinished.job.by:
        down = Blocked(
            wanted.publication.address,
            Reason.WAS_TAKEN_DOWN,
            f"it is {old} under a new name, and {unfinished.job.by} has that taken down; it is not over yet.",
            "Apply, which finishes it. To publish it again after that, write republish: true in the post.",
            segments=wanted.segments,
        )
        return Renamed(down, (old,))
    return Renamed(Move(wanted.publication.address, reason, old, control.protect, control.on_remove), (old,))


def _close(wanted: Wanted, old: Binding | Tombstone) -> bool:
    return _like(wanted, old.segments)


def _like(wanted: Wanted, old: Sequence[Published | Rendered]) -> bool:
    """Whether *old* may be *wanted* edited: much the same words, the same beginning, or half a chain."""
    if not old:
        return False
    before = [segment.digest for segment in old]
    shared = len(set(before) & set(wanted.digests))
    half = 2 * shared >= min(len(before), len(wanted.digests))
    text = "\n".join(segment.text for segment in old)
    return before[0] == wanted.digests[0] or half or alike(_unlinked(wanted.text), _unlinked(text))


def _in_doubt(wanted: Wanted, old: Address) -> Blocked:
    return Blocked(
        wanted.publication.address,
        Reason.UNCERTAIN,
        f"it is much like {old}, and whether that was published cannot be told yet.",
        f"Apply again later; it looks once more. If it stays so, look at the account, then say what is true: "
        f"threadsync state resolve {old} --published ID, or --not-published.",
        segments=wanted.segments,
    )


def _unlinked(text: str) -> str:
    """Leave the links out: a post that links to another changes with that one's address."""
    return _LINK.sub("", text)


def _recurs(wanted: Wanted, old: Binding) -> bool:
    schedule = wanted.publication.control.publish
    return schedule is not None and bool(old.segments) and schedule.at > old.segments[0].at


def _blocked(wanted: Wanted, reason: Reason, olds: Sequence[Binding | Tombstone], how: str) -> Renamed:
    names = ", ".join(str(old.address) for old in olds)
    key, used_up = olds[0].address.key, wanted.publication.control.republish
    again = (
        f"let go of that one first (threadsync state rm {olds[0].address})"
        if used_up
        else "write republish: true"
    )
    return Renamed(
        Blocked(
            wanted.publication.address,
            reason,
            f"it {how} {names}, which has been published and whose file is gone.",
            f"If it is that post under a new name, write moved_from: {key} in it; "
            f"if it is to be published again, {again}.",
            segments=wanted.segments,
        ),
        tuple(old.address for old in olds if isinstance(old, Binding)),
    )
