"""`threadsync comment` meets forges that were written apart from it: one comment, whatever they do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.live.forge_api import REPOSITORY, ForgeApi, Kind, Right, Trouble, serving
from tests.live.forge_rest import FORGEJO, FORGEJO_JOBS, GITHUB, GITLAB
from tests.live.projects import ENVIRON, ROOT, posts_into

pytestmark = pytest.mark.live

PROJECT = """\
version: 1
id: {id}
targets: {{threads/main: {{account: main, credential: env:NEVER_READ}}}}
"""
FORGES = {
    "github": (GITHUB, "", "github-actions[bot]"),
    "gitlab": (GITLAB, "/api/v4", "project_7_bot"),
    "forgejo": (FORGEJO, "/api/v1", FORGEJO_JOBS),
}


@dataclass
class Desk:
    """A project whose plan is told on pull request 5 of a forge."""

    forge: str
    api: ForgeApi
    folder: Path
    bot: str

    def start(self, *arguments: str, token: str = "writes", project: str = "social") -> subprocess.Popen[str]:
        """Start the command."""
        folder = self.folder / project
        folder.mkdir(exist_ok=True)
        (folder / "threadsync.yaml").write_text(PROJECT.format(id=project))
        posts_into(folder, {"launch": f"We launch {project}"})
        place = [*("--forge", self.forge), *("--repository", REPOSITORY), *("--number", "5")]
        place += ["--api", self.api.base_url + FORGES[self.forge][1], "--token-from", "A_TOKEN"]
        return subprocess.Popen(
            [sys.executable, "-m", "threadsync", "--project", str(folder), "comment", *place, *arguments],
            env={**ENVIRON, "A_TOKEN": token},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, token: str = "writes", project: str = "social") -> tuple[int, str]:
        """Run the command; return how it ended, and what it said."""
        process = self.start(*arguments, token=token, project=project)
        said = process.communicate(timeout=60)[0]
        assert "Traceback" not in said, said
        return process.returncode, " ".join(said.split())

    def own(self) -> list[str]:
        """Return what the comments say that no person wrote."""
        return [each.body for each in self.api.of(5) if each.author == self.bot]


@pytest.fixture(params=sorted(FORGES))
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    kind: Kind = FORGES[request.param][0]
    bot = FORGES[request.param][2]
    with serving(kind) as api:
        api.pull(5)
        api.tokens = {
            "writes": (bot, Right.WRITE),
            "canary-that-reads": (bot, Right.READ),
            "of-a-job": (bot, Right.JOB),
        }
        yield Desk(request.param, api, tmp_path, bot)


def test_among_many_comments_it_finds_its_own_and_touches_nobody_elses(desk: Desk) -> None:
    assert desk.run()[0] == 0
    (own,) = desk.own()
    copied = desk.api.say(5, own, "mallory")  # the hidden line and all
    for number in range(130):
        desk.api.say(5, f"Comment {number}")
    desk.api.say(5, "changed the description", "maria", system=True)
    status, said = desk.run("--name", "staging")
    assert status == 0, said
    assert len(desk.own()) == 2, "one of another name is another comment"
    status, said = desk.run(project="other")
    assert (status, len(desk.own())) == (0, 3), said
    assert desk.run()[0] == 0
    assert len(desk.own()) == 3
    assert "We launch social" in desk.own()[0]
    assert "We launch other" in desk.own()[2]
    assert copied.body == own
    assert len(desk.api.of(5)) == 1 + 131 + 1 + 2


@pytest.mark.parametrize("trouble", [each for each in Trouble if each is not Trouble.SERVER_ERROR])
def test_whatever_becomes_of_the_first_request_there_is_one_comment(desk: Desk, trouble: Trouble) -> None:
    desk.api.arm(trouble, "POST")
    status, said = desk.run()
    assert status == 0, said
    assert len(desk.own()) == 1


def test_two_runs_at_once_end_with_one_comment(desk: Desk) -> None:
    runs = [desk.start() for _ in range(2)]
    assert [run.wait(timeout=60) for run in runs] == [0, 0], [run.communicate()[0] for run in runs]
    for run in runs:
        run.communicate()
    assert len(desk.own()) == 1


@pytest.mark.parametrize("token", ["canary-that-reads", "canary-unknown"])
def test_a_token_that_may_not_says_what_to_do_and_is_not_told(desk: Desk, token: str) -> None:
    status, said = desk.run(token=token)
    assert status == 1, said
    assert desk.own() == []
    assert "token" in said or "permissions: pull-requests: write" in said
    assert "canary" not in said


@pytest.mark.parametrize("desk", ["gitlab"], indirect=True)
def test_the_token_of_a_job_of_gitlab_says_which_one_it_takes(desk: Desk) -> None:
    status, said = desk.run(token="of-a-job")
    assert (status, "project access token" in said, desk.own()) == (1, True, []), said
