"""Running read-only flows outside an apply: they put nothing on record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from msgspec.structs import replace

from threadsync.errors import ThreadsyncError
from threadsync.execution.gathering import Gatherer
from threadsync.execution.seams import Finished, Interrupted, NoJournal, Unwatched, Watcher
from threadsync.execution.surveying import fault_of, survey
from threadsync.flows.core import Done, Raised
from threadsync.flows.effects import Flow
from threadsync.model.facts import Account, Facts, TargetFacts
from threadsync.model.ids import Address, TargetName
from threadsync.model.journal import Published
from threadsync.model.ledger import Ledger
from threadsync.model.state import Lineage, State
from threadsync.operations.shell import Shell, media_files, opened
from threadsync.operations.workspace import Declared, Workspace
from threadsync.planning.actions import Plan
from threadsync.planning.readiness import other_account

T = TypeVar("T")


def read_with(workspace: Workspace, flows: Sequence[tuple[TargetName, Flow[T]]]) -> list[T]:
    """Run *flows*, each with its target's credential, and return their results in order.

    Raises:
        ThreadsyncError: one of them could not be read.
    """
    found: dict[int, T] = {}
    errors: list[Exception] = []

    def keep(number: int, finished: Finished[T]) -> None:
        match finished.end:
            case Done(value=value):
                found[number] = value
            case Raised(error=error):
                errors.append(error)
            case Interrupted():
                return

    with opened(workspace, {}, NoJournal(), Unwatched()) as shell:
        scheduler = shell.scheduler()
        for number, (target, flow) in enumerate(flows):
            scheduler.spawn(str(number), target, flow, partial(keep, number))
        scheduler.run()
    if errors:
        raise errors[0]
    return [found[number] for number in range(len(flows))]


def read_as_apply(
    workspace: Workspace, declared: Declared, plan: Plan, prior: State | None, watcher: Watcher
) -> Facts:
    """Read what apply would read for *plan*, and every live post that it is about."""
    # Here commands are only looked for, and never run: whether apply may run them is for its own flag.
    looking = replace(workspace, allow_commands=True)
    with opened(looking, media_files(workspace, declared), NoJournal(), watcher) as shell:
        ledger = Ledger(prior or State(Lineage("")))
        gatherer = Gatherer(
            shell.scheduler,
            workspace.clock,
            lambda: ledger,
            workspace.providers,
            shell.bounds_of,
            records=False,
            spent=shell.connections.spent,
        )
        facts = gatherer.read(plan, last_write=prior.written_at if prior is not None else None)
        bound = {action.address for action in plan.actions} & set(ledger.bindings)
        targets = {address.target for address in bound}
        looked = surveyed(workspace, shell, prior, bound, targets, since=workspace.clock.now())
        return Facts(
            workspace.clock.now(),
            {
                target: _merged(facts.targets.get(target), looked.get(target))
                for target in {*facts.targets, *looked}
            },
            shell.media_problems(plan),
            shell.cards(plan),
        )


def _merged(read: TargetFacts | None, looked: TargetFacts | None) -> TargetFacts:
    """Return what was read for the plan, and how the live posts are besides."""
    if read is None or looked is None or read.account is None:
        return read or looked or TargetFacts()
    return replace(
        read,
        observed={**looked.observed, **read.observed},
        engagement={**looked.engagement, **read.engagement},
    )


def surveyed(
    workspace: Workspace,
    shell: Shell,
    prior: State | None,
    addresses: Iterable[Address],
    targets: Iterable[TargetName],
    *,
    since: datetime,
) -> dict[TargetName, TargetFacts]:
    """Look at all that is bound at *addresses*, and list what *targets* have posted since *since*.

    Of a target whose credential opens another account, nothing but that account is read.
    """
    posts: dict[TargetName, list[Published]] = defaultdict(list)
    for address in sorted(set(addresses)):
        posts[address.target] += prior.bindings[address].segments if prior is not None else ()
    return read_targets(
        shell,
        {
            target: survey(
                workspace.providers[target],
                shell.bounds_of(target),
                posts[target],
                since=since,
                is_ours=partial(is_ours, workspace, prior, target),
                spent=partial(shell.connections.spent, target),
            )
            for target in {*targets} & set(workspace.providers)
        },
    )


def read_targets(
    shell: Shell, flows: Mapping[TargetName, Flow[TargetFacts]]
) -> dict[TargetName, TargetFacts]:
    """Run the flow of each target beside the others; what one could not read is in its own facts."""
    found: dict[TargetName, TargetFacts] = {}

    def keep(target: TargetName, finished: Finished[TargetFacts]) -> None:
        match finished.end:
            case Done(value=facts):
                found[target] = facts
            case Raised(error=ThreadsyncError() as error):
                found[target] = TargetFacts(fault=fault_of(error))
            case Raised() | Interrupted():
                return  # the scheduler raises what is a bug of ours

    scheduler = shell.scheduler()
    for target, flow in sorted(flows.items()):
        scheduler.spawn(str(target), target, flow, partial(keep, target))
    scheduler.run()
    return found


def why_unread(
    workspace: Workspace, prior: State | None, target: TargetName, read: TargetFacts
) -> tuple[str, str]:
    """Return why nothing of the account of *target* was read, and what to do; empty where it was."""
    if read.account is None:
        fault = read.fault
        return (fault.problem, fault.remedy) if fault is not None else ("it was not read", "")
    record = prior.targets.get(target) if prior is not None else None
    other = other_account(read.account, workspace.project.targets[target], record)
    return (other, "Give the target the right credential.") if other else ("", "")


def is_ours(workspace: Workspace, prior: State | None, target: TargetName, account: Account) -> bool:
    """Whether *account* is the one that *target* is, as far as the project and the state tell."""
    record = prior.targets.get(target) if prior is not None else None
    return not other_account(account, workspace.project.targets[target], record)
