"""``notify:``: who is told, once, that something keeps posts from going out, and once that it is over.

After an apply has given the state back, what it found is put on record in a session of its own, and only if
there is something new or somebody still to be told: an apply that goes well costs nothing. Under that lock
the commands are run, so that of two runners one tells. That somebody was told is recorded after it was
done: a crash between the two tells it once more, and never not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Event

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
from threadsync.model.ids import TargetName
from threadsync.model.journal import Note
from threadsync.model.target import Notifier
from threadsync.model.trouble import EVERYTHING, Trouble, TroubleKind, Untroubled
from threadsync.operations.applied import AppliedPlan, ApplyOptions
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
        self._settle(outcome, prior.troubles if prior is not None else {})

    def after_error(self, error: ThreadsyncError) -> None:
        """Do the same after an apply that ended with *error*; what a person did wrong is no trouble."""
        match error:
            case StateLocked() | StateOutdated():
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
                    self._settle(refused_as_a_whole(said, error.remedy), prior.troubles)
            case _:
                return

    # On record.

    def _settle(self, outcome: Outcome, before: Mapping[TargetName, Trouble]) -> None:
        """Record what is new of *outcome* and tell it; that it cannot be recorded stops nothing."""
        now = self.workspace.clock.now()
        if not (self._news(before, outcome, now) or self._is_owed(before)):
            return
        holder = self.workspace.surroundings.holder("apply", now)
        try:
            with self.workspace.store.open(holder, self.options.lock_timeout_seconds) as session:
                if session.first_run:
                    return
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
        self._begin()
        for trouble, name in tuple(untold(session.ledger.troubles, self._notifiers)):
            # One that was told a moment ago has changed since it was listed.
            known = session.ledger.troubles[trouble.target]
            if self._command(self._notifiers[name], self._notice(known)):
                session.append((_told_by(known, name),))
                session.barrier()
        now = self.workspace.clock.now()
        done = [each for each in session.ledger.troubles.values() if self._is_forgotten(each)]
        session.append(tuple(Untroubled(each.target, now) for each in done))
        session.barrier()

    def _tell_unremembered(self, error: StateError) -> None:
        """Tell that the state cannot be used: there is no place to remember it in, so each apply tells it."""
        self._begin()
        now, where = self.workspace.clock.now(), f"{error.where}: " if error.where else ""
        trouble = Trouble(EVERYTHING, TroubleKind.STATE, now, now, f"{where}{error.problem}", error.remedy)
        for notifier in self._notifiers.values():
            self._command(notifier, replace(self._notice(trouble), remembered=False))

    def _begin(self) -> None:
        self.on_started(self._stopped.set)
        self._ends_seconds = self.workspace.clock.monotonic() + WHOLE_SECONDS

    def _notice(self, trouble: Trouble) -> Notice:
        project = self.workspace.project
        return Notice(project.id, trouble, project.zone, self.workspace.surroundings.ci_run())

    def _command(self, notifier: Notifier, notice: Notice) -> bool:
        """Run the command of *notifier*; return whether it ended well, and warn where it did not."""
        workspace = self.workspace
        if not workspace.allow_commands:
            why = "commands of the project file are run with --allow-commands alone"
            return self._failed(notice, why)
        if self._stopped.is_set():
            return False
        if workspace.clock.monotonic() > self._ends_seconds:
            return self._failed(notice, f"those before it took {WHOLE_SECONDS:.0f} s")
        ran = run(
            words_of(notifier.command),
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
        return self._failed(notice, f"{notifier.command} {ran.problem}{f'; it says: {said}' if said else ''}")

    def _failed(self, notice: Notice, why: str) -> bool:
        again = "The next apply tries again." if notice.remembered else ""
        about = notice.trouble.target if notice.trouble.target != EVERYTHING else "apply"
        self.workspace.tell(
            printable(f"notify: nobody was told of the {notice.event} of {about}: {why}. {again}")
        )
        return False


def name_of(notifier: Notifier) -> str:
    """Return what a notifier is called in the state: nothing of its command, which may name an address."""
    return f"command-{hashlib.sha256(notifier.command.encode()).hexdigest()[:NAME_CHARACTERS]}"


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
