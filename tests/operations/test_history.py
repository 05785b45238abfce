"""Which commit brought a file, as a forge knows a pull request by it: asked of a real git."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.operations.repositories import begun, committed, git, merged
from threadsync.operations.history import below, brought_by, changed_in, is_shallow

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="not tested without git: its history")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project below the top of a repository."""
    project = tmp_path / "desk"
    (project / "posts").mkdir(parents=True)
    (project / "posts/a.md").write_text("one")
    begun(tmp_path)
    return project


def write_on_a_branch(root: Path, **posts: str) -> None:
    git(root, "checkout", "--quiet", "-b", "work")
    for name, text in posts.items():
        (root / f"posts/{name}.md").write_text(text)
        committed(root, name)


@pytest.mark.parametrize("squash", [False, True])
def test_a_file_was_brought_by_the_commit_that_merged_it(root: Path, *, squash: bool) -> None:
    """Not by one of those within the merge, which Forgejo does not know a pull request by."""
    write_on_a_branch(root, b="two", c="three")
    (root / "../elsewhere").write_text("outside the project")
    commit = merged(root, "merge", squash=squash)
    assert brought_by(root, "posts/b.md") == brought_by(root, "posts/c.md") == commit
    assert changed_in(root, commit) == {"posts/b.md", "posts/c.md"}
    committed(root, "something else")
    assert brought_by(root, "posts/b.md") == commit


def test_the_last_change_counts_and_a_rename_is_one(root: Path) -> None:
    first = brought_by(root, "posts/a.md")
    (root / "posts/a.md").write_text("corrected")
    second = committed(root, "correct it")
    assert brought_by(root, "posts/a.md") == second != first
    (root / "posts/a.md").rename(root / "posts/é b.md")
    third = committed(root, "rename it")
    assert brought_by(root, "posts/é b.md") == third
    assert changed_in(root, third) == {"posts/a.md", "posts/é b.md"}


def test_a_path_is_no_pattern(root: Path) -> None:
    (root / "posts/[a].md").write_text("brackets")
    commit = committed(root, "brackets")
    assert brought_by(root, "posts/[a].md") == commit != brought_by(root, "posts/a.md")
    assert brought_by(root, "posts/*.md") == ""


def test_the_first_commit_of_all_changed_all(root: Path) -> None:
    assert changed_in(root, brought_by(root, "posts/a.md")) == {"posts/a.md"}


def test_what_git_does_not_know_is_empty(root: Path, tmp_path: Path) -> None:
    assert brought_by(root, "posts/never.md") == ""
    assert changed_in(root, "0" * 40) == frozenset()
    assert below(root) == "desk/"
    assert below(tmp_path) == ""
    assert not is_shallow(root)
    outside = tmp_path.parent
    assert (brought_by(outside, "a"), below(outside)) == ("", "")
    assert is_shallow(outside), "where git answers nothing there is no history to rely on"


def test_files_that_look_like_a_repository_name_no_command(root: Path) -> None:
    """A project below the top may bring `HEAD`, `config`, `objects` and `refs`: names like others."""
    tree = git(root, "write-tree")
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----"
    who = "M <m@x> 1 +0000"
    (root / "commit").write_text(f"tree {tree}\nauthor {who}\ncommitter {who}\n{signature}\n\nbegin\n")
    commit = git(root, "hash-object", "-t", "commit", "-w", "commit")
    git(root, "clone", "--quiet", "--bare", "..", "bare")
    git(root / "bare", "fetch", "--quiet", "../../.git", commit)
    evil = root / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {root}/pwned\n")
    evil.chmod(0o755)
    for name in ("objects", "refs"):
        shutil.copytree(root / "bare" / name, root / name)
    (root / "HEAD").write_text(commit + "\n")
    (root / "config").write_text(
        f"[core]\n bare = true\n[log]\n showSignature = true\n[gpg]\n program = {evil}\n"
    )
    found = brought_by(root, "desk/posts/a.md"), below(root), is_shallow(root)
    assert not (root / "pwned").exists()
    assert found == ("", "", True)


def test_a_clone_of_one_commit_says_so(root: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", tmp_path.as_uri(), "shallow")
    assert is_shallow(tmp_path / "shallow/desk")
