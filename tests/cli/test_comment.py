"""``threadsync comment`` as a CI job runs it: from its environment to the comment on the pull request."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.forges.desks import Issue, answer
from tests.forges.serving import TOKEN, Forge, serving
from tests.operations.repositories import begun, committed, git, merged
from tests.operations.world import World
from threadsync.forges.marks import mark_of

FOREIGN = ("GITHUB_", "GITLAB_", "FORGEJO_", "GITEA_", "GH_", "CI")
"""What the job that runs these tests may have; it is nothing to them."""


@pytest.fixture
def forge() -> Iterator[Forge]:
    with serving() as found:
        yield found


@pytest.fixture(autouse=True)
def job(forge: Forge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Make the environment that of a job of GitHub, for pull request 17."""
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        monkeypatch.delenv(name)
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": forge.url,
        "GITHUB_SERVER_URL": "https://forge.example",
        "GITHUB_REPOSITORY": "lift/posts",
        "GITHUB_REF": "refs/pull/17/merge",
        "GITHUB_SHA": "0123abc",
        "GITHUB_TOKEN": TOKEN,
    }.items():
        monkeypatch.setenv(name, value)
    forge.pulls[17] = Issue(17)


def of_a_fork(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    pull = {"number": 17, "head": {"sha": "0123abc", "repo": {"full_name": "mallory/posts"}}}
    path.write_text(json.dumps({"pull_request": pull}))
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(path))


def on_a_push(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REF", "refs/heads/main")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "push")


def test_the_plan_becomes_one_comment(run: Run, world: World, forge: Forge) -> None:
    world.post("hello", "Good morning.")
    first = run("comment")
    assert (first.exit_code, first.stderr) == (0, "")
    (body,) = forge.pulls[17].bodies()
    mark = mark_of(body)
    assert mark is not None
    assert (mark.project, mark.kind) == ("test", "plan")
    assert "Good morning." in body
    world.clock.sleep(60)
    world.post("second", "Good evening.")
    second = run("comment")
    assert second.stdout == first.stdout == "https://forge.example/c/17102\n"
    (body,) = forge.pulls[17].bodies()
    assert "Good evening." in body
    assert world.sent == [], "no network is asked"


def test_options_say_at_a_desk_what_a_job_knows_of_itself(
    run: Run, world: World, forge: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("GITHUB_") and name != "GITHUB_TOKEN"]:
        monkeypatch.delenv(name)
    world.post("hello", "Good morning.")
    assert run("comment").exit_code == 2
    where = ("--forge", "github", "--repository", "lift/posts", "--number", "17", "--api", forge.url)
    assert run("comment", *where).exit_code == 0
    assert "Good morning." in forge.pulls[17].bodies()[0]


def test_the_token_goes_to_the_forge_and_nowhere_else(run: Run, world: World, forge: Forge) -> None:
    """Law 12."""
    world.post("hello", "Good morning.")
    forge.pulls[17].refusals["POST"] = [answer(401, {"message": f"Bad credentials: {TOKEN}"})]
    failed, done = run("comment"), run("comment", "--verbose")
    assert (failed.exit_code, done.exit_code) == (1, 0)
    assert set(forge.tokens) == {f"Bearer {TOKEN}"}
    assert TOKEN not in failed.output + done.output + "".join(forge.pulls[17].bodies())
    kept = [each.read_bytes() for each in world.root.rglob("*") if each.is_file()]
    assert not any(TOKEN.encode() in each for each in kept)


def test_selectors_and_a_name_make_a_comment_of_their_own(run: Run, world: World, forge: Forge) -> None:
    world.post("hello", "Good morning.")
    world.post("brand", "From the brand.", targets="threads/brand")
    run("comment", "threads/main")
    run("comment", "--name", "brand", "threads/brand")
    main, brand = forge.pulls[17].bodies()
    assert "Good morning." in main
    assert "From the brand." not in main
    assert "From the brand." in brand
    assert "## threadsync plan `brand`" in brand


@pytest.mark.parametrize("save", [False, True])
def test_a_plan_that_another_job_made_is_shown_as_it_is(
    run: Run, world: World, forge: Forge, tmp_path: Path, *, save: bool
) -> None:
    """The job that may comment reads none of the pull request's files."""
    world.post("hello", "Good morning. @everyone")
    path = tmp_path / "plan.json"
    if save:
        run("plan", "--out", str(path))
    else:
        path.write_text(run("plan", "--format", "json").stdout)
    world.remove("hello")
    assert run("comment", "--plan", str(path)).exit_code == 0
    assert "Good morning. @everyone" in forge.pulls[17].bodies()[0]


def test_a_plan_from_the_future_holds_no_comment_fast(
    run: Run, world: World, forge: Forge, tmp_path: Path
) -> None:
    """The job that plans reads a stranger's files; what it hands on does not outlive the next run."""
    world.post("hello", "Good morning.")
    document = json.loads(run("plan", "--format", "json").stdout)
    forged = tmp_path / "plan.json"
    forged.write_text(json.dumps({**document, "at": "9999-12-31T00:00:00Z"}))
    assert run("comment", "--plan", str(forged)).exit_code == 0
    world.clock.sleep(60)
    world.post("second", "Good evening.")
    done = run("comment")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Good evening." in forge.pulls[17].bodies()[0]


def test_pictures_are_shown_at_the_commit(run: Run, world: World, forge: Forge) -> None:
    from tests.operations.world import picture

    world.write("posts/door.jpg", picture())
    world.post("hello", "Good morning.\n\n![A closed door](door.jpg)")
    run("comment")
    where = "https://forge.example/lift/posts/blob/0123abc/posts/door.jpg?raw=true"
    assert where in run("plan", "--format", "markdown").stdout, "for the summary of the job"
    assert (
        '<img src="https://forge.example/lift/posts/blob/0123abc/posts/door.jpg?raw=true" alt="A closed door"'
        in forge.pulls[17].bodies()[0]
    )


def test_a_comment_keeps_to_the_size_of_its_forge(run: Run, world: World, forge: Forge) -> None:
    for number in range(60):
        world.post(f"post-{number:02}", f"{number} " + "ä" * 400)
    assert run("comment").exit_code == 0
    assert len(forge.pulls[17].bodies()[0]) < 65_536
    world.clock.sleep(60)
    assert run("comment", "--max-chars", "9000").exit_code == 0
    (body,) = forge.pulls[17].bodies()
    assert 4_000 < len(body) <= 9_000
    assert "**Not all fits**" in body


def test_plan_and_apply_keep_to_a_size_too(run: Run, world: World) -> None:
    for number in range(9):
        world.post(f"post-{number}", f"{number} " + "ä" * 400)
    page = run("plan", "--format", "markdown", "--max-chars", "3000").stdout
    assert "**Not all fits**" in page
    assert len(page) <= 3000
    done = run("apply", "--yes", "--first-run", "--format", "markdown", "--max-chars", "3000")
    assert done.exit_code == 0
    assert len(done.stdout) <= 6001
    assert run("plan", "--max-chars", "3000").exit_code == 2
    assert run("apply", "--max-chars", "3000").exit_code == 2


# Whose pull request it is.


def test_a_fork_s_pull_request_is_told_beside_the_job(
    run: Run, world: World, forge: Forge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its token may only read, on purpose: that is no failure, and the plan is shown all the same."""
    of_a_fork(monkeypatch, tmp_path / "event.json")
    world.post("hello", "Good morning.")
    forge.pulls[17].refusals["POST"] = [answer(403, {"message": "Resource not accessible"})] * 3
    printed = run("comment")
    assert printed.exit_code == 0
    assert "Good morning." in printed.stdout
    assert "A pull request of a fork may not be commented on" in printed.stderr
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    shown = run("comment")
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert "Good morning." in summary.read_text(encoding="utf-8")
    assert run("comment", "--require").exit_code == 1
    monkeypatch.delenv("GITHUB_TOKEN")
    assert run("comment").exit_code == 0
    assert run("comment", "--require").exit_code == 1


def test_elsewhere_a_missing_right_is_named(
    run: Run, world: World, forge: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.post("hello", "Good morning.")
    forge.pulls[17].refusals["POST"] = [answer(403, {"message": "Resource not accessible"})]
    refused = run("comment")
    assert refused.exit_code == 1
    assert "pull-requests: write" in " ".join(refused.stderr.split())
    monkeypatch.delenv("GITHUB_TOKEN")
    missing = run("comment")
    assert missing.exit_code == 1
    assert "GITHUB_TOKEN: ${{ github.token }}" in " ".join(missing.stderr.split())


def test_a_job_about_no_pull_request_needs_its_number(
    run: Run, world: World, forge: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.post("hello", "Good morning.")
    on_a_push(monkeypatch)
    refused = run("comment")
    assert refused.exit_code == 2
    assert "--number N" in refused.stderr
    assert run("comment", "--number", "17").exit_code == 0
    assert run("comment", "--number", "18").exit_code == 1, "there is none of that number"


@pytest.mark.parametrize(
    "options", [("--plan", "a", "--report", "b"), ("--report", "b", "hello"), ("--plan", "a", "hello")]
)
def test_options_that_exclude_each_other_are_refused(run: Run, options: tuple[str, ...]) -> None:
    assert run("comment", *options).exit_code == 2


def test_a_file_that_is_not_there_is_told(run: Run, tmp_path: Path) -> None:
    for option in ("--plan", "--report"):
        refused = run("comment", option, str(tmp_path / "none.json"))
        assert (refused.exit_code, "none.json" in refused.stderr) == (2, True)


# After apply.

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="not tested without git: its history")


@pytest.fixture
def reviewed(world: World, forge: Forge, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a repository with two merged pull requests: 17 brought two posts, one for later; 18 another."""
    world.write(".gitignore", "state/\n.threadsync/\n*.json\n")
    begun(world.root)
    for number, posts in ((17, {"now": None, "later": "2026-11-25 09:00"}), (18, {"other": None})):
        git(world.root, "checkout", "--quiet", "-b", "work")
        for key, publish in posts.items():
            world.post(key, f"The post {key}.", **({"publish": publish} if publish else {}))
            committed(world.root, key)
        commit = merged(world.root, f"Merge {number}")
        forge.brought[commit] = [number]
        forge.pulls.setdefault(number, Issue(number))
    on_a_push(monkeypatch)
    return world


def reported(run: Run, world: World) -> str:
    done = run("apply", "--yes", "--first-run", "--format", "json")
    assert done.exit_code == 0, done.stderr
    path = world.root / "report.json"
    path.write_text(done.stdout)
    return str(path)


@needs_git
def test_after_apply_the_comment_leads_to_the_posts(run: Run, reviewed: World, forge: Forge) -> None:
    """Each pull request is told of what it brought, and of what still waits."""
    run("comment", "--number", "17")
    done = run("comment", "--report", reported(run, reviewed))
    assert (done.exit_code, done.stderr) == (0, "")
    (body,) = forge.pulls[17].bodies()
    assert "now@threads/main` | `live` |" in body
    assert "<http://127.0.0.1:1/" in body or "<https://" in body
    assert "later@threads/main` | `waits` | `2026-11-25 09:00 UTC`" in body
    assert "other@" not in body
    assert "**1 live, 1 waits**" in body
    assert "other@threads/main` | `live` |" in forge.pulls[18].bodies()[0]


@needs_git
def test_a_timer_tells_the_pull_request_that_brought_the_post(
    run: Run, reviewed: World, forge: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an earlier run told stays; a pull request that has nothing to do with it is left alone."""
    run("comment", "--report", reported(run, reviewed))
    others = forge.pulls[18].bodies()
    (reviewed.root / "elsewhere").write_text("another commit")
    committed(reviewed.root, "unrelated")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "schedule")
    reviewed.clock.sleep(timedelta(days=3, hours=21, minutes=10).total_seconds())
    done = run("comment", "--report", reported(run, reviewed))
    assert done.exit_code == 0
    (body,) = forge.pulls[17].bodies()
    assert "**2 live**" in body
    assert "now@threads/main` | `live` | `2026-11-21" in body
    assert "later@threads/main` | `live` | `2026-11-25" in body
    assert forge.pulls[18].bodies() == others


@needs_git
def test_what_was_refused_says_why(run: Run, reviewed: World, forge: Forge) -> None:
    reviewed.post("now", "The post now, with a change.")
    git(reviewed.root, "checkout", "--quiet", "-b", "work")
    committed(reviewed.root, "change")
    forge.brought[merged(reviewed.root, "Merge 19")] = [19]
    forge.pulls[19] = Issue(19)
    path = reported(run, reviewed)
    reviewed.post("now", "The post now, with another change.")
    committed(reviewed.root, "change again")
    forge.brought[git(reviewed.root, "rev-parse", "HEAD")] = [19]
    run("comment", "--report", path)
    run("comment", "--report", reported(run, reviewed))
    (body,) = forge.pulls[19].bodies()
    assert "now@threads/main` | `blocked` |" in body
    assert "--allow-replace=now@threads/main" in body


@needs_git
def test_a_commit_that_no_pull_request_brought_is_named(run: Run, reviewed: World, forge: Forge) -> None:
    forge.brought.clear()
    done = run("comment", "--report", reported(run, reviewed))
    assert (done.exit_code, done.stdout) == (0, "")
    assert "No pull request brought commit" in done.stderr
    on_one = run("comment", "--number", "17", "--report", str(reviewed.root / "report.json"))
    assert on_one.exit_code == 0
    assert "other@threads/main" in forge.pulls[17].bodies()[0], "a number that is named gets all"


@needs_git
def test_a_pull_request_that_takes_no_comment_keeps_no_other_from_its_links(
    run: Run, reviewed: World, forge: Forge
) -> None:
    """One that is locked, as anybody may lock it."""
    forge.pulls[17].refusals["POST"] = [answer(403, {"message": "Unable to create comment: locked"})] * 9
    done = run("comment", "--report", reported(run, reviewed))
    assert done.exit_code == 1
    assert "Pull request 17 was not told" in done.stderr
    assert "other@threads/main` | `live` |" in forge.pulls[18].bodies()[0]


@needs_git
def test_a_clone_without_history_serves_a_push_and_no_timer(
    run: Run, reviewed: World, forge: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = reported(run, reviewed)
    (reviewed.root / ".git/shallow").write_text(git(reviewed.root, "rev-parse", "HEAD") + "\n")
    assert run("comment", "--report", path).exit_code == 0
    assert "now@threads/main" in forge.pulls[18].bodies()[0], "all that a push did is told on its own"
    monkeypatch.setenv("GITHUB_EVENT_NAME", "schedule")
    refused = run("comment", "--report", path)
    assert refused.exit_code == 1
    assert "fetch-depth: 0" in refused.stderr


@needs_git
def test_a_run_that_did_nothing_says_so(run: Run, reviewed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    reported(run, reviewed)
    monkeypatch.setenv("GITHUB_EVENT_NAME", "schedule")
    done = run("comment", "--report", reported(run, reviewed))
    assert (done.exit_code, done.stdout) == (0, "")
    assert "No pull request brought anything that was done or waits." in done.stderr
