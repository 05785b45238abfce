"""A rename is not a new post: finding the old name of what looks new (law 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from threadsync.model.digest import digest_of_segments
from threadsync.model.ids import Address
from threadsync.model.state import Binding, Tombstone
from threadsync.planning.actions import Action, Adopt, Blocked, Move, Reason
from threadsync.planning.inputs import Wanted
from threadsync.planning.similar import alike


@dataclass(frozen=True, slots=True)
class Renamed:
    """What was found for an address that looks new; *involved* are old addresses it may be."""

    action: Action | None
    involved: tuple[Address, ...] = ()


def find(
    wanted: Wanted,
    vanished: Mapping[Address, Binding],
    tombstones: Mapping[Address, Tombstone],
) -> Renamed:
    """Say whether *wanted* is an earlier publication under another key; no action means that it is new."""
    address, control = wanted.publication.address, wanted.publication.control
    if control.moved_from is not None:
        return _declared(wanted, Address(control.moved_from, address.target), vanished, tombstones)
    if control.republish:
        return Renamed(None)
    digest = digest_of_segments(wanted.digests)
    here = [old for old in vanished.values() if old.address.target == address.target]
    gone = [
        stone
        for stone in tombstones.values()
        if stone.address.target == address.target and stone.address.key != address.key
    ]
    same = [old for old in here if old.digest == digest]
    same_gone = [stone for stone in gone if stone.digest == digest and stone.segments]
    if len(same) == 1 and not same_gone and not _recurs(wanted, same[0]):
        return Renamed(Move(address, Reason.RENAMED, same[0].address), (same[0].address,))
    if same or same_gone:
        return _blocked(wanted, Reason.SAME_AS_PUBLISHED, [*same, *same_gone], "says the same as")
    close = [old for old in here if alike(wanted.text, _text(old))]
    close_gone = [stone for stone in gone if stone.segments and alike(wanted.text, _text(stone))]
    if close or close_gone:
        return _blocked(wanted, Reason.SIMILAR_TO_PUBLISHED, [*close, *close_gone], "is much like")
    return Renamed(None)


def _declared(
    wanted: Wanted,
    old: Address,
    vanished: Mapping[Address, Binding],
    tombstones: Mapping[Address, Tombstone],
) -> Renamed:
    address = wanted.publication.address
    if old in vanished:
        return Renamed(Move(address, Reason.MOVED_FROM, old), (old,))
    stone = tombstones.get(old)
    if stone is not None and stone.left_up:
        return Renamed(
            Adopt(address, Reason.MOVED_FROM, stone.segments, stone, stone.protect, stone.on_remove)
        )
    # The key was moved before, or names nothing on this target: the declaration has no work left to do.
    return Renamed(None)


def _recurs(wanted: Wanted, old: Binding) -> bool:
    schedule = wanted.publication.control.publish
    return schedule is not None and bool(old.segments) and schedule.at > old.segments[0].at


def _blocked(wanted: Wanted, reason: Reason, olds: Sequence[Binding | Tombstone], how: str) -> Renamed:
    names = ", ".join(str(old.address) for old in olds)
    key = olds[0].address.key
    return Renamed(
        Blocked(
            wanted.publication.address,
            reason,
            f"it {how} {names}, which has been published and whose file is gone.",
            f"If it is that post under a new name, write moved_from: {key} in it; "
            "if it is to be published again, write republish: true.",
            segments=wanted.segments,
        ),
        tuple(old.address for old in olds if isinstance(old, Binding)),
    )


def _text(old: Binding | Tombstone) -> str:
    return "\n".join(segment.text for segment in old.segments)
