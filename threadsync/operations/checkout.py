"""What git says of the checkout that a project lies in: its commit, what differs from it, where it is merged.

Read by plumbing, with the credentials that git itself would use; of the person's repository nothing is
touched but its objects. What an environment variable of CI says counts for nothing: git alone is asked.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from msgspec import Struct

from threadsync.execution.clock import Clock
from threadsync.statefile.git_run import Ended, Git
from threadsync.statefile.remote import Deadline

LOCAL_SECONDS = 30.0
"""How long a step may take that speaks to nobody."""
LOOK_SECONDS = 20.0
"""How long asking a remote for a branch may take."""
TRANSFER_SECONDS = 60.0
"""How long fetching a branch may take."""
DEEPEN_COMMITS = 1000
"""How much further back a shallow clone is fetched where it does not tell whether a commit is in a branch."""


class Tip(Struct, frozen=True):
    """Where a branch of a remote is; *commit* is empty where that cannot be told."""

    commit: str = ""
    problem: str = ""
    """Why the remote could not be asked: then *commit* is what was last fetched from it."""


class Change(Struct, frozen=True):
    """A file, or a whole folder that git ignores (its name ends in ``/``), that is not as in the commit."""

    path: str
    """In the project, with slashes."""
    known: bool
    """Whether git has it in the commit or the index; a file unknown to git matters only if it is read."""
    is_hidden: bool = False
    """Whether git was told not to look at it, so that nobody knows whether it differs."""


class Checkout(Struct, frozen=True):
    """The checkout that the project in *git*'s directory lies in."""

    git: Git

    def head(self) -> str:
        """Return the commit that is checked out; empty where there is no repository, or no commit yet."""
        return self._answer("rev-parse", "--verify", "--quiet", "HEAD^{commit}")

    def last_fetched(self, remote: str, branch: str) -> str:
        """Return the commit that *branch* of *remote* was at when last fetched or pushed, as git noted it."""
        return self._answer("rev-parse", "--verify", "--quiet", f"refs/remotes/{remote}/{branch}^{{commit}}")

    def ask(self, remote: str, branch: str) -> Tip:
        """Ask *remote* where *branch* is."""
        name = f"refs/heads/{branch}"
        done = self._run(LOOK_SECONDS, "ls-remote", "--", remote, name)
        if done.code != 0:
            said = " ".join(done.said.split()) or "git failed"
            return Tip(self.last_fetched(remote, branch), said)
        # git answers with each ref that ends like that, such as a branch called refs/heads/main.
        told = (line.partition("\t") for line in done.text.splitlines())
        return Tip(next((commit for commit, _, each in told if each == name), ""))

    def contains(self, tip: str, commit: str) -> bool:
        """Whether *commit* is *tip*, or in its history as far as this clone has it."""
        return tip == commit or self._run(LOCAL_SECONDS, *_ANCESTRY, commit, tip).code == 0

    def is_merged(self, remote: str, branch: str, tip: str, commit: str) -> bool:
        """Whether *commit* is *tip* of that branch, or in its history; what this clone lacks is fetched."""
        if self.contains(tip, commit):
            return True
        fetch = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
        # What is fetched gets no name: neither a branch nor a remote-tracking one moves.
        source = ("--refmap=", "--", remote, f"refs/heads/{branch}")
        if self._answer("cat-file", "-t", tip) != "commit":
            self._run(TRANSFER_SECONDS, *fetch, *source)
            if self.contains(tip, commit):
                return True
        if self._answer("rev-parse", "--is-shallow-repository") != "true":
            return False
        self._run(TRANSFER_SECONDS, *fetch, f"--deepen={DEEPEN_COMMITS}", *source)
        return self.contains(tip, commit)

    def changes(self, folders: Iterable[str]) -> tuple[Change, ...] | None:
        """Return what differs from the commit in *folders* (or files) of the project; None if git fails.

        Files that git ignores are told too: nobody reviewed them either. So are those that git was told not
        to look at (``--skip-worktree``, ``--assume-unchanged``), whether they differ or not.
        """
        asked = (
            "status",
            "--porcelain=v1",
            "-z",
            "--no-renames",
            "--untracked-files=all",
            "--ignore-submodules=none",
        )
        paths = [f":(literal){each}" for each in sorted(set(folders))]
        shown = self._run(LOCAL_SECONDS, "rev-parse", "--show-prefix")
        done = self._run(LOCAL_SECONDS, *_QUIETLY, *asked, "--ignored=matching", "--", *paths)
        # Its tag is S for what is skipped, and a small letter for what is assumed to be unchanged.
        tagged = self._run(LOCAL_SECONDS, "ls-files", "-v", "-z", "--", *paths)
        if any(each.code != 0 for each in (shown, done, tagged)):
            return None
        prefix, found = shown.text, []
        for entry in _entries(done):
            kind, path = entry[:2], entry[3:]
            found.append(Change(path.removeprefix(prefix), kind not in {"??", "!!"}))
        hidden = (entry[2:] for entry in _entries(tagged) if entry[0] == "S" or entry[0].islower())
        return (*found, *(Change(path, known=True, is_hidden=True) for path in hidden))

    def _answer(self, *question: str) -> str:
        done = self._run(LOCAL_SECONDS, *question)
        return done.text if done.code == 0 else ""

    def _run(self, seconds_max: float, *arguments: str) -> Ended:
        try:
            return self.git.run(Deadline(self.git.clock), seconds_max, *arguments)
        except OSError as error:
            return Ended(None, b"", f"git cannot be run: {error.strerror}")


_ANCESTRY = ("merge-base", "--is-ancestor")
_QUIETLY = ("--no-optional-locks",)


def _entries(done: Ended) -> list[str]:
    """Return what git listed with ``-z``."""
    return done.out.decode(errors="surrogateescape").split("\0")[:-1]


def checkout_of(root: Path, clock: Clock) -> Checkout:
    """Return the checkout that the project at *root* lies in."""
    return Checkout(Git(root, clock))


def behind(root: Path, paths: Iterable[str]) -> frozenset[str]:
    """Return what *paths* of the project at *root* lead to through links, as paths of the project."""
    top = Path(os.path.realpath(root))
    real = (Path(os.path.realpath(root / path)) for path in paths)
    return frozenset(each.relative_to(top).as_posix() for each in real if each.is_relative_to(top))


def concerns(change: Change, folders: frozenset[str], read: frozenset[str]) -> bool:
    """Whether *change* is of what apply reads: what is in the *folders* of posts, or among what was *read*.

    A file that git does not know counts if it is among those that were *read*; one that it knows counts
    wherever posts are, since one that is missing is a removed post.
    """
    # Of a submodule git tells that something in it differs, and not what; a link to a folder is a file to it.
    if change.path in read or any(each.startswith(f"{change.path.rstrip('/')}/") for each in read):
        return True
    return change.known and any(PurePosixPath(change.path).is_relative_to(each) for each in folders)
