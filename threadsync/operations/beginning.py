"""What apply puts on record before its first action: the run, and the accounts that it found."""

from __future__ import annotations

import hashlib
from datetime import datetime

from threadsync.model.facts import Facts
from threadsync.model.ids import TargetName
from threadsync.model.journal import AccountSeen, Note, RunStarted, TargetBound
from threadsync.operations.workspace import Workspace
from threadsync.planning.actions import Create, Delete, Extend, Plan, Replace
from threadsync.planning.inputs import BACKLOG
from threadsync.statefile.store import Session


def record_start(workspace: Workspace, session: Session, plan: Plan, facts: Facts, run_id: str) -> None:
    """Put on record that the run begins, before anything of *plan* is done."""
    at = workspace.clock.now()
    here = workspace.surroundings
    commit, by = here.commit(workspace.project.root), here.ci_run()
    notes: list[Note] = [RunStarted(run_id, at, fingerprint(plan), commit, by)]
    touched = {
        action.address.target
        for action in plan.effective
        if isinstance(action, Create | Extend | Replace | Delete)
    }
    for target in sorted(touched - set(session.ledger.targets)):
        account = facts.of(target).account
        assert account is not None, "the plan blocks a target whose account was not read"
        since = workspace.project.targets[target].since or at - BACKLOG
        notes.append(
            TargetBound(
                target, account.origin, account.account_id, account.handle, since, at, account.channel
            )
        )
    session.append((*notes, *accounts_seen(facts, touched, at)))
    session.barrier()


def accounts_seen(facts: Facts, targets: set[TargetName], at: datetime) -> list[AccountSeen]:
    """Return what was seen of the accounts of *targets*, to be kept beside the state."""
    found: list[AccountSeen] = []
    for target in sorted(targets):
        read = facts.of(target)
        if read.account is not None:
            found.append(AccountSeen(target, read.account.handle, at, read.quotas, read.life))
    return found


def fingerprint(plan: Plan) -> str:
    """Return a short name for just this plan: its actions, reasons and contents."""
    said = "\n".join(
        f"{action.word} {action.reason} {action.address} "
        + (
            " ".join(s.digest for s in action.segments)
            if isinstance(action, Create | Extend | Replace)
            else ""
        )
        for action in plan.effective
    )
    return hashlib.sha256(said.encode()).hexdigest()[:16]
