"""Runners that share a state in a git branch: real repositories, real processes, real signals.

What a runner loses is everything but what it had pushed. The witness is the sandbox's own ledger.
"""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.forge import BRANCH, STATE, Forge, git
from tests.live.projects import ENVIRON, asked, assert_done, ended, posts_into, published, ran, started
from tests.live.waiting import PATIENCE_SECONDS, until, until_said
from threadsync.sandbox.server import Sandbox
from threadsync.sandbox.threads import Fault, FaultKind

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        shutil.which("git") is None, reason="not tested without git: runners that share a branch"
    ),
]

CHAIN = ["First part", "Second part", "Third part"]
POSTS = {"chain": "\n\n---\n\n".join(CHAIN), "one": "Only once", "two": "This one too"}
TEXTS = [*CHAIN, "Only once", "This one too"]
APPLY = ("apply", "--yes", "--first-run")


@pytest.fixture
def forge(sandbox: Sandbox, tmp_path: Path) -> Forge:
    return Forge.made(tmp_path, sandbox, POSTS)


@pytest.fixture
def single(sandbox: Sandbox, tmp_path: Path) -> Forge:
    """One post is enough."""
    return Forge.made(tmp_path, sandbox, {"one": "Only once"})


def killed(process: subprocess.Popen[str], moment: Callable[[], bool]) -> bool:
    """Kill *process* once *moment* has come; return whether it came before the end."""
    until(lambda: process.poll() is not None or moment(), "the moment to kill it, or its end")
    came = process.poll() is None
    process.kill()
    process.communicate(timeout=PATIENCE_SECONDS)
    return came


def commits(forge: Forge) -> int:
    """Return how many commits the branch has: one a push."""
    return int(git(forge.origin, "rev-list", "--count", BRANCH)) if forge.tip() else 0


def at_push(forge: Forge, number: int) -> Callable[[], bool]:
    last = commits(forge) + number
    return lambda: commits(forge) >= last


def at_publish(sandbox: Sandbox, number: int) -> Callable[[], bool]:
    last = sum(published(sandbox).values()) + number
    return lambda: sum(published(sandbox).values()) >= last


# A runner that dies.


def test_whenever_a_runner_is_lost_the_next_one_elsewhere_finishes_and_no_post_is_there_twice(
    forge: Forge, sandbox: Sandbox
) -> None:
    """Law 1: after any push, and between publishing and pushing; the lock is broken as the message says."""
    runners = [(forge.clone("a"), "press-1"), (forge.clone("b"), "studio-2")]
    kills = 0
    moments = (("push", 1), ("push", 2), ("publish", 1), ("push", 3), ("publish", 2))
    for moment, number in moments:
        (folder, host), (other, there) = runners
        due = at_push(forge, number) if moment == "push" else at_publish(sandbox, number)
        kills += killed(started(folder, *APPLY, host=host), due)
        if kills == 1:
            status, said = ran(other, *APPLY, host=there)
            assert (status, f"locked by maria on {host} (threadsync apply" in said) == (1, True), said
            assert "break the lock with `threadsync state force-unlock`" in said
        if f"{STATE}.lock" in forge.names():
            assert ran(other, "state", "force-unlock", host=there)[0] == 0
        assert max(published(sandbox).values(), default=0) <= 1
        runners.reverse()
    assert kills >= 4
    (folder, host), (other, _) = runners
    status, said = ran(folder, *APPLY, host=host)
    assert status == 0, said
    assert_done(other, sandbox, TEXTS)
    assert forge.names() == {STATE}


# Two runners at once.


def test_of_two_runners_one_works_and_the_other_says_who_holds_the_lock_and_works_when_it_has_waited(
    single: Forge, sandbox: Sandbox
) -> None:
    one, two = single.clone("a"), single.clone("b")
    sandbox.arm(Fault("create", FaultKind.SLOW, seconds=PATIENCE_SECONDS))
    first = started(one, *APPLY, host="press-1")
    until(lambda: asked(sandbox, "POST", "threads") == 1, "the first container asked for")
    status, said = ran(two, *APPLY, host="studio-2")
    assert status == 1
    holder = f"locked by maria on press-1 (threadsync apply, process {first.pid}) since 20"
    for words in (holder, "--lock-timeout SECONDS", "`threadsync state force-unlock`", BRANCH):
        assert words in said
    waiting = started(two, *APPLY, "--lock-timeout", "60", host="studio-2")
    until_said("waiting for its lock: maria on press-1", waiting.stdout)
    sandbox.disarm()
    assert ended(first)[0] == 0
    status, said = ended(waiting)
    assert status == 0, said
    assert_done(two, sandbox, ["Only once"])


# A remote that refuses, loses or forgets.


@pytest.mark.parametrize(
    "refuses",
    ["exit 1", f"git ls-tree --name-only $new | grep -q {STATE}.journal && exit 1; exit 0"],
    ids=["every push", "every intent"],
)
def test_a_push_that_the_remote_refuses_stops_the_run_before_anything_is_published(
    single: Forge, sandbox: Sandbox, refuses: str
) -> None:
    """Law 1; as a protected branch does it."""
    clone = single.clone("a")
    single.hook(f"echo protected branch >&2\n{refuses}")
    status, said = ran(clone, *APPLY)
    assert status in {1, 4}, said
    for words in ("the remote refused the right to write", "pre-receive hook declined", "contents: write"):
        assert words in said
    assert published(sandbox) == Counter()
    single.unhook()
    status, said = ran(single.clone("b"), *APPLY, host="studio-2")
    assert status == 0, said
    assert_done(clone, sandbox, ["Only once"])


def test_an_older_state_forced_back_between_two_runs_publishes_nothing_again(
    single: Forge, sandbox: Sandbox
) -> None:
    """Law 8: what is live and unknown to the state is blocked; what is new goes out."""
    clone = single.clone("a")
    posts_into(clone, {"two": "This one too"})
    assert ran(clone, "apply", "--yes", "--first-run", "one")[0] == 0
    older = single.tip()
    assert ran(clone, "apply", "--yes", "two")[0] == 0
    git(single.origin, "update-ref", f"refs/heads/{BRANCH}", older)
    posts_into(clone, {"three": "The third one"})
    status, said = ran(clone, "apply", "--yes")
    assert (status, "looks-published" in said) == (0, True), said
    assert published(sandbox) == Counter(["Only once", "This one too", "The third one"])


def test_an_older_state_forced_back_under_a_run_stops_it_and_nothing_goes_out_twice(
    forge: Forge, sandbox: Sandbox
) -> None:
    """Law 1: the push of the next intent is rejected, so the next part of the chain is not sent."""
    clone = forge.clone("a")
    assert ran(clone, *APPLY, "one")[0] == 0
    older = forge.tip()
    sandbox.arm(Fault("publish", FaultKind.SLOW, seconds=PATIENCE_SECONDS))
    process = started(clone, "apply", "--yes", "chain")
    until(lambda: CHAIN[0] in published(sandbox), f"the post {CHAIN[0]!r}")
    git(forge.origin, "update-ref", f"refs/heads/{BRANCH}", older)
    sandbox.disarm()
    status, said = ended(process)
    assert (status, "the lock of this run was taken away" in said) == (4, True), said
    assert forge.tip() == older, "nothing was written over it"
    status, said = ran(forge.clone("b"), "apply", "--yes")
    assert (status, "looks-published" in said) == (0, True), said
    assert published(sandbox) == Counter([CHAIN[0], "Only once", "This one too"])


@pytest.mark.parametrize("when", ["create", "publish"])
def test_a_remote_that_goes_away_under_a_run_stops_it_and_the_next_one_finishes(
    forge: Forge, sandbox: Sandbox, when: str
) -> None:
    """Before the first intent is pushed, and between two parts of a chain."""
    clone, away = forge.clone("a"), forge.root / "away.git"
    sandbox.arm(Fault(when, FaultKind.SLOW, seconds=PATIENCE_SECONDS))
    process = started(clone, *APPLY, "chain")
    path = "threads_publish" if when == "publish" else "threads"
    until(lambda: asked(sandbox, "POST", path) == 1, f"the first POST of {path}")
    forge.origin.rename(away)
    sandbox.disarm()
    status, said = ended(process)
    assert (status, "Nothing was published after that." in said) == (4, True), said
    assert sum(published(sandbox).values()) == (when == "publish")
    away.rename(forge.origin)
    status, said = ran(clone, *APPLY)
    assert status == 0, said
    assert_done(forge.clone("b"), sandbox, TEXTS)


# What a runner has checked out.


def everything_below(path: Path) -> dict[str, bytes]:
    """All that a clone holds but objects, caches of ours, and our own ref."""
    return {
        str(each.relative_to(path)): each.read_bytes()
        for each in sorted(path.rglob("*"))
        if each.is_file() and not {"objects", "threadsync", ".threadsync"} & set(each.relative_to(path).parts)
    }


def test_a_shallow_detached_checkout_with_unfinished_work_is_left_byte_for_byte_as_it_was(
    single: Forge, sandbox: Sandbox
) -> None:
    """As actions/checkout makes it; and git knows no name to commit under, nor a home directory."""
    checkout = single.checkout("checkout")
    assert git(checkout, "rev-parse", "--is-shallow-repository") == "true"
    assert "HOME" not in ENVIRON
    named = subprocess.run(["git", "config", "user.name"], env=ENVIRON, cwd=checkout, check=False)
    assert named.returncode == 1
    (checkout / "draft.txt").write_text("unfinished\n")
    (checkout / "posts/one.md").write_text((checkout / "posts/one.md").read_text() + "\n")
    (checkout / "staged.txt").write_text("staged\n")
    git(checkout, "add", "staged.txt")
    status = git(checkout, "status", "--porcelain=v2", "--branch")
    before = everything_below(checkout)
    assert ran(checkout, *APPLY)[0] == 0
    assert ran(checkout, "state", "history")[0] == 0
    assert_done(checkout, sandbox, ["Only once"])
    after = everything_below(checkout)
    for name in (
        ".git/shallow",
        f".git/refs/remotes/origin/{BRANCH}",
        f".git/logs/refs/remotes/origin/{BRANCH}",
    ):
        before.pop(name, None)
        after.pop(name, None)
    assert after == before
    assert git(checkout, "status", "--porcelain=v2", "--branch") == status
    assert_done(single.clone("b"), sandbox, ["Only once"])
