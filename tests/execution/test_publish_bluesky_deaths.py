"""``publish`` on Bluesky when its process dies at any request, or the answer to any is lost (laws 1 to 3)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.sandbox.sky import POST, POSTGATE, THREADGATE, Sky
from threadsync.errors import PublishBlocked, PublishRefused, PublishUncertain, ThreadsyncError
from threadsync.execution.attachments import Attachments
from threadsync.execution.client_setup import Account, set_up
from threadsync.execution.hosting_probe import Prober
from threadsync.execution.publish_means import PROJECT_ID, project_of
from threadsync.execution.publish_run import Connected, Means
from threadsync.execution.publish_said import Keeping, PostSegment, PublishedPost, Said
from threadsync.execution.publishing import publish
from threadsync.execution.transport import Fetched
from threadsync.flows.bounds import Bounds
from threadsync.flows.effects import Hosted, NoResponse, Request
from threadsync.model.ids import MAIN, MediaDigest, TargetName
from threadsync.model.secret import SecretText
from threadsync.model.state import Lineage
from threadsync.model.target import Target
from threadsync.providers.base import Provider, ProviderContext
from threadsync.providers.bluesky.provider import BlueskyProvider
from threadsync.sandbox import bluesky
from threadsync.sandbox.threads import FaultKind
from threadsync.statefile.disk import LocalDisk
from threadsync.statefile.machine import LocalMachine
from threadsync.statefile.store import FileStore, Store
from threadsync.testing.fakes import Answered, FakeClock, FakePerformer
from threadsync.testing.shape import picture

HANDLE = "lifts.test"
SHAPES: dict[str, Said] = {
    "text": Said((PostSegment("12 lifts were broken."),), key="a"),
    "picture": Said((PostSegment("The gate.", (picture("red"),)),), key="a"),
    "chain": Said(
        (PostSegment("One."), PostSegment("Two.", (picture("red"),)), PostSegment("Three.")),
        key="a",
        who_can_reply="followers",
        options={"quotes": "nobody"},
    ),
}


class Killed(BaseException):
    """The process died here."""


@dataclass
class Program:
    """A program with a journal, and what goes wrong with its requests."""

    root: Path
    clock: FakeClock = field(default_factory=FakeClock)
    sent: int = 0
    dies_at: int = 0
    """The request, counted from 1, with whose answer the process dies; negative: before it is sent."""
    loses: int = 0
    """The request whose answer is lost."""
    loses_from: str = ""
    """The method from whose first call on no answer comes any more."""
    gone: bool = False
    files: Mapping[MediaDigest, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sky = Sky(self.clock, (HANDLE,))
        self.journal.parent.mkdir(parents=True, exist_ok=True)

    @property
    def journal(self) -> Path:
        return self.root / "journal" / "posts.json"

    def publish(self, what: Said, *, kept: bool = True) -> PublishedPost:
        return publish(what, Keeping(self.journal if kept else None), self.means())

    def died(self, what: Said, at: int) -> bool:
        """Publish, and die; False if there were fewer requests."""
        self.sent, self.dies_at = 0, at
        try:
            self.publish(what)
        except Killed:
            # What the ending ``with`` blocks still did never happened.
            shutil.rmtree(self.journal.parent)
            shutil.copytree(self.root / "at-kill", self.journal.parent)
            for lock in self.journal.parent.glob("*.lock"):
                lock.unlink()
            return True
        finally:
            self.dies_at = 0
        return False

    def is_once(self, what: Said, post: PublishedPost) -> bool:
        """Whether all of it is there once, in one piece, and is what *post* says."""
        there = self.sky.records(HANDLE)
        gated = what.who_can_reply is not None
        return (
            [each.value["text"] for each in there] == [each.text for each in what.segments]
            and post.ids == tuple(each.uri for each in there)
            and len(self.sky.records(HANDLE, THREADGATE)) == gated
            and len(self.sky.records(HANDLE, POSTGATE)) == gated * len(there)
        )

    def means(self) -> Means:
        account = Account("bluesky", HANDLE, "http://127.0.0.1:2")
        setup = set_up(
            None,
            ((MAIN, SecretText("x")),),
            account,
            timeout_seconds=30,
            attempts_max=5,
            limiter=None,
            log=None,
            clock=self.clock,
            waits=self.clock,
        )
        prober = Prober(unfetched, self.clock, at_home=True)
        return Means(
            project_of(setup, None),
            provider_of,
            Bounds(),
            self.clock,
            lambda folder: Attachments(folder, unfetched, prober),
            self.connected,
            self.store,
        )

    @contextmanager
    def connected(self, attached: Attachments) -> Iterator[Connected]:
        self.files = attached.files
        yield Connected(FakePerformer(self.clock, self.answer), lambda _: Hosted(None), lambda _: None)

    def store(self, path: Path) -> Store:
        ids = iter(range(1000))
        return FileStore(
            path,
            LocalDisk(self.clock.sleep),
            self.clock,
            LocalMachine(),
            path.parent / "history",
            lambda: f"{self.root.name}-{next(ids)}",
            PROJECT_ID,
        )

    def answer(self, _: TargetName, request: Request) -> Answered:
        self.sent += 1
        if self.sent == -self.dies_at:
            self.kill()
        answered = self.sky.answer(request, HANDLE, self.files)
        if self.sent == self.dies_at:
            self.kill()
        self.gone = self.gone or request.path.rpartition(".")[2] == self.loses_from
        lost = self.gone or self.sent == self.loses
        return Answered(NoResponse("connection reset", sent=True)) if lost else answered

    def kill(self) -> None:
        shutil.rmtree(self.root / "at-kill", ignore_errors=True)
        shutil.copytree(self.journal.parent, self.root / "at-kill")
        raise Killed


def provider_of(target: Target, record: Lineage) -> Provider:
    return BlueskyProvider(
        ProviderContext(target.name, {}, Bounds(), loopback=True, account=target.account, project=record)
    )


def unfetched(url: str, **_: object) -> Fetched | NoResponse:
    raise AssertionError(f"nothing is fetched here, and {url} was asked for")


def requests_of(root: Path, what: Said, *, kept: bool = True) -> int:
    whole = Program(root)
    assert whole.is_once(what, whole.publish(what, kept=kept))
    return whole.sent


@pytest.fixture(params=sorted(SHAPES))
def what(request: pytest.FixtureRequest) -> Said:
    return SHAPES[request.param]


def test_a_process_may_die_at_any_request_and_the_next_call_goes_on(what: Said, tmp_path: Path) -> None:
    count = requests_of(tmp_path / "whole", what)
    for at in (*range(1, count + 1), *range(-count, 0)):
        program = Program(tmp_path / str(at))
        assert program.died(what, at)
        program.clock.sleep(7200)
        assert program.is_once(what, program.publish(what)), at


@pytest.mark.parametrize("kept", [True, False], ids=["journal", "no journal"])
def test_any_answer_may_be_lost_and_the_post_is_there_once(what: Said, tmp_path: Path, kept: bool) -> None:
    for at in range(1, requests_of(tmp_path / "whole", what, kept=kept) + 1):
        program = Program(tmp_path / str(at), loses=at)
        try:
            post = program.publish(what, kept=kept)
        except ThreadsyncError:
            assert program.sky.records(HANDLE) == [], "what was only read, or a file, was not told"
            program.clock.sleep(7200)
            post = program.publish(what, kept=kept)
        assert program.is_once(what, post), at


def test_what_stays_in_doubt_is_its_own_error_and_is_found_by_the_next_call(tmp_path: Path) -> None:
    """Nothing answers any more once the write is out: whether it acted cannot be told."""
    what, program = SHAPES["chain"], Program(tmp_path, loses_from="applyWrites")
    with pytest.raises(PublishUncertain):
        program.publish(what)
    program.gone, program.loses_from = False, ""
    program.clock.sleep(7200)
    assert program.is_once(what, program.publish(what))


def test_a_journal_that_was_lost_with_its_disk_holds_back_what_looks_published(tmp_path: Path) -> None:
    program = Program(tmp_path)
    program.publish(SHAPES["text"])
    program.journal.unlink()
    with pytest.raises(PublishBlocked) as blocked:
        program.publish(SHAPES["text"])
    assert blocked.value.reason == "looks-published"


def test_a_key_that_another_program_took_is_left_to_it(tmp_path: Path) -> None:
    """Its record is neither overwritten nor taken for ours: the next key is taken."""
    probe, what = Program(tmp_path / "a"), SHAPES["text"]
    program = Program(tmp_path / "b")
    taken = probe.publish(what).id.rpartition("/")[2]
    program.sky.by_hand(
        "putRecord",
        {
            "collection": POST,
            "rkey": taken,
            "record": {"$type": POST, "text": "Theirs", "createdAt": "2020-01-01T00:00:00Z"},
        },
        HANDLE,
    )
    program.root = probe.root  # so that its lineage is the same, and its keys
    probe.journal.unlink()
    post = program.publish(what)
    assert post.id.rpartition("/")[2] != taken
    assert sorted(program.sky.texts(HANDLE)) == ["12 lifts were broken.", "Theirs"]


def test_a_post_that_somebody_edited_before_it_was_on_record_is_still_ours(tmp_path: Path) -> None:
    """Its words have another name then, and its time is ours to the microsecond."""
    what, program = SHAPES["text"], Program(tmp_path)
    assert program.died(what, requests_of(tmp_path / "whole", what))
    (there,) = program.sky.records(HANDLE)
    program.sky.edit(there.uri, HANDLE, text="12 lifts were broken!")
    program.clock.sleep(7200)
    assert program.publish(what).id == there.uri
    assert len(program.sky.records(HANDLE)) == 1


def test_what_the_network_refuses_is_told_and_another_post_may_go_out_under_its_key(tmp_path: Path) -> None:
    program = Program(tmp_path)
    bluesky.arm(program.sky.state, bluesky.Fault("publish", FaultKind.THROTTLED, times=None))
    with pytest.raises(PublishRefused):
        program.publish(SHAPES["text"])
    bluesky.disarm(program.sky.state)
    program.clock.sleep(60)
    program.publish(Said((PostSegment("All of them work."),), key="a"))
    assert program.sky.texts(HANDLE) == ["All of them work."]


def test_a_mention_of_nobody_is_told_before_anything_is_on_record(tmp_path: Path) -> None:
    program = Program(tmp_path)
    with pytest.raises(PublishBlocked) as blocked:
        program.publish(Said((PostSegment("Hi @nobody.test"),), key="a"))
    assert (blocked.value.reason, program.journal.exists()) == ("unknown-account", False)
