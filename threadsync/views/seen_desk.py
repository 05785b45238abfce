"""What the views of the everyday commands need of the values that operations return, by shape."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from threadsync.execution.apilog import Renewal
from threadsync.model.capabilities import Capabilities
from threadsync.model.facts import Account
from threadsync.providers.authorizing import AppSetting
from threadsync.providers.base import About, Examined, Scope


class Checked(Protocol):
    """One check of a set-up."""

    @property
    def name(self) -> str:
        """What was looked at."""
        ...

    @property
    def verdict(self) -> str:
        """What it came to: ok, warning, problem or skipped."""
        ...

    @property
    def said(self) -> str:
        """What was found."""
        ...

    @property
    def remedy(self) -> str:
        """What to do about it."""
        ...


class Credential(Protocol):
    """One credential, and what could be found out about it."""

    @property
    def target(self) -> str:
        """Whose it is."""
        ...

    @property
    def role(self) -> str:
        """What the provider calls it."""
        ...

    @property
    def form(self) -> str:
        """Where it is; empty where none is declared."""
        ...

    @property
    def problem(self) -> str:
        """Why it cannot be used; empty where it can."""
        ...

    @property
    def remedy(self) -> str:
        """What to do about that."""
        ...

    @property
    def account(self) -> Account | None:
        """The account that it opens."""
        ...

    @property
    def examined(self) -> Examined | None:
        """What the network tells of it."""
        ...

    @property
    def renewal(self) -> Renewal | None:
        """When it was last made or renewed here."""
        ...

    @property
    def needed(self) -> tuple[Scope, ...]:
        """The rights that the project needs it to have."""
        ...

    @property
    def missing(self) -> tuple[Scope, ...]:
        """Those of them that it is known to lack."""
        ...

    @property
    def expires_at(self) -> datetime | None:
        """Until when it lives, where that is known."""
        ...


class Spoken(Protocol):
    """One provider."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def about(self) -> About:
        """What it speaks to, and what it needs and obeys there."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What may be planned there."""
        ...

    @property
    def base_url(self) -> str:
        """The network's own address."""
        ...

    @property
    def app(self) -> tuple[AppSetting, ...]:
        """What an app is known by that people authorize; empty where a credential is pasted."""
        ...
