"""``notify:``: who is told, once, that something keeps posts from going out, and once that it is over.

After an apply has given the state back, what it found is put on record in a session of its own, and only if
there is something new or somebody still to be told: an apply that goes well costs nothing. Under that lock
the commands are run and the posts are made, so that of two runners one tells. That a command was told is
recorded after it was done: a crash between the two tells it once more, and never not at all. A post is made
as every post is (``telling``), so it is there once.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from threading import Event
from typing import assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from threadsync.content.escape import CONTROL, printable
from threadsync.content.project import Project
from threadsync.errors import (
    ContentError,
    StateError,
    StateLocked,
    StateOutdated,
    ThreadsyncError,
    UnsafePlan,
)
from threadsync.execution.commands import run, words_of
from threadsync.execution.seams import Unwatched
from threadsync.model.ids import TargetName
from threadsync.model.journal import Note
from threadsync.model.state import State
from threadsync.model.target import CommandTold, Notifier, TargetTold
from threadsync.model.trouble import EVERYTHING, Trouble, TroubleKind, Untroubled
from threadsync.operations.applied import AppliedPlan, ApplyOptions
from threadsync.operations.approval import Approval
from threadsync.operations.shell import opened
from threadsync.operations.telling import Posting, address_of, left, old
from threadsync.operations.troubles import Outcome, notes, outcome_of, refused_as_a_whole, untold
from threadsync.operations.workspace import Workspace
from threadsync.statefile.store import Session
from threadsync.views.notice import Notice, notice_json, notice_text

COMMAND_SECONDS = 30.0
"""How long one command may take."""
WHOLE_SECONDS = 120.0
"""After how long no further command is begun; the next apply goes on."""
FACT_CHARACTERS_MAX = 8000
"""How much of a text stands in the environment of a command, which systems bound; the JSON has all."""
NAME_CHARACTERS = 12
"""How much of the digest of a command is its name in the state: enough to tell a few apart."""


class Notifying(Struct):
    """What comes after one apply."""

    workspace: Workspace
    options: ApplyOptions
    on_started: Callable[[Callable[[], None]], None]
    _stopped: Event = field(default_factory=Event)
    _ends_seconds: float = 0.0
    _posting: Posting | None = None
    """Makes posts of what is told, while the state is open and nothing forbids it."""
    _closed: str = ""
    """What forbids it."""

    def after(self, applied: AppliedPlan) -> None:
        """Put on record what *applied* says of troubles, and tell who is to be told."""
        report = applied.report
        if applied.declined or (report is not None and report.stopped):
            return  # somebody was there, and it says little of what is wrong
        if report is not None and report.failure is not None:
            self._tell_unremembered(report.failure)
            return
        prior = applied.prepared.prior
        if prior is None and report is None:
            return  # before a first run there is nothing to remember it in
        partial = bool(self.options.asked.selectors or self.options.asked.exclude or self.options.saved)
        outcome = outcome_of(applied, self.workspace.clock.now(), partial=partial)
        self._settle(outcome, prior)

    def after_error(self, error: ThreadsyncError) -> None:
        """Do the same after an apply that ended with *error*; what a person did wrong is no trouble."""
        match error:
            case StateLocked():
                self._tell_if_left(error)
            case StateOutdated():
                return  # another run is at work, which looks after everything
            case StateError():
                self._tell_unremembered(error)
            case ContentError() | UnsafePlan():
                said = error.problem
                if isinstance(error, ContentError) and error.findings:
                    first = error.findings[0]
                    said = f"{said.removesuffix('.')} The first one: {first.location}: {first.problem}"
                try:
                    prior = self.workspace.store.read().state
                except StateError as worse:
                    self._tell_unremembered(worse)
                    return
                if prior is not None:
                    self._settle(refused_as_a_whole(said, error.remedy), prior)
            case _:
                return

    # On record.

    def _settle(self, outcome: Outcome, prior: State | None) -> None:
        """Record what is new of *outcome* and tell it; that it cannot be recorded stops nothing."""
        now, before = self.workspace.clock.now(), prior.troubles if prior is not None else {}
        unfinished = left(prior, self.workspace.project.targets) if prior is not None else ()
        if not (unfinished or self._news(before, outcome, now) or self._is_owed(before)):
            return
        holder = self.workspace.surroundings.holder("apply", now)
        try:
            with (
                self.workspace.store.open(holder, self.options.lock_timeout_seconds) as session,
                ExitStack() as stack,
            ):
                if session.first_run:
                    return
                self.on_started(self._stop)
                self._open(session, stack)
                # Looked at again: another run may have been quicker.
                session.append(self._news(session.ledger.troubles, outcome, now))
                session.barrier()
                self._tell(session)
        except StateError as error:
            self.workspace.tell(
                f"Troubles could not be put on record ({error.problem}): the next apply tells of them."
            )

    def _news(
        self, before: Mapping[TargetName, Trouble], outcome: Outcome, now: datetime
    ) -> tuple[Note, ...]:
        return tuple(notes(before, outcome, now, remembers=bool(self._notifiers)))

    @property
    def _notifiers(self) -> dict[str, Notifier]:
        return {name_of(each): each for each in self.workspace.project.notify}

    def _is_owed(self, troubles: Mapping[TargetName, Trouble]) -> bool:
        """Whether somebody is still to be told, or nobody is left to whom the end of a trouble is owed."""
        over = any(self._is_forgotten(each) for each in troubles.values())
        return over or any(True for _ in untold(troubles, self._notifiers))

    def _is_forgotten(self, trouble: Trouble) -> bool:
        return trouble.until is not None and not set(trouble.told) & set(self._notifiers)

    # Telling.

    def _tell(self, session: Session) -> None:
        """Tell who is still to be told, and put on record who was; what failed is tried again next time."""
        self._ends_seconds = self.workspace.clock.monotonic() + WHOLE_SECONDS
        for trouble, name in tuple(untold(session.ledger.troubles, self._notifiers)):
            # One that was told a moment ago has changed since it was listed.
            known = session.ledger.troubles[trouble.target]
            match self._notifiers[name]:
                case CommandTold(command=command):
                    if self._command(command, self._notice(known)):
                        session.append((_told_by(known, name),))
                        session.barrier()
                case TargetTold(target=target):
                    self._post(session, self._notice(known), target)
                case _ as never:
                    assert_never(never)
        now = self.workspace.clock.now()
        done = [each for each in session.ledger.troubles.values() if self._is_forgotten(each)]
        session.append(tuple(Untroubled(each.target, now) for each in done))
        session.barrier()

    def _tell_if_left(self, error: StateLocked) -> None:
        """Tell of a lock that a lost run must have left; a run that is at work looks after everything."""
        try:
            found = self.workspace.store.read().lock
        except StateError as worse:
            self._tell_unremembered(worse)
            return
        since = found.since if found is not None else None
        if (
            since is not None
            and self.workspace.clock.now() - since > self.workspace.project.safety.outage_after
        ):
            self._tell_unremembered(error)

    def _tell_unremembered(self, error: StateError) -> None:
        """Tell that the state cannot be used: there is no place to remember it in, so each apply tells it."""
        self.on_started(self._stop)
        self._ends_seconds = self.workspace.clock.monotonic() + WHOLE_SECONDS
        now, where = self.workspace.clock.now(), f"{error.where}: " if error.where else ""
        trouble = Trouble(EVERYTHING, TroubleKind.STATE, now, now, f"{where}{error.problem}", error.remedy)
        notice = replace(self._notice(trouble), remembered=False)
        for notifier in self._notifiers.values():
            match notifier:
                case CommandTold(command=command):
                    self._command(command, notice)
                case TargetTold(target=target):
                    self._failed(
                        notice, f"nothing is published on {target} without a state to remember it in"
                    )
                case _:
                    assert_never(notifier)

    def _stop(self) -> None:
        self._stopped.set()
        if self._posting is not None:
            self._posting.shell.stop()

    def _notice(self, trouble: Trouble) -> Notice:
        project = self.workspace.project
        return Notice(project.id, trouble, project.zone, self.workspace.surroundings.ci_run())

    # On a target.

    def _open(self, session: Session, stack: ExitStack) -> None:
        """Make ready to post where somebody is told on a target, and look after what was left there."""
        ledger = session.ledger
        told = {each.target for each in self._notifiers.values() if isinstance(each, TargetTold)}
        reached = told | left(ledger.state(), self.workspace.project.targets)
        if self._stopped.is_set() or not reached:
            return
        if ledger.freeze is not None:
            self._closed = "everything is frozen"
            return
        approval = Approval(self.workspace)
        try:
            approval.begin()
            approval.require(self.workspace.undeclared(), reached)
            shell = stack.enter_context(opened(self.workspace, {}, session, Unwatched()))
        except StateError:
            raise
        except ThreadsyncError as error:
            self._closed = error.problem.removesuffix(".")
            return
        self._posting = Posting(self.workspace, session, shell, ledger.written_at)
        self._posting.settle()
        self._let_go(session, self._posting)

    def _post(self, session: Session, notice: Notice, target: TargetName) -> None:
        """Publish *notice* on *target* and put on record that it was told; warn where it did not go out."""
        trouble = notice.trouble
        if self._stopped.is_set():
            return
        if self._posting is None:
            why = self._closed
        elif self.workspace.clock.monotonic() > self._ends_seconds:
            why = f"those before it took {WHOLE_SECONDS:.0f} s"
        elif trouble.target == target and trouble.until is None and trouble.kind.stops_all:
            why = f"{target} cannot tell of itself"
        else:
            why = self._posting.publish(notice, target)
            self._let_go(session, self._posting)
        if why:
            self._failed(notice, why)

    def _let_go(self, session: Session, posting: Posting) -> None:
        """Put on record who was told by posts that are live, and let go of these."""
        for address in posting.done():
            told = tuple(
                _told_by(trouble, name)
                for trouble, name in untold(session.ledger.troubles, self._notifiers)
                if name == address.target and address_of(trouble, address.target) == address
            )
            session.append((*told, *posting.let_go(address)))
        session.append(old(session.ledger.state(), self.workspace.clock.now()))
        session.barrier()

    # By a command.

    def _command(self, command: str, notice: Notice) -> bool:
        """Run *command*; return whether it ended well, and warn where it did not."""
        workspace = self.workspace
        if not workspace.allow_commands:
            why = "commands of the project file are run with --allow-commands alone"
            return self._failed(notice, why)
        if self._stopped.is_set():
            return False
        if workspace.clock.monotonic() > self._ends_seconds:
            return self._failed(notice, f"those before it took {WHOLE_SECONDS:.0f} s")
        ran = run(
            words_of(command),
            folder=workspace.project.root,
            environ={**_without_credentials(workspace.project), **_facts(notice)},
            fed=json.dumps(notice_json(notice), ensure_ascii=False).encode("utf-8", "replace"),
            seconds=COMMAND_SECONDS,
            clock=workspace.clock,
            stopped=self._stopped,
        )
        if not ran.problem:
            return True
        said = " ".join(ran.said.decode("utf-8", "replace").split())
        return self._failed(notice, f"{command} {ran.problem}{f'; it says: {said}' if said else ''}")

    def _failed(self, notice: Notice, why: str) -> bool:
        again = "The next apply tries again." if notice.remembered else ""
        about = notice.trouble.target if notice.trouble.target != EVERYTHING else "apply"
        self.workspace.tell(
            printable(f"notify: nobody was told of the {notice.event} of {about}: {why}. {again}")
        )
        return False


def name_of(notifier: Notifier) -> str:
    """Return what a notifier is called in the state: nothing of its command, which may name an address."""
    match notifier:
        case CommandTold(command=command):
            return f"command-{hashlib.sha256(command.encode()).hexdigest()[:NAME_CHARACTERS]}"
        case TargetTold(target=target):
            return target
        case _:
            assert_never(notifier)


def _told_by(trouble: Trouble, name: str) -> Trouble:
    """Return *trouble* with *name* told of it; once it is over, *name* is no longer to be told."""
    return replace(trouble, told=tuple(sorted({*trouble.told} ^ {name})))


def _facts(notice: Notice) -> dict[str, str]:
    """Return what a command finds in its environment, for one that reads no JSON."""
    target = "" if notice.trouble.target == EVERYTHING else notice.trouble.target
    return {
        "THREADSYNC_EVENT": notice.event,
        "THREADSYNC_PROJECT": notice.project,
        "THREADSYNC_TARGET": target,
        "THREADSYNC_TROUBLE": notice.trouble.kind.value,
        # What a network says may hold what no environment can: a NUL, half a character.
        "THREADSYNC_TEXT": CONTROL.sub("\ufffd", notice_text(notice)[:FACT_CHARACTERS_MAX]),
    }


def _without_credentials(project: Project) -> dict[str, str]:
    """Return the environment without what the project's credentials are read from: it is nobody else's."""
    hidden = {form.removeprefix("env:") for form in project.credentials if form.startswith("env:")}
    return {name: value for name, value in os.environ.items() if name not in hidden}
