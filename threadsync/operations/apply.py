"""``apply``: shows the plan, asks, does it, and says what became of every action.

The order is that of law 8 and 9: take the lock, plan offline, ask what can be asked from files
alone, read the accounts, plan again with what they say, show, ask, carry out. What is carried out
is the plan that was shown, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial

from msgspec import Struct, field
from msgspec.structs import replace

from threadsync.errors import ContentError, Frozen, StalePlan, StateError, ThreadsyncError, UsageError
from threadsync.execution.executor import Executor, untried
from threadsync.execution.gathering import Gatherer
from threadsync.execution.report import Report
from threadsync.execution.seams import Finished, Watcher
from threadsync.flows.core import Done
from threadsync.model.facts import Facts
from threadsync.model.holding import whose
from threadsync.model.ids import Address, TargetName, is_notice
from threadsync.model.state import State
from threadsync.model.target import Safety
from threadsync.operations.applied import AppliedPlan, ApplyOptions
from threadsync.operations.approval import Approval, touched
from threadsync.operations.asking import AskAccount, AskApply, AskFirstRun, AskLate, AskReplace, Person
from threadsync.operations.beating import beat, beat_idle, is_whole
from threadsync.operations.beginning import record_start
from threadsync.operations.fitting import fitted, tidy
from threadsync.operations.idle import with_idle_flags
from threadsync.operations.notifying import Notifying
from threadsync.operations.plan import Prepared, agreed, bound, chosen, prepare
from threadsync.operations.selection import Selects
from threadsync.operations.shell import card_files, media_files, new_run, opened
from threadsync.operations.workspace import Declared, Workspace
from threadsync.planning.actions import (
    Blocked,
    Create,
    Plan,
    Reason,
)
from threadsync.planning.inputs import Consents, Withdrawal
from threadsync.planning.safety import refuse_excess
from threadsync.planning.saving import differences
from threadsync.planning.settling import to_know_first, to_settle
from threadsync.statefile.store import Session

__all__ = ["AppliedPlan", "ApplyOptions", "apply"]


def apply(
    workspace: Workspace,
    options: ApplyOptions,
    *,
    person: Person | None,
    show: Callable[[Prepared], None],
    watcher: Watcher,
    on_started: Callable[[Callable[[], None]], None] = lambda _: None,
) -> AppliedPlan:
    """Bring the networks to what the files say.

    *show* is called with the plan that will be carried out (or refused); *on_started* gets the
    function that stops the run.

    Raises:
        ContentError: some file has errors, so nothing is done.
        UsageError: a consent is missing that only a person or a flag can give.
        WrongCheckout: ``safety.apply_from`` lets nothing be sent from this checkout.
        UnsafePlan: the plan goes over a safety limit.
        StalePlan: what the saved plan was made from has changed since.
        StateError: the state is locked, damaged, foreign, or cannot be written; nothing was sent. Once
            something was, the report says so (``failure``).
    """
    run = _Run(workspace, options, person, show, Approval(workspace), workspace.clock.now())
    notifying = Notifying(workspace, options, on_started)
    try:
        applied = run.run(watcher, on_started)
    except ThreadsyncError as error:
        notifying.after_error(error)
        raise
    notifying.after(applied)
    return applied


class _Run(Struct):
    workspace: Workspace
    options: ApplyOptions
    person: Person | None
    show: Callable[[Prepared], None]
    approval: Approval
    now: datetime
    """The moment all plans of this run are made for: what becomes due while the accounts are read was
    not looked for on them, so it waits for the next run."""
    consents: Consents = field(default_factory=Consents)

    def run(self, watcher: Watcher, on_started: Callable[[Callable[[], None]], None]) -> AppliedPlan:
        snapshot = self.workspace.store.read()
        declared = self._declared(snapshot.state)
        selects = self._asked(declared, snapshot.state)
        offline = self._refuse_stale(declared, snapshot.state, selects)
        if self.options.saved is not None:
            offline = self._prepare(declared, snapshot.state, Facts(), selects)
        self._refuse_frozen(snapshot.state, offline)
        nothing_open = snapshot.state is None or all(map(is_notice, snapshot.state.open))
        if not offline.plan.effective and nothing_open and not self._askable(offline.plan):
            offline = with_idle_flags(offline, self.consents, asked=self.person is not None)
            self.show(offline)
            if is_whole(self.options.asked):
                approval = partial(self.approval.require, declared, self.workspace.project.targets)
                beat_idle(self.workspace, snapshot, declared, began=self.now, approval=approval)
            return AppliedPlan(offline, None)
        self._require_approval(declared, offline.plan, snapshot.state)
        if self.person is None and not self.options.yes:
            self.show(offline)
            raise UsageError(
                f"{self._command} asks before it acts, and there is no terminal to ask at.",
                remedy=f"Read the plan above; to carry it out, run {self._command} --yes"
                f"{' --first-run' if snapshot.state is None else ''}.",
            )
        holder = self.workspace.surroundings.holder(self._command, self.workspace.clock.now())
        patience_seconds = self.options.lock_timeout_seconds
        waits = snapshot.lock is not None and patience_seconds > 0
        if waits:
            watcher.waiting("the state", f"waiting for its lock: {snapshot.lock}", patience_seconds)
        applied: AppliedPlan | None = None
        try:
            with self.workspace.store.open(holder, patience_seconds) as session:
                if waits:
                    watcher.finished(Finished("the state", Done(None)))
                applied = self._locked(session, watcher, on_started)
        except StateError as error:
            # The state could not be closed; what was carried out all the same must be told.
            if applied is None or applied.report is None:
                raise
            failure = applied.report.failure or error
            applied = replace(applied, report=replace(applied.report, failure=failure))
        assert applied is not None, "the block was left with a result or an error"
        return applied

    @property
    def _command(self) -> str:
        return "withdraw" if self.options.withdraw else "apply"

    def _beat(self, session: Session, declared: Declared, run_id: str, report: Report | None) -> None:
        # Where there was nothing to do on a first run there is no state to be made.
        ended = report.failure is None if report is not None else not session.first_run
        if ended and is_whole(self.options.asked):
            beat(self.workspace, session, declared, began=self.now, run=run_id, report=report)

    def _refuse_frozen(self, prior: State | None, shown: Prepared) -> None:
        """Refuse while a person has everything frozen; taking down goes on."""
        if prior is None or prior.freeze is None or self.options.withdraw:
            return
        self.show(shown)
        since = f"{prior.freeze.at:%Y-%m-%d %H:%M} UTC"
        raise Frozen(
            f"apply is frozen{whose(prior.freeze)}, since {since}; nothing was done.",
            remedy="When it is to go on: threadsync unfreeze. What would be done then says threadsync plan. "
            "To take something down now: threadsync withdraw ADDRESS.",
        )

    def _require_approval(self, declared: Declared, made: Plan, prior: State | None) -> None:
        # Taking down sends nothing that somebody would have to review.
        if not self.options.withdraw:
            self.approval.require(declared, touched(made, prior))

    def _declared(self, prior: State | None) -> Declared:
        if self.options.withdraw:
            return self.workspace.undeclared()
        self.approval.begin()
        declared = fitted(self.workspace, self.workspace.declared(prior, self.workspace.clock.now()), prior)
        if declared.has_errors:
            errors = [finding for finding in declared.findings if finding.is_error]
            raise ContentError(
                "nothing was applied: the files have errors.", errors, remedy="Mend them, then apply again."
            )
        return declared

    def _locked(
        self,
        session: Session,
        watcher: Watcher,
        on_started: Callable[[Callable[[], None]], None],
    ) -> AppliedPlan:
        """Plan again under the lock, where nobody else changes the state, and carry it out."""
        self.now = self.workspace.clock.now()
        first_run = session.first_run
        last_write = None if first_run else session.ledger.written_at
        prior = None if first_run else session.ledger.state()
        declared = self._declared(prior)
        selects = self._asked(declared, prior)
        whole = self._refuse_stale(declared, prior, selects)
        self._refuse_frozen(prior, whole)
        self._require_approval(declared, whole.plan, prior)
        files = media_files(self.workspace, declared)
        run_id = new_run(self.workspace)
        with opened(self.workspace, files, session, watcher, run_id) as shell:
            on_started(shell.stop)
            gatherer = Gatherer(
                shell.scheduler,
                self.workspace.clock,
                lambda: session.ledger,
                self.workspace.providers,
                shell.bounds_of,
                spent=shell.connections.spent,
            )
            unsettled = to_settle(whole.plan, prior, selects)
            if unsettled:
                gatherer.settle(unsettled, goes_on=False)
                prior = session.ledger.state()
            known_first = to_know_first(whole.plan, prior)
            if known_first:
                gatherer.settle(known_first, goes_on=True)
                prior = session.ledger.state()
            if unsettled or known_first or self.options.saved is not None:
                self.now = self.workspace.clock.now()
                whole = self._prepare(declared, prior, Facts(), selects)
            offline = self._ask_offline(whole, declared, prior, selects)
            if first_run and not self._first_run(offline.plan):
                return AppliedPlan(offline, None, declined=True)
            facts = gatherer.read(offline.plan, last_write=last_write)
            problems, cards = shell.media_problems(offline.plan), shell.cards(offline.plan)
            facts = replace(facts, media_problems=problems, cards=cards)
            files |= card_files(self.workspace, facts)
            if shell.stopped:
                return AppliedPlan(offline, untried(offline.plan))
            prior = None if first_run else session.ledger.state()
            prepared = self._ask_accounts(declared, prior, facts, selects)
            prepared = with_idle_flags(prepared, self.consents, asked=self.person is not None)
            self.show(prepared)
            refuse_excess(prepared.plan, self._limits())
            if not prepared.plan.effective:
                self._beat(session, declared, run_id, None)
                return AppliedPlan(prepared, None, facts=facts)
            if not self.options.yes and not (
                self.person is not None and self.person.confirm(AskApply(prepared))
            ):
                return AppliedPlan(prepared, None, declined=True)
            record_start(self.workspace, session, prepared.plan, facts, run_id)
            executor = Executor(
                shell.scheduler(), lambda: session.ledger, self.workspace.providers, shell.bounds_of
            )
            report = executor.run(prepared.plan, run_id)
            self._beat(session, declared, run_id, report)
            if not self.options.withdraw:
                tidy(self.workspace, declared, session.ledger.state())
            return AppliedPlan(prepared, report, facts=facts)

    # What may be done.

    def _asked(self, declared: Declared, prior: State | None) -> Selects:
        """Take in what was said on the command line, or when the saved plan was made.

        At the prompt more may be agreed to, so consents are never taken back.
        """
        asked = self.options.asked
        try:
            said = agreed(asked, declared, prior)
            selects = chosen(declared, prior, asked.selectors, asked.exclude)
        except UsageError as error:
            if self.options.saved is None:
                raise
            raise _stale([error.problem]) from error
        if self.consents == Consents():
            asks = Withdrawal(self.workspace.surroundings.who(), self.options.why)
            down = {Address.parse(each): asks for each in self.options.withdraw}
            self.consents = replace(said, first_run=self.options.first_run, withdraw=down)
        return selects

    def _refuse_stale(self, declared: Declared, prior: State | None, selects: Selects) -> Prepared:
        """Return all that would be done by files and state alone, saved plan or not; refuse a stale one."""
        whole = self._prepare(declared, prior, Facts(), selects, held=False)
        saved = self.options.saved
        if saved is not None:
            now = bound(self.workspace, whole.plan, declared.desired, prior, saved.options)
            found = differences(saved, now)
            if found:
                self.show(whole)
                raise _stale(found)
        return whole

    def _limits(self) -> Safety:
        limits, options = self.workspace.project.safety, self.options
        return replace(
            limits,
            creates_max=limits.creates_max if options.max_creates is None else options.max_creates,
            replaces_max=limits.replaces_max if options.max_replaces is None else options.max_replaces,
            deletes_max=limits.deletes_max if options.max_deletes is None else options.max_deletes,
        )

    def _prepare(
        self,
        declared: Declared,
        prior: State | None,
        facts: Facts,
        selects: Selects,
        *,
        held: bool = True,
    ) -> Prepared:
        return prepare(
            self.workspace,
            declared,
            prior=prior,
            facts=facts,
            now=self.now,
            consents=self.consents,
            selects=selects,
            limits=self._limits(),
            saved=self.options.saved if held else None,
        )

    # What the person is asked.

    @property
    def _may_ask(self) -> bool:
        """Whether somebody can agree to more now; nothing is added to a saved plan."""
        return self.person is not None and self.options.saved is None

    def _askable(self, plan: Plan) -> bool:
        held = {Reason.NEEDS_CONSENT, Reason.LATE}
        return self._may_ask and any(
            isinstance(action, Blocked) and action.reason in held for action in plan.actions
        )

    def _ask_offline(
        self, prepared: Prepared, declared: Declared, prior: State | None, selects: Selects
    ) -> Prepared:
        """Ask about replaces and late posts, one by one, before anything is read."""
        if self.person is None or not self._may_ask:
            return prepared
        before = self.consents
        for action in prepared.plan.actions:
            match action:
                case Blocked(reason=Reason.NEEDS_CONSENT) if self.person.confirm(AskReplace(action)):
                    agreed = {**self.consents.replace, action.address: "prompt"}
                    self.consents = replace(self.consents, replace=agreed)
                case Blocked(reason=Reason.LATE) if self.person.confirm(AskLate(action)):
                    self.consents = replace(self.consents, late=self.consents.late | {action.address})
                case _:
                    pass
        return prepared if self.consents == before else self._prepare(declared, prior, Facts(), selects)

    def _first_run(self, plan: Plan) -> bool:
        """No state is a first run, and never publishes a backlog by itself (law 8)."""
        if self.options.first_run:
            return True
        creates = [action for action in plan.actions if isinstance(action, Create)]
        if not creates:
            return True
        targets = tuple(sorted({action.address.target for action in creates}))
        if self.person is not None and self.person.confirm(AskFirstRun(targets, len(creates))):
            self.consents = replace(self.consents, first_run=True)
            return True
        if self.person is not None:
            return False
        posts = "1 post" if len(creates) == 1 else f"{len(creates)} posts"
        raise UsageError(
            f"there is no state yet, and {posts} would be published on {', '.join(targets)}.",
            where=self.workspace.store.where,
            remedy="If this really is the first run, add --first-run. If it is not, the state is missing: "
            "bring it back first (threadsync state history shows the copies that were kept).",
        )

    def _ask_accounts(
        self, declared: Declared, prior: State | None, facts: Facts, selects: Selects
    ) -> Prepared:
        """Ask whose account a target is, where neither the project nor the state says it."""
        prepared = self._prepare(declared, prior, facts, selects)
        if self.person is None:
            return prepared
        asked: set[TargetName] = set()
        before = self.consents
        for action in prepared.plan.actions:
            target = action.address.target
            account = facts.of(target).account
            unconfirmed = isinstance(action, Blocked) and action.reason is Reason.ACCOUNT_UNCONFIRMED
            if not unconfirmed or account is None or target in asked:
                continue
            asked.add(target)
            if self.person.confirm(AskAccount(target, account)):
                self.consents = replace(self.consents, accounts=self.consents.accounts | {target})
        return prepared if self.consents == before else self._prepare(declared, prior, facts, selects)


def _stale(found: Iterable[str]) -> StalePlan:
    return StalePlan(
        "the saved plan is stale, and nothing of it was done:\n" + "\n".join(f"  {each}" for each in found),
        remedy="Make a new plan, and read it.",
    )
