"""``plan``: what apply would do. Reads files and state; writes nothing, and asks no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from threadsync.model.diagnostic import Diagnostic
from threadsync.model.facts import Facts
from threadsync.model.ids import Address
from threadsync.model.journal import Rendered
from threadsync.model.state import State
from threadsync.model.target import Safety
from threadsync.operations.selection import Selects, selection
from threadsync.operations.workspace import Declared, Workspace
from threadsync.planning.actions import Notice, Plan
from threadsync.planning.inputs import Consents
from threadsync.planning.planner import plan as make_plan
from threadsync.planning.safety import Excess, excesses


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan with what a reader of it should know."""

    plan: Plan
    findings: tuple[Diagnostic, ...]
    excesses: tuple[Excess, ...]
    durable: str
    """What the place of the state is safe against."""
    state_path: str
    zone: str | None
    interrupted: tuple[Address, ...] = ()
    """Publications that an earlier apply did not finish."""

    @property
    def has_errors(self) -> bool:
        """Whether the files have errors; then nothing can be applied."""
        return any(finding.is_error for finding in self.findings)


def plan(
    workspace: Workspace,
    selectors: Sequence[str] = (),
    *,
    exclude: Sequence[str] = (),
    at: datetime | None = None,
) -> Prepared:
    """Return what apply would do now, or at the time *at*.

    Raises:
        StateError: the state cannot be read; no plan is made from a guess.
        UsageError: a selector chooses nothing.
    """
    snapshot = workspace.store.read()
    prior = snapshot.state
    now = at or workspace.clock.now()
    declared = workspace.declared(prior, now)
    selects = chosen(declared, prior, selectors, exclude)
    return prepare(
        workspace,
        declared,
        prior=prior,
        facts=Facts(),
        now=now,
        consents=Consents(),
        selects=selects,
        limits=workspace.project.safety,
    )


def chosen(
    declared: Declared, prior: State | None, selectors: Sequence[str], exclude: Sequence[str]
) -> Selects:
    """Return the publications that the selectors choose, of those declared or remembered."""
    remembered = (*prior.bindings, *prior.tombstones, *prior.open) if prior is not None else ()
    known = (*declared.desired.publications, *declared.drafts, *remembered)
    return selection(selectors, exclude, known, declared.paths())


def prepare(
    workspace: Workspace,
    declared: Declared,
    *,
    prior: State | None,
    facts: Facts,
    now: datetime,
    consents: Consents,
    selects: Selects,
    limits: Safety,
) -> Prepared:
    """Make a plan from what was read, and put beside it what a reader should know."""
    notices = (*_skewed(facts), *_edited(workspace, prior, facts))
    made = make_plan(declared.desired, prior, facts, now, consents, selected=selects, notices=notices)
    return Prepared(
        made,
        declared.findings,
        excesses(made, limits),
        workspace.store.durable,
        workspace.project.state_name,
        workspace.project.zone,
        tuple(sorted(prior.open)) if prior is not None else (),
    )


SKEW_SECONDS_MAX = 300.0


def _skewed(facts: Facts) -> list[Notice]:
    found: list[Notice] = []
    for target, of_target in sorted(facts.targets.items()):
        ahead = of_target.account.server_ahead_seconds if of_target.account is not None else None
        if ahead is not None and abs(ahead) > SKEW_SECONDS_MAX:
            how = "behind" if ahead > 0 else "ahead of"
            found.append(
                Notice(
                    target,
                    f"this machine's clock is {abs(ahead) / 60:.0f} minutes {how} the network's.",
                    "Set the clock; what is due is decided by it.",
                )
            )
    return found


def _edited(workspace: Workspace, prior: State | None, facts: Facts) -> list[Notice]:
    """Name the posts that were edited on the network since they were published."""
    found: list[Notice] = []
    for address, binding in sorted(prior.bindings.items()) if prior is not None else ():
        observed = facts.of(address.target).observed
        for segment in binding.segments:
            post = observed.get(segment.remote_id)
            if post is None:
                continue
            what = Rendered(segment.index, segment.digest, segment.text, segment.media)
            if not workspace.providers[address.target].matches(what, post.parent, post):
                found.append(
                    Notice(
                        str(address),
                        f"{segment.permalink or segment.remote_id} was edited on the network; it says now: "
                        f"{post.text!r}.",
                        "Carrying this plan out takes that down.",
                    )
                )
    return found
