"""Reading the accounts before anything is sent: what apply knows of them, in one ``Facts`` value.

Only targets on which something is to be done are read. Interrupted publications that will not go on
as they were (their file changed, or is gone) are settled here, so that the plan knows what is live.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from threadsync.errors import ApiError, ThreadsyncError, Unanswered
from threadsync.execution.carrying import Carrier
from threadsync.execution.clock import Clock
from threadsync.execution.scheduler import Scheduler
from threadsync.execution.seams import Finished, Interrupted
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import Done, Raised, attempt, gather, now, record
from threadsync.flows.effects import Flow
from threadsync.model.facts import Account, Facts, ObservedPost, Quota, ReadBack, TargetFacts
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import Address, RemoteId, TargetName
from threadsync.model.journal import Confirmed
from threadsync.model.state import Ledger
from threadsync.planning.actions import Action, Create, Delete, Extend, Plan, Replace
from threadsync.providers.base import Provider

READ_BACK_MARGIN = timedelta(minutes=10)
"""How far before the state's last write own posts are read back."""

Reading = Create | Extend | Replace | Delete
"""Actions that touch the network."""


@dataclass(frozen=True, slots=True)
class Gatherer:
    """Reads what a plan touches."""

    scheduler: Callable[[], Scheduler]
    clock: Clock
    ledger: Callable[[], Ledger]
    providers: Mapping[TargetName, Provider]
    bounds_of: Callable[[TargetName], Bounds]

    def settle(self, addresses: Iterable[Address]) -> None:
        """Find out what became of interrupted publications that will not go on as they were.

        Raises:
            StateError: the journal could not be written.
        """
        scheduler = self.scheduler()
        for address in addresses:
            if address.target in self.providers:
                carrier = Carrier(self.ledger, self.providers[address.target])
                scheduler.spawn(str(address), address.target, carrier.settle(address), _nothing)
        scheduler.run()

    def read(self, plan: Plan, *, last_write: datetime | None) -> Facts:
        """Read every target that *plan* would touch.

        *last_write* is when the state was last written before this run (None on a first run): own
        posts are read back to it, so what this run has recorded itself must not move it.

        Raises:
            StateError: the journal could not be written.
        """
        scheduler = self.scheduler()
        found: dict[TargetName, TargetFacts] = {}
        for target in sorted({a.address.target for a in plan.actions if isinstance(a, Reading)}):
            flow = self._target(target, plan.actions, last_write)
            scheduler.spawn(str(target), target, flow, partial(_keep, found, target))
        for address in sorted(self._without_permalink(plan)):
            remote_id = self.ledger().bindings[address].segments[0].remote_id
            scheduler.spawn(str(address), address.target, self._permalink(address, remote_id), _nothing)
        scheduler.run()
        return Facts(self.clock.now(), found)

    def _without_permalink(self, plan: Plan) -> set[Address]:
        """Return what other publications link to and whose permalink is not on record yet."""
        bindings = self.ledger().bindings
        needed = {n for a in plan.actions if isinstance(a, Create | Extend | Replace) for n in a.waits_for}
        return {
            address
            for address in needed
            if address in bindings
            and bindings[address].segments
            and not bindings[address].segments[0].permalink
        }

    def _target(
        self, target: TargetName, actions: Iterable[Action], last_write: datetime | None
    ) -> Flow[TargetFacts]:
        """Read the account, its quotas, its own posts, and the bound posts that *actions* touch."""
        touching = [a for a in actions if a.address.target == target and isinstance(a, Reading)]
        provider = self.providers[target]
        account = yield from attempt(provider.identify())
        if not isinstance(account, Account):
            return TargetFacts(fault=_fault(account))
        quotas = yield from attempt(provider.quotas())
        facts = TargetFacts(account, quotas=quotas if isinstance(quotas, Mapping) else _unknown(quotas))
        publishing = [a for a in touching if isinstance(a, Create | Extend | Replace) and a.segments]
        if publishing:
            since = yield from self._since(target, account, last_write)
            listed = yield from attempt(provider.read_back(since))
            if isinstance(listed, ReadBack):
                alike = self._lookalikes(target, publishing, listed)
                facts = replace(facts, read_back=listed, lookalikes=alike)
            else:
                facts = replace(facts, read_back_fault=_fault(listed))
        wanted = sorted({remote_id for action in touching for remote_id in _touched(action)})
        seen = yield from gather([attempt(provider.observe(remote_id)) for remote_id in wanted])
        observed = {
            remote_id: post
            for remote_id, post in zip(wanted, seen, strict=True)
            if post is None or isinstance(post, ObservedPost)
        }
        return replace(facts, observed=observed)

    def _since(self, target: TargetName, account: Account, last_write: datetime | None) -> Flow[datetime]:
        """Return how far back own posts are read, by the server's clock."""
        at = yield from now()
        if last_write is None or last_write > at or target not in self.ledger().targets:
            # A first run, or a clock that cannot be right: as far as is read at all.
            return at - timedelta(days=self.bounds_of(target).read_back_days_max)
        behind = min(0.0, account.server_ahead_seconds or 0.0)
        return last_write - READ_BACK_MARGIN + timedelta(seconds=behind)

    def _lookalikes(
        self, target: TargetName, actions: Iterable[Create | Extend | Replace], listed: ReadBack
    ) -> dict[Address, tuple[ObservedPost, ...]]:
        """Find unbound posts that match the first segment of what is to be published."""
        ledger = self.ledger()
        known = ledger.bound_ids(target) | {
            segment.remote_id for stone in ledger.tombstones.values() for segment in stone.segments
        }
        unbound = [post for post in listed.posts if post.remote_id not in known]
        found: dict[Address, tuple[ObservedPost, ...]] = {}
        for action in actions:
            if any(needed not in ledger.bindings for needed in action.waits_for):
                continue  # its text or its parent is not known yet, so nothing can be it
            carrier = Carrier(self.ledger, self.providers[target])
            first, parent = carrier.rendered(action)[0], carrier.parent(action)
            alike = tuple(p for p in unbound if self.providers[target].matches(first, parent, p))
            if alike:
                found[action.address] = alike
        return found

    def _permalink(self, address: Address, remote_id: RemoteId) -> Flow[None]:
        """Learn a permalink that could not be read when its post was published."""
        seen = yield from attempt(self.providers[address.target].observe(remote_id))
        if isinstance(seen, ObservedPost) and seen.permalink:
            at = yield from now()
            yield from record(Confirmed(address, remote_id, seen.permalink, at))


def _nothing(_: Finished[object]) -> None:
    """What became of a settlement is on record; the next plan reads it there."""


def _keep(found: dict[TargetName, TargetFacts], target: TargetName, finished: Finished[TargetFacts]) -> None:
    match finished.end:
        case Done(value=facts):
            found[target] = facts
        case Raised(error=ThreadsyncError() as error):
            found[target] = TargetFacts(fault=_fault(error))
        case Raised() | Interrupted():
            # The scheduler raises what is a bug of ours; after a stop nothing is carried out.
            return


def _fault(error: Fault | ThreadsyncError) -> Fault:
    match error:
        case Fault():
            return error
        case ApiError(fault=fault):
            return fault
        case Unanswered():
            return Fault(FaultClass.TRANSIENT, error.problem, error.remedy, "no-answer")
        case _:
            # A credential that is missing, a media file that cannot be read: nothing was sent.
            return Fault(FaultClass.UNAUTHORIZED, error.problem, error.remedy, "not-sent")


def _unknown(error: Fault | Unanswered) -> dict[str, Quota]:
    return {"posts": Quota(None, None, _fault(error).problem)}


def _touched(action: Reading) -> tuple[RemoteId, ...]:
    """Return the bound posts that *action* builds on or takes down."""
    match action:
        case Create():
            return ()
        case Extend():
            return tuple(segment.remote_id for segment in action.live[-1:])
        case Replace():
            kept = action.live[: action.keep][-1:]
            return tuple(segment.remote_id for segment in (*kept, *action.old))
        case Delete():
            return tuple(segment.remote_id for segment in action.old)
