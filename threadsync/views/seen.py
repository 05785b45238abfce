"""What the views need of the values that operations return, by shape: ``operations`` is not imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Protocol

from threadsync.execution.report import Report
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.holding import Freeze, Heartbeat, Hold
from threadsync.model.ids import Address
from threadsync.model.journal import PostsSeen
from threadsync.model.state import Binding, Open, State, Tombstone
from threadsync.planning.actions import Action, Plan
from threadsync.planning.allowances import AccountView, CredentialView
from threadsync.planning.inputs import Desired, Wanted
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
    def accounts(self) -> tuple[AccountView, ...]:
        """The accounts it is about, as they were read or last seen."""
        ...

    @property
    def credentials(self) -> tuple[CredentialView, ...]:
        """What is known of the credentials of its targets, wherever the network renews them."""
        ...

    @property
    def freeze(self) -> Freeze | None:
        """The freeze under which apply refuses; None where it acts."""
        ...

    @property
    def holds(self) -> tuple[Hold, ...]:
        """What a person holds."""
        ...

    @property
    def heartbeat(self) -> Heartbeat | None:
        """When an apply of everything ended last."""
        ...

    @property
    def has_errors(self) -> bool:
        """Whether the files have errors; then nothing can be applied."""
        ...


class PlanOfPosts(PreparedPlan, Protocol):
    """A plan with the posts that it was made from."""

    @property
    def desired(self) -> Desired:
        """What the files say."""
        ...

    @property
    def prior(self) -> State | None:
        """What was remembered."""
        ...

    @property
    def drafts(self) -> Mapping[Address, Wanted]:
        """Posts that are drafts, as their networks would get them."""
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

    @property
    def seen(self) -> PostsSeen | None:
        """How its live posts were when they were last looked at."""
        ...

    @property
    def due(self) -> datetime | None:
        """Since when it should be live and is not; None where it is, or where no time says so."""
        ...

    @property
    def held(self) -> Hold | None:
        """The hold under which apply does not touch it."""
        ...


class Standings(Protocol):
    """How all publications stand."""

    @property
    def rows(self) -> Sequence[Standing]:
        """Each of them."""
        ...

    @property
    def freeze(self) -> Freeze | None:
        """The freeze under which apply refuses; None where it acts."""
        ...

    @property
    def heartbeat(self) -> Heartbeat | None:
        """When an apply of everything ended last."""
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
    def held(self) -> Hold | None:
        """The hold under which apply does not touch it."""
        ...

    @property
    def action(self) -> Action | None:
        """What apply would do."""
        ...

    @property
    def seen(self) -> PostsSeen | None:
        """How its live posts were when they were last looked at."""
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
