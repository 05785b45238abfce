"""What the views need of the values that operations return, by shape: ``operations`` is not imported."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import Protocol

from threadsync.execution.report import Report
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.ids import Address
from threadsync.model.state import Binding, Open, Tombstone
from threadsync.planning.actions import Action, Plan
from threadsync.planning.inputs import Wanted
from threadsync.planning.safety import Excess


class Detail(IntEnum):
    """How much is said: one line each, what a reader needs, or everything."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


class PreparedPlan(Protocol):
    """A plan with what a reader of it should know."""

    @property
    def plan(self) -> Plan:
        """The plan itself."""
        ...

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """What is wrong with the files it was made from."""
        ...

    @property
    def excesses(self) -> tuple[Excess, ...]:
        """The safety limits it goes over."""
        ...

    @property
    def durable(self) -> str:
        """What the place of the state is safe against."""
        ...

    @property
    def state_path(self) -> str:
        """Where the state is, relative to the project."""
        ...

    @property
    def zone(self) -> str | None:
        """The zone to tell local times in."""
        ...

    @property
    def interrupted(self) -> tuple[Address, ...]:
        """Publications that an earlier apply did not finish."""
        ...

    @property
    def has_errors(self) -> bool:
        """Whether the files have errors; then nothing can be applied."""
        ...


class CarriedOut(Protocol):
    """The plan that was shown, and what became of it."""

    @property
    def prepared(self) -> PreparedPlan:
        """The plan that was shown last."""
        ...

    @property
    def report(self) -> Report | None:
        """What became of it; None where nothing was begun."""
        ...

    @property
    def declined(self) -> bool:
        """Whether the person said no."""
        ...


class Validated(Protocol):
    """What checking the files found."""

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """All findings."""
        ...

    @property
    def files(self) -> int:
        """How many files were read."""
        ...

    @property
    def publications(self) -> int:
        """How many publications they declare."""
        ...

    @property
    def drafts(self) -> int:
        """How many more are drafts."""
        ...


class Standing(Protocol):
    """How one publication stands."""

    @property
    def address(self) -> Address:
        """Which one."""
        ...

    @property
    def word(self) -> str:
        """How it stands: live, waiting, blocked …"""
        ...

    @property
    def when(self) -> datetime | None:
        """Since or until when."""
        ...

    @property
    def permalink(self) -> str:
        """Where its first segment is; empty where it is not."""
        ...

    @property
    def detail(self) -> str:
        """What else there is to say."""
        ...


class Known(Protocol):
    """All that is known of one address."""

    @property
    def address(self) -> Address:
        """Which one."""
        ...

    @property
    def declared(self) -> Wanted | None:
        """What its file says."""
        ...

    @property
    def binding(self) -> Binding | None:
        """What is live."""
        ...

    @property
    def tombstone(self) -> Tombstone | None:
        """What is left of an earlier binding."""
        ...

    @property
    def open(self) -> Open | None:
        """What was begun and not finished."""
        ...

    @property
    def action(self) -> Action | None:
        """What apply would do."""
        ...


class Backup(Protocol):
    """One copy of the state."""

    @property
    def serial(self) -> int:
        """How often the state had been written."""
        ...

    @property
    def when(self) -> datetime | None:
        """The time of its last note."""
        ...

    @property
    def run(self) -> str:
        """The run that wrote it."""
        ...

    @property
    def bindings(self) -> int:
        """How many publications it binds."""
        ...

    @property
    def file(self) -> object:
        """Where it is."""
        ...

    @property
    def current(self) -> bool:
        """Whether it is the one in use."""
        ...

    @property
    def problem(self) -> str:
        """Why it cannot be read."""
        ...

    @property
    def restore(self) -> str:
        """The command for a shell that puts it back; empty where that cannot be done."""
        ...
