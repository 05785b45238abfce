"""``publish`` in a simulated world: every request, every write and every wait may go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from threadsync.errors import PublishUncertain, StateLocked, ThreadsyncError
from threadsync.execution.attachments import Attachments
from threadsync.execution.client_setup import Account, set_up
from threadsync.execution.hosting_probe import Prober
from threadsync.execution.publish_means import PROJECT_ID, project_of
from threadsync.execution.publish_performers import Stopped
from threadsync.execution.publish_run import Connected, Means
from threadsync.execution.publish_said import Keeping, PublishedPost, Said
from threadsync.execution.publishing import publish
from threadsync.execution.transport import Fetched
from threadsync.flows.bounds import Bounds
from threadsync.flows.effects import Hosted, NoResponse
from threadsync.model.ids import MAIN, MediaDigest, PublicUrl, TargetName
from threadsync.model.secret import SecretText
from threadsync.model.state import Lineage, State
from threadsync.model.target import Target
from threadsync.providers.base import Provider, ProviderContext
from threadsync.providers.loading import load_provider
from threadsync.statefile.store import FileStore, Store
from threadsync.testing import networks
from threadsync.testing.fakes import FakePerformer
from threadsync.testing.world import Ran, World

JOURNAL = Path("/journals/posts.json")
BASE_URL = "http://127.0.0.1:1"
CALLS_MAX = 6
PAUSE_SECONDS = 7200.0


class PublishingWorld(World):
    """A world in which a program publishes to the account ``main``, with a journal or without."""

    def account(self, target: TargetName) -> str:
        """Every target is the one account that the program has the token of."""
        return "main"

    def publish(self, what: Said, journal: Path | None = JOURNAL, **keeping: bool) -> Called:
        """Call publish once, in a process of its own, which may die."""
        self.say("publish", what)
        made: list[PublishedPost] = []
        stopped: list[bool] = []

        def verb(_: object) -> object:
            try:
                made.append(publish(what, Keeping(journal, **keeping), self.means()))
            except Stopped:
                stopped.append(True)
            return "ended"

        ran: Ran = self.run(verb)  # type: ignore[arg-type]
        return Called(made[0] if made else None, ran.error, stopped=bool(stopped))

    def journal_state(self) -> State:
        """Return what the journal says."""
        return self._journal(JOURNAL).read().state or State(Lineage("none"))

    def means(self) -> Means:
        """Return what publish works with here."""
        setup = set_up(
            None,
            ((MAIN, SecretText("t")),),
            Account(base_url=BASE_URL),
            timeout_seconds=30,
            attempts_max=5,
            limiter=None,
            log=None,
            clock=self.clock,
            waits=self.clock,
        )
        prober = Prober(_unfetched, self.clock, at_home=True)
        return Means(
            project_of(setup, {"kind": "loopback"}),
            _provider,
            Bounds(),
            self.clock,
            lambda folder: Attachments(folder, _unfetched, prober),
            self._connected,
            self._journal,
            started=self.started,
        )

    @contextmanager
    def _connected(self, _: Attachments) -> Iterator[Connected]:
        performer = FakePerformer(
            self.clock, lambda target, request: self._line.answer(target, request, networks.Means())
        )
        yield Connected(performer, _hosted, lambda _: None)

    def _journal(self, path: Path) -> Store:
        history = path.with_name("history")
        return FileStore(path, self.disk, self.clock, self.machine, history, self.new_id, PROJECT_ID)


class Called(Struct, frozen=True):
    """How one call of publish ended; with neither a post nor an error, its process died or was stopped."""

    post: PublishedPost | None
    error: ThreadsyncError | None
    stopped: bool


def until_published(world: PublishingWorld, what: Said) -> PublishedPost | str:
    """Call publish again, in peace, as its errors say, until it is done; or say what is left of it."""
    for _ in range(CALLS_MAX):
        world.clock.sleep(PAUSE_SECONDS)
        called = world.publish(what)
        match called.error:
            case None:
                return called.post or "it died in peace"
            case StateLocked():
                _unlock(world)
            case PublishUncertain():
                pass
            case other:
                return f"refused: {other}"
    return "it stays uncertain"


def _unlock(world: PublishingWorld) -> None:
    for path in world.disk.files():
        if Path(path).name.endswith(".lock"):
            world.disk.remove(Path(path))


def _provider(target: Target, record: Lineage) -> Provider:
    context = ProviderContext(
        target.name, {}, Bounds(), loopback=True, account=target.account, project=record
    )
    return load_provider(target.provider, context)


def _hosted(media: MediaDigest) -> Hosted:
    return Hosted(PublicUrl(f"mem:{media}"))


def _unfetched(url: str, **_: object) -> Fetched | NoResponse:
    raise AssertionError(f"nothing is fetched here, and {url} was asked for")
