"""``safety.apply_from``: from where apply sends anything to real networks; real git, real repositories."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.operations.someone import Someone
from tests.operations.world import PROJECT, World, picture
from threadsync.errors import ContentError, WrongCheckout
from threadsync.execution.clock import Clock
from threadsync.operations.checkout import Checkout
from threadsync.operations.plan import plan
from threadsync.operations.provenance import Surroundings
from threadsync.operations.workspace import Workspace
from threadsync.statefile.git_run import Git

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="not tested without git: apply_from")

REAL = PROJECT.replace("base_url: http://127.0.0.1:1, ", "").replace("media_host: local", "since: 2026-01-01")
RULE = "safety: {apply_from: {branch: main}}\n"
CLEAN = "safety: {apply_from: {branch: main, clean: true}}\n"
CI = {"GITHUB_REF_NAME": "main", "GITHUB_SHA": "f" * 40, "CI_COMMIT_BRANCH": "main"}


@dataclass
class Checked(World):
    """A world whose project is in a checkout; *asked* is called when git looks at it."""

    environ: dict[str, str] = field(default_factory=dict)
    looked: Callable[[], None] = lambda: None

    @property
    def workspace(self) -> Workspace:
        def checkout(root: Path, clock: Clock) -> Checkout:
            self.looked()
            return Checkout(Git(root, clock, self.environ))

        return replace(super().workspace, surroundings=Surroundings(checkout=checkout))


@dataclass
class Hub:
    """A bare repository, and checkouts of the project in it."""

    root: Path

    def __post_init__(self) -> None:
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            **CI,
        }
        self.git(self.root, "init", "--quiet", "--bare", "--initial-branch=main", "hub.git")
        self.git(self.hub, "config", "uploadpack.allowAnySHA1InWant", "true")  # as forges have it

    @property
    def hub(self) -> Path:
        return self.root / "hub.git"

    def git(self, at: Path, *arguments: str) -> str:
        whole = ["git", "-C", str(at), "-c", "user.name=Maria", "-c", "user.email=maria@example.org"]
        done = subprocess.run([*whole, *arguments], env=self.environ, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def commit(self, at: Path, push: str = "") -> str:
        self.git(at, "add", "--all")
        self.git(at, "commit", "--quiet", "--message=posts")
        if push:
            self.git(at, "push", "--quiet", "origin", f"HEAD:{push}")
        return self.git(at, "rev-parse", "HEAD")

    def world(self, name: str) -> Checked:
        """Return the world of the checkout *name*."""
        path = self.root / name
        path.mkdir(exist_ok=True)
        return Checked(path, environ=self.environ)

    def first(self, rule: str = RULE, project: str = REAL) -> Checked:
        """Make the laptop's clone: a project with one post, pushed to main."""
        self.git(self.root, "clone", "--quiet", self.hub.as_uri(), "laptop")
        world = self.world("laptop")
        world.write("threadsync.yaml", project + rule)
        world.write(".gitignore", ".threadsync/\n")
        world.post("a", "Hello")
        self.commit(world.root, "main")
        return world

    def runner(self, name: str, commit: str, ref: str = "") -> Checked:
        """Check *commit* out as runners of CI do: one commit deep, detached, fetched as *ref* if any."""
        self.git(self.root, "init", "--quiet", name)
        path = self.root / name
        self.git(path, "remote", "add", "origin", self.hub.as_uri())
        self.git(path, "fetch", "--quiet", "--no-tags", "--depth=1", "origin", f"+{commit}{ref and ':'}{ref}")
        self.git(path, "checkout", "--quiet", "--detach", commit)
        return self.world(name)


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return Hub(tmp_path)


def refused(world: World) -> str:
    """Apply, make sure that it is refused and that nobody was asked anything, and return the message."""
    asked = len(world.sent)
    with pytest.raises(WrongCheckout) as caught:
        world.apply()
    assert len(world.sent) == asked
    assert not (world.root / "state").exists()
    return str(caught.value)


DONE = {"a@threads/main": "applied"}

# Where it may be run from


def test_on_the_tip_of_the_branch_apply_does_its_work(hub: Hub) -> None:
    assert hub.first().applied() == DONE


def test_a_draft_branch_sends_nothing_and_the_message_says_what_is_to_be_done(hub: Hub) -> None:
    world = hub.first()
    hub.git(world.root, "switch", "--quiet", "-c", "draft")
    world.post("b", "A draft")
    commit = hub.commit(world.root, "draft")
    said = refused(world)
    for words in (
        f"allows it from main of origin alone, and commit {commit[:10]} of this checkout is not in it",
        "merged into main",
        "editing safety: in threadsync.yaml",
    ):
        assert words in said


def test_an_apply_from_elsewhere_that_had_nothing_to_do_is_no_heartbeat(hub: Hub) -> None:
    """It may see nothing to do because its files are old; that CI is dead must show all the same."""
    world = hub.first()
    assert world.applied() == DONE
    first = world.state.heartbeat
    hub.git(world.root, "switch", "--quiet", "-c", "draft")
    world.write(".gitignore", ".threadsync/\nstate/\n")
    hub.commit(world.root, "draft")
    world.clock.sleep(86_400)
    assert world.apply().report is None
    assert world.state.heartbeat == first
    hub.git(world.root, "switch", "--quiet", "main")
    assert world.apply().report is None
    assert world.state.heartbeat != first


def test_a_commit_that_was_merged_is_approved_on_any_branch_and_when_main_has_gone_on(hub: Hub) -> None:
    world, other = hub.first(), "other"
    hub.git(hub.root, "clone", "--quiet", hub.hub.as_uri(), other)
    (hub.root / other / "posts/b.md").write_text("---\nkey: b\ntargets: [threads/brand]\n---\nMore\n")
    hub.commit(hub.root / other, "main")
    hub.git(world.root, "switch", "--quiet", "-c", "behind")
    assert world.applied() == DONE


def test_what_was_pushed_elsewhere_counts_although_this_clone_has_not_fetched_it(hub: Hub) -> None:
    """The remote is asked, not what this clone remembers of it."""
    world = hub.first()
    world.post("b", "More", targets="threads/brand")
    hub.commit(world.root)
    hub.git(world.root, "push", "--quiet", hub.hub.as_uri(), "HEAD:main")  # no remote-tracking branch moves
    assert world.applied()["b@threads/brand"] == "applied"


def test_a_commit_that_was_pushed_away_from_the_branch_is_not_in_it_whatever_was_fetched_before(
    hub: Hub,
) -> None:
    world = hub.first()
    first = hub.git(world.root, "rev-parse", "HEAD")
    world.post("b", "Regretted")
    hub.commit(world.root, "main")
    hub.git(hub.hub, "update-ref", "refs/heads/main", first)
    assert "is not in it" in refused(world)


# Runners of CI


def test_a_runner_with_one_detached_commit_and_no_branch_is_approved_at_the_tip(hub: Hub) -> None:
    tip = hub.git(hub.first().root, "rev-parse", "HEAD")
    assert hub.runner("ci", tip).applied() == DONE


@pytest.mark.parametrize("commits", [1, 3])
def test_a_job_that_is_run_again_after_later_merges_is_approved_by_what_the_remote_has(
    hub: Hub, commits: int
) -> None:
    laptop = hub.first()
    old = hub.git(laptop.root, "rev-parse", "HEAD")
    runner = hub.runner("ci", old, "refs/remotes/origin/main")
    for number in range(commits):
        laptop.post(f"later-{number}", f"Later {number}")
        hub.commit(laptop.root, "main")
    assert runner.applied() == DONE


def test_a_shallow_clone_that_has_both_commits_but_not_what_is_between_them_fetches_it(hub: Hub) -> None:
    laptop = hub.first()
    old = hub.git(laptop.root, "rev-parse", "HEAD")
    for number in range(3):
        laptop.post(f"later-{number}", f"Later {number}")
        hub.commit(laptop.root, "main")
    runner = hub.runner("ci", old)
    hub.git(runner.root, "fetch", "--quiet", "--no-tags", "--depth=1", "origin", "main")
    assert runner.applied() == DONE


def test_a_runner_of_a_pull_request_is_refused_whatever_the_variables_of_ci_say(hub: Hub) -> None:
    laptop = hub.first()
    hub.git(laptop.root, "switch", "--quiet", "-c", "feature")
    laptop.post("b", "Proposed")
    commit = hub.commit(laptop.root, "refs/pull/1/head")
    runner = hub.runner("ci", commit, "refs/remotes/pull/1/merge")
    runner.environ["GITHUB_SHA"] = commit
    assert "is not in it" in refused(runner)


# Without an answer


def test_offline_what_was_last_fetched_counts(hub: Hub) -> None:
    world = hub.first()
    hub.git(world.root, "remote", "set-url", "origin", f"{hub.hub.as_uri()}-gone")
    assert world.applied() == DONE
    hub.git(world.root, "switch", "--quiet", "-c", "draft")
    world.post("b", "A draft")
    hub.commit(world.root)
    with pytest.raises(WrongCheckout, match=r"is not in it as it was last fetched \(.*-gone"):
        world.apply()


def test_a_runner_that_may_not_ask_and_never_fetched_the_branch_is_told_how_to_go_on(hub: Hub) -> None:
    runner = hub.runner("ci", hub.git(hub.first().root, "rev-parse", "HEAD"))
    hub.git(runner.root, "remote", "set-url", "origin", f"{hub.hub.as_uri()}-gone")
    said = refused(runner)
    assert "cannot be told" in said
    assert "the right to read origin" in said


def test_a_branch_whose_name_only_ends_like_the_one_that_is_meant_approves_nothing(hub: Hub) -> None:
    world = hub.first(RULE.replace("main", "release"))
    hub.git(world.root, "push", "--quiet", "origin", "HEAD:refs/heads/release")
    world.post("a", "Nobody has reviewed this")
    hub.commit(world.root)
    hub.git(world.root, "push", "--quiet", "origin", "HEAD:refs/heads/refs/heads/release")
    assert "is not in it" in refused(world)


def test_a_branch_that_the_remote_does_not_have_is_named(hub: Hub) -> None:
    said = refused(hub.first(RULE.replace("main", "trunk")))
    assert "origin has no branch trunk" in said
    assert "Correct branch:" in said


def test_outside_a_repository_nothing_is_sent(tmp_path: Path, hub: Hub) -> None:
    world = hub.world("loose")
    world.write("threadsync.yaml", REAL + RULE)
    world.post("a", "Hello")
    assert "has no commit that git could tell" in refused(world)


# What is exempt


def test_a_sandbox_takes_what_any_branch_has_and_git_is_not_asked(hub: Hub) -> None:
    world = hub.world("loose")
    world.write("threadsync.yaml", PROJECT + RULE)
    world.post("a", "Hello")
    world.environ["PATH"] = "/nowhere"
    assert world.applied() == DONE


def test_of_a_mixed_project_what_is_only_for_sandboxes_may_be_applied(hub: Hub) -> None:
    real = "threads/brand: {account: brand, credential: env:X, "
    mixed = PROJECT.replace(
        real + "base_url: http://127.0.0.1:1, media_host: local", real + "since: 2026-01-01"
    )
    assert mixed != PROJECT
    world = hub.first(project=mixed)
    hub.git(world.root, "switch", "--quiet", "-c", "draft")
    world.post("b", "For real", targets="threads/brand")
    hub.commit(world.root)
    assert world.applied("a") == DONE
    with pytest.raises(WrongCheckout):
        world.apply()


def test_from_elsewhere_no_trouble_is_told_on_a_real_target(hub: Hub) -> None:
    world = hub.first(RULE + "notify: {target: threads/brand}\n")
    assert world.applied() == DONE
    hub.git(world.root, "checkout", "--quiet", "-b", "draft")
    world.write("posts/bad.md", "---\ntargets: 5\n---\nHm\n")
    hub.commit(world.root)
    asked = len(world.sent)
    with pytest.raises(ContentError):
        world.apply()
    assert len(world.sent) == asked
    hub.git(world.root, "push", "--quiet", "origin", "HEAD:main")
    with pytest.raises(ContentError):
        world.apply()
    assert len(world.live("brand")) == 1


def test_nothing_to_do_is_no_offence(hub: Hub) -> None:
    world = hub.first()
    assert world.applied() == DONE
    hub.git(world.root, "switch", "--quiet", "-c", "draft")
    world.write("README.md", "Notes\n")
    hub.commit(world.root)
    assert world.applied() == {}


# Clean


def test_a_file_that_is_not_committed_is_refused_only_where_clean_is_asked_for(hub: Hub) -> None:
    world = hub.first()
    world.post("b", "Not committed")
    assert world.applied() == {**DONE, "b@threads/main": "applied"}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda w: w.post("a", "Edited"), "posts/a.md"),
        (lambda w: w.post("b", "Not committed"), "posts/b.md"),
        (
            lambda w: w.write("threadsync.yaml", REAL + CLEAN + "policies: {if_late: publish}\n"),
            "threadsync.yaml",
        ),
        (
            lambda w: w.write("posts/b.yaml", "targets: [threads/main]\ntext: Ignored by git\n"),
            "posts/b.yaml",
        ),
    ],
)
def test_clean_names_what_apply_reads_and_nobody_has_reviewed(
    hub: Hub, change: Callable[[World], object], named: str
) -> None:
    world = hub.first(CLEAN)
    world.write(".gitignore", ".threadsync/\nposts/b.yaml\n")
    hub.commit(world.root, "main")
    change(world)
    said = refused(world)
    assert f"{named} differs from the commit" in said
    assert "git status" in said


def test_several_files_differ(hub: Hub) -> None:
    world = hub.first(CLEAN)
    world.post("two", "Two.")
    world.post("three", "Three.")
    assert "posts/three.md, posts/two.md differ from the commit" in refused(world)


def test_clean_sees_that_a_post_was_removed(hub: Hub) -> None:
    world = hub.first(CLEAN)
    assert world.applied() == DONE
    world.remove("a")
    world.post("b", "Left")
    hub.git(world.root, "add", "posts/b.md")
    hub.git(world.root, "commit", "--quiet", "--message=b")
    hub.git(world.root, "push", "--quiet", "origin", "HEAD:main")
    with pytest.raises(WrongCheckout, match=r"posts/a\.md differs"):
        world.apply()


@pytest.mark.parametrize("flag", ["--skip-worktree", "--assume-unchanged"])
@pytest.mark.parametrize("change", ["edited", "removed"])
def test_clean_takes_no_file_on_trust_that_git_was_told_not_to_look_at(
    hub: Hub, flag: str, change: str
) -> None:
    world = hub.first(CLEAN)
    world.post("b", "Committed")
    hub.commit(world.root, "main")
    hub.git(world.root, "update-index", flag, "posts/a.md")
    if change == "edited":
        world.post("a", "Edited")
    else:
        world.remove("a")
    assert hub.git(world.root, "status", "--porcelain", "posts") == ""
    said = refused(world)
    assert "git was told not to look at posts/a.md" in said
    assert "git update-index --no-skip-worktree" in said


LINKED = REAL.replace("since:", "media_host: local, since:").replace(
    "loopback", "command, command: 'put {file}'"
)


@pytest.mark.parametrize("behind", ["drafts/b.md", "pictures/lift.jpg"])
def test_clean_sees_what_a_link_leads_to(hub: Hub, behind: str) -> None:
    world = hub.first(CLEAN, LINKED)
    world.write(
        "drafts/b.md", "---\nkey: b\ntargets: [threads/main]\n---\n![A lift](pictures/lift.jpg)\n\nLift\n"
    )
    world.write("pictures/lift.jpg", picture())
    (world.root / "posts/b.md").symlink_to("../drafts/b.md")
    (world.root / "posts/pictures").symlink_to("../pictures")
    hub.commit(world.root, "main")
    changed = world.root / behind
    changed.write_bytes(picture("blue") if behind.endswith("jpg") else changed.read_bytes() + b"Edited\n")
    assert f"{behind} differs from the commit" in refused(world)


def test_clean_sees_a_link_that_git_does_not_know(hub: Hub) -> None:
    world = hub.first(CLEAN, LINKED)
    world.write("pictures/lift.jpg", picture())
    world.post("b", "![A lift](pictures/lift.jpg)\n\nLift")
    hub.commit(world.root, "main")
    (world.root / "posts/pictures").symlink_to("../pictures")
    assert "posts/pictures differs from the commit" in refused(world)


def test_clean_does_not_mind_what_apply_does_not_read(hub: Hub) -> None:
    """The state, caches, notes beside the project, and files in the posts folder that are no posts."""
    world = hub.first(CLEAN)
    assert world.applied() == DONE  # the state is a file that git does not know yet
    world.write("notes.txt", "Something\n")
    world.write("posts/notes.txt", "Something\n")
    world.post("b", "Committed")
    hub.git(world.root, "add", "posts/b.md")
    hub.git(world.root, "commit", "--quiet", "--message=b")
    hub.git(world.root, "push", "--quiet", "origin", "HEAD:main")
    assert world.applied() == {"b@threads/main": "applied"}


@pytest.mark.parametrize(("place", "file"), [("posts", "b.md"), ("posts", "lift.jpg"), ("media", "lift.jpg")])
def test_clean_sees_into_a_submodule_that_git_is_told_to_ignore(hub: Hub, place: str, file: str) -> None:
    """Posts and pictures that other projects use too."""
    project = REAL.replace("since:", "media_host: local, since:").replace(
        "loopback", "command, command: 'put {file}'"
    )
    world = hub.first(CLEAN, project)
    hub.git(hub.root, "init", "--quiet", "--initial-branch=main", "shared")
    (hub.root / "shared/b.md").write_text("---\nkey: b\ntargets: [threads/main]\n---\nShared\n")
    (hub.root / "shared/lift.jpg").write_bytes(picture())
    hub.commit(hub.root / "shared")
    path = f"{place}/shared"
    add = ("submodule", "--quiet", "add", (hub.root / "shared").as_uri(), path)
    hub.git(world.root, "-c", "protocol.file.allow=always", *add)
    hub.git(world.root, "config", f"submodule.{path}.ignore", "all")
    world.post("c", f"![A lift](/{path}/lift.jpg)\n\nWith a picture")
    hub.commit(world.root, "main")
    changed = world.root / path / file
    changed.write_bytes(picture("blue") if file == "lift.jpg" else changed.read_bytes() + b"And unread\n")
    assert f"{path} differs from the commit" in refused(world)


def test_a_project_in_a_folder_of_its_repository_is_looked_at_there(hub: Hub) -> None:
    world = hub.first(CLEAN)
    hub.git(world.root, "checkout", "--quiet", "-b", "moved")
    (world.root / "news").mkdir()
    for name in ("threadsync.yaml", "posts"):
        hub.git(world.root, "mv", name, f"news/{name}")
    hub.commit(world.root, "main")
    inner = Checked(world.root / "news", environ=hub.environ)
    world.write("posts/x.md", "Not of this project\n")
    assert inner.applied() == DONE
    inner.post("c", "Not committed")
    with pytest.raises(WrongCheckout, match=r" posts/c\.md differs"):
        inner.apply()


# What is read is what was looked at


@pytest.mark.parametrize("look", [2, 3, 4, 5, 6, 7, 8])
def test_a_branch_that_is_switched_meanwhile_is_noticed_whenever_it_happens(hub: Hub, look: int) -> None:
    """Before the files are read the commit is noted, and it is the same when they have been looked at."""
    world = hub.first(CLEAN)
    hub.git(world.root, "switch", "--quiet", "-c", "draft")
    world.post("a", "Not reviewed")
    hub.commit(world.root)
    hub.git(world.root, "switch", "--quiet", "main")
    looks = 0

    def looked() -> None:
        nonlocal looks
        looks += 1
        if looks == look:
            hub.git(world.root, "switch", "--quiet", "draft")

    world.looked = looked
    with suppress(WrongCheckout):
        world.apply()
    assert world.live() in ([], ["Hello"])


# Plan


def test_plan_says_that_apply_would_refuse_and_asks_no_remote(hub: Hub) -> None:
    world = hub.first(CLEAN)
    assert not [each for each in plan(world.workspace).plan.notices if each.about == "apply"]
    hub.git(world.root, "switch", "--quiet", "-c", "draft")
    world.post("b", "A draft")
    hub.commit(world.root)
    world.post("c", "Another")
    hub.git(world.root, "remote", "set-url", "origin", "ssh://nobody.invalid/x")
    found = [each for each in plan(world.workspace).plan.notices if each.about == "apply"]
    assert ["is not in it as it was last fetched" in found[0].problem, "posts/c.md" in found[1].problem] == [
        True
    ] * 2
    assert "would refuse to run from here" in found[0].problem


def test_the_person_is_not_asked_what_would_be_refused_anyway(hub: Hub) -> None:
    world = hub.first()
    hub.git(world.root, "switch", "--quiet", "-c", "draft")
    world.post("b", "A draft")
    hub.commit(world.root)
    person = Someone()
    with pytest.raises(WrongCheckout):
        world.apply(person=person)
    assert person.asked == []
