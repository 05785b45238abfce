"""A git branch of its own as the place of a shared state, by git's own plumbing.

Nothing of the person's repository is touched but its objects and one private ref: not the work tree, the
index, HEAD or any branch. Its remotes and its credentials are used as git itself would use them. A push
carries the commit that it expects to find there (``--force-with-lease`` with an explicit value), so it
never takes anything away; hooks, signing and tags of the person's configuration stay out of it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct, field

from threadsync.errors import StateError, StateOutdated, StateUnreachable, StateUnwritable
from threadsync.statefile.git_run import Ended, Git, masked
from threadsync.statefile.lock import Clock
from threadsync.statefile.remote import Deadline, Revision, foreign

DURABLE: Final = "safe against process death and against loss of this machine, as long as the remote keeps it"
LOCAL_SECONDS = 30.0
"""How long a step may take that speaks to nobody."""
LOOK_SECONDS = 20.0
"""How long asking the remote for the branch may take."""
TRANSFER_SECONDS = 60.0
"""How long one fetch or push may take."""
WHOLE_SECONDS = 120.0
"""How long all of it may take, whatever is tried again."""
ATTEMPTS_MAX = 3
"""How often one question is asked, or one push is made, before a person has to look."""
PAUSE_SECONDS = 1.0
"""How long to wait before it is tried again."""
DEPTH_MAX = 1000
"""How many commits a shallow clone fetches to list the history: each run makes a few."""
FILES_MAX = 16
"""A branch with more files than this is somebody's work, not a state."""

_DENIED = re.compile(
    r"permission (to .* )?denied|access denied|authentication failed|could not read username"
    r"|error: 40[13]|not authorized|denied to",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(r"does not appear to be a git repository|repository .*not found|no such remote", re.I)
_REFUSED = re.compile(r"\[remote rejected\] \((?!.*(?:cannot lock ref|failed to (?:lock|update ref)))")
"""A definite no; two who push at the same moment may also meet at the lock of the ref."""


class GitRemote(Struct):
    """The branch *branch* of *remote* (a remote's name, or an address), for the repository of *directory*."""

    directory: Path
    remote: str
    branch: str
    clock: Clock
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    durable: str = DURABLE
    _blobs: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    """By name: the content last read or written, and its object; what did not change is not hashed again."""

    @property
    def where(self) -> str:
        """See ``Remote.where``."""
        return f"branch {self.branch} of {masked(self.remote)}"

    @property
    def _ref(self) -> str:
        return f"refs/heads/{self.branch}"

    @property
    def _private(self) -> str:
        """The ref that keeps what was fetched; no other program looks below ``refs/threadsync``."""
        digest = hashlib.sha256(self.remote.encode()).hexdigest()[:12]
        return f"refs/threadsync/{digest}/{self.branch}"

    # Reading.

    def fetch(self, deadline: Deadline) -> Revision:
        """See ``Remote.fetch``."""
        within = deadline.within(WHOLE_SECONDS)
        shallow = self._is_shallow(within)  # asked first: it is also how a missing repository shows
        tip = self._look(within)
        if not tip:
            return Revision()
        if tip != self._kept(within):
            self._transfer(within, *(("--depth=1",) if shallow else ()))
            tip = self._kept(within)  # it may have moved on meanwhile
        return Revision(tip, self._files(tip, within))

    def history(self, name: str, revisions_max: int, deadline: Deadline) -> tuple[Revision, ...]:
        """See ``Remote.history``; a shallow clone has its older commits fetched for this."""
        tip = self.fetch(deadline).id
        if not tip:
            return ()
        deadline = deadline.within(WHOLE_SECONDS)
        if self._is_shallow(deadline):
            self._transfer(deadline, f"--depth={DEPTH_MAX}")
        log = ("log", "--first-parent", "--format=%H", f"-{revisions_max}", tip, "--", f":(top){name}")
        commits = self._local(deadline, *log).text.split()
        found = [(each, self._files(each, deadline).get(name)) for each in commits]
        return tuple(Revision(each, {name: data}) for each, data in found if data is not None)

    def beside(self, name: str) -> GitRemote:
        """See ``Remote.beside``: the branch ``BRANCH-NAME``."""
        return GitRemote(self.directory, self.remote, f"{self.branch}-{name}", self.clock, self.environ)

    def restoring(self, revision: Revision, name: str) -> str:
        """See ``Remote.restoring``."""
        return f"git show {shlex.quote(f'{revision.id}:{name}')}"

    def _look(self, deadline: Deadline) -> str:
        """Return the commit that the branch is at on the remote; empty where there is no such branch."""
        for last in self._attempts(deadline):
            done = self._run(deadline, LOOK_SECONDS, "ls-remote", "--", self.remote, self._ref)
            if done.code == 0:
                lines = (line.split("\t") for line in done.text.splitlines())
                return next((commit for commit, ref in lines if ref == self._ref), "")
            if last or not self._may_pass(done):
                raise self._failed(done)
        raise AssertionError("the last attempt raises or returns")

    def _transfer(self, deadline: Deadline, *options: str) -> None:
        refs = f"+{self._ref}:{self._private}"
        quiet = ("--quiet", "--no-tags", "--no-prune", "--no-write-fetch-head", "--no-recurse-submodules")
        for last in self._attempts(deadline):
            arguments = ("fetch", *quiet, "--refmap=", *options, "--", self.remote, refs)
            done = self._run(deadline, TRANSFER_SECONDS, *arguments)
            if done.code == 0:
                return
            if last or not self._may_pass(done):
                raise self._failed(done)

    def _kept(self, deadline: Deadline) -> str:
        done = self._run(deadline, LOCAL_SECONDS, "rev-parse", "--verify", "--quiet", self._private)
        return done.text if done.code == 0 else ""

    def _is_shallow(self, deadline: Deadline) -> bool:
        return self._local(deadline, "rev-parse", "--is-shallow-repository").text == "true"

    def _files(self, commit: str, deadline: Deadline) -> dict[str, bytes]:
        listed = self._local(deadline, "ls-tree", "-r", "-z", "--full-tree", commit).out
        blobs: dict[str, str] = {}
        for entry in listed.split(b"\0")[:-1]:
            head, _, name = entry.partition(b"\t")
            mode, kind, blob = head.decode().split(" ")
            if kind != "blob" or not mode.startswith("100") or len(blobs) == FILES_MAX:
                raise foreign(self.where, os.fsdecode(name))
            blobs[os.fsdecode(name)] = blob
        answered = self._local(
            deadline, "cat-file", "--batch", fed="".join(f"{blob}\n" for blob in blobs.values()).encode()
        ).out
        files: dict[str, bytes] = {}
        for path, blob in blobs.items():
            size = int(answered[: answered.index(b"\n")].split(b" ")[2])
            begin = answered.index(b"\n") + 1
            files[path] = answered[begin : begin + size]
            answered = answered[begin + size + 1 :]
            self._blobs[path] = (files[path], blob)
        return files

    # Writing.

    def replace(
        self, seen: Revision, files: Mapping[str, bytes], message: str, deadline: Deadline
    ) -> Revision:
        """See ``Remote.replace``."""
        deadline = deadline.within(WHOLE_SECONDS)
        tree = "".join(
            f"100644 blob {self._blob(name, files[name], deadline)}\t{name}\n" for name in sorted(files)
        )
        made = self._local(deadline, "mktree", fed=tree.encode()).text
        parent = ("-p", seen.id) if seen.id else ()
        commit = self._local(deadline, "commit-tree", made, *parent, fed=message.encode()).text
        self._push(seen.id, commit, deadline)
        # Only keeps git from sending and collecting what is there: without it, the next fetch is longer.
        self._run(deadline, LOCAL_SECONDS, "update-ref", self._private, commit)
        return Revision(commit, dict(files))

    def _push(self, seen: str, commit: str, deadline: Deadline) -> None:
        quiet = ("--porcelain", "--no-verify", "--no-signed", "--no-follow-tags", "--recurse-submodules=no")
        lease = f"--force-with-lease={self._ref}:{seen}"
        for last in self._attempts(deadline):
            done = self._run(
                deadline,
                TRANSFER_SECONDS,
                *("push", *quiet, lease, "--", self.remote, f"{commit}:{self._ref}"),
            )
            # What git says of a failed push is not the last word: look what is there now.
            tip = commit if done.code == 0 else self._look(deadline)
            if tip == commit:
                return
            if tip != seen:
                raise StateOutdated(
                    "somebody else has changed it since this run read it",
                    where=self.where,
                    remedy="Nothing was written. Run the same command again; it reads what is there now.",
                )
            if last or not self._may_pass(done):
                raise self._failed(done, pushing=True)

    def _blob(self, name: str, data: bytes, deadline: Deadline) -> str:
        known = self._blobs.get(name)
        if known is not None and known[0] is data:
            return known[1]
        blob = self._local(deadline, "hash-object", "-w", "--stdin", fed=data).text
        self._blobs[name] = (data, blob)
        return blob

    # Running git.

    def _attempts(self, deadline: Deadline) -> Iterator[bool]:
        """Yield for each attempt whether it is the last one, and wait between them."""
        for number in range(1, ATTEMPTS_MAX + 1):
            last = number == ATTEMPTS_MAX or deadline.left() <= PAUSE_SECONDS
            yield last
            if last:
                return
            self.clock.sleep(PAUSE_SECONDS)

    def _local(self, deadline: Deadline, *arguments: str, fed: bytes = b"") -> Ended:
        done = self._run(deadline, LOCAL_SECONDS, *arguments, fed=fed)
        if done.code != 0:
            raise self._failed(done) if _NO_REPOSITORY.search(done.said) else self._stuck(arguments[0], done)
        return done

    def _run(self, deadline: Deadline, seconds_max: float, *arguments: str, fed: bytes = b"") -> Ended:
        git = Git(self.directory, self.clock, self.environ)
        try:
            return git.run(deadline, seconds_max, *arguments, fed=fed)
        except OSError as error:
            raise StateError(
                f"git cannot be run ({error.strerror}), and the state lives in a git branch",
                where=self.where,
                remedy="Install git, or keep the state in a file (`state: state/threadsync.json`).",
            ) from error

    # What went wrong.

    def _may_pass(self, done: Ended) -> bool:
        """Whether another attempt may go better; a refusal stays one."""
        words = f"{done.said}\n{done.text}"
        return not any(each.search(words) for each in (_DENIED, _UNKNOWN, _REFUSED, _NO_REPOSITORY))

    def _failed(self, done: Ended, *, pushing: bool = False) -> StateError:
        words = f"{done.said}\n{masked(done.text)}" if pushing else done.said
        said = " ".join(words.split())
        if _DENIED.search(words) or _REFUSED.search(words):
            kind, verb = (StateUnwritable, "write") if pushing else (StateError, "read")
            return kind(
                f"the remote refused the right to {verb}: {said}",
                where=self.where,
                remedy=f"Nothing was published after that. Give this run the right to {verb} there (in CI "
                "`permissions: contents: write`, and a checkout that keeps its credentials), and let no "
                "protection of branches cover this one.",
            )
        if _NO_REPOSITORY.search(words):
            return StateError(
                f"the state lives in a git branch, and {self.directory} is in no git repository that can be "
                f"used: {said}",
                where=self.where,
                remedy="Run threadsync in a clone of the repository, or keep the state in a file.",
            )
        if _UNKNOWN.search(words):
            return StateError(
                f"git knows no repository {masked(self.remote)}: {said}",
                where=self.where,
                remedy="Nothing was published after that. `git remote -v` lists the remotes of this clone: "
                "name one of them, or an address, as remote: under `state:` in threadsync.yaml. Who may not "
                "see a repository is told the same.",
            )
        return StateUnreachable(
            f"the remote did not answer: {said}",
            where=self.where,
            remedy="Nothing was published after that. Check the connection, then run the same command again: "
            "it settles what was under way.",
        )

    def _stuck(self, step: str, done: Ended) -> StateError:
        return StateUnwritable(
            f"git {step} failed in {self.directory}: {done.said}",
            where=self.where,
            remedy="Nothing was published after that. Check that repository (`git fsck`) and its disk, then "
            "run the same command again.",
        )


_NO_REPOSITORY = re.compile(r"not a git repository|dubious ownership", re.IGNORECASE)
