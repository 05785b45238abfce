"""A bare repository, and clones of it as the runners of CI have them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.live.projects import ENVIRON, project_into
from threadsync.sandbox.server import Sandbox

BRANCH = "threadsync-state"
STATE = "threadsync.json"
IN_A_BRANCH = f"{{branch: {BRANCH}}}"


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
    def made(root: Path, sandbox: Sandbox, posts: Mapping[str, str]) -> Forge:
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
