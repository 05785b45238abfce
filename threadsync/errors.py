"""Every error a person can act on; anything else that escapes is a bug of ours.

    ThreadsyncError
    ├─ UsageError        what was asked cannot be done as asked: a flag, a selector, a missing consent
    │                    (WrongCheckout)
    ├─ ProjectError      the project file, the environment or the set-up (carries diagnostics)
    ├─ ContentError      posts that cannot be read or do not validate (carries diagnostics)
    ├─ StateError        StateLocked · StateDamaged · StateTooNew · StateForeign · StateUnwritable ·
    │                    StateOutdated · StateUnreachable
    ├─ PlanError         UnsafePlan · StalePlan · Frozen · PublishBlocked
    ├─ ProviderError     what ends the run for a target: ApiError (the network refused; PublishRefused) ·
    │                    Unanswered · PublishUncertain · AuthorizationDenied · AuthorizationMismatch ·
    │                    CredentialsExpired · RateLimitReached (both before anything is sent)
    ├─ DatabaseError     where log, ledger, cursors and known answers are kept cannot be used
    ├─ WebhookError      what arrived at a webhook is not the network's, or cannot be read
    ├─ OutputError       what the command has to say cannot be written
    ├─ WatchError        files cannot be watched, or their preview cannot be served
    └─ PluginError       ProviderNotFound

Each carries *problem* (what is wrong, naming the thing), *where* (file, line or address; may be
empty) and *remedy* (what to do next). Translation to an exit status happens in ``cli`` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from threadsync.model.diagnostic import Diagnostic
    from threadsync.model.fault import Fault
    from threadsync.model.ids import RemoteId
    from threadsync.model.journal import Published


class ThreadsyncError(Exception):
    """Anything the person in front of the terminal can act on."""

    def __init__(self, problem: str, *, where: str = "", remedy: str = "") -> None:
        self.problem = problem
        self.where = where
        self.remedy = remedy
        super().__init__(self.message())

    def message(self) -> str:
        """Say where, what and what to do next, in one paragraph."""
        head = f"{self.where}: {self.problem}" if self.where else self.problem
        return f"{head}\n{self.remedy}" if self.remedy else head


class UsageError(ThreadsyncError):
    """What was asked cannot be done as it was asked."""


class WrongCheckout(UsageError):
    """This checkout is not what ``safety.apply_from`` lets apply send from; nothing was sent."""


class _FindingsError(ThreadsyncError):
    def __init__(self, problem: str, findings: Sequence[Diagnostic] = (), *, remedy: str = "") -> None:
        self.findings = tuple(findings)
        super().__init__(problem, remedy=remedy)


class ProjectError(_FindingsError):
    """The project file or the set-up is wrong; *findings* holds every one of its faults."""


class ContentError(_FindingsError):
    """Posts that cannot be read or do not validate; *findings* holds all of them."""


class StateError(ThreadsyncError):
    """The state cannot be used; from then on nothing is published."""


class StateLocked(StateError):
    """Another run holds the lock."""


class StateDamaged(StateError):
    """The state or its journal does not say what it said when it was written."""


class StateTooNew(StateError):
    """A later threadsync wrote this state."""


class StateForeign(StateError):
    """The state or the journal belongs to another lineage or to an older copy."""


class StateUnwritable(StateError):
    """The place of the state refused a write: a disk (full, read-only, vanished), or a remote (no right)."""


class StateOutdated(StateError):
    """Somebody else has changed the shared state since it was read; nothing was written."""


class StateUnreachable(StateError):
    """The place of a shared state did not answer; whether a write arrived there is unknown."""


class PlanError(ThreadsyncError):
    """The plan must not be carried out."""


class UnsafePlan(PlanError):
    """More creates, replaces or deletes than the project's safety limits allow."""


class StalePlan(PlanError):
    """What a saved plan was made from has changed since; nothing of it was done."""


class Frozen(PlanError):
    """A person has frozen the project: no apply acts until ``unfreeze``."""


class PublishBlocked(PlanError):
    """A post is not published because of what was found before; nothing was sent.

    *reason* is the word of a plan for it, as docs/reference/reasons.md explains them.
    """

    def __init__(self, problem: str, *, reason: str, where: str = "", remedy: str = "") -> None:
        self.reason = reason
        super().__init__(problem, where=where, remedy=remedy)


class ProviderError(ThreadsyncError):
    """A network could not do what was asked of it."""


class ApiError(ProviderError):
    """The network answered with an error; *fault* says what may be done next."""

    def __init__(self, fault: Fault, *, where: str = "") -> None:
        self.fault = fault
        super().__init__(fault.problem, where=where, remedy=fault.remedy)


class PublishRefused(ApiError):
    """The network refused a segment of a post; *segments* are those before it, which are live."""

    def __init__(self, fault: Fault, *, where: str = "", segments: Sequence[Published] = ()) -> None:
        self.segments = tuple(segments)
        super().__init__(fault, where=where)


class PublishUncertain(ProviderError):
    """Whether a segment of a post was published cannot be told; *candidates* are posts that it may be.

    *segments* are those before it, which are live.
    """

    def __init__(
        self,
        problem: str,
        *,
        where: str = "",
        remedy: str = "",
        segments: Sequence[Published] = (),
        candidates: Sequence[RemoteId] = (),
    ) -> None:
        self.segments = tuple(segments)
        self.candidates = tuple(candidates)
        super().__init__(problem, where=where, remedy=remedy)


class Unanswered(ProviderError):
    """No answer came; *sent* says whether the network may have acted all the same."""

    def __init__(self, reason: str, *, sent: bool, where: str = "") -> None:
        self.reason = reason
        self.sent = sent
        remedy = (
            "The network may have acted: look at the account before you send it again."
            if sent
            else "Nothing was sent. Check the address and the connection, then try again."
        )
        super().__init__(f"no answer from the network: {reason}", where=where, remedy=remedy)


class CredentialsExpired(ProviderError):
    """The credentials of *user_id* ended at *expiration*; nothing was sent."""

    def __init__(self, user_id: str, expiration: datetime) -> None:
        self.user_id = user_id
        self.expiration = expiration
        super().__init__(
            f"the credentials of {user_id} expired at {expiration.isoformat(timespec='seconds')}; nothing was"
            " sent",
            remedy="Authorize the account again: expired credentials cannot be renewed.",
        )


class RateLimitReached(ProviderError):
    """The program's own limit of calls holds this one back for too long; nothing was sent."""

    def __init__(self, seconds: float, seconds_max: float) -> None:
        self.seconds = seconds
        """After how long it could begin."""
        super().__init__(
            f"the rate limit of this program lets the call begin in {seconds:.0f} s; nothing was sent",
            remedy=f"Call again later, or let the limiter wait longer (wait_seconds_max: {seconds_max:g}).",
        )


class AuthorizationDenied(ProviderError):
    """The person, or the network, did not let the app use the account."""


class AuthorizationMismatch(ProviderError):
    """An answer to another authorization than the one that was asked for; it may be forged."""


class DatabaseError(ThreadsyncError):
    """The database of log, ledger, cursors and known answers cannot be used."""


class WebhookError(ThreadsyncError):
    """What arrived at a webhook is not the network's, or cannot be read; answer it with 403 or 400."""


class OutputError(ThreadsyncError):
    """Standard output refused a write (a full disk); nothing that was done is undone."""


class WatchError(ThreadsyncError):
    """The system watches no more files, or the preview of what they say cannot be served."""


class PluginError(ThreadsyncError):
    """A provider cannot be loaded."""


class ProviderNotFound(PluginError):
    """No installed package offers a provider of this name."""
