"""The heartbeat: that an apply of everything ended, when, by whom, and what became of it.

It goes on record with what the apply did. Where nothing was to be done, only now and then: each record is a
write, of a shared state a push, and says little more than the one before (docs/adr/0023-holding.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from threadsync.errors import StateError, StateLocked, WrongCheckout
from threadsync.execution.report import Report
from threadsync.model.holding import Heartbeat, Lulls
from threadsync.model.journal import Note
from threadsync.model.state import State
from threadsync.operations.shell import new_run
from threadsync.operations.workspace import Declared, Workspace
from threadsync.planning.lulls import outage, still_needed
from threadsync.planning.planfile import PlanOptions
from threadsync.statefile.store import Session, Snapshot

IDLE_PARTS = 4
"""An apply with nothing to do records it once this part of ``safety.outage_after`` is over."""


def is_whole(asked: PlanOptions) -> bool:
    """Whether everything was selected: an apply of a part does not say that the rest is looked after."""
    return not asked.selectors and not asked.exclude


def is_due(prior: State, now: datetime, outage_after: timedelta) -> bool:
    """Whether an apply with nothing to do is worth a record.

    A record of the future, by a clock that was ahead, would hide every outage until then.
    """
    last = prior.heartbeat
    return last is None or last.at > now or now - last.at >= outage_after / IDLE_PARTS


def beat(
    workspace: Workspace,
    session: Session,
    declared: Declared,
    *,
    began: datetime,
    run: str,
    report: Report | None,
) -> None:
    """Put on record that an apply of everything that *began* then ended now; durable when *session* ends."""
    prior = session.ledger.state()
    if report is None and not is_due(prior, began, workspace.project.safety.outage_after):
        return
    counts = Counter(each.became.value for each in report.actions) if report is not None else Counter[str]()
    session.append(
        tuple(
            _notes(
                workspace,
                prior,
                declared,
                began,
                Heartbeat(workspace.clock.now(), run, workspace.surroundings.who(), dict(counts)),
            )
        )
    )


def beat_idle(
    workspace: Workspace,
    snapshot: Snapshot,
    declared: Declared,
    *,
    began: datetime,
    approval: Callable[[], None],
) -> None:
    """Put on record that there was nothing to do, if that is due and no other run is at work.

    A checkout without *approval*, which may not apply, does not say that one that may is alive. That it
    cannot be recorded stops nothing: it is told, and once something is to be done apply refuses.
    """
    prior, outage_after = snapshot.state, workspace.project.safety.outage_after
    if prior is None or not is_due(prior, began, outage_after):
        return
    try:
        approval()
        with workspace.store.open(workspace.surroundings.holder("apply", began), 0.0) as session:
            if session.ledger.freeze is None:
                beat(workspace, session, declared, began=began, run=new_run(workspace), report=None)
    except WrongCheckout:
        return  # what is to be sent from here is refused then, with the reason
    except StateLocked:
        return  # another run is at work; the lock of one that is known to be dead does not come here
    except StateError as error:
        workspace.tell(f"That nothing was to be done could not be put on record: {error.problem}.")


def _notes(
    workspace: Workspace, prior: State, declared: Declared, began: datetime, heartbeat: Heartbeat
) -> Iterator[Note]:
    every = (*declared.desired.publications.values(), *declared.drafts.values())
    publications = [each.publication for each in every]
    known = (*prior.lulls, *outage(prior, began, workspace.project.safety.outage_after))
    lulls = still_needed(known, publications, prior, began)
    if lulls != prior.lulls:
        yield Lulls(lulls, heartbeat.at)
    yield heartbeat
