"""What becomes of publications whose file is gone (law 5)."""

from __future__ import annotations

from collections.abc import Mapping

from threadsync.model.ids import Address
from threadsync.model.journal import Job, Published
from threadsync.model.state import Binding, State
from threadsync.planning.actions import Action, Blocked, Delete, Forget, NoOp, Reason, Wait
from threadsync.planning.inputs import Consents, Desired
from threadsync.planning.moves import Renamed


def protected(address: Address, would: str, old: tuple[Published, ...]) -> Blocked:
    """Return what is said where something protected would be deleted or replaced."""
    return Blocked(
        address,
        Reason.PROTECTED,
        f"it is protected, so nothing may {would} it.",
        "Write protect: false in the post, apply, and then change it.",
        would,
        old=old,
    )


def resumed(binding: Binding, job: Job) -> Delete:
    """Return the rest of a taking-down that was interrupted."""
    live = (*binding.segments, *binding.superseded)
    return Delete(binding.address, Reason.RESUME, live, job.forget_as, by=job.by, said=job.said)


def commanded(desired: Desired, prior: State | None, consents: Consents) -> dict[Address, Action]:
    """Return what comes of what a command asks to be taken down, whatever its file says.

    Nothing of a target that the project no longer has: what is said of it stands.
    """
    if prior is None:
        return {}
    found: dict[Address, Action] = {}
    for address, asked in consents.withdraw.items():
        binding, unfinished = prior.bindings.get(address), prior.open.get(address)
        if address.target not in desired.targets:
            continue
        if unfinished is not None and unfinished.job.verb != "delete" and unfinished.in_doubt:
            found[address] = Wait(address, Reason.UNSETTLED, None)
        elif binding is None:
            found[address] = _never_live(address, prior)
        elif binding.protect:
            found[address] = protected(address, "delete", binding.segments)
        elif unfinished is not None and unfinished.job.verb == "delete":
            found[address] = resumed(binding, unfinished.job)
        else:
            live = (*binding.segments, *binding.superseded)
            found[address] = Delete(address, Reason.WITHDRAWN, live, "withdrawn", by=asked.by, said=asked.why)
    return found


def _never_live(address: Address, prior: State) -> Action:
    """Return what is said of what is not live: that it was taken down, or that it may yet go out."""
    stone = prior.tombstones.get(address)
    if stone is not None and stone.why != "skipped":
        return NoOp(address, Reason.ALREADY_WITHDRAWN)
    return Blocked(
        address,
        Reason.NOT_LIVE,
        "a publish of it was interrupted and is not live: there is nothing to take down, and the next apply "
        "may publish it.",
        f"To keep it from going out: threadsync hold {address}.",
        Delete.word,
    )


def vanished(desired: Desired, prior: State | None) -> dict[Address, Binding]:
    """Return the bindings that no file asks for any more; none where some file could not be read."""
    if prior is None or not desired.complete:
        return {}
    return {
        address: prior.bindings[address]
        for address in prior.bindings
        if address not in desired.live
        and address.target in desired.targets
        and address not in desired.publications
        and address not in desired.drafts
        and address.key not in desired.broken
    }


def actions(
    desired: Desired,
    prior: State | None,
    gone: Mapping[Address, Binding],
    renames: Mapping[Address, Renamed],
    consents: Consents,
) -> dict[Address, Action]:
    """Return an action for every address that only the state knows."""
    if prior is None:
        return {}
    claimed = {old: new for new, renamed in renames.items() for old in renamed.involved}
    found: dict[Address, Action] = {}
    for address, binding in sorted(gone.items()):
        new, unfinished = claimed.get(address), prior.open.get(address)
        if new is None or (unfinished is not None and unfinished.job.by):
            found[address] = _removed(desired, prior, binding, consents)
        elif isinstance(renames[new].action, Blocked):
            found[address] = Blocked(
                address,
                Reason.SAME_AS_PUBLISHED,
                f"its file is gone, and {new} may be it under a new name.",
                f"Settle {new} first: moved_from or republish.",
                "forget",
                old=binding.segments,
            )
    strays = {address for address in prior.bindings if address.target not in desired.targets}
    for address in sorted({*strays, *prior.open}):
        if address.target not in desired.targets:
            found[address] = Blocked(
                address,
                Reason.TARGET_MISSING,
                f"the state holds it, and the project has no target {address.target}.",
                f"Put the target back, rename it with threadsync state mv {address.target} NEW, or give "
                f"the publication up with threadsync state rm {address}.",
                "forget",
            )
        elif address not in found and address not in desired.publications:
            found[address] = _interrupted(address, prior, is_draft=address in desired.drafts)
    return found


def _interrupted(address: Address, prior: State, *, is_draft: bool) -> Action:
    """An action began, and its file is a draft or cannot be read: it is settled first, whatever it says."""
    unfinished, binding = prior.open[address], prior.bindings.get(address)
    if binding is not None and unfinished.job.by:
        return resumed(binding, unfinished.job)  # whoever asked for it did not ask the file
    if binding is not None and binding.taken_down:
        what = "half taken down: the rest stays up until its file is published or removed"
        return NoOp(address, Reason.DRAFT_PUBLISHED if is_draft else Reason.SAME, what)
    if unfinished.in_doubt:
        return Wait(address, Reason.UNSETTLED, None)
    return NoOp(address, Reason.SAME, "an interrupted publication of it is dropped")


def _removed(desired: Desired, prior: State, binding: Binding, consents: Consents) -> Action:
    address = binding.address
    reason = Reason.TARGET_REMOVED if address.key in desired.keys else Reason.FILE_REMOVED
    unfinished = prior.open.get(address)
    live = (*binding.segments, *binding.superseded)
    deleting = unfinished is not None and unfinished.job.verb == "delete"
    if unfinished is not None and deleting:
        job = unfinished.job
        # A withdrawal that took nothing down yet ends with the file that asked for it.
        if binding.taken_down or job.by or job.forget_as == "removed":
            return resumed(binding, job)
    if unfinished is not None and unfinished.in_doubt:
        return Wait(address, Reason.UNSETTLED, None)
    wants_delete = binding.on_remove == "delete" or address in consents.delete
    if wants_delete and binding.protect:
        return Blocked(
            address,
            Reason.PROTECTED,
            "its file is gone and it would be deleted, but it is protected.",
            f"Restore the file with protect: false and apply, or let go of it with threadsync state rm "
            f"{address}.",
            "delete",
            old=live,
        )
    if wants_delete:
        return Delete(address, reason, live, "removed")
    return Forget(address, reason, "forgotten", binding.digest, live)
