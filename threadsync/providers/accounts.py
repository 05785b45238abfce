"""The parts of the seam that an open account has: its sessions, and what its requests take of allowances."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from threadsync.flows.effects import Flow, Request, Response
from threadsync.model.ids import Role
from threadsync.model.secret import SecretText


class Session(Struct, frozen=True):
    """What opens an account for some hours; *secrets* stand for the roles that a provider's requests name."""

    secrets: Mapping[Role, SecretText]
    expires_at: datetime | None
    base_url: str = ""
    """Where the account lives, and later requests go; empty where that is the target's own address."""
    account_id: str = ""
    """Whose it is, in the network's own word."""


class Sessions(Protocol):
    """How a network's accounts are opened, where a credential does not do so by itself."""

    @property
    def roles(self) -> frozenset[Role]:
        """The roles that a session fills; no project declares them."""
        ...

    def open(self) -> Flow[Session]:
        """Ask for a session, with the main credential.

        Raises:
            ApiError, Unanswered: there is none.
        """
        ...

    def renew(self) -> Flow[Session]:
        """Ask for the next session, with the roles of the one that there is.

        Raises:
            ApiError, Unanswered: there is none.
        """
        ...

    def is_over(self, response: Response) -> bool:
        """Whether *response* says that the session it was asked with is over, and nothing was done."""
        ...


class Window(Struct, frozen=True):
    """An allowance: *total* of *what* (``points``) in any *seconds*."""

    what: str
    total: int
    seconds: float


class Told(Struct, frozen=True):
    """What an answer tells of a window: it counts the request that it answers."""

    what: str
    seconds: float
    total: int
    left: int
    resets_in_seconds: float
    """After how long all of it is free again, on the server's own clock."""


class Spending(Protocol):
    """What requests take of an account's allowances, for a ledger to count."""

    @property
    def windows(self) -> tuple[Window, ...]:
        """The allowances, as long as no answer tells them otherwise."""
        ...

    def cost(self, request: Request) -> Mapping[str, int]:
        """Return what *request* takes of what; empty where it takes nothing that is counted."""
        ...

    def told(self, request: Request, response: Response) -> Told | None:
        """Return what *response* tells of a window that *request* took from; None where it tells nothing."""
        ...
