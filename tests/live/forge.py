"""A bare repository, clones of it as the runners of CI have them, and the real program in each.

No process here has a home directory, and git knows neither a user nor any setting of this machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from threadsync.sandbox.server import Sandbox

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60.0
BRANCH = "threadsync-state"
STATE = "threadsync.json"
ENVIRON = {
    "PATH": os.environ["PATH"],
    "USER": "maria",
    "TERM": "xterm",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "THREADSYNC_TEST_TOKEN": "sandbox-main",
    "PYTHONPATH": str(ROOT),
}
PROJECT = """\
version: 1
id: shared
posts: posts
state: {state}
targets:
  threads/main:
    account: main
    credential: env:THREADSYNC_TEST_TOKEN
    base_url: {base_url}
    bounds: {{publish_doubt_seconds: 0.5, listing_lag_seconds: 0.2, poll_first_seconds: 0.05}}
"""
IN_A_BRANCH = f"{{branch: {BRANCH}}}"
IN_A_FILE = "state/threadsync.json"


def posts_into(folder: Path, posts: dict[str, str]) -> None:
    """Write each of *posts*, text by key."""
    (folder / "posts").mkdir(exist_ok=True)
    for key, text in posts.items():
        (folder / f"posts/{key}.md").write_text(f"---\nkey: {key}\ntargets: [threads/main]\n---\n{text}\n")


def project_into(folder: Path, sandbox: Sandbox, posts: dict[str, str], *, state: str) -> None:
    """Write a project."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "threadsync.yaml").write_text(PROJECT.format(base_url=sandbox.base_url, state=state))
    (folder / ".gitignore").write_text(".threadsync/\n")
    posts_into(folder, posts)


def git(at: Path, *arguments: str) -> str:
    """Run git as a person would, and return what it printed."""
    done = subprocess.run(
        ["git", "-C", str(at), "-c", "user.name=Maria", "-c", "user.email=maria@example.org", *arguments],
        env=ENVIRON, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


@dataclass
class Forge:
    """Where everybody pushes to; *root* holds it and the clones."""

    root: Path
    clones: dict[str, Path] = field(default_factory=dict)

    @property
    def origin(self) -> Path:
        return self.root / "origin.git"

    @staticmethod
    def made(root: Path, sandbox: Sandbox, posts: dict[str, str]) -> Forge:
        """Make the repository, with a project in it whose state is to live in a branch."""
        root.mkdir(parents=True, exist_ok=True)
        forge = Forge(root)
        git(root, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
        git(forge.origin, "config", "uploadpack.allowAnySHA1InWant", "true")  # as forges have it
        project_into(root / "first", sandbox, posts, state=IN_A_BRANCH)
        git(root / "first", "init", "--quiet", "--initial-branch=main")
        git(root / "first", "add", ".")
        git(root / "first", "commit", "--quiet", "--message=posts")
        git(root / "first", "push", "--quiet", str(forge.origin), "HEAD:main")
        return forge

    def clone(self, name: str) -> Path:
        """Clone it."""
        git(self.root, "clone", "--quiet", self.origin.as_uri(), name)
        return self.root / name

    def checkout(self, name: str) -> Path:
        """Check it out as actions/checkout does: one commit, without a branch."""
        path = self.root / name
        git(self.root, "init", "--quiet", name)
        git(path, "remote", "add", "origin", self.origin.as_uri())
        commit = git(self.origin, "rev-parse", "main")
        git(path, "fetch", "--quiet", "--no-tags", "--depth=1", "origin", commit)
        git(path, "checkout", "--quiet", "--detach", commit)
        return path

    def tip(self) -> str:
        """Return the commit of the state's branch; empty before there is one."""
        with suppress(FileNotFoundError):
            return (self.origin / "refs/heads" / BRANCH).read_text().strip()
        return ""

    def names(self) -> set[str]:
        """Return the names of the files in the state's branch."""
        return set(git(self.origin, "ls-tree", "--name-only", BRANCH).split())

    def hook(self, script: str) -> None:
        """Let *script* judge each push: ``$new`` is the commit that is pushed."""
        path = self.origin / "hooks/pre-receive"
        path.write_text(f"#!/bin/sh\nread old new ref\n{script}\n")
        path.chmod(0o755)

    def unhook(self) -> None:
        """Let everything in again."""
        (self.origin / "hooks/pre-receive").unlink()


def started(folder: Path, *arguments: str, host: str = "") -> subprocess.Popen[str]:
    """Start a command on the project in *folder*, on this machine or on one called *host*."""
    as_host = ["tests.live.as_host", host, f"boot of {host}"] if host else ["threadsync"]
    return subprocess.Popen(
        [sys.executable, "-m", *as_host, "--project", str(folder), *arguments],
        env=ENVIRON, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return how *process* ended, and what it said, in one line."""
    said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert "Traceback" not in said, said
    return process.returncode, " ".join(said.split())


def ran(folder: Path, *arguments: str, host: str = "") -> tuple[int, str]:
    """Run a command to its end."""
    return ended(started(folder, *arguments, host=host))


def until(condition: Callable[[], bool]) -> None:
    """Wait for *condition*."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.005)  # noqa: TID251  (a bounded wait on a condition)


def published(sandbox: Sandbox) -> Counter[str]:
    """Return what is live, and how often, by the sandbox's own ledger; parts of carousels are none."""
    ledger = cast("dict[str, list[dict[str, str]]]", sandbox.ledger())
    return Counter(post["text"] for post in ledger["posts"])


def asked(sandbox: Sandbox, method: str, part: str) -> int:
    """Return how many requests of *method* have come whose path has *part*."""
    return sum(each.method == method and part in str(each.path) for each in sandbox.requests())


def left_running(folder: Path) -> list[str]:
    """Return the command lines of all processes that work in *folder*."""
    return [line for line in _command_lines() if str(folder) in line]


def _command_lines() -> Iterator[str]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile
            yield path.read_bytes().replace(b"\0", b" ").decode()


def assert_done(folder: Path, sandbox: Sandbox, texts: Sequence[str], *, host: str = "") -> None:
    """Every one of *texts* is there once, and nothing is left to do."""
    assert published(sandbox) == Counter(texts)
    status, said = ran(folder, "plan", "--detailed-exitcode", host=host)
    assert (status, "No changes." in said) == (0, True), said
