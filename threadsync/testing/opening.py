"""The accounts of a run in a simulated world: opened, renewed and counted by the program's own means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeAlias

from threadsync.errors import ThreadsyncError
from threadsync.execution.drivers import run
from threadsync.execution.sessions import InMemory, Kept, SessionKeeper
from threadsync.execution.spending import SpendingLedger
from threadsync.flows.core import Raised
from threadsync.flows.effects import Hosted, NoResponse, Request, Response
from threadsync.model.facts import Quota
from threadsync.model.ids import MediaDigest, PublicUrl, TargetName
from threadsync.operations.connections import Connections
from threadsync.providers.accounts import Session
from threadsync.providers.base import Provider
from threadsync.testing.fakes import Answered, FakeClock, FakePerformer
from threadsync.testing.networks import FILM, Means

Send: TypeAlias = Callable[[TargetName, Request, Means], Answered]


class Accounts:
    """Stands between a run and its line, as ``connect`` does between a run and its transport.

    *stores* are what a machine keeps of sessions; what was spent is counted anew in each run, as where the
    folder for what can be thrown away was thrown away.
    """

    def __init__(
        self,
        providers: Mapping[TargetName, Provider],
        stores: dict[TargetName, InMemory],
        clock: FakeClock,
        send: Send,
        files: Mapping[MediaDigest, Path],
    ) -> None:
        self.clock = clock
        self._providers = providers
        self._send = send
        self._files = files
        self._keepers = {
            name: SessionKeeper(
                Kept(opening, stores.setdefault(name, InMemory()), clock, lambda _: None),
                lambda flow, perform: run(flow, perform, clock),
            )
            for name, provider in providers.items()
            if (opening := provider.sessions) is not None
        }
        self._spent = SpendingLedger(None, clock, lambda _: None)

    def close(self) -> None:
        """Forget what was spent."""
        self._spent.close()

    def hosted(self, _: TargetName, media: MediaDigest) -> Hosted:
        """Return an address that the networks of a world know."""
        return Hosted(PublicUrl(f"mem:{media}{FILM if self._files[media].suffix == FILM else ''}"))

    def answer(self, target: TargetName, request: Request) -> Answered:
        """Answer *request*, with a session where it needs one; its seconds are those of all that was sent."""
        keeper = self._keepers.get(target)
        if keeper is None:
            return self._send(target, request, Means(files=self._files))
        seconds = 0.0

        def sent(request: Request, session: Session | None) -> Response | NoResponse:
            nonlocal seconds
            answered = self._counted(target, request, session)
            assert not isinstance(answered.outcome, Raised), "a network answers or does not"
            seconds += answered.seconds
            return answered.outcome

        try:
            return Answered(keeper.perform(request, sent), seconds)
        except ThreadsyncError as error:
            return Answered(Raised(error), seconds)

    def spent(self, target: TargetName) -> Mapping[str, Quota]:
        """Return what the ledger knows of a target's allowances, once its account is open."""
        spending, keeper = self._providers[target].spending, self._keepers.get(target)
        account = "" if keeper is None else keeper.account_id
        return {} if spending is None or not account else self._spent.quotas(spending, account)

    def _counted(self, target: TargetName, request: Request, session: Session | None) -> Answered:
        spending, means = self._providers[target].spending, Means(session, self._files)
        if spending is None or session is None:
            return self._send(target, request, means)
        with self._spent.counted(spending, session.account_id, request) as told:
            answered = self._send(target, request, means)
            assert not isinstance(answered.outcome, Raised), "a network answers or does not"
            told(answered.outcome)
            return answered


@contextmanager
def connected(accounts: Accounts) -> Iterator[Connections]:
    """Connect a run to the networks that *accounts* are on."""
    with closing(accounts):
        performer = FakePerformer(accounts.clock, accounts.answer)
        yield Connections(performer, accounts.hosted, lambda *_: None, spent=accounts.spent)
