"""What keeps posts from going out, as one apply has found it: by target, and what of it is news.

A pure reading of what apply planned and of what became of it. What waits for a person on purpose (a hold, a
change that needs a yes) is no trouble; what is due for long and not live is one, whatever the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from threadsync.execution.report import Became
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import Address, TargetName
from threadsync.model.journal import Note
from threadsync.model.trouble import EVERYTHING, Trouble, TroubleKind, Untroubled
from threadsync.operations.applied import AppliedPlan
from threadsync.planning.actions import Action, Blocked, NoOp, Reason, Wait

OVERDUE = timedelta(minutes=30)
"""For how long a publication must be due and not live to be a trouble: somebody may be about to say yes."""
SHOWN_MAX = 3
"""How many publications are named in a message."""
_PASSING = frozenset({FaultClass.TRANSIENT, FaultClass.THROTTLED, FaultClass.NOT_READY})
_MEANT = frozenset({Reason.HELD, Reason.BEFORE_SINCE})
"""Reasons that say that something is not to go out, however long it is due."""


class Found(Struct, frozen=True):
    """One trouble, as one apply has met it."""

    kind: TroubleKind
    problem: str
    remedy: str = ""
    addresses: tuple[Address, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """What it is about: only another word is news while a trouble lasts."""
        if self.kind is TroubleKind.POSTS:
            return tuple(map(str, self.addresses))
        return (self.kind.value,)


class Outcome(Struct, frozen=True):
    """What an apply says of troubles: *found* by target, and of which targets it says nothing else."""

    found: Mapping[TargetName, Found]
    used: frozenset[TargetName] = frozenset()
    """Targets whose account was opened, and where nothing stopped everything."""
    shown: frozenset[Address] | None = None
    """The publications that were looked at; None: every one there is."""
    gone: frozenset[TargetName] = frozenset()
    """Targets that the project no longer has."""


def outcome_of(applied: AppliedPlan, now: datetime, *, partial: bool) -> Outcome:
    """Return what *applied* says; *partial*: only a selection was looked at."""
    plan, prior = applied.prepared.plan, applied.prepared.prior
    known = applied.prepared.desired.targets
    whole = {name: trouble for name in known if (trouble := _of_target(name, applied)) is not None}
    used = {name for name in known if applied.facts.of(name).account is not None} - set(whole)
    posts = {name: trouble for name in known if (trouble := _of_posts(name, applied, now)) is not None}
    shown = frozenset(action.address for action in plan.actions) if partial else None
    before = prior.troubles if prior is not None else {}
    gone = frozenset(name for name in before if name not in known and name != EVERYTHING)
    return Outcome({**posts, **whole}, frozenset(used), shown, gone)


def refused_as_a_whole(problem: str, remedy: str) -> Outcome:
    """Return what an apply says that refused before it could look at any target."""
    return Outcome({EVERYTHING: Found(TroubleKind.APPLY, problem, remedy)}, shown=frozenset())


def _of_target(target: TargetName, applied: AppliedPlan) -> Found | None:
    """Return why nothing can go out on *target*, where that is so."""
    facts = applied.facts.of(target)
    fault = facts.fault or facts.read_back_fault
    if fault is not None:
        return _faulty(fault)
    for action in applied.prepared.plan.actions:
        is_other = isinstance(action, Blocked) and action.reason is Reason.ACCOUNT_MISMATCH
        if isinstance(action, Blocked) and is_other and action.address.target == target:
            return Found(TroubleKind.ACCOUNT, action.problem, action.remedy)
    for pause in applied.report.pauses if applied.report is not None else ():
        if pause.target == target and not pause.allowance:
            return _faulty(pause.fault)
    return None


def _faulty(fault: Fault) -> Found:
    kind = TroubleKind.NETWORK if fault.kind in _PASSING else TroubleKind.ACCOUNT
    return Found(kind, fault.problem, fault.remedy)


def _of_posts(target: TargetName, applied: AppliedPlan, now: datetime) -> Found | None:
    """Return which publications of *target* were refused, are uncertain, or are due for long."""
    said: dict[Address, tuple[str, str]] = {}
    report = applied.report
    spent = {pause.since for pause in report.pauses if pause.allowance} if report is not None else set()
    reports = {each.address: each for each in report.actions} if report is not None else {}
    for action in applied.prepared.plan.actions:
        address, became = action.address, reports.get(action.address)
        if address.target != target or address in spent:
            continue
        if became is not None and became.became in {Became.REFUSED, Became.UNCERTAIN}:
            said[address] = (f"{became.became.value}: {became.why}", became.remedy)
        elif isinstance(action, Blocked) and action.reason is Reason.UNCERTAIN:
            said[address] = (f"uncertain: {action.problem}", action.remedy)
        elif (became is None or became.became is not Became.APPLIED) and _is_overdue(action, applied, now):
            why = (action.problem, action.remedy) if isinstance(action, Blocked) else ("not published", "")
            said[address] = (f"overdue: {why[0]}", why[1])
    if not said:
        return None
    named = [f"{address} is {why.removesuffix('.')}" for address, (why, _) in said.items()]
    more = f"; and {len(named) - SHOWN_MAX} more" if len(named) > SHOWN_MAX else ""
    remedy = next((remedy for _, remedy in said.values() if remedy), "See threadsync plan.")
    return Found(TroubleKind.POSTS, "; ".join(named[:SHOWN_MAX]) + more, remedy, tuple(said))


def _is_overdue(action: Action, applied: AppliedPlan, now: datetime) -> bool:
    if isinstance(action, NoOp | Wait) or (isinstance(action, Blocked) and action.reason in _MEANT):
        return False
    prior = applied.prepared.prior
    wanted = applied.prepared.desired.publications.get(action.address)
    schedule = wanted.publication.control.publish if wanted is not None else None
    is_bound = prior is not None and action.address in prior.bindings
    return schedule is not None and not is_bound and now - schedule.at > OVERDUE


def notes(
    before: Mapping[TargetName, Trouble], outcome: Outcome, now: datetime, *, remembers: bool
) -> Iterator[Note]:
    """Yield what is to go on record of *outcome*.

    Unless it *remembers*, since there is nobody to tell, only what stops a whole target is kept: its time
    is a lull.
    """
    for target, found in sorted(outcome.found.items()):
        if remembers or found.kind.stops_all:
            known = before.get(target)
            is_hidden = known is not None and known.until is None and known.kind.stops_all
            if is_hidden and not found.kind.stops_all and target not in outcome.used:
                continue  # what stops the whole target lasts, since nobody has tried it again
            yield from _found(target, known, found, now)
    for target, trouble in sorted(before.items()):
        if target not in outcome.found and trouble.until is None and _is_over(trouble, outcome):
            # Who was told of it is told that it is over; it is kept as long as that takes.
            yield replace(trouble, at=now, until=now) if trouble.told else Untroubled(target, now)


def _found(target: TargetName, before: Trouble | None, found: Found, now: datetime) -> Iterator[Trouble]:
    if before is None or before.until is not None:
        said = (found.kind, now, now, found.problem, found.remedy, found.addresses, found.words)
        yield Trouble(target, *said)
        return
    is_new = not set(found.words) <= set(before.known)
    if not is_new and found.kind is before.kind:
        return
    goes_on = found.kind.stops_all == before.kind.stops_all
    yield Trouble(
        target,
        found.kind,
        before.since if goes_on else now,
        now,
        found.problem,
        found.remedy,
        found.addresses,
        (*before.known, *(word for word in found.words if word not in before.known)),
        () if is_new else before.told,
    )


def _is_over(trouble: Trouble, outcome: Outcome) -> bool:
    """Whether *outcome* ends *trouble*: what stopped a whole target must have been seen to work."""
    if trouble.target in outcome.gone:
        return True
    match trouble.kind:
        case TroubleKind.APPLY | TroubleKind.STATE:
            return outcome.shown is None
        case TroubleKind.ACCOUNT | TroubleKind.NETWORK:
            return trouble.target in outcome.used
        case TroubleKind.POSTS:
            return outcome.shown is None or set(trouble.addresses) <= outcome.shown


def untold(
    troubles: Mapping[TargetName, Trouble], notifiers: Collection[str]
) -> Iterator[tuple[Trouble, str]]:
    """Yield each trouble with each of *notifiers* that is to be told of it, or that it is over."""
    for _, trouble in sorted(troubles.items()):
        for name in notifiers:
            if (trouble.until is None) is (name not in trouble.told):
                yield trouble, name
