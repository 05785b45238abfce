"""``preview``: the plan and the drafts together, as an author sees them while writing."""

from __future__ import annotations

from msgspec import Struct

from threadsync.model.facts import Facts
from threadsync.model.state import State
from threadsync.operations.fitting import fitted
from threadsync.operations.plan import Prepared, prepare
from threadsync.operations.workspace import Workspace
from threadsync.planning.inputs import Consents, Wanted


class Preview(Struct, frozen=True):
    """What apply would do now, and what each network would get of the drafts."""

    prepared: Prepared
    drafts: tuple[Wanted, ...]


def preview(workspace: Workspace, prior: State | None) -> Preview:
    """Return what the files say now, planned against the state *prior*; asks no network."""
    now = workspace.clock.now()
    declared = fitted(workspace, workspace.declared(prior, now), prior)
    prepared = prepare(
        workspace,
        declared,
        prior=prior,
        facts=Facts(),
        now=now,
        consents=Consents(),
        selects=lambda _: True,
        limits=workspace.project.safety,
    )
    return Preview(prepared, tuple(declared.drafts[address] for address in sorted(declared.drafts)))
