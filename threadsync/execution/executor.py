"""Carrying a plan out: what depends on nothing side by side, the rest as its receipts come in.

Each publication stands alone: a refusal on one network neither stops another nor sends anything
there again (law 14). Two publications with the same text and parent on one target go one after the
other, so that at most one of them can ever be in doubt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from threadsync.errors import ThreadsyncError
from threadsync.execution.carrying import Carrier
from threadsync.execution.report import ActionReport, Became, Report
from threadsync.execution.scheduler import Scheduler
from threadsync.execution.seams import Finished, Interrupted
from threadsync.flows.core import Done, Raised
from threadsync.model.ids import Address, TargetName
from threadsync.model.state import Ledger
from threadsync.planning.actions import Create, Delete, Effective, Extend, Forget, Plan, Replace, Update
from threadsync.providers.base import Applied, Provider, Refused, Result, Uncertain

STOPPED = "the run was stopped"
UNTRIED = "the run was stopped before it began"


@dataclass(slots=True)
class Executor:
    """One run over one plan."""

    scheduler: Scheduler
    ledger: Callable[[], Ledger]
    providers: Mapping[TargetName, Provider]
    _left: dict[Address, Effective] = field(default_factory=dict)
    _waits: dict[Address, set[Address]] = field(default_factory=dict)
    _after: dict[Address, list[Address]] = field(default_factory=dict)
    """What waits for an address: the other way round, so that each ending costs what depends on it."""
    _reports: dict[Address, ActionReport] = field(default_factory=dict)

    def run(self, plan: Plan, run: str) -> Report:
        """Carry *plan* out and say what became of every action.

        Raises:
            StateError: the journal could not be written; nothing was sent after that.
        """
        self._left = {action.address: action for action in plan.effective}
        self._waits = dependencies(plan.effective)
        self._after = {address: [] for address in self._left}
        for address, waits in self._waits.items():
            for needed in waits:
                self._after[needed].append(address)
        for action in plan.effective:
            if not self._waits[action.address]:
                self._start(action)
        self.scheduler.run()
        reports = tuple(self._reports.get(a.address) or _untried(a) for a in plan.effective)
        return Report(reports, run, any(report.why in {STOPPED, UNTRIED} for report in reports))

    def _start(self, action: Effective) -> None:
        target = action.address.target
        carrier = Carrier(self.ledger, self.providers[target])
        self.scheduler.spawn(
            str(action.address),
            target,
            carrier.carry_out(action),
            lambda finished: self._finished(action, finished),
        )

    def _finished(self, action: Effective, finished: Finished[Result]) -> None:
        report = self._report(action, finished)
        self._reports[action.address] = report
        for address in self._after[action.address]:
            self._waits[address].discard(action.address)
            if address in self._reports:
                continue
            if self._hinders(address, report):
                self._give_up(address, action.address)
            elif not self._waits[address]:
                self._start(self._left[address])

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

    def _give_up(self, address: Address, needed: Address) -> None:
        """Mark what waits for *needed*, and all that waits for that, as not tried."""
        lost = [(address, needed)]
        while lost:
            address, needed = lost.pop()
            how = "it needs" if needed in needed_by(self._left[address]) else "it says the same as"
            why = f"{how} {needed}, which was not published"
            action = self._left[address]
            self._reports[address] = ActionReport(action, Became.NOT_TRIED, why, "Run apply again.")
            for after in self._after[address]:
                self._waits[after].discard(address)
                if after in self._reports:
                    continue
                if address in needed_by(self._left[after]):
                    lost.append((after, address))
                elif not self._waits[after]:
                    self._start(self._left[after])

    def _report(self, action: Effective, finished: Finished[Result]) -> ActionReport:
        match finished.end:
            case Interrupted() if action.address not in self.ledger().open:
                return _untried(action)
            case Interrupted():
                remedy = "Run apply again; it goes on where it stopped."
                return ActionReport(action, Became.INTERRUPTED, STOPPED, remedy)
            case Raised(error=ThreadsyncError() as error):
                return ActionReport(action, Became.REFUSED, error.problem, error.remedy)
            case Raised(error=error):
                raise error
            case Done(value=value):
                return self._became(action, value)

    def _became(self, action: Effective, result: Result) -> ActionReport:
        match result:
            case Applied():
                return ActionReport(action, Became.APPLIED, permalinks=self._permalinks(action))
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
            alike[action.address.target, first].append(action.address)
    for group in alike.values():
        for before, after in pairwise(group):
            waits[after].add(before)
    return waits


def needed_by(action: Effective) -> tuple[Address, ...]:
    """Return what must be live before *action* can be carried out."""
    return action.waits_for if isinstance(action, Create | Extend | Replace) else ()
