"""A repository with pull requests on a forge, whose workflows publish on the sandbox."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.live.ci_player import Event, Meanwhile, Played, Player
from tests.live.forge import IN_A_BRANCH, Forge, git
from tests.live.forge_api import REPOSITORY, Comment, ForgeApi, Kind, Right, serving
from tests.live.projects import ENVIRON, ROOT, command, ended, posts_into, published
from tests.live.waiting import until
from threadsync.sandbox.server import Sandbox

TOKEN = "sandbox-main"
BOTS = {"github": "github-actions[bot]", "forgejo": "forgejo-actions", "gitlab": "project_7_bot"}
FIRST = {"welcome": "Welcome aboard"}


@dataclass
class Story:
    """What happens, and what is there afterwards."""

    forge: Forge
    sandbox: Sandbox
    api: ForgeApi
    player: Player
    desk: Path
    """The clone of a person."""
    heads: dict[int, str] = field(default_factory=dict)
    """The branch of each pull request."""

    # At the desk.

    def at_desk(self, *arguments: str) -> tuple[int, str]:
        """Run threadsync at the desk."""
        process = subprocess.Popen(
            command(self.desk, *arguments),
            env={**ENVIRON, "THREADS_TOKEN": TOKEN},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return ended(process)

    def commit(self, posts: Mapping[str, str], message: str = "posts") -> None:
        """Commit posts to what is checked out; each is its text, or else the whole file."""
        posts_into(self.desk, {key: text for key, text in posts.items() if not text.startswith("---")})
        for key, text in posts.items():
            if text.startswith("---"):
                (self.desk / f"posts/{key}.md").write_text(text)
        git(self.desk, "add", "--all", "posts")
        git(self.desk, "commit", "--quiet", f"--message={message}")

    def open(self, posts: Mapping[str, str]) -> int:
        """Open a pull request with *posts*; return its number."""
        number = len(self.heads) + 1
        self.heads[number] = f"branch-{number}"
        git(self.desk, "fetch", "--quiet", "origin", "main")
        git(self.desk, "checkout", "--quiet", "-b", self.heads[number], "FETCH_HEAD")
        self.push(number, posts)
        return number

    def push(self, number: int, posts: Mapping[str, str]) -> None:
        """Push one more commit, with *posts*, to a pull request."""
        git(self.desk, "checkout", "--quiet", self.heads[number])
        self.commit(posts)
        git(self.desk, "push", "--quiet", "--force", "origin", f"HEAD:{self.heads[number]}")
        self.api.pull(number, git(self.desk, "rev-parse", "HEAD"))

    def merge(self, number: int, how: str = "merge") -> str:
        """Merge a pull request as the forge's button does; return the new tip of main."""
        branch = self.heads[number]
        git(self.desk, "fetch", "--quiet", "origin", "main")
        if how == "rebase":
            git(self.desk, "rebase", "--quiet", "FETCH_HEAD", branch)
            git(self.desk, "checkout", "--quiet", "-B", "main", branch)
        else:
            git(self.desk, "checkout", "--quiet", "-B", "main", "FETCH_HEAD")
            squash = ["--squash"] if how == "squash" else ["--no-ff", "-m", f"Merge #{number}"]
            git(self.desk, "merge", "--quiet", *squash, branch)
            if how == "squash":
                git(self.desk, "commit", "--quiet", f"--message=All of #{number}")
        return self.to_main(number)

    def revert(self, sha: str) -> str:
        """Revert the commit *sha* of main."""
        git(self.desk, "revert", "--no-edit", *(["-m", "1"] if self.is_merge(sha) else []), sha)
        return self.to_main(None)

    def is_merge(self, sha: str) -> bool:
        """Whether *sha* has two parents."""
        return len(git(self.desk, "rev-list", "--parents", "-1", sha).split()) > 2

    def to_main(self, number: int | None) -> str:
        """Push what is checked out to main."""
        sha = git(self.desk, "rev-parse", "HEAD")
        git(self.desk, "push", "--quiet", "origin", "HEAD:main")
        if number is not None:
            self.api.pull(number, sha).merged = True
        return sha

    # Runs.

    def planned(self, number: int, *, fork: bool = False) -> dict[str, Played]:
        """Play the plan of a pull request, on the commit that merging it would make."""
        git(self.desk, "fetch", "--quiet", "origin", "main")
        git(self.desk, "checkout", "--quiet", "--detach", "FETCH_HEAD")
        git(self.desk, "merge", "--quiet", "--no-ff", "-m", "would be", self.heads[number])
        sha = git(self.desk, "rev-parse", "HEAD")
        git(self.desk, "push", "--quiet", "--force", "origin", f"{sha}:refs/pull/{number}/merge")
        head = {"sha": git(self.desk, "rev-parse", self.heads[number])}
        repo = {"full_name": "somebody/social" if fork else REPOSITORY}
        payload = {"number": number, "pull_request": {"number": number, "head": {**head, "repo": repo}}}
        return self.player.play("plan.yml", Event("pull_request", sha, f"refs/pull/{number}/merge", payload))

    def applied(
        self, sha: str, event: str = "push", *, meanwhile: Meanwhile | None = None, file: str = "apply.yml"
    ) -> dict[str, Played]:
        """Play the run that a push to main, or the timer, starts."""
        besides = {"Apply": meanwhile} if meanwhile is not None else {}
        return self.player.play(file, Event(event, sha, payload={"after": sha}), besides)

    def by_hand(self, do: str, address: str = "", why: str = "") -> Played:
        """Play what somebody started on a phone."""
        sha = git(self.forge.origin, "rev-parse", "main")
        inputs = {"do": do, "address": address, "why": why}
        return self.player.play("by-hand.yml", Event("workflow_dispatch", sha, inputs=inputs))["by-hand"]

    # What is there.

    def live(self) -> Counter[str]:
        """Return the texts that are live, and how often, by the sandbox's own ledger."""
        return published(self.sandbox)

    def bot_comments(self, number: int) -> list[Comment]:
        """Return the comments of a pull request that no person wrote."""
        return [each for each in self.api.of(number) if each.author == BOTS[self.player.flavour]]


@contextmanager
def story(
    root: Path, sandbox: Sandbox, kind: Kind, flavour: str = "github", *, state: str = IN_A_BRANCH
) -> Iterator[Story]:
    """Set the scene: a repository whose first post a person has published by hand."""
    forge = Forge.made(root / "forge", sandbox, FIRST)
    desk = forge.clone("desk")
    file = desk / "threadsync.yaml"
    text = file.read_text().replace("THREADSYNC_TEST_TOKEN", "THREADS_TOKEN").replace(IN_A_BRANCH, state)
    file.write_text(text)
    git(desk, "commit", "--quiet", "--all", "--message=its secret")
    with serving(kind) as api:
        api.tokens = {
            "job-may-write": (BOTS[flavour], Right.WRITE),
            "job-may-read": (BOTS[flavour], Right.READ),
        }
        player = Player(forge, api, {"THREADS_TOKEN": TOKEN}, flavour, minimal_rights=flavour == "github")
        made = Story(forge, sandbox, api, player, desk)
        status, said = made.at_desk("apply", "--yes", "--first-run")
        assert status == 0, said
        if state != IN_A_BRANCH:
            git(desk, "add", "--all", "state")
            git(desk, "commit", "--quiet", "--message=state")
        made.to_main(None)
        yield made


def lost_when(story: Story, posts: int) -> Meanwhile:
    """Lose the whole runner as soon as *posts* are live."""

    def meanwhile(process: subprocess.Popen[str]) -> None:
        until(
            lambda: process.poll() is not None or story.live().total() >= posts,
            f"{posts} posts, or the end of the run",
        )
        os.killpg(process.pid, signal.SIGKILL)

    return meanwhile
