"""Carrying a plan out: what depends on nothing side by side, the rest as its receipts come in.

Each publication stands alone: a refusal on one network neither stops another nor sends anything
there again (law 14). Two publications with the same text and parent on one target go one after the
other, so that at most one of them can ever be in doubt. How many of a target are under way at once, and in
which order they are shown to others, is told in ``lanes``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

from msgspec import Struct, field
from msgspec.structs import replace

from threadsync.errors import StateError, ThreadsyncError
from threadsync.execution.breaker import CircuitBreaker, Pause
from threadsync.execution.carrying import Carrier
from threadsync.execution.lanes import Lane, Sending, Turn, begins_before, dues
from threadsync.execution.report import ActionReport, Became, Report, held_by_limits
from threadsync.execution.scheduler import Scheduler
from threadsync.execution.seams import UNGATED, Finished, Interrupted
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import Done, Raised
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import Address, TargetName
from threadsync.model.ledger import Ledger
from threadsync.model.state import Binding
from threadsync.planning.actions import Create, Delete, Effective, Extend, Forget, Plan, Replace, Update
from threadsync.planning.allowances import drawn_on
from threadsync.providers.base import Applied, Provider, Refused, Result, Uncertain

STOPPED = "the run was stopped"
MAYBE_LIVE = "the run was stopped; a part of this, or all of it, may be on the network already"
UNTRIED = "the run was stopped before it began"


class Executor(Struct):
    """One run over one plan."""

    scheduler: Scheduler
    ledger: Callable[[], Ledger]
    providers: Mapping[TargetName, Provider]
    bounds_of: Callable[[TargetName], Bounds]
    _left: dict[Address, Effective] = field(default_factory=dict)
    _waits: dict[Address, set[Address]] = field(default_factory=dict)
    _after: dict[Address, list[Address]] = field(default_factory=dict)
    """What waits for an address: the other way round, so that each ending costs what depends on it."""
    _reports: dict[Address, ActionReport] = field(default_factory=dict)
    _lanes: dict[TargetName, Lane] = field(default_factory=dict)
    _turns: dict[Address, Turn] = field(default_factory=dict)

    def run(self, plan: Plan, run: str) -> Report:
        """Carry *plan* out and say what became of every action.

        Where the journal can no longer be written, nothing more is sent, and the report says so.
        """
        self._left = {action.address: action for action in plan.effective}
        self._waits = dependencies(plan.effective)
        self._after = {address: [] for address in self._left}
        for address, waits in self._waits.items():
            for needed in waits:
                self._after[needed].append(address)
        self._take_turns(plan.effective)
        self._begin(action for action in plan.effective if not self._waits[action.address])
        failure: StateError | None = None
        try:
            self.scheduler.run()
        except StateError as error:
            failure = error
        reports = tuple(self._reports.get(a.address) or _untried(a) for a in plan.effective)
        stopped = failure is None and any(r.why in {STOPPED, MAYBE_LIVE, UNTRIED} for r in reports)
        pauses = tuple(pause for lane in self._lanes.values() for pause in lane.breaker.pauses)
        return Report(reports, run, stopped, pauses, held_by_limits(plan), failure)

    # Beginning.

    def _take_turns(self, actions: tuple[Effective, ...]) -> None:
        due = dues(actions, self._waits)
        for action in actions:
            if isinstance(action, Sending):
                lane = self._lane(action.address.target)
                turn = Turn(action, lane, due.get(action.address), sends=self._in_doubt(action))
                self._turns[action.address] = turn
        for lane in self._lanes.values():
            lane.expect(turn for turn in self._turns.values() if turn.lane is lane)

    def _begin(self, actions: Iterable[Effective]) -> None:
        """Begin *actions*, each as soon as its target has room, and none that a pause holds back."""
        ready = list(actions)
        while ready:
            turns: list[Turn] = []
            held: list[Effective] = []
            for action in ready:
                turn = self._turns.get(action.address)
                if turn is None:
                    self._spawn(action)
                    continue
                pause = turn.lane.breaker.holding(self._draws_on(turn.action))
                if pause is None:
                    turns.append(turn)
                else:
                    held += self._close(self._held(turn.action, pause))
            for turn in sorted(turns, key=begins_before):
                turn.lane.waiting.append(turn)
            ready = held
        for lane in self._lanes.values():
            lane.fill()

    def _spawn(self, action: Effective) -> None:
        target, turn = action.address.target, self._turns.get(action.address)
        carrier = Carrier(self.ledger, self.providers[target])
        before = self.ledger().bindings.get(action.address)
        give_up = self.scheduler.spawn(
            str(action.address),
            target,
            carrier.carry_out(action),
            lambda finished: self._finished(action, before, finished),
            gate=turn or UNGATED,
        )
        if turn is not None:
            turn.give_up = give_up

    def _lane(self, target: TargetName) -> Lane:
        if target not in self._lanes:
            bounds = self.bounds_of(target)
            breaker = CircuitBreaker(target, bounds.failures_in_a_row_max)
            self._lanes[target] = Lane(breaker, bounds.actions_at_first_max, self._spawn)
        return self._lanes[target]

    def _draws_on(self, action: Sending) -> tuple[str, ...]:
        return tuple(drawn_on(action, self.providers[action.address.target].capabilities))

    def _in_doubt(self, action: Effective) -> bool:
        unfinished = self.ledger().open.get(action.address)
        return unfinished is not None and unfinished.in_doubt

    def _held(self, action: Sending, pause: Pause) -> ActionReport:
        became = Became.UNCERTAIN if self._in_doubt(action) else Became.NOT_TRIED
        return ActionReport(action, became, pause.why, pause.fault.remedy)

    # Ending.

    def _finished(self, action: Effective, before: Binding | None, finished: Finished[Result]) -> None:
        report = self._report(action, before, finished)
        partly = report.became is Became.REFUSED and self.ledger().bindings.get(action.address) != before
        turn = self._turns.get(action.address)
        free: list[Effective] = []
        if turn is not None:
            is_new = self._pauses(turn.lane.breaker, turn.action, finished)
            turn.lane.over(turn, applied=report.became is Became.APPLIED)
            if is_new:
                free = self._held_back(turn.lane)
        free += self._close(replace(report, partly=partly))
        self._begin(free)

    def _held_back(self, lane: Lane) -> list[Effective]:
        """End what a new pause holds back and nobody can see yet; return what has not even begun."""
        waiting: list[Effective] = [turn.action for turn in lane.waiting]
        lane.waiting.clear()
        for turn in tuple(lane.begun.values()):
            pause = lane.breaker.holding(self._draws_on(turn.action))
            if pause is not None and not turn.sends:
                turn.held_by = pause
                turn.give_up()
        return waiting

    def _pauses(self, breaker: CircuitBreaker, action: Sending, finished: Finished[Result]) -> bool:
        """Tell *breaker* how *action* ended, and return whether that pauses something."""
        at = self.scheduler.clock.now()
        match finished.end:
            case Done(value=Applied()):
                breaker.succeeded()
            case Done(value=Refused(fault=fault)):
                return breaker.failed(action.address, fault, at)
            case Done(value=Uncertain(why=why, candidates=())):
                # No answer, and looking did not help. Several posts that match are about this one alone.
                fault = Fault(
                    FaultClass.TRANSIENT, why, "Run apply again later; it looks once more.", "doubt"
                )
                return breaker.failed(action.address, fault, at)
            case _:
                pass
        return False

    def _close(self, report: ActionReport) -> list[Effective]:
        """Keep what became of an action; return what may begin after it, and give up what may not."""
        free: list[Effective] = []
        closed = [report]
        while closed:
            report = closed.pop()
            self._reports[report.address] = report
            if report.address in self._turns:
                self._turns[report.address].lane.passed(self._turns[report.address])
            for address in self._after[report.address]:
                self._waits[address].discard(report.address)
                if address in self._reports:
                    continue
                if self._hinders(address, report):
                    closed.append(self._given_up(address, report.address))
                elif not self._waits[address]:
                    free.append(self._left[address])
        return free

    def _hinders(self, address: Address, report: ActionReport) -> bool:
        """Whether *address* may not begin after what became of something it waited for."""
        match report.became:
            case Became.APPLIED:
                return False
            case Became.REFUSED | Became.NOT_TRIED:
                # Posts that only say the same are not hindered: nothing is in doubt.
                return report.address in needed_by(self._left[address])
            case Became.UNCERTAIN | Became.INTERRUPTED:
                return True

    def _given_up(self, address: Address, needed: Address) -> ActionReport:
        action = self._left[address]
        how = "it needs" if needed in needed_by(action) else "it says the same as"
        why = f"{how} {needed}, which was not published"
        return ActionReport(action, Became.NOT_TRIED, why, "Run apply again.")

    def _report(self, action: Effective, before: Binding | None, finished: Finished[Result]) -> ActionReport:
        match finished.end:
            case Interrupted():
                turn = self._turns.get(action.address)
                if turn is not None and turn.held_by is not None:
                    return self._held(turn.action, turn.held_by)
                return self._interrupted(action, before)
            case Raised(error=ThreadsyncError() as error):
                return ActionReport(action, Became.REFUSED, error.problem, error.remedy)
            case Raised(error=error):
                raise error
            case Done(value=value):
                return self._became(action, value)

    def _interrupted(self, action: Effective, before: Binding | None) -> ActionReport:
        """Say how far *action* came; notes that did not reach the disk any more count too."""
        ledger = self.ledger()
        changed = ledger.bindings.get(action.address) != before
        if not changed and action.address not in ledger.open:
            return _untried(action)
        sent = isinstance(action, Sending) and (changed or self._in_doubt(action))
        remedy = "Run apply again; it goes on where it stopped."
        return ActionReport(action, Became.INTERRUPTED, MAYBE_LIVE if sent else STOPPED, remedy)

    def _became(self, action: Effective, result: Result) -> ActionReport:
        match result:
            case Applied(why=why, remedy=remedy):
                return ActionReport(action, Became.APPLIED, why, remedy, self._permalinks(action))
            case Refused(fault=fault, index=index):
                return ActionReport(action, Became.REFUSED, _at(index, action, fault.problem), fault.remedy)
            case Uncertain(why=why, index=index, candidates=candidates):
                remedy = (
                    "Run apply again: it looks once more. If it stays so, look at the account and use "
                    f"threadsync state resolve {action.address}."
                )
                return ActionReport(
                    action, Became.UNCERTAIN, _at(index, action, why), remedy, candidates=candidates
                )

    def _permalinks(self, action: Effective) -> tuple[str, ...]:
        binding = self.ledger().bindings.get(action.address)
        if binding is None or isinstance(action, Delete | Forget | Update):
            return ()
        return tuple(segment.permalink or segment.remote_id for segment in binding.segments)


def _untried(action: Effective) -> ActionReport:
    return ActionReport(action, Became.NOT_TRIED, UNTRIED, "Run apply again.")


def untried(plan: Plan) -> Report:
    """Return the report of a run that was stopped before it began anything of *plan*."""
    return Report(tuple(_untried(action) for action in plan.effective), stopped=True)


def _at(index: int, action: Effective, problem: str) -> str:
    chain = isinstance(action, Create | Extend | Replace) and len(action.publication.segments) > 1
    return f"segment {index + 1}: {problem}" if chain else problem


def dependencies(actions: tuple[Effective, ...]) -> dict[Address, set[Address]]:
    """Return, for every action, the actions that must be applied before it begins."""
    known = {action.address for action in actions}
    waits: dict[Address, set[Address]] = {action.address: set() for action in actions}
    alike: dict[tuple[TargetName, str], list[Address]] = defaultdict(list)
    for action in actions:
        if isinstance(action, Create | Extend | Replace):
            waits[action.address] |= {needed for needed in needed_by(action) if needed in known}
            first = action.segments[0].text if action.segments else ""
            # No network tells texts apart by less: one may drop a "#", or white space.
            said = "".join(filter(str.isalnum, first))
            alike[action.address.target, said].append(action.address)
    for group in alike.values():
        for before, after in pairwise(group):
            waits[after].add(before)
    return waits


def needed_by(action: Effective) -> tuple[Address, ...]:
    """Return what must be live before *action* can be carried out."""
    return action.waits_for if isinstance(action, Create | Extend | Replace) else ()
