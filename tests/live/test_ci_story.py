"""examples/ci played from branch to live post: whatever happens, no post goes out twice and none is lost."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from tests.live.ci_gitlab import GitLabPlayer
from tests.live.ci_player import Event, Played, workflow_in
from tests.live.ci_story import BOTS, FIRST, TOKEN, Story, lost_when, story
from tests.live.forge import STATE, git
from tests.live.forge_api import Right
from tests.live.forge_rest import FORGEJO, GITHUB, GITLAB
from tests.live.projects import ROOT, asked
from tests.live.waiting import until
from threadsync.sandbox.server import Sandbox
from threadsync.sandbox.threads import Fault, FaultKind

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("git") is None, reason="not tested without git: the workflows"),
]


@pytest.fixture
def github(tmp_path: Path, sandbox: Sandbox) -> Iterator[Story]:
    with story(tmp_path, sandbox, GITHUB) as made:
        yield made


def live_once(told: Story, *texts: str) -> None:
    """Every one of *texts* is live once, by the sandbox's ledger, and nothing else is."""
    assert told.live() == Counter([*FIRST.values(), *texts])


def succeeded(played: dict[str, Played]) -> None:
    for name, job in played.items():
        assert job.result in {"success", "skipped"}, (name, job.said)


def report(told: Story) -> dict[str, int]:
    """Return how often each outcome stands in the report of the last run."""
    kept = told.forge.root / f"run-{told.player.number}/artifacts/report/report.json"
    found = json.loads(kept.read_text())["report"]
    return dict(Counter(each["became"] for each in found["actions"])) if found else {}


def test_from_branch_to_live_post_with_one_comment_that_ends_with_the_links(github: Story) -> None:
    number = github.open({"launch": "We launch"})
    github.api.say(number, "Nice!")
    played = github.planned(number)
    succeeded(played)
    assert played["comment"].result == "success"
    (comment,) = github.bot_comments(number)
    assert "We launch" in comment.body
    assert "We launch" in played["plan"].summary
    artifact = github.forge.root / f"run-{github.player.number}/artifacts/plan"
    assert "We launch" in (artifact / "plan.html").read_text()
    live_once(github)

    github.push(number, {"launch": "We launch today"})
    succeeded(github.planned(number))
    (again,) = github.bot_comments(number)
    assert (again.id, "We launch today" in again.body) == (comment.id, True)

    succeeded(github.applied(github.merge(number)))
    assert report(github) == {"applied": 1}
    live_once(github, "We launch today")
    (ended,) = github.bot_comments(number)
    assert ended.id == comment.id
    assert "/@main/post/" in ended.body
    assert [each.body for each in github.api.of(number) if each is not ended] == ["Nice!"]


def test_merges_of_every_kind_a_rerun_a_revert_and_its_revert_publish_each_post_once(github: Story) -> None:
    sha = github.merge(github.open({"a": "By a merge"}))
    succeeded(github.applied(sha))
    succeeded(github.applied(sha))  # "Re-run all jobs"
    live_once(github, "By a merge")

    number = github.open({"b": "By a rebase"})
    github.push(number, {"c": "With two commits"})
    github.merge(github.open({"d": "Squashed"}), "squash")  # main goes on meanwhile
    succeeded(github.applied(github.merge(number, "rebase")))
    live_once(github, "By a merge", "By a rebase", "With two commits", "Squashed")
    succeeded(github.applied(sha))  # of today's files: in those of its own commit the later posts are missing
    assert report(github) == {}, "nothing that came later is taken for removed"

    reverted = github.revert(sha)
    succeeded(github.applied(reverted))
    succeeded(github.applied(github.revert(reverted)))
    live_once(github, "By a merge", "By a rebase", "With two commits", "Squashed")
    assert report(github) == {"applied": 1}, "what was left up is bound again"
    assert "No changes." in github.at_desk("plan")[1]


def test_two_merges_at_once_wait_for_each_other_even_where_the_forge_starts_both(github: Story) -> None:
    first, second = github.open({"a": "One"}), github.open({"b": "Two"})
    shas = [github.merge(first), github.merge(second)]
    played: list[dict[str, Played]] = []
    runs = [threading.Thread(target=lambda sha=sha: played.append(github.applied(sha))) for sha in shas]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(played) == 2
    for each in played:
        succeeded(each)
    live_once(github, "One", "Two")


def test_a_push_that_is_rejected_ends_the_run_before_it_publishes_and_the_next_one_does_it(
    github: Story,
) -> None:
    sha = github.merge(github.open({"a": "Later"}))
    github.forge.hook('case $ref in *threadsync-state) echo "protected branch" >&2; exit 1;; esac')
    played = github.applied(sha)
    assert played["apply"].result == "failure"
    assert "let no protection of branches cover this one" in " ".join(played["apply"].said["Apply"].split())
    live_once(github)
    github.forge.unhook()
    succeeded(github.applied(sha))
    live_once(github, "Later")


def test_after_a_lost_runner_nothing_goes_out_until_somebody_says_that_it_is_dead(github: Story) -> None:
    sha = github.merge(github.open({"a": "First\n\n---\n\nSecond", "b": "Third", "c": "Fourth"}))
    assert github.applied(sha, meanwhile=lost_when(github, 2))["apply"].result == "lost"
    locked = github.at_desk("apply", "--yes")
    assert (locked[0], "is locked by" in locked[1]) == (1, True)
    assert github.at_desk("state", "force-unlock")[0] == 0
    succeeded(github.applied(sha))
    live_once(github, "First", "Second", "Third", "Fourth")


def test_a_cancelled_job_gives_the_lock_back_and_its_rerun_finishes(github: Story) -> None:
    """GitHub signals the process of the step alone: without `exec`, bash would keep it to itself."""
    sha = github.merge(github.open({"a": "Finished later"}))
    github.sandbox.arm(Fault("create", FaultKind.SLOW, seconds=10))
    before = asked(github.sandbox, "POST", "/threads")

    def cancel(process: subprocess.Popen[str]) -> None:
        until(lambda: asked(github.sandbox, "POST", "/threads") > before, "a container asked for")
        vars(process)["was_cancelled"] = True
        process.send_signal(signal.SIGINT)

    played = github.applied(sha, meanwhile=cancel)
    assert played["apply"].statuses["Apply"] == 4
    assert played["comment"].result in {"success", "failure"}, "the comment is told of it too"
    assert github.forge.names() <= {STATE}, "the lock is given back"
    live_once(github)
    succeeded(github.applied(sha))
    live_once(github, "Finished later")


def test_the_timer_publishes_what_has_become_due(github: Story) -> None:
    at = datetime.now(UTC) + timedelta(hours=1)  # noqa: TID251  (runners have clocks)
    publish = f"{{at: '{at:%Y-%m-%d %H:%M}', zone: UTC}}"
    post = f"---\nkey: a\ntargets: [threads/main]\npublish: {publish}\n---\nDue in an hour\n"
    number = github.open({"a": post})
    sha = github.merge(number)
    succeeded(github.applied(sha))
    live_once(github)
    github.player.ahead_seconds = 3_660
    for comment in ("success", "skipped"):
        played = github.applied(sha, "schedule")
        succeeded(played)
        assert played["comment"].result == comment
        live_once(github, "Due in an hour")
        (told,) = github.bot_comments(number)
        assert "/@main/post/" in told.body


def test_by_hand_from_a_phone(github: Story) -> None:
    sha = github.merge(github.open({"a": "Held back", "b": "Goes out"}))
    held = github.by_hand("hold", "a@threads/main", "wait for the lawyers; $(touch pwned) `touch pwned`")
    assert held.result == "success", held.said
    assert not list(github.forge.root.rglob("pwned"))
    succeeded(github.applied(sha))
    live_once(github, "Goes out")

    assert github.by_hand("freeze", why="a fire").result == "success"
    assert github.by_hand("release", "a@threads/main").result == "success"
    assert github.applied(sha)["apply"].result == "failure"
    assert github.by_hand("apply-one", "a@threads/main").result == "failure"
    live_once(github, "Goes out")
    assert github.by_hand("unfreeze").result == "success"
    assert github.by_hand("apply-one").result == "failure", "without an address it would apply all"
    one = github.by_hand("apply-late", "a@threads/main")
    assert one.result == "success", one.said
    live_once(github, "Goes out", "Held back")

    down = github.by_hand("withdraw", "b@threads/main", "a mistake")
    assert down.result == "success", down.said
    succeeded(github.applied(sha))
    live_once(github, "Held back")


def test_a_pull_request_of_a_fork_is_planned_and_nobody_comments(github: Story) -> None:
    number = github.open({"a": "From a fork"})
    played = github.planned(number, fork=True)
    assert (played["plan"].result, played["comment"].result) == ("success", "skipped")
    assert "From a fork" in played["plan"].summary
    assert github.bot_comments(number) == []


def test_the_workflow_of_the_readme_checks_and_plans_without_a_secret(github: Story) -> None:
    (block,) = re.findall(r"```yaml\n(name: posts\n.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    number = github.open({"a": "From the README"})
    event = Event("pull_request", git(github.desk, "rev-parse", github.heads[number]))
    (played,) = github.player.run(workflow_in(block), event).values()
    assert played.result == "success", played.said
    assert "From the README" in played.summary
    assert "From the README" not in str(played.said), "the log would obey a line of it that begins with ::"


def test_the_action_runs_a_command_itself_with_words_that_no_shell_reads_again(github: Story) -> None:
    (block,) = re.findall(r"```yaml\n(- uses: .*?)```", (ROOT / "docs/ci.md").read_text(), re.DOTALL)
    (step,) = yaml.safe_load(block)
    number = github.open({"a": "By the action"})
    event = Event("pull_request", git(github.desk, "rev-parse", github.heads[number]))

    def played(arguments: str) -> Played:
        asked_for = {**step, "name": "It", "with": {**step["with"], "arguments": arguments}}
        job = {"permissions": {"contents": "read"}, "steps": [{"uses": "actions/checkout@v6"}, asked_for]}
        workflow = {"name": "one", "on": {"pull_request": None}, "jobs": {"it": job}}
        return github.player.run(workflow, event)["it"]

    done = played(step["with"]["arguments"])
    assert done.statuses["It: Run threadsync"] == 3, "changes are pending: --detailed-exitcode"
    assert "By the action" in done.said["It: Run threadsync"]
    refused = played("* $(touch pwned) ; touch pwned")
    assert refused.statuses["It: Run threadsync"] == 2
    assert "$(touch" in refused.said["It: Run threadsync"]
    assert not list(github.forge.root.rglob("pwned"))


def test_a_faulty_post_is_annotated_and_told_in_the_comment_and_the_job_fails(github: Story) -> None:
    number = github.open({"a": "---\ntragets: [threads/main]\n---\nHello\n"})
    played = github.planned(number)
    assert (played["plan"].result, played["comment"].result) == ("failure", "success")
    assert "::error file=posts/a.md,line=2,col=1,title=threadsync" in played["plan"].said["Validate"]
    (comment,) = github.bot_comments(number)
    assert "tragets" in comment.body


def test_what_a_post_says_orders_nothing_in_the_log_and_what_it_links_to_is_not_overwritten(
    github: Story,
) -> None:
    """Lines that begin with `::` are orders to the runner, and a pull request may bring links."""
    number = github.open({"a": "::add-mask::Welcome"})
    victim = github.forge.root / "victim"
    victim.mkdir()
    (victim / "plan.json").write_text("untouched")
    shutil.rmtree(github.desk / ".threadsync")
    shutil.copy(next((ROOT / "examples/posts").rglob("*.png")), github.desk / "posts/picture.png")
    for name, to in ((".threadsync", victim), ("plan", victim), ("plan.json", victim / "plan.json")):
        (github.desk / name).symlink_to(to)
        git(github.desk, "add", "--force", name)
    github.push(number, {"a": "::add-mask::Welcome\n\n![A map](picture.png)"})
    played = github.planned(number)
    assert played["comment"].result == "success", played["plan"].said
    assert [(each.name, each.read_text()) for each in victim.iterdir()] == [("plan.json", "untouched")]
    lines = played["plan"].said["Plan"].splitlines()
    stopped, resumed = lines[0], lines[-1]
    assert stopped.startswith("::stop-commands::")
    assert resumed == f"::{stopped.rpartition('::')[2]}::"


class TestStateInAFile:
    @pytest.fixture
    def github(self, tmp_path: Path, sandbox: Sandbox) -> Iterator[Story]:
        with story(tmp_path, sandbox, GITHUB, state="state/threadsync.json") as made:
            yield made

    def applied(self, told: Story, sha: str) -> Played:
        return told.applied(sha, file="apply-state-in-file.yml")["apply"]

    def applied_while_main_goes_on(self, told: Story, sha: str, tip: str) -> Played:
        """Play the run on *sha*, with main at *tip* by the time that its state is pushed."""
        git(told.forge.origin, "update-ref", "refs/heads/main", sha)
        told.forge.hook(f"[ -e raced ] || {{ touch raced; echo {tip} > refs/heads/main; exit 1; }}")
        played = self.applied(told, sha)
        told.forge.unhook()
        return played

    def test_it_is_pushed_with_what_came_to_main_meanwhile(self, github: Story) -> None:
        number = github.open({"b": "Comes meanwhile"})
        sha = github.merge(github.open({"a": "First"}))
        played = self.applied_while_main_goes_on(github, sha, github.merge(number))
        assert played.result == "success", played.said
        live_once(github, "First")
        assert git(github.forge.origin, "show", "main:posts/b.md")
        for _ in range(2):
            assert self.applied(github, sha).result == "success"
        live_once(github, "First", "Comes meanwhile")

    def test_one_that_somebody_else_has_changed_meanwhile_is_left_to_a_person_who_is_told(
        self, github: Story
    ) -> None:
        sha = github.merge(github.open({"a": "Once"}))
        state = github.desk / "state/threadsync.json"
        state.write_text(re.sub(r'"serial": \d+', '"serial": 99', state.read_text()))
        git(github.desk, "commit", "--quiet", "--all", "--message=another state")
        tip = github.to_main(None)
        played = self.applied_while_main_goes_on(github, sha, tip)
        assert played.result == "failure"
        assert "::error title=The state was not pushed::" in played.said["Push the state"]
        assert git(github.forge.origin, "rev-parse", "main") == tip, "no half of it is there"

    def test_a_state_that_was_not_pushed_blocks_what_is_live_and_publishes_nothing_twice(
        self, github: Story
    ) -> None:
        sha = github.merge(github.open({"a": "Once"}))
        github.forge.hook("exit 1")
        assert self.applied(github, sha).result == "failure"
        github.forge.unhook()
        live_once(github, "Once")
        played = self.applied(github, sha)
        assert "looks-published" in played.said["Apply"]
        live_once(github, "Once")


def test_on_forgejo_the_same_story_ends_the_same(tmp_path: Path, sandbox: Sandbox) -> None:
    with story(tmp_path, sandbox, FORGEJO, "forgejo") as told:
        number = told.open({"launch": "We launch"})
        succeeded(told.planned(number))
        (comment,) = told.bot_comments(number)
        assert "We launch" in comment.body
        sha = told.merge(number)
        for _ in range(2):
            succeeded(told.applied(sha))
        (ended,) = told.bot_comments(number)
        assert ended.id == comment.id
        assert "/@main/post/" in ended.body
        assert told.by_hand("hold", "launch@threads/main", "a doubt").result == "success"
        live_once(told, "We launch")


def test_on_gitlab_the_same_story_ends_the_same(tmp_path: Path, sandbox: Sandbox) -> None:
    """A job's own token neither pushes nor comments there: both are done with tokens of the project."""
    with story(tmp_path, sandbox, GITLAB) as told:
        told.api.tokens = {
            "of-the-job": ("maria", Right.JOB),
            "of-the-project": (BOTS["gitlab"], Right.WRITE),
        }
        secrets = {"THREADS_TOKEN": TOKEN, "THREADSYNC_PUSH_TOKEN": "pushes"}
        gitlab = GitLabPlayer(told.forge, told.api, {"GITLAB_TOKEN": "of-the-project"}, secrets)
        number = told.open({"launch": "We launch", "b": "This too"})
        head = git(told.desk, "rev-parse", "HEAD")
        played = gitlab.play("merge_request_event", head, {}, number)
        assert set(played) == {"plan", "comment"}
        succeeded(played)
        mine = [each for each in told.api.of(number) if each.author == BOTS["gitlab"]]
        assert len(mine) == 1
        assert "We launch" in mine[0].body
        live_once(told)

        sha = told.merge(number)
        held = gitlab.play(
            "web", sha, {"DO": "hold", "ADDRESS": "b@threads/main", "WHY": "$(touch pwned) a doubt"}
        )
        succeeded(held)
        succeeded(gitlab.play("push", sha, {}))
        live_once(told, "We launch")
        assert "/@main/post/" in told.api.of(number)[0].body
        assert len(told.api.of(number)) == 1
        succeeded(gitlab.play("web", sha, {"DO": "release", "ADDRESS": "b@threads/main"}))
        succeeded(gitlab.play("schedule", sha, {}))
        succeeded(gitlab.play("schedule", sha, {}))
        live_once(told, "We launch", "This too")
