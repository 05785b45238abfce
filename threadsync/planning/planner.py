"""desired + prior + facts + now -> plan, as one function of values.

Each address gets exactly one action. The order of questions: what was interrupted, what is bound,
what is left of a binding, what is new. ``readiness`` then holds back what the facts forbid, and
``order`` puts what depends on something behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from threadsync.model.facts import Facts
from threadsync.model.holding import Lull
from threadsync.model.ids import Address, is_notice
from threadsync.model.post import OnChange, Publication
from threadsync.model.state import Binding, Open, State, Tombstone
from threadsync.planning import holding, moves, order, readiness, references, removal, timing
from threadsync.planning.actions import (
    Action,
    Adopt,
    Blocked,
    Create,
    Delete,
    Extend,
    NoOp,
    Notice,
    Plan,
    Reason,
    Replace,
    Update,
    Wait,
)
from threadsync.planning.inputs import Consents, Desired, Wanted
from threadsync.planning.losses import with_losses
from threadsync.planning.lulls import lull_over, lulls_of

_Entry = TypeVar("_Entry")


class Standing(Struct):
    """What is live as its file says, as a plan found it, for the next plan: it need not be compared again.

    That follows from a publication and its binding alone, so it holds for the very same values.
    """

    prior: State | None = None
    found: dict[Address, tuple[Wanted, NoOp]] = field(default_factory=dict)

    def under(self, prior: State | None) -> dict[Address, tuple[Wanted, NoOp]]:
        """Return what was found under the state *prior*; nothing, where it is another one."""
        if self.prior is not prior:
            self.prior, self.found = prior, {}
        return self.found


class _Planner(Struct, frozen=True):
    desired: Desired
    prior: State | None
    facts: Facts
    now: datetime
    consents: Consents
    standing: dict[Address, tuple[Wanted, NoOp]]
    vanished: dict[Address, Binding] = field(default_factory=dict)
    doubtful: dict[Address, Open] = field(default_factory=dict)
    lulls: tuple[Lull, ...] = ()

    def in_doubt(self) -> dict[Address, Open]:
        """Return what may be live although nothing is bound, and does not go on as it was."""
        prior, wanted = self.prior, self.desired.publications
        if prior is None:
            return {}
        return {
            address: unfinished
            for address, unfinished in prior.open.items()
            if unfinished.in_doubt
            and address not in prior.bindings
            and not (address in wanted and self._goes_on(wanted[address], None, unfinished))
        }

    # One publication.

    def action_for(self, address: Address, renames: dict[Address, moves.Renamed]) -> Action:
        wanted, standing = self.desired.publications[address], self.standing.get(address)
        if standing is not None and standing[0] is wanted:
            return standing[1]
        prior = self.prior
        binding = prior.bindings.get(address) if prior is not None else None
        stone = prior.tombstones.get(address) if prior is not None else None
        unfinished = prior.open.get(address) if prior is not None else None
        goes_on = unfinished is not None and self._goes_on(wanted, binding, unfinished)
        if unfinished is not None and unfinished.in_doubt and not goes_on:
            return self._unsettled(wanted, unfinished)
        if unfinished is not None and unfinished.job.verb == "delete" and goes_on and binding is not None:
            return removal.resumed(binding, unfinished.job)
        if wanted.publication.control.withdraw:
            return self._withdrawn(address, binding)
        if binding is not None:
            action = self._bound(wanted, binding, unfinished)
            if isinstance(action, NoOp) and action.reason is Reason.SAME and unfinished is None:
                self.standing[address] = wanted, action
            return action
        if stone is not None:
            again = stone.why != "skipped" or stone.republished
            return (
                self._buried(wanted, stone)
                or self._untimely(wanted, unfinished)
                or self._create(wanted, unfinished, republish=again)
            )
        if unfinished is not None:
            return self._untimely(wanted, unfinished) or self._create(wanted, unfinished)
        renamed = moves.find(wanted, self.vanished, self.doubtful, prior)
        if renamed.action is not None:
            renames[address] = renamed
            return renamed.action
        held_back = timing.hold_back(
            wanted, self.desired, prior, now=self.now, consents=self.consents, lulls=self.lulls
        )
        return held_back or self._create(wanted, None, republish=renamed.republish)

    def _goes_on(self, wanted: Wanted, binding: Binding | None, unfinished: Open) -> bool:
        """Whether the file still asks for just what was interrupted; what is half taken down goes on."""
        job, withdraw = unfinished.job, wanted.publication.control.withdraw
        if job.verb == "delete":
            return withdraw or (binding is not None and bool(binding.taken_down or job.by))
        if withdraw or (binding is None and self._untimely(wanted, unfinished) is not None):
            return False
        begins = job.segments[0].index if job.segments else job.keep
        return wanted.digests[begins:] == tuple(segment.digest for segment in job.segments)

    def _untimely(self, wanted: Wanted, unfinished: Open | None) -> Action | None:
        """Say why what was interrupted, or comes again, is not published now; a late start was agreed to."""
        schedule = wanted.publication.control.publish
        if schedule is not None and unfinished is not None:
            ended = schedule.at + schedule.window
            later = (lull for lull in self.lulls if lull.since >= unfinished.begun)
            if unfinished.begun > ended and self.now > ended and not lull_over(wanted.publication, later):
                return None
        return timing.untimely(wanted, self.now, self.consents, self.lulls)

    def _unsettled(self, wanted: Wanted, unfinished: Open) -> Action:
        doubt = unfinished.doubt
        if self.facts.gathered_at is not None and doubt is not None:
            return Blocked(
                wanted.publication.address,
                Reason.UNCERTAIN,
                f"what became of an earlier publish cannot be told: {doubt.why}.",
                f"Look at the account, then say what is true: threadsync state resolve "
                f"{wanted.publication.address} --published ID, or --not-published.",
            )
        return Wait(wanted.publication.address, Reason.UNSETTLED, None, wanted.segments)

    def _withdrawn(self, address: Address, binding: Binding | None) -> Action:
        if binding is None:
            return NoOp(address, Reason.ALREADY_WITHDRAWN)
        if binding.protect:
            return removal.protected(address, "delete", binding.segments)
        return Delete(address, Reason.WITHDRAWN, (*binding.segments, *binding.superseded), "withdrawn")

    def _bound(self, wanted: Wanted, binding: Binding, unfinished: Open | None) -> Action:
        address, control = binding.address, wanted.publication.control
        if is_live(wanted.publication, binding):
            return NoOp(address, Reason.SAME)
        keep = shared(binding.digests, wanted.digests)
        rest = wanted.segments[keep:]
        resumed = unfinished is not None and unfinished.job.verb in {"replace", "create", "extend"}
        if binding.superseded:
            if keep == len(binding.segments):
                reason = Reason.RESUME if rest else Reason.FINISH_REPLACE
                return self._replace(wanted, binding, keep, reason, "resume")
            return self._changed(wanted, binding, keep, resumed=False)
        if keep == len(binding.segments) and rest:
            reason = Reason.RESUME if resumed else Reason.APPENDED
            return Extend(address, reason, wanted.publication, rest, binding.segments, wanted.waits_for)
        if keep == len(binding.segments):
            return Update(address, Reason.CONTROLS, control.protect, control.on_remove)
        # The consent was given to what that plan showed; for anything else it is asked for again.
        going_on = (
            unfinished is not None
            and unfinished.job.verb == "replace"
            and unfinished.job.keep == keep
            and self._goes_on(wanted, binding, unfinished)
        )
        return self._changed(wanted, binding, keep, resumed=going_on)

    def _changed(self, wanted: Wanted, binding: Binding, keep: int, *, resumed: bool) -> Action:
        address, control = binding.address, wanted.publication.control
        reason = Reason.SHORTENED if keep == len(wanted.segments) else Reason.CHANGED
        if resumed:
            return self._replace(wanted, binding, keep, Reason.RESUME, "resume")
        if binding.protect:
            return removal.protected(address, "replace", binding.segments[keep:])
        if control.on_change is OnChange.KEEP:
            return NoOp(address, Reason.KEPT, "changed since it was published; the live post is kept")
        of = control.replace.of if control.replace is not None else None
        if control.on_change is OnChange.REPLACE or of == binding.segments[keep].remote_id:
            return self._replace(wanted, binding, keep, reason, "file")
        if address in self.consents.replace:
            return self._replace(wanted, binding, keep, reason, self.consents.replace[address])
        first = binding.segments[keep].remote_id
        counted = "{n}" in (wanted.publication.number or "")
        renumbered = counted and len(wanted.segments) != len(binding.segments)
        return Blocked(
            address,
            Reason.NEEDS_CONSENT,
            f"it has changed since it was published, and {self._because(address)}: it would be published "
            "anew and the old one deleted, with its replies, likes and address."
            + (" Its number: counts the segments, so each of them changes with their number." * renumbered),
            f"Agree with --allow-replace={address}, or in the file with replace: {{of: {first}, why: …}}; "
            f"keep the live post with on_change: keep, or record today's file as live with "
            f"threadsync state accept {address}.",
            "replace",
            wanted.segments[keep:],
            binding.segments[keep:],
        )

    def follow(self, actions: dict[Address, Action]) -> None:
        """Publish unchanged posts anew that are agreed to, where what they name is replaced in this plan."""
        replaced = [a for a, action in actions.items() if isinstance(action, Replace) and action.keep == 0]
        following = [
            self.desired.publications[address]
            for address in self.consents.replace
            if isinstance(actions.get(address), NoOp)
            and actions[address].reason is Reason.SAME
            and address not in self.desired.live  # it names none
        ]
        for named in replaced:  # grows: what follows is followed in turn
            for wanted in [each for each in following if named in each.waits_for]:
                following.remove(wanted)
                actions[wanted.publication.address] = self._follow(wanted)
                replaced.append(wanted.publication.address)

    def _follow(self, wanted: Wanted) -> Action:
        assert self.prior is not None, "what is live is in a state"
        binding = self.prior.bindings[wanted.publication.address]
        if binding.protect:
            return removal.protected(binding.address, "replace", binding.segments)
        consent = self.consents.replace[binding.address]
        return self._replace(wanted, binding, 0, Reason.LINK_CHANGED, consent)

    def _replace(self, wanted: Wanted, binding: Binding, keep: int, reason: Reason, consent: str) -> Replace:
        return Replace(
            binding.address,
            reason,
            wanted.publication,
            wanted.segments[keep:],
            binding.segments,
            keep,
            (*binding.superseded, *binding.segments[keep:]),
            consent,
            wanted.waits_for,
            why=self._because(binding.address) if reason is Reason.CHANGED else "",
        )

    def _because(self, address: Address) -> str:
        return self.desired.capabilities[address.target].replaces_because

    def _buried(self, wanted: Wanted, stone: Tombstone) -> Action | None:
        """Say what a key that has a tombstone becomes; None where it may be published."""
        address, control = stone.address, wanted.publication.control
        if control.republish and not stone.republished:
            return None
        if stone.why == "skipped":
            return timing.skipped(wanted)
        if stone.left_up:
            return Adopt(
                address,
                Reason.RETURNED,
                stone.segments,
                stone,
                control.protect,
                control.on_remove,
            )
        used = " (republish: true has been used up)" if stone.republished else ""
        by, said = f" by {stone.by}" if stone.by else "", f": {stone.said}" if stone.said else ""
        return Blocked(
            address,
            Reason.WAS_TAKEN_DOWN,
            f"it was published before and taken down ({stone.why}{by}, {stone.at:%Y-%m-%d}{said}){used}.",
            f"Erase what is remembered with threadsync state rm {address}."
            if stone.republished
            else "To publish it again, write republish: true in the post.",
            segments=wanted.segments,
        )

    def _create(self, wanted: Wanted, unfinished: Open | None, *, republish: bool = False) -> Create:
        scheduled = wanted.publication.control.publish is not None
        reason = Reason.RESUME if unfinished is not None else Reason.DUE if scheduled else Reason.NEW
        return Create(
            wanted.publication.address,
            reason,
            wanted.publication,
            wanted.segments,
            wanted.waits_for,
            republish or (unfinished is not None and unfinished.job.republished),
        )

    def draft(self, address: Address) -> Action | None:
        """A draft is never planned; a published one stays as it is."""
        if self.prior is not None and address in self.prior.bindings:
            return NoOp(address, Reason.DRAFT_PUBLISHED, "a draft now, and live: it stays as it is")
        return None


def is_live(publication: Publication, binding: Binding) -> bool:
    """Whether *binding* is all of *publication* as it is declared, and nothing is left of a replace."""
    control = publication.control
    return (
        not binding.superseded
        and binding.digests == tuple(segment.digest for segment in publication.segments)
        and (binding.protect, binding.on_remove) == (control.protect, control.on_remove.value)
    )


def without_notices(prior: State | None) -> State | None:
    """Return *prior* without the messages of ``notify:``: no file declares them, no plan is about them."""
    if prior is None or not any(map(is_notice, (*prior.bindings, *prior.tombstones, *prior.open))):
        return prior
    return replace(
        prior, bindings=_posts(prior.bindings), tombstones=_posts(prior.tombstones), open=_posts(prior.open)
    )


def _posts(entries: Mapping[Address, _Entry]) -> Mapping[Address, _Entry]:
    if not any(map(is_notice, entries)):
        return entries  # bindings may be read only when they are asked for
    return {address: entry for address, entry in entries.items() if not is_notice(address)}


def shared(one: tuple[object, ...], other: tuple[object, ...]) -> int:
    """Return the length of the common start."""
    for index, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return index
    return min(len(one), len(other))


def plan(
    desired: Desired,
    prior: State | None,
    facts: Facts,
    now: datetime,
    consents: Consents = Consents(),  # noqa: B008  (a frozen value)
    *,
    selected: Callable[[Address], bool] = lambda _: True,
    notices: Iterable[Notice] = (),
    standing: Standing | None = None,
) -> Plan:
    """Return what would be done to every selected publication, in order.

    *standing* is what plans of the same publications found before; it is added to.
    """
    found = standing.under(prior) if standing is not None else {}
    prior = without_notices(prior)
    vanished = removal.vanished(desired, prior)
    lulls = lulls_of(prior, now, desired.outage_after)
    planner = _Planner(desired, prior, facts, now, consents, found, vanished, lulls=lulls)
    planner.doubtful.update(planner.in_doubt())
    renames: dict[Address, moves.Renamed] = {}
    actions: dict[Address, Action] = {}
    for address in sorted((*desired.publications, *desired.live)):
        if address in desired.live:
            actions[address] = NoOp(address, Reason.SAME)
        elif address.key not in desired.broken:
            actions[address] = planner.action_for(address, renames)
    for address, contested in moves.contested(renames).items():
        renames[address] = moves.Renamed(contested)
        actions[address] = contested
    planner.follow(actions)
    for address in sorted(desired.drafts):
        kept = planner.draft(address)
        if kept is not None:
            actions[address] = kept
    actions.update(removal.actions(desired, prior, vanished, renames, consents))
    actions.update(removal.commanded(desired, prior, consents))
    actions = holding.held_back(actions, desired, prior)
    chosen = {address: action for address, action in actions.items() if selected(address)}
    # What its dependencies hold back was not looked at on its account, so facts cannot speak of it.
    in_order = {
        a.address: a
        if isinstance(chosen[a.address], NoOp) or isinstance(a, Blocked | Wait)
        else references.resolved(chosen[a.address], facts)
        for a in order.ordered(chosen, desired, prior)
    }
    ready = readiness.hold_back(in_order, desired, prior, facts, consents)
    if ready != chosen:  # otherwise nothing was held back, so nothing else is
        ready = {a.address: a for a in order.ordered(ready, desired, prior)}
    ordered = tuple(a if isinstance(a, NoOp) else with_losses(a, prior, facts) for a in ready.values())
    return Plan(
        ordered,
        now,
        prior.lineage if prior is not None else None,
        prior.serial if prior is not None else 0,
        tuple(notices),
        first_run_targets=tuple(sorted({a.address.target for a in ordered})) if prior is None else (),
    )
