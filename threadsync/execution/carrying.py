"""Each action as one flow: ``Begun``, what the provider does, ``Ended``.

Nothing here decides what to do: an action is carried out as the plan showed it, with links and
parents filled in from receipts. What dies in between is taken up again by the next run, from the
notes on record.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from threadsync.errors import ApiError, Unanswered
from threadsync.flows.core import now, record
from threadsync.flows.effects import Flow, Recorded
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import Address, RemoteId, TargetName
from threadsync.model.journal import (
    Adopted,
    Begun,
    Ended,
    Erased,
    Forgotten,
    Job,
    Kept,
    Moved,
    Note,
    Published,
    Rendered,
)
from threadsync.model.ledger import Ledger
from threadsync.model.post import PostRef, Publication, Reference
from threadsync.planning.actions import (
    Adopt,
    Create,
    Delete,
    Effective,
    Extend,
    Forget,
    Move,
    Replace,
    Update,
)
from threadsync.providers.base import Applied, Provider, Refused, Result, Work


class Carrier(Struct, frozen=True):
    """Makes the flow of an action; *ledger* is what is on record at the moment of asking."""

    ledger: Callable[[], Ledger]
    provider: Provider

    def carry_out(self, action: Effective) -> Flow[Result]:
        """Carry *action* out."""
        match action:
            case Create() | Extend() | Replace():
                return self._publish(action)
            case Delete():
                return self._delete(action)
            case Update() | Move() | Forget() | Adopt():
                return self._remember(action)

    def settle(self, address: Address, *, goes_on: bool) -> Flow[Result]:
        """Find out what became of an interrupted action, and close it unless it *goes_on*."""
        unfinished = self.ledger().open[address]
        result: Result = Applied()
        if unfinished.in_doubt:
            result = yield from self.provider.settle(self._work(address, unfinished.job))
        binding = self.ledger().bindings.get(address)
        if unfinished.job.verb == "delete" and binding is not None and binding.taken_down:
            # A chain that is half taken down stays open, as in ``_delete``.
            return result
        if isinstance(result, Applied) and not goes_on:
            at = yield from now()
            yield from record(Ended(address, "dropped", at))
        return result

    # What the network sees.

    def _publish(self, action: Create | Extend | Replace) -> Flow[Result]:
        address, publication = action.address, action.publication
        job = Job(
            action.word,
            self.rendered(action),
            self.parent(action),
            action.keep if isinstance(action, Replace) else 0,
            publication.control.protect,
            publication.control.on_remove.value,
            isinstance(action, Create) and action.republish,
        )
        yield from self._begin(address, job)
        result = yield from self._guarded(self.provider.publish(self._work(address, job)))
        if isinstance(result, Applied) and isinstance(action, Replace):
            old = tuple(reversed(action.old))
            result = yield from self._guarded(self.provider.delete(self._work(address, job), old))
        yield from self._end(address, result)
        return result

    def _delete(self, action: Delete) -> Flow[Result]:
        job = Job("delete", forget_as=action.forget_as, by=action.by, said=action.said)
        yield from self._begin(action.address, job)
        old = tuple(reversed(action.old))
        result = yield from self._guarded(self.provider.delete(self._work(action.address, job), old))
        left = self.ledger().bindings.get(action.address)
        half_done = left is not None and len(left.segments) < len(action.old)
        if not (isinstance(result, Refused) and half_done):
            # A chain that is half taken down stays open: the consent was given for all of it.
            yield from self._end(action.address, result)
        return result

    def _guarded(self, flow: Flow[Result]) -> Flow[Result]:
        """Turn what a provider raises into what became of the action."""
        try:
            return (yield from flow)
        except ApiError as error:
            return Refused(error.fault)
        except Unanswered as error:
            remedy = "Run apply again; it goes on where it stopped."
            return Refused(Fault(FaultClass.TRANSIENT, error.problem, remedy, "no-answer"))

    def _begin(self, address: Address, job: Job) -> Flow[None]:
        at = yield from now()
        yield from record(Begun(address, job, at))

    def _end(self, address: Address, result: Result) -> Flow[None]:
        at = yield from now()
        match result:
            case Applied():
                yield from record(Ended(address, "applied", at))
            case Refused(fault=fault):
                yield from record(Ended(address, "refused", at, fault.problem))
            case _:
                # In doubt: it stays open, and the next run looks again.
                return

    def _work(self, address: Address, job: Job) -> Work:
        ledger = self.ledger()
        unfinished = ledger.open.get(address)
        binding, account = ledger.bindings.get(address), ledger.targets.get(address.target)
        return Work(
            address,
            job,
            unfinished.notes if unfinished is not None else (),
            lambda: known_ids(self.ledger(), address.target),
            binding.segments if binding is not None else (),
            account.account_id if account is not None else "",
        )

    def rendered(self, action: Create | Extend | Replace) -> tuple[Rendered, ...]:
        """Return the action's segments as the network gets them, links filled in from receipts.

        Raises:
            ApiError: a permalink they need is not on record; nothing may go out without it.
        """
        return tuple(self._rendered(action.publication, view.index) for view in action.segments)

    def known(self, action: Create | Extend | Replace) -> list[Rendered]:
        """Return the segments that are wholly known now: all but those that name posts still to be made."""
        found = (self.known_segment(action.publication, view.index) for view in action.segments)
        return [what for what in found if what is not None]

    def known_segment(self, publication: Publication, index: int) -> Rendered | None:
        """Return one segment as the network gets it; None before what it names is live: nothing can be it."""
        try:
            return self._rendered(publication, index)
        except ApiError:
            return None

    def _rendered(self, publication: Publication, index: int) -> Rendered:
        segment, target = publication.segments[index], publication.address.target
        what = self.provider.render(publication, segment, index, self._permalink).rendered
        return replace(
            what,
            quotes=self._remote_id(segment.quote, target, "quotes"),
            reposts=self._remote_id(publication.repost, target, "reposts"),
        )

    def _remote_id(self, reference: Reference | None, target: TargetName, how: str) -> RemoteId | None:
        if reference is None:
            return None
        found = _remote_id_of(reference, target, self.ledger())
        if found is None:
            problem = f"the post that it {how} is not known by its id"
            raise ApiError(Fault(FaultClass.NOT_READY, problem, "Run apply again.", "no-remote-id"))
        return found

    def _permalink(self, address: Address) -> str:
        binding = self.ledger().bindings.get(address)
        known = binding.segments[0].permalink if binding is not None and binding.segments else ""
        if not known:
            problem = f"the permalink of {address} could not be read, and the text needs it"
            remedy = "Run apply again; it reads the permalink first."
            raise ApiError(Fault(FaultClass.NOT_READY, problem, remedy, "no-permalink"))
        return known

    def parent(self, action: Create | Extend | Replace) -> RemoteId | None:
        """Return what the first new segment replies to: the live one before it, or ``reply_to``.

        Raises:
            ApiError: that is not on record; the segment would go out as a post of its own.
        """
        kept: tuple[Published, ...] = ()
        if isinstance(action, Extend):
            kept = action.live
        elif isinstance(action, Replace):
            kept = action.live[: action.keep]
        if kept:
            return kept[-1].remote_id
        publication = action.publication
        return self._remote_id(publication.reply_to, publication.address.target, "replies to")

    # What only the state sees.

    def _remember(self, action: Update | Move | Forget | Adopt) -> Flow[Result]:
        at = yield from now()
        notes: tuple[Note, ...]
        match action:
            case Update():
                notes = (Kept(action.address, action.protect, action.on_remove.value, at),)
            case Move(protect=protect, on_remove=on_remove):
                kept = Kept(action.address, protect, on_remove.value, at)
                notes = (Moved(action.old, action.address, at), kept)
            case Forget():
                notes = (Forgotten(action.address, action.why, at, action.digest),)
            case Adopt(tombstone=stone):
                bound = Adopted(action.address, action.segments, at, action.protect, action.on_remove)
                erased = stone is not None and stone.address != action.address
                notes = (bound, Erased(stone.address, at)) if stone is not None and erased else (bound,)
        answer = yield from record(*notes)
        if isinstance(answer, Recorded):
            return Applied()
        problem = f"its post belongs to {answer.holder}"
        remedy = "See threadsync state show for both."
        return Refused(Fault(FaultClass.INVALID, problem, remedy, "taken"))


def known_ids(ledger: Ledger, target: TargetName) -> frozenset[RemoteId]:
    """Return every post on *target* that is told of already: bound, or given up and left up."""
    given_up = frozenset(
        segment.remote_id
        for stone in ledger.tombstones.values()
        # One that was taken down and is there all the same is a post like any other.
        if stone.left_up and stone.address.target == target
        for segment in (*stone.segments, *stone.superseded)
    )
    return ledger.bound_ids(target) | given_up


def _remote_id_of(reference: Reference, target: TargetName, ledger: Ledger) -> RemoteId | None:
    """Return the post that *reference* names, seen from *target*: of a chain its first segment."""
    if not isinstance(reference, PostRef):
        return reference.remote_id
    binding = ledger.bindings.get(reference.on(target))
    return binding.segments[0].remote_id if binding is not None and binding.segments else None
