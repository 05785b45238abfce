"""A real branch in real repositories: nothing of the person's clone is touched, and nobody is overrun."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC
from pathlib import Path

import pytest
from msgspec import Struct, field

from tests.statefile.worlds import MARIA, START, numbered_ids, published, publishing, same, started
from tests.statefile.worlds import folded as fold_all
from threadsync.errors import (
    StateError,
    StateForeign,
    StateLocked,
    StateOutdated,
    StateUnreachable,
    StateUnwritable,
)
from threadsync.execution.clock import SystemClock
from threadsync.model.ids import Address, RemoteId
from threadsync.model.insights import Look, merged
from threadsync.statefile.git import GitRemote
from threadsync.statefile.git_run import masked
from threadsync.statefile.looks import decode_looks, encode_looks
from threadsync.statefile.remote import Deadline, Revision
from threadsync.statefile.shared import SharedStore
from threadsync.testing.machine import FakeMachine

BRANCH = "threadsync-state"
GIT = shutil.which("git")
pytestmark = pytest.mark.skipif(GIT is None, reason="not tested without git: a state in a branch")


class QuickClock(SystemClock):
    """Real time for what really takes time, and no waiting between attempts."""

    def sleep(self, seconds: float) -> None:
        """Do not wait."""


class Repositories(Struct, dict=True):
    """A bare repository, and what is done around it, in an environment of its own."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.root / "home").mkdir()
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root / "home"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        self.git(self.root, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
        self.clock = QuickClock()

    @property
    def origin(self) -> Path:
        return self.root / "origin.git"

    def git(self, at: Path, *arguments: str) -> str:
        whole = ["git", "-C", str(at), "-c", "user.name=Maria", "-c", "user.email=maria@example.org"]
        done = subprocess.run([*whole, *arguments], env=self.environ, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def clone(self, name: str, *options: str) -> Path:
        self.git(self.root, "clone", "--quiet", *options, self.origin.as_uri(), name)
        return self.root / name

    def remote(self, clone: Path, *, remote: str = "origin", branch: str = BRANCH) -> GitRemote:
        return GitRemote(clone, remote, branch, self.clock, self.environ)

    def store(self, clone: Path, host: str = "build-7") -> SharedStore:
        machine = FakeMachine(host=host)
        new_id = numbered_ids(host)
        return SharedStore(self.remote(clone), "threadsync.json", self.clock, machine, new_id, "p-1")

    def deadline(self) -> Deadline:
        return Deadline(self.clock)

    def tip(self) -> str:
        return self.git(self.origin, "rev-parse", f"refs/heads/{BRANCH}")

    def wrapped(self, script: str) -> dict[str, str]:
        """Return an environment whose git is *script*; ``$GIT`` in it is the real one."""
        folder = self.root / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "git").write_text(f'#!/bin/sh\nGIT={GIT}\nwords=" $* "\n{script}\nexec $GIT "$@"\n')
        (folder / "git").chmod(0o755)
        return {**self.environ, "PATH": f"{folder}:{self.environ['PATH']}"}


@pytest.fixture
def repositories(tmp_path: Path) -> Repositories:
    return Repositories(tmp_path)


@pytest.fixture
def clone(repositories: Repositories) -> Path:
    """A clone with a commit, made by a person."""
    path = repositories.clone("one")
    (path / "post.md").write_text("Hello\n")
    repositories.git(path, "add", "post.md")
    repositories.git(path, "commit", "--quiet", "--message=first")
    repositories.git(path, "push", "--quiet", "origin", "HEAD:main")
    return path


def files_below(path: Path) -> dict[str, bytes]:
    """Everything a clone holds but git's objects, and the ref that is ours."""
    return {
        str(each.relative_to(path)): each.read_bytes()
        for each in sorted(path.rglob("*"))
        if each.is_file() and not {"objects", "threadsync"} & set(each.relative_to(path).parts)
    }


class TestExchange:
    def test_tables_that_git_merges_line_by_line_hold_what_both_had(
        self, repositories: Repositories, tmp_path: Path
    ) -> None:
        looks = [
            Look(
                Address.parse(f"{name}@threads/main"),
                "178@threads.net",
                0,
                RemoteId(name),
                START,
                START,
                {"views": number},
            )
            for number, name in enumerate("abcd")
        ]
        for name, rows in (("base", looks[:1]), ("ours", looks[:3]), ("theirs", [looks[0], looks[3]])):
            (tmp_path / name).write_bytes(encode_looks(rows))
        for option in ("--union", "--diff3"):
            command = ["git", "merge-file", option, "-p", "ours", "base", "theirs"]
            merge = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
            assert merged(decode_looks(merge.stdout, "t"), UTC) == tuple(looks)

    def test_what_belongs_to_a_state_is_in_a_branch_beside_its_own(
        self, repositories: Repositories, clone: Path
    ) -> None:
        table = repositories.store(clone).table("insights")
        table.change(lambda _: b"one\n", MARIA)
        elsewhere = repositories.store(repositories.clone("two")).table("insights")
        elsewhere.change(lambda here: (here or b"") + b"two\n", MARIA)
        assert table.read() == b"one\ntwo\n"
        branches = repositories.git(repositories.origin, "branch", "--format=%(refname:short)").split()
        assert branches == ["main", f"{BRANCH}-insights"], "the state's own branch is not touched"

    def test_a_branch_that_does_not_exist_is_an_empty_revision_and_is_made_by_the_first_write(
        self, repositories: Repositories, clone: Path
    ) -> None:
        remote, deadline = repositories.remote(clone), repositories.deadline()
        nothing = remote.fetch(deadline)
        assert nothing == Revision()
        made = remote.replace(nothing, {"s.json": b"\x00\r\n\xff", "s.json.lock": b""}, "first", deadline)
        again = repositories.remote(repositories.clone("two")).fetch(deadline)
        assert again == made == Revision(repositories.tip(), {"s.json": b"\x00\r\n\xff", "s.json.lock": b""})
        assert repositories.git(repositories.origin, "log", "--format=%an %cn %s", BRANCH) == (
            "threadsync threadsync first"
        )

    def test_files_come_and_go_and_what_did_not_change_is_one_object(
        self, repositories: Repositories, clone: Path
    ) -> None:
        remote, deadline = repositories.remote(clone), repositories.deadline()
        state = b"x" * 10_000
        one = remote.replace(Revision(), {"s.json": state, "l": b"1"}, "one", deadline)
        two = remote.replace(one, {**one.files, "l": b"2"}, "two", deadline)
        three = remote.replace(two, {"s.json": two.files["s.json"]}, "three", deadline)
        assert remote.fetch(deadline) == three == Revision(three.id, {"s.json": state})
        assert repositories.git(repositories.origin, "rev-list", "--count", BRANCH) == "3"
        empty = remote.replace(three, {}, "none", deadline)
        assert remote.fetch(deadline) == empty

    def test_of_two_writers_one_is_told_that_it_was_overtaken(
        self, repositories: Repositories, clone: Path
    ) -> None:
        one, two = repositories.remote(clone), repositories.remote(repositories.clone("two"))
        deadline = repositories.deadline()
        seen = one.replace(Revision(), {"s": b"0"}, "zero", deadline)
        assert two.fetch(deadline) == seen
        won = one.replace(seen, {"s": b"1"}, "one", deadline)
        with pytest.raises(StateOutdated) as caught:
            two.replace(seen, {"s": b"2"}, "two", deadline)
        assert caught.value.where == f"branch {BRANCH} of origin"
        assert two.fetch(deadline) == won
        with pytest.raises(StateOutdated):
            two.replace(Revision(), {"s": b"2"}, "there was none", deadline)

    def test_a_branch_that_was_deleted_meanwhile_is_not_made_again(
        self, repositories: Repositories, clone: Path
    ) -> None:
        remote, deadline = repositories.remote(clone), repositories.deadline()
        seen = remote.replace(Revision(), {"s": b"0"}, "zero", deadline)
        repositories.git(repositories.origin, "update-ref", "-d", f"refs/heads/{BRANCH}")
        with pytest.raises(StateOutdated):
            remote.replace(seen, {"s": b"1"}, "one", deadline)
        assert remote.fetch(deadline) == Revision()

    def test_an_older_revision_forced_back_is_seen_and_never_written_over(
        self, repositories: Repositories, clone: Path
    ) -> None:
        remote, deadline = repositories.remote(clone), repositories.deadline()
        one = remote.replace(Revision(), {"s": b"1"}, "one", deadline)
        two = remote.replace(one, {"s": b"2"}, "two", deadline)
        repositories.git(repositories.origin, "update-ref", f"refs/heads/{BRANCH}", one.id)
        with pytest.raises(StateOutdated):
            remote.replace(two, {"s": b"3"}, "three", deadline)
        assert remote.fetch(deadline) == one

    def test_the_history_is_the_commits_in_which_the_file_changed(
        self, repositories: Repositories, clone: Path
    ) -> None:
        remote, deadline = repositories.remote(clone), repositories.deadline()
        assert remote.history("s", 9, deadline) == ()
        one = remote.replace(Revision(), {"s": b"1"}, "one", deadline)
        locked = remote.replace(one, {"s": b"1", "l": b""}, "lock", deadline)
        two = remote.replace(locked, {"s": b"2"}, "two", deadline)
        assert remote.history("s", 9, deadline) == (two, one)
        assert remote.history("s", 1, deadline) == (two,)
        command = remote.restoring(one, "s")
        assert command == f"git show {one.id}:s"
        assert repositories.git(clone, *command.split()[1:]) == "1"

    def test_a_folder_below_the_top_of_the_repository_will_do(
        self, repositories: Repositories, clone: Path
    ) -> None:
        (clone / "social").mkdir()
        remote, deadline = repositories.remote(clone / "social"), repositories.deadline()
        made = remote.replace(Revision(), {"s": b"1"}, "one", deadline)
        assert remote.fetch(deadline) == made
        assert remote.history("s", 9, deadline) == (made,)

    def test_an_address_will_do_for_a_remote(self, repositories: Repositories, clone: Path) -> None:
        deadline = repositories.deadline()
        remote = repositories.remote(clone, remote=repositories.origin.as_uri())
        made = remote.replace(Revision(), {"s": b"1"}, "one", deadline)
        assert repositories.remote(clone).fetch(deadline) == made


class TestThePersonsClone:
    def test_nothing_but_objects_and_our_own_ref_is_touched(
        self, repositories: Repositories, clone: Path
    ) -> None:
        """The work tree is dirty, something is staged, HEAD is detached, hooks wait, and pushes are odd."""
        git = repositories.git
        git(clone, "checkout", "--quiet", "--detach")
        (clone / "post.md").write_text("edited\n")
        (clone / "staged.md").write_text("staged\n")
        git(clone, "add", "staged.md")
        for name in ("pre-push", "reference-transaction", "post-checkout", "pre-commit", "post-rewrite"):
            hook = clone / ".git/hooks" / name
            hook.write_text(f"#!/bin/sh\ntouch {clone}/hook-ran\nexit 1\n")
            hook.chmod(0o755)
        for setting in ("commit.gpgSign", "push.gpgSign", "push.followTags", "fetch.prune"):
            git(clone, "config", setting, "true")
        git(clone, "-c", "core.hooksPath=/dev/null", "tag", "--annotate", "--message=t", "v1")
        before = files_below(clone)
        store = repositories.store(clone)
        with store.open(MARIA, 0) as session:
            session.append(publishing(1)[0])
            session.barrier()
        store.read()
        after = files_below(clone)
        logs = {".git/refs/remotes/origin/threadsync-state", ".git/logs/refs/remotes/origin/threadsync-state"}
        assert {name: data for name, data in after.items() if name not in logs} == before
        assert git(repositories.origin, "tag") == ""
        assert not (clone / "hook-ran").exists()

    def test_a_repository_without_a_commit_will_do(self, repositories: Repositories) -> None:
        empty = repositories.clone("empty", "--quiet")
        store = repositories.store(empty)
        with store.open(MARIA, 0) as session:
            session.append(published(1))
        state = repositories.store(repositories.clone("other")).read().state
        assert state is not None
        assert same(state, fold_all(*published(1)))

    def test_a_shallow_clone_reads_writes_and_lists_history(
        self, repositories: Repositories, clone: Path
    ) -> None:
        for number in range(3):
            with repositories.store(clone).open(MARIA, 0) as session:
                session.append(published(number))
        shallow = repositories.clone("shallow", "--depth=1", "--branch=main")
        store = repositories.store(shallow)
        with store.open(MARIA, 0) as session:
            session.append(published(3))
        assert repositories.git(shallow, "rev-parse", "--is-shallow-repository") == "true"
        state = repositories.store(clone).read().state
        assert state is not None
        assert same(state, fold_all(*(note for number in range(4) for note in published(number))))
        assert [entry.serial for entry in store.history()] == [5, 4, 3, 2]

    def test_a_complete_clone_stays_complete(self, repositories: Repositories, clone: Path) -> None:
        repositories.store(clone).read()
        with repositories.store(clone).open(MARIA, 0) as session:
            session.append(published(1))
        other = repositories.clone("other")
        repositories.store(other).read()
        assert repositories.git(other, "rev-parse", "--is-shallow-repository") == "false"

    def test_threadsync_inside_a_git_hook_finds_the_right_repository(
        self, repositories: Repositories, clone: Path
    ) -> None:
        other = repositories.clone("other")
        environ = {**repositories.environ, "GIT_DIR": str(other / ".git"), "GIT_INDEX_FILE": "index"}
        GitRemote(clone, "origin", BRANCH, repositories.clock, environ).replace(
            Revision(), {"s": b"1"}, "one", repositories.deadline()
        )
        assert "refs/threadsync" in repositories.git(clone, "for-each-ref")
        assert "refs/threadsync" not in repositories.git(other, "for-each-ref")


class TestRefusals:
    def test_a_branch_of_somebodys_work_is_refused(self, repositories: Repositories, clone: Path) -> None:
        (clone / "folder").mkdir()
        (clone / "folder/link").symlink_to("nowhere")
        repositories.git(clone, "add", ".")
        repositories.git(clone, "commit", "--quiet", "--message=link")
        repositories.git(clone, "push", "--quiet", "origin", "HEAD:main")
        with pytest.raises(StateForeign, match="holds other files"):
            repositories.remote(clone, branch="main").fetch(repositories.deadline())

    @pytest.mark.parametrize("remote", ["nowhere", "/no/such/place", "file:///no/such/place"])
    def test_an_unknown_remote_is_named(self, repositories: Repositories, clone: Path, remote: str) -> None:
        with pytest.raises(StateError, match=f"git knows no repository {remote}") as caught:
            repositories.remote(clone, remote=remote).fetch(repositories.deadline())
        assert "git remote -v" in caught.value.remedy

    def test_outside_of_a_repository_it_says_so(self, repositories: Repositories, tmp_path: Path) -> None:
        (tmp_path / "plain").mkdir()
        environ = {**repositories.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path)}
        remote = GitRemote(tmp_path / "plain", "origin", BRANCH, repositories.clock, environ)
        with pytest.raises(StateError, match="is in no git repository") as caught:
            remote.fetch(repositories.deadline())
        assert "keep the state in a file" in caught.value.remedy

    def test_without_git_it_says_so(self, repositories: Repositories, clone: Path) -> None:
        remote = GitRemote(clone, "origin", BRANCH, repositories.clock, {"PATH": str(clone)})
        with pytest.raises(StateError, match="git cannot be run") as caught:
            remote.fetch(repositories.deadline())
        assert "Install git" in caught.value.remedy

    def test_a_server_that_declines_is_believed_at_once(
        self, repositories: Repositories, clone: Path
    ) -> None:
        hook = repositories.origin / "hooks/pre-receive"
        hook.write_text("#!/bin/sh\necho this branch is protected >&2\nexit 1\n")
        hook.chmod(0o755)
        environ = repositories.wrapped('case "$words" in *" push "*) echo >> $HOME/pushes;; esac')
        remote = GitRemote(clone, "origin", BRANCH, repositories.clock, environ)
        with pytest.raises(StateUnwritable, match="this branch is protected") as caught:
            remote.replace(Revision(), {"s": b"1"}, "one", repositories.deadline())
        assert "refused the right to write" in caught.value.problem
        assert "contents: write" in caught.value.remedy
        assert (repositories.root / "home/pushes").read_text() == "\n"

    def test_a_repository_that_cannot_be_written_is_named(
        self, repositories: Repositories, clone: Path
    ) -> None:
        environ = repositories.wrapped(
            'case "$words" in *" hash-object "*) echo disk full >&2; exit 128;; esac'
        )
        remote = GitRemote(clone, "origin", BRANCH, repositories.clock, environ)
        with pytest.raises(StateUnwritable, match=r"git hash-object failed .*disk full"):
            remote.replace(Revision(), {"s": b"1"}, "one", repositories.deadline())

    @pytest.mark.parametrize(
        "said",
        [
            "fatal: could not read Username for 'https://git.example': terminal prompts disabled",
            "fatal: Authentication failed for 'https://x-access-token:s3cret@git.example/a.git/'",
            "fatal: unable to access 'https://git.example/a.git/': The requested URL returned error: 403",
            "git@git.example: Permission denied (publickey).",
        ],
    )
    def test_a_missing_right_to_read_is_no_matter_of_the_connection(
        self, repositories: Repositories, clone: Path, said: str
    ) -> None:
        environ = repositories.wrapped(
            f'case "$words" in *" ls-remote "*) echo >> $HOME/asked; echo "{said}" >&2; exit 128;; esac'
        )
        with pytest.raises(StateError, match="refused the right to read") as caught:
            GitRemote(clone, "origin", BRANCH, repositories.clock, environ).fetch(repositories.deadline())
        assert "s3cret" not in caught.value.message()
        assert (repositories.root / "home/asked").read_text() == "\n", "asked once"


class TestTrouble:
    def test_a_push_whose_answer_was_lost_counts_if_it_is_there(
        self, repositories: Repositories, clone: Path
    ) -> None:
        lost = 'case "$words" in *" push "*) $GIT "$@"; echo connection reset >&2; exit 128;; esac'
        remote = GitRemote(clone, "origin", BRANCH, repositories.clock, repositories.wrapped(lost))
        made = remote.replace(Revision(), {"s": b"1"}, "one", repositories.deadline())
        assert repositories.tip() == made.id

    def test_a_push_that_did_not_arrive_is_made_again(self, repositories: Repositories, clone: Path) -> None:
        once = (
            'case "$words" in *" push "*) if [ ! -e $HOME/failed ]; then touch $HOME/failed;'
            " echo connection refused >&2; exit 128; fi;; esac"
        )
        remote = GitRemote(clone, "origin", BRANCH, repositories.clock, repositories.wrapped(once))
        made = remote.replace(Revision(), {"s": b"1"}, "one", repositories.deadline())
        assert repositories.tip() == made.id

    def test_a_push_whose_answer_was_lost_and_that_others_followed_is_outdated(
        self, repositories: Repositories, clone: Path
    ) -> None:
        deadline = repositories.deadline()
        one = repositories.remote(clone).replace(Revision(), {"s": b"1"}, "one", deadline)
        two = repositories.remote(clone).replace(one, {"s": b"2"}, "two", deadline)
        back = f"$GIT -C {repositories.origin} update-ref refs/heads/{BRANCH} {two.id}"
        script = f'case "$words" in *" push "*) {back}; echo connection reset >&2; exit 128;; esac'
        repositories.git(repositories.origin, "update-ref", f"refs/heads/{BRANCH}", one.id)
        remote = GitRemote(clone, "origin", BRANCH, repositories.clock, repositories.wrapped(script))
        with pytest.raises(StateOutdated):
            remote.replace(one, {"s": b"3"}, "three", deadline)

    @pytest.mark.parametrize("command", ["ls-remote", "fetch", "push"])
    def test_a_remote_that_stays_away_is_given_up_after_a_few_attempts(
        self, repositories: Repositories, clone: Path, command: str
    ) -> None:
        repositories.remote(clone).replace(Revision(), {"s": b"0"}, "zero", repositories.deadline())
        away = f'case "$words" in *" {command} "*) echo >> $HOME/asked; echo no route >&2; exit 128;; esac'
        other = repositories.clone("other")
        remote = GitRemote(other, "origin", BRANCH, repositories.clock, repositories.wrapped(away))

        def write() -> None:
            seen = remote.fetch(repositories.deadline())
            remote.replace(seen, {"s": b"1"}, "one", repositories.deadline())

        with pytest.raises(StateUnreachable, match="did not answer: no route"):
            write()
        assert (repositories.root / "home/asked").read_text() == "\n" * 3

    def test_a_push_that_hangs_is_ended_with_all_it_started_when_somebody_is_in_a_hurry(
        self, repositories: Repositories, clone: Path
    ) -> None:
        hangs = 'case "$words" in *" push "*) sh -c "echo \\$\\$ > $HOME/child; exec sleep 600"; esac'
        remote = GitRemote(clone, "origin", BRANCH, repositories.clock, repositories.wrapped(hangs))
        deadline = repositories.deadline()
        began = repositories.clock.monotonic()

        class Hurried(Deadline):
            """A signal comes once the push is under way."""

            def left(self) -> float:
                if (repositories.root / "home/child").exists():
                    self.hurry(0.2)
                return super().left()

        with pytest.raises(StateError):
            remote.replace(Revision(), {"s": b"1"}, "one", Hurried(repositories.clock))
        assert repositories.clock.monotonic() - began < 5
        child = int((repositories.root / "home/child").read_text())
        assert list(alive(child)) == []
        assert remote.fetch(deadline) == Revision()

    def test_no_time_left_is_no_push(self, repositories: Repositories, clone: Path) -> None:
        remote, deadline = repositories.remote(clone), repositories.deadline()
        deadline.hurry(0)
        with pytest.raises(StateError, match="not done in time"):
            remote.replace(Revision(), {"s": b"1"}, "one", deadline)
        assert remote.fetch(repositories.deadline()) == Revision()


def alive(pid: int) -> Iterator[int]:
    """Yield *pid* if such a process runs (and is no zombie that waits for its reaper)."""
    with suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        if state not in {"Z", "X"}:
            yield pid


class TestStore:
    def test_two_clones_share_a_state_and_one_writes_at_a_time(
        self, repositories: Repositories, clone: Path
    ) -> None:
        here, there = repositories.store(clone), repositories.store(repositories.clone("two"), "build-8")
        with here.open(MARIA, 0) as session:
            session.append([started()])
            session.append(publishing(1)[0])
            session.barrier()
            with pytest.raises(StateLocked, match="locked by maria on build-7"), there.open(MARIA, 0):
                pytest.fail("two writers")
            seen = there.read()
            assert seen.state is not None
            assert seen.state.open
            assert seen.lock is not None
            there.force_unlock(seen.lock, MARIA)
            with there.open(MARIA, 0) as other:
                assert other.recovered == 3
            session.append(publishing(2)[0])
            with pytest.raises(StateLocked, match="taken away"):
                session.barrier()
        assert repositories.git(repositories.origin, "ls-tree", "--name-only", BRANCH) == "threadsync.json"


def test_credentials_in_addresses_are_masked() -> None:
    said = "fatal: unable to access 'https://x-access-token:ghs_abc@github.com/a/b.git/': gone"
    assert masked(said) == "fatal: unable to access 'https://***@github.com/a/b.git/': gone"
    assert (
        masked("ssh://git@example.org/x and git@example.org:x")
        == "ssh://***@example.org/x and git@example.org:x"
    )


def test_files_that_look_like_a_repository_are_none_and_run_nothing(
    repositories: Repositories, clone: Path, tmp_path: Path
) -> None:
    """A pull request may add `HEAD`, `config` and the rest beside a project: they would name commands."""
    repositories.git(clone, "init", "--quiet", "--bare", "planted")
    planted, trace = clone / "planted", tmp_path / "ran"
    for name, value in (
        ("remote.origin.url", f"ext::sh -c touch% {trace}"),
        ("protocol.ext.allow", "always"),
    ):
        repositories.git(planted, "config", "--file", "config", name, value)
    with pytest.raises(StateError):
        repositories.remote(planted).fetch(repositories.deadline())
    assert not trace.exists()
