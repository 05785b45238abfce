"""Messages of ``notify:`` on a target: each is a publication that the program makes, and no file declares.

It goes the way of every create: the account is read, an intent before it, a receipt after it. With the
receipt it is let go of: its tombstone keeps it from counting as a post that nobody declared. What an
interrupted run left is settled before anything new is told, and while it cannot be told what became of it,
nothing further goes out on that target.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container
from datetime import datetime, timedelta
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from threadsync.content.escape import printable
from threadsync.content.project import PROJECT_FILE
from threadsync.execution.executor import Executor
from threadsync.execution.gathering import Gatherer
from threadsync.execution.report import Became
from threadsync.execution.wanting import wanted_of
from threadsync.model.diagnostic import Location
from threadsync.model.digest import digest_of
from threadsync.model.facts import Facts
from threadsync.model.ids import NOTICE, Address, PostKey, TargetName, is_notice
from threadsync.model.journal import Erased, Forgotten, Note
from threadsync.model.post import Control, Publication, Segment
from threadsync.model.state import State
from threadsync.model.text import Plain
from threadsync.model.trouble import Trouble
from threadsync.operations.beginning import record_start
from threadsync.operations.shell import Shell, new_run
from threadsync.operations.workspace import Workspace
from threadsync.planning.actions import Blocked, Create, Plan
from threadsync.planning.claims import unclaimed
from threadsync.planning.inputs import Desired
from threadsync.planning.planner import plan
from threadsync.statefile.store import Session
from threadsync.views.notice import Notice, notice_post

KEPT = timedelta(days=90)
"""How long the tombstone of a message is kept: own posts are read back no further."""
NAME_CHARACTERS = 16
"""How much of the digest of what it tells is in the key of a message."""


def address_of(trouble: Trouble, target: TargetName) -> Address:
    """Return the address of the message about *trouble*, or about its end, on *target*.

    The same as long as there is nothing new to tell of it.
    """
    event = "recovery" if trouble.until is not None else "failure"
    said = "\n".join((event, trouble.target, trouble.since.isoformat(), *sorted(trouble.known)))
    name = hashlib.sha256(said.encode()).hexdigest()[:NAME_CHARACTERS]
    return Address(PostKey(f"{NOTICE}{trouble.since:%Y%m%dT%H%M%SZ}-{name}"), target)


def left(state: State, targets: Container[TargetName]) -> frozenset[TargetName]:
    """Return those of *targets* on which an interrupted run left a message that is to be looked after."""
    found = (address.target for address in (*state.open, *state.bindings) if is_notice(address))
    return frozenset(target for target in found if target in targets)


def old(state: State, now: datetime) -> tuple[Note, ...]:
    """Return the notes that let go of messages that nobody will look for any more."""
    stones = state.tombstones.items()
    return tuple(
        Erased(address, now) for address, stone in stones if is_notice(address) and now - stone.at > KEPT
    )


class Posting(Struct, frozen=True):
    """Publishes messages, with the state open and connections made."""

    workspace: Workspace
    session: Session
    shell: Shell
    last_write: datetime | None
    """When the state was last written before this session."""

    def settle(self) -> None:
        """Find out what became of messages that an interrupted run left.

        Raises:
            StateError: the journal could not be written.
        """
        ours = sorted(address for address in self.session.ledger.open if is_notice(address))
        if ours:
            self._gatherer.settle(ours, goes_on=False)

    def publish(self, notice: Notice, target: TargetName) -> str:
        """Publish *notice*; return why it did not go out, as a clause, or nothing.

        Raises:
            StateError: the journal could not be written.
        """
        ledger = self.session.ledger
        if any(is_notice(address) and address.target == target for address in ledger.open):
            return f"what became of an earlier message on {target} cannot be told yet"
        address = address_of(notice.trouble, target)
        # What a network says may be anything, half a character too, which no post can hold.
        said = printable(notice.trouble.problem.encode("utf-8", "replace").decode("utf-8"))
        notice = replace(notice, trouble=replace(notice.trouble, problem=said))
        publication = self._made(address, notice_post(notice, partial(self._fits, address)))
        provider = self.workspace.providers[target]
        refused = provider.check(publication, _no_links)
        refused += unclaimed(publication, provider.capabilities, refused)
        wrong = next((each.problem for each in refused if each.is_error), "")
        if wrong:
            return wrong
        facts = self._gatherer.read(self._plan(publication, Facts()), last_write=self.last_write)
        planned = self._plan(publication, facts)
        (action,) = planned.actions
        if not isinstance(action, Create):
            return f"{target}: {action.problem if isinstance(action, Blocked) else action.word}"
        if self.shell.stopped:
            return "the run was stopped"
        run = new_run(self.workspace)
        record_start(self.workspace, self.session, planned, facts, run)
        return self._carried_out(planned, run)

    def done(self) -> tuple[Address, ...]:
        """Return the messages that are live and still bound."""
        return tuple(filter(is_notice, self.session.ledger.bindings))

    def let_go(self, address: Address) -> tuple[Note, ...]:
        """Return the notes that let go of a message; its post stays up."""
        return (Forgotten(address, "forgotten", self.workspace.clock.now()),)

    def _carried_out(self, planned: Plan, run: str) -> str:
        providers, ledger = self.workspace.providers, self.session.ledger
        executor = Executor(self.shell.scheduler(), lambda: ledger, providers, self.shell.bounds_of)
        report = executor.run(planned, run)
        if report.failure is not None:
            raise report.failure
        (ended,) = report.actions
        return "" if ended.became is Became.APPLIED else f"{ended.address.target}: {ended.why}"

    @property
    def _gatherer(self) -> Gatherer:
        return Gatherer(
            self.shell.scheduler,
            self.workspace.clock,
            lambda: self.session.ledger,
            self.workspace.providers,
            self.shell.bounds_of,
            spent=self.shell.connections.spent,
        )

    def _plan(self, publication: Publication, facts: Facts) -> Plan:
        """Plan *publication* alone: what else the state holds has nothing to do with it."""
        address, target = publication.address, self.workspace.project.targets[publication.address.target]
        provider = self.workspace.providers[target.name]
        desired = Desired(
            {address: wanted_of(publication, provider, _no_links, _no_links)},
            {target.name: target},
            {target.name: provider.capabilities},
            complete=False,
        )
        alone = replace(self.session.ledger.state(), bindings={}, tombstones={}, open={}, holds={})
        return plan(desired, alone, facts, self.workspace.clock.now())

    def _made(self, address: Address, text: str) -> Publication:
        digest = digest_of({"text": text})
        segment = Segment(text, (Plain(text),), digest=digest)
        return Publication(address, (segment,), Control(), Location(PROJECT_FILE), digest)

    def _fits(self, address: Address, text: str) -> bool:
        publication = self._made(address, text)
        rendered = self.workspace.providers[address.target].render(
            publication, publication.segments[0], 0, _no_links
        )
        return rendered.count <= rendered.count_max


def _no_links(address: Address) -> str:
    raise AssertionError(f"a message names no other post, so not {address}")
