"""Running a few read-only flows outside an apply: no lock, no journal."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from threadsync.execution.seams import Finished, Interrupted, NoJournal, Unwatched
from threadsync.flows.core import Done, Raised
from threadsync.flows.effects import Flow
from threadsync.model.ids import TargetName
from threadsync.operations.shell import opened
from threadsync.operations.workspace import Workspace

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
