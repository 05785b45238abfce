"""Reading the accounts before anything is sent: what apply knows of them, in one ``Facts`` value.

Only targets on which something is to be done are read. Interrupted publications that will not go on
as they were (their file changed, or is gone) are settled here, so that the plan knows what is live.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from threadsync.errors import ApiError, ThreadsyncError
from threadsync.execution.carrying import Carrier, known_ids
from threadsync.execution.clock import Clock
from threadsync.execution.scheduler import Scheduler
from threadsync.execution.seams import Finished, Interrupted
from threadsync.execution.surveying import engagement, fault_of, looked_at, standing
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import Done, Raised, attempt, now, record
from threadsync.flows.effects import Flow
from threadsync.model.facts import Account, Facts, ObservedPost, Quota, ReadBack, TargetFacts
from threadsync.model.ids import Address, RemoteId, TargetName
from threadsync.model.journal import Adopted, Confirmed, Moved, Published
from threadsync.model.ledger import Ledger
from threadsync.planning.actions import Action, Adopt, Create, Delete, Extend, Move, Plan, Replace
from threadsync.planning.needs import mentioned
from threadsync.planning.references import located, permalinks_of
from threadsync.providers.base import Provider

READ_BACK_MARGIN = timedelta(minutes=10)
"""How far before the state's last write own posts are read back."""

Reading = Create | Extend | Replace | Delete
"""Actions that touch the network."""


class Gatherer(Struct, frozen=True):
    """Reads what a plan touches."""

    scheduler: Callable[[], Scheduler]
    clock: Clock
    ledger: Callable[[], Ledger]
    providers: Mapping[TargetName, Provider]
    bounds_of: Callable[[TargetName], Bounds]
    records: bool = True
    """Whether what is learnt on the way may go on record."""
    spent: Callable[[TargetName], Mapping[str, Quota]] = lambda _: {}
    """What a ledger knows of a target's allowances, where no endpoint tells them."""

    def settle(self, addresses: Iterable[Address], *, goes_on: bool) -> None:
        """Find out what became of interrupted publications; *goes_on* says whether the plan resumes them.

        Raises:
            StateError: the journal could not be written.
        """
        scheduler = self.scheduler()
        for address in addresses:
            if address.target in self.providers:
                carrier = Carrier(self.ledger, self.providers[address.target])
                scheduler.spawn(
                    str(address), address.target, carrier.settle(address, goes_on=goes_on), _nothing
                )
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
        needed: dict[tuple[TargetName, RemoteId], ObservedPost | None] = {}
        for address, first in sorted(self._needed(plan).items()):
            look = self._look(address, first, needed)
            scheduler.spawn(str(address), address.target, look, _nothing)
        scheduler.run()
        for (target, remote_id), seen in needed.items():
            of_target = found.get(target, TargetFacts())
            found[target] = replace(of_target, observed={**of_target.observed, remote_id: seen})
        return Facts(self.clock.now(), found)

    def _needed(self, plan: Plan) -> dict[Address, Published]:
        """Return the live posts that publications of *plan* link to or reply to."""
        bindings = self.ledger().bindings
        needed = {n for a in plan.actions if isinstance(a, Create | Extend | Replace) for n in a.waits_for}
        return {
            each: bindings[each].segments[0]
            for each in needed
            if each in bindings and bindings[each].segments
        }

    def _target(
        self, target: TargetName, actions: Iterable[Action], last_write: datetime | None
    ) -> Flow[TargetFacts]:
        """Read the account, its quotas, its own posts, and the bound posts that *actions* touch."""
        touching = [a for a in actions if a.address.target == target and isinstance(a, Reading)]
        provider = self.providers[target]
        account = yield from attempt(provider.identify())
        if not isinstance(account, Account):
            return TargetFacts(fault=fault_of(account))
        quotas, life, scopes = yield from standing(provider, partial(self.spent, target))
        facts = TargetFacts(account, quotas=quotas, life=life, scopes=scopes)
        publishing = [a for a in touching if isinstance(a, Create | Extend | Replace) and a.segments]
        if publishing:
            found = yield from self._located(target, publishing)
            named = yield from self._accounts(target, publishing)
            facts = replace(facts, located=found, accounts=named)
            publishing = [replace(a, publication=located(a.publication, found)) for a in publishing]
            wanted = [what for a in publishing for what in Carrier(self.ledger, provider).known(a)]
            required, since = yield from self._since(target, account, last_write)
            listed = yield from attempt(provider.read_back(since, wanted))
            if isinstance(listed, ReadBack) and not listed.complete and since < required:
                nearer = yield from attempt(provider.read_back(required, wanted))
                if isinstance(nearer, ReadBack):
                    listed = replace(listed, since=required, complete=nearer.complete)
            if isinstance(listed, ReadBack):
                alike = self._lookalikes(target, publishing, listed, actions)
                facts = replace(facts, read_back=listed, lookalikes=alike)
            else:
                facts = replace(facts, read_back_fault=fault_of(listed))
        observed = yield from looked_at(provider, [r for action in touching for r in _touched(action)])
        lost = [post for a in touching if isinstance(a, Replace | Delete) for post in a.old]
        engaged = yield from engagement(provider, [post.remote_id for post in lost])
        return replace(facts, observed=observed, engagement=engaged)

    def _located(
        self, target: TargetName, publishing: Iterable[Create | Extend | Replace]
    ) -> Flow[dict[str, RemoteId | None]]:
        """Find the own posts that references name by permalink; what could not be looked up is left out."""
        bound = {
            segment.permalink: segment.remote_id
            for address, binding in self.ledger().bindings.items()
            if address.target == target
            for segment in binding.segments
        }
        found: dict[str, RemoteId | None] = {}
        for permalink in {p: None for a in publishing for p in permalinks_of(a.publication)}:
            if permalink in bound:
                found[permalink] = bound[permalink]
                continue
            post = yield from attempt(self.providers[target].locate(permalink))
            if post is None or isinstance(post, ObservedPost):
                found[permalink] = post.remote_id if post is not None else None
        return found

    def _accounts(
        self, target: TargetName, publishing: Iterable[Create | Extend | Replace]
    ) -> Flow[dict[str, str | None]]:
        """Look up the accounts that are mentioned; one that could not be looked up is left out."""
        provider, found = self.providers[target], dict[str, str | None]()
        if not provider.capabilities.finds_accounts:
            return found
        for name in {name: None for action in publishing for name in mentioned(action.publication)}:
            account = yield from attempt(provider.find_account(name))
            if account is None or isinstance(account, str):
                found[name] = account
        return found

    def _since(
        self,
        target: TargetName,
        account: Account,
        last_write: datetime | None,
    ) -> Flow[tuple[datetime, datetime]]:
        """Return from when own posts must be read back, and from when they are, if there are not too many.

        Both are by the server's clock. The last write alone would forget: once an older state is written
        to, the posts that it never knew would lie before that write, and be published again. So what is
        to be published is looked for as far back as is read at all; a replace too, since a lost state may
        have known a later version of the post than the one that is bound.
        """
        at = yield from now()
        behind = timedelta(seconds=min(0.0, account.server_ahead_seconds or 0.0))
        earliest = at + behind - timedelta(days=self.bounds_of(target).read_back_days_max)
        if last_write is None or last_write > at or target not in self.ledger().targets:
            # A first run, or a clock that cannot be right: as far as is read at all.
            return earliest, earliest
        required = last_write + behind - READ_BACK_MARGIN
        return required, min(required, earliest)

    def _lookalikes(
        self,
        target: TargetName,
        publishing: Iterable[Create | Extend | Replace],
        listed: ReadBack,
        actions: Iterable[Action],
    ) -> dict[Address, tuple[ObservedPost, ...]]:
        """Find unbound posts that match a segment of what is to be published."""
        ledger, provider = _renamed(self.ledger(), actions, listed.since), self.providers[target]
        known = known_ids(ledger, target)
        unbound = [post for post in listed.posts if post.remote_id not in known]
        found: dict[Address, tuple[ObservedPost, ...]] = {}
        for action in publishing:
            if permalinks_of(action.publication):
                continue  # what it names was not found, so it is blocked
            carrier = Carrier(lambda: ledger, provider)
            wanted, parent = carrier.known(action), _parent(carrier, action)
            unfinished = ledger.open.get(action.address)
            if unfinished is not None and unfinished.doubtful_index is not None:
                # What may be the doubtful publish itself is for its provider to tell.
                wanted = [what for what in wanted if what.index != unfinished.doubtful_index]
            # What says the first segment comes first: it is the one to import. The others may hang on a
            # post that a lost state alone knew, and so may the first: once it was one further down.
            first = [what for what in wanted if what.index == action.segments[0].index]
            begins = [p for p in unbound for what in first if provider.matches(what, parent, p)]
            goes_on = [
                post
                for post in unbound
                if post not in begins and any(provider.matches(what, post.parent, post) for what in wanted)
            ]
            alike = (*begins, *goes_on)
            if alike:
                found[action.address] = alike
        return found

    def _look(
        self,
        address: Address,
        first: Published,
        found: dict[tuple[TargetName, RemoteId], ObservedPost | None],
    ) -> Flow[None]:
        """Look whether a post is still there, and learn a permalink that could not be read before."""
        seen = yield from attempt(self.providers[address.target].observe(first.remote_id))
        if seen is None or isinstance(seen, ObservedPost):
            found[address.target, first.remote_id] = seen
        if self.records and isinstance(seen, ObservedPost) and seen.permalink and not first.permalink:
            at = yield from now()
            yield from record(Confirmed(address, first.remote_id, seen.permalink, at))


def _parent(carrier: Carrier, action: Create | Extend | Replace) -> RemoteId | None:
    try:
        return carrier.parent(action)
    except ApiError:
        return None  # what it replies to is still to be made; what hangs on something else is told apart


def _renamed(ledger: Ledger, actions: Iterable[Action], at: datetime) -> Ledger:
    """Return the ledger as it will be when the moves and adoptions among *actions* are on record."""
    later = Ledger(ledger.state())
    for action in actions:
        match action:
            case Move(old=old, address=new):
                later.fold(Moved(old, new, at), sequence=later.sequence)
            case Adopt(address=address, segments=segments):
                if all(later.holder_of(address.target, s.remote_id) is None for s in segments):
                    later.fold(Adopted(address, segments, at), sequence=later.sequence)
            case _:
                pass
    return later


def _nothing(_: Finished[object]) -> None:
    """What became of a settlement is on record; the next plan reads it there."""


def _keep(found: dict[TargetName, TargetFacts], target: TargetName, finished: Finished[TargetFacts]) -> None:
    match finished.end:
        case Done(value=facts):
            found[target] = facts
        case Raised(error=ThreadsyncError() as error):
            found[target] = TargetFacts(fault=fault_of(error))
        case Raised() | Interrupted():
            # The scheduler raises what is a bug of ours; after a stop nothing is carried out.
            return


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
