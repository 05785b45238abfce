"""What ``apply`` is told, and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from threadsync.errors import UsageError
from threadsync.execution.report import Report
from threadsync.execution.seams import Watcher
from threadsync.model.facts import Facts
from threadsync.model.ids import Address
from threadsync.operations.asking import Person
from threadsync.operations.plan import Prepared
from threadsync.operations.workspace import Workspace
from threadsync.planning.actions import Blocked, Reason
from threadsync.planning.planfile import PlanOptions, SavedPlan

ASKED = frozenset({Reason.NEEDS_CONSENT, Reason.LATE, Reason.ACCOUNT_UNCONFIRMED})
"""Reasons that a yes at the prompt does away with."""


class ApplyOptions(Struct, frozen=True):
    """What the person said on the command line; addresses are ``KEY@TARGET``."""

    selectors: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    yes: bool = False
    first_run: bool = False
    allow_replace: tuple[str, ...] = ()
    allow_delete: tuple[str, ...] = ()
    allow_duplicate: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    max_creates: int | None = None
    max_replaces: int | None = None
    max_deletes: int | None = None
    lock_timeout_seconds: float = 0.0
    saved: SavedPlan | None = None
    """The plan to be carried out; it says itself what was selected and agreed to."""
    withdraw: tuple[str, ...] = ()
    """Publications to take down, whatever their files say; nothing else is done then."""
    why: str = ""
    """Why they are taken down."""

    @property
    def asked(self) -> PlanOptions:
        """What shapes the plan: of a saved plan, what shaped it when it was made."""
        said = PlanOptions(
            self.selectors,
            self.exclude,
            self.allow_replace,
            self.allow_delete,
            self.allow_duplicate,
            self.late,
        )
        if self.saved is None:
            return said
        if said != PlanOptions():
            raise UsageError(
                "a saved plan says itself what is selected and agreed to.",
                remedy="Leave selectors, --exclude, --allow-… and --late out, or make a new plan with them.",
            )
        return self.saved.options


class AppliedPlan(Struct, frozen=True):
    """The plan that was shown last, and what became of it; no report where nothing was begun."""

    prepared: Prepared
    report: Report | None
    declined: bool = False
    facts: Facts = Facts()
    """What was read of the accounts for it."""

    @property
    def unreadable(self) -> bool:
        """Whether something was held back because an account could not be read, or is none: no choice."""
        return self._holds(Reason.ACCOUNT_UNREADABLE, Reason.READ_BACK_FAILED, Reason.UNKNOWN_ACCOUNT)

    @property
    def uncertain(self) -> bool:
        """Whether what became of an earlier publish still cannot be told."""
        return self._holds(Reason.UNCERTAIN)

    @property
    def blocked(self) -> tuple[Address, ...]:
        """What is blocked in the plan that was shown last."""
        return tuple(a.address for a in self.prepared.plan.actions if isinstance(a, Blocked))

    @property
    def asks(self) -> tuple[Address, ...]:
        """What waits for a yes that a person at the terminal could give."""
        return tuple(
            a.address for a in self.prepared.plan.actions if isinstance(a, Blocked) and a.reason in ASKED
        )

    def _holds(self, *reasons: Reason) -> bool:
        return any(isinstance(a, Blocked) and a.reason in reasons for a in self.prepared.plan.actions)


class CarriesOut(Protocol):
    """What ``apply`` is, and what goes its way."""

    def __call__(
        self,
        workspace: Workspace,
        options: ApplyOptions,
        *,
        person: Person | None,
        show: Callable[[Prepared], None],
        watcher: Watcher,
        on_started: Callable[[Callable[[], None]], None],
    ) -> AppliedPlan:
        """Show a plan, ask, and carry it out."""
        ...
