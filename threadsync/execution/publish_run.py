"""One post on its way: planned, looked for on the account, published or settled, and what became of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from math import inf
from pathlib import Path
from typing import Protocol, TypeVar, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from threadsync.content.project import Project
from threadsync.execution.attachments import Attachments
from threadsync.execution.carrying import Carrier
from threadsync.execution.clock import Clock
from threadsync.execution.declaring import check_references
from threadsync.execution.gathering import Gatherer
from threadsync.execution.publish_performers import Stopped
from threadsync.execution.publish_told import blocked, other_content, refused, uncertain
from threadsync.execution.scheduler import Scheduler
from threadsync.execution.seams import Finished, Interrupted, JournalSink, Performer, Unwatched
from threadsync.execution.wanting import wanted_of
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import Done, Raised
from threadsync.flows.effects import Flow, Hosted, Response
from threadsync.model.capabilities import PictureLimits
from threadsync.model.facts import Facts, MediaProblem, TargetFacts
from threadsync.model.ids import Address, MediaDigest, TargetName
from threadsync.model.journal import Note, Published, RunStarted, TargetBound
from threadsync.model.ledger import Ledger
from threadsync.model.post import Card, Publication
from threadsync.model.references import depends_on
from threadsync.model.state import Lineage, State
from threadsync.model.target import Target
from threadsync.planning.actions import Action, Create, Extend, NoOp, Plan
from threadsync.planning.inputs import BACKLOG, Consents, Desired
from threadsync.planning.planner import plan
from threadsync.planning.references import links_of, permalinks_of
from threadsync.planning.settling import to_know_first, to_settle
from threadsync.providers.base import Applied, Permalinks, Provider, Refused, Result, Uncertain
from threadsync.statefile.pending import Pending
from threadsync.statefile.store import Store

T = TypeVar("T")


class Connected(Struct, frozen=True):
    """What a publish is connected to while it runs."""

    performer: Performer
    url_of: Callable[[MediaDigest], Hosted]
    check: Callable[[MediaDigest], MediaProblem | None]
    """Returns why the network would not get a file as it is; None where it would."""
    card: Callable[[str, PictureLimits], Card] = lambda url, _limits: Card(url, url)
    """Reads the link card of an address, with a picture within limits."""


class Means(Struct, frozen=True):
    """What a publish works with; a simulated world has its own."""

    project: Project
    """A project of one target, which stands for the account until it is known."""
    provider: Callable[[Target, Lineage], Provider]
    """Makes the provider of a target, for what is put on record under a lineage."""
    bounds: Bounds
    clock: Clock
    attachments: Callable[[Path], Attachments]
    """Makes what looks at attachments; it may use a folder."""
    connect: Callable[[Attachments], AbstractContextManager[Connected]]
    store: Callable[[Path], Store]
    """Returns the store of a journal."""
    answers: list[Response] = field(default_factory=list)
    """Takes the answers to what others can see."""
    started: Callable[[Callable[[], None]], None] = lambda _: None
    """Is given what stops the stretch of work that begins."""


class Kept(JournalSink, Protocol):
    """Where a post is put on record, and what is on record."""

    @property
    def first_run(self) -> bool:
        """Whether nothing was on record before."""
        ...

    @property
    def ledger(self) -> Ledger:
        """What is on record."""
        ...


class Unkept:
    """The record of a post without a journal: it lives as long as the call."""

    def __init__(self) -> None:
        self._pending = Pending(State(Lineage(uuid.uuid4().hex)))

    first_run = True
    linger_seconds = 0.0
    renews_at_seconds = inf

    @property
    def lineage(self) -> Lineage:
        """Which record this is; no two are the same."""
        return self._pending.ledger.state().lineage

    @property
    def ledger(self) -> Ledger:
        """See ``Kept.ledger``."""
        return self._pending.ledger

    def append(self, notes: tuple[Note, ...]) -> Address | None:
        """See ``JournalSink.append``."""
        return self._pending.append(notes)

    def barrier(self) -> None:
        """Let go of what a disk would hold."""
        self._pending.clear()

    def idle(self) -> None:
        """Do nothing: nothing is pending."""

    def hurry(self, seconds: float) -> None:
        """Do nothing: nothing is to be written."""

    def check_lease(self) -> None:
        """Do nothing: nobody else writes here."""


class Run(Struct):
    """Runs flows, one stretch of work after the other; what is *stopped* begins no further one."""

    means: Means
    connected: Connected
    stopped: bool = False

    def result(self, sink: JournalSink, name: str, target: TargetName, flow: Flow[T]) -> T:
        """Run *flow* to its end, and return what it returns.

        Raises:
            Stopped: it was stopped before that.
            Exception: what it raises.
        """
        ends: list[Finished[T]] = []
        scheduler = self.scheduler(sink)
        scheduler.spawn(name, target, flow, ends.append)
        scheduler.run()
        (finished,) = ends
        match finished.end:
            case Done(value=value):
                return value
            case Raised(error=error):
                raise error
            case Interrupted():
                raise Stopped
            case _:
                assert_never(finished.end)

    def scheduler(self, sink: JournalSink) -> Scheduler:
        """Return a scheduler for the next stretch of work."""
        scheduler = Scheduler(
            performer=self.connected.performer,
            clock=self.means.clock,
            journal=sink,
            host=lambda _, media: self.connected.url_of(media),
            bounds_of=lambda _: self.means.bounds,
            watcher=Unwatched(),
        )

        def stop() -> None:
            self.stopped = True
            scheduler.stop()

        self.means.started(stop)
        return scheduler

    def check_stopped(self) -> None:
        """Go on only if nobody stopped it.

        Raises:
            Stopped: somebody did; what was read until then is not all there is.
        """
        if self.stopped:
            raise Stopped


class Post(Struct, frozen=True):
    """*made* on its way to *target*; *kept* says that a journal has it, which outlives the call."""

    run: Run
    made: Publication
    target: Target
    provider: Provider
    record: Kept
    last_write: datetime | None
    """When the journal was last written before this call; None for a first one."""
    kept: bool
    allow_duplicate: bool

    def publish(self) -> str:
        """Publish what of it is not live yet, and return what else is to be known of it.

        Raises:
            ThreadsyncError: as ``Client.publish`` says.
        """
        on_record = (address for address in self.record.ledger.bindings if address.target == self.target.name)
        check_references(self.made, frozenset(address.key for address in on_record))
        taken = other_content(self.made, self.record.ledger)
        if taken is not None:
            raise taken
        self._settle()
        planned = self._plan(Facts())
        if isinstance(_action(planned), NoOp):
            return ""
        facts = self._facts(planned)
        self.run.check_stopped()
        action = _action(self._plan(facts))
        if not isinstance(action, Create | Extend):
            raise blocked(action, kept=self.kept)
        self._record_start(facts)
        carrier = Carrier(lambda: self.record.ledger, self.provider)
        flow = carrier.carry_out(action)
        try:
            result = self.run.result(self.record, str(self.made.address), self.target.name, flow)
        except Exception as error:
            if self.live:
                error.add_note(f"Live already: {', '.join(each.remote_id for each in self.live)}.")
            raise
        return self._note_of(result)

    @property
    def live(self) -> tuple[Published, ...]:
        """The segments that are live, as they are on record."""
        binding = self.record.ledger.bindings.get(self.made.address)
        return binding.segments if binding is not None else ()

    # Deciding.

    @property
    def _prior(self) -> State | None:
        """What is on record that this post has to do with; another key is another post, whatever it says."""
        if self.record.first_run:
            return None
        state, wanted = self.record.ledger.state(), {self.made.address, *depends_on(self.made)}
        return replace(
            state,
            bindings={each: held for each, held in state.bindings.items() if each in wanted},
            open={each: held for each, held in state.open.items() if each == self.made.address},
            tombstones={},
        )

    def _plan(self, facts: Facts) -> Plan:
        address, name = self.made.address, self.target.name
        known = self._permalink
        wanted = wanted_of(self.made, self.provider, known, known)
        desired = Desired(
            {address: wanted}, {name: self.target}, {name: self.provider.capabilities}, complete=False
        )
        duplicate = frozenset({address} if self.allow_duplicate else ())
        consents = Consents(duplicate=duplicate, accounts=frozenset({name}), first_run=self.allow_duplicate)
        return plan(desired, self._prior, facts, self.run.means.clock.now(), consents)

    def _permalink(self, address: Address) -> str:
        binding = self.record.ledger.bindings.get(address)
        known = binding.segments[0].permalink if binding is not None and binding.segments else ""
        return known or longest(self.provider)(address)

    # Reading.

    @property
    def _gatherer(self) -> Gatherer:
        return Gatherer(
            lambda: self.run.scheduler(self.record),
            self.run.means.clock,
            lambda: self.record.ledger,
            {self.target.name: self.provider},
            lambda _: self.run.means.bounds,
        )

    def _settle(self) -> None:
        """Find out what an earlier call left, where the publish flow does not do that by itself."""
        left = to_settle(self._plan(Facts()), self._prior, lambda _: True)
        if left:
            self._gatherer.settle(left, goes_on=False)
        known_first = to_know_first(self._plan(Facts()), self._prior)
        if known_first:
            self._gatherer.settle(known_first, goes_on=True)

    def _facts(self, planned: Plan) -> Facts:
        """Read the account as apply does; without a journal, only what the post cannot be made without."""
        if self.kept or permalinks_of(self.made):
            facts = self._gatherer.read(planned, last_write=self.last_write)
        elif self.provider.capabilities.names_account:
            whose = self.run.result(self.record, "account", self.target.name, self.provider.identify())
            facts = Facts(targets={self.target.name: TargetFacts(whose)})
        else:
            facts = Facts()
        sent = {each.sent.digest for segment in self.made.segments for each in segment.media}
        problems = {(self.target.name, digest): self.run.connected.check(digest) for digest in sorted(sent)}
        limits, name = self.provider.capabilities.thumbs, self.target.name
        links = links_of(planned, name) if limits is not None else ()
        return replace(
            facts,
            media_problems={each: why for each, why in problems.items() if why is not None},
            cards={(name, url): self.run.connected.card(url, limits) for url in links if limits is not None},
        )

    # Recording, and telling.

    def _record_start(self, facts: Facts) -> None:
        at = self.run.means.clock.now()
        notes: list[Note] = [RunStarted(uuid.uuid4().hex[:12], at, "publish")]
        account = facts.of(self.target.name).account
        if account is not None and self.target.name not in self.record.ledger.targets:
            since, whose = at - BACKLOG, (account.origin, account.account_id, account.handle)
            notes.append(TargetBound(self.target.name, *whose, since, at, account.channel))
        self.record.append(tuple(notes))
        self.record.barrier()

    def _note_of(self, result: Result) -> str:
        match result:
            case Applied(why=why, remedy=remedy):
                return f"{why} {remedy}".strip()
            case Refused():
                raise refused(result, self.made, self.live, kept=self.kept)
            case Uncertain():
                raise uncertain(result, self.made, self.live, kept=self.kept)
            case _:
                assert_never(result)


def longest(provider: Provider) -> Permalinks:
    """Return what a link that is not known counts as: the longest permalink of its network."""
    link = "https://".ljust(provider.capabilities.permalink_characters_max, "x")
    return lambda address: link


def _action(planned: Plan) -> Action:
    (action,) = planned.actions
    return action
