"""Where the state lives, as the project file says it: a path in the project, or a git branch."""

from __future__ import annotations

from pathlib import Path

import pytest

from threadsync.config import load_project
from threadsync.content.project import PROJECT_FILE, Project, StateBranch
from threadsync.errors import ProjectError

HEAD = "version: 1\nid: demo\ntargets: {threads/main: {}}\n"


def project(folder: Path, state: str) -> Project:
    (folder / PROJECT_FILE).write_text(f"{HEAD}state: {state}\n")
    return load_project(folder)


def test_a_branch_is_all_that_must_be_said(tmp_path: Path) -> None:
    found = project(tmp_path, "{branch: threadsync-state}")
    assert found.state == StateBranch("threadsync-state", "origin", "threadsync.json")
    assert found.state_name == "branch threadsync-state of origin"


def test_the_remote_may_be_an_address_and_the_file_have_a_name(tmp_path: Path) -> None:
    found = project(tmp_path, "{branch: a/b.c-d, remote: 'git@example.org:x/y.git', file: brand.json}")
    assert found.state == StateBranch("a/b.c-d", "git@example.org:x/y.git", "brand.json")


def test_a_path_is_named_as_it_stands_in_the_project(tmp_path: Path) -> None:
    assert project(tmp_path, "var/state.json").state_name == "var/state.json"


@pytest.mark.parametrize(
    ("state", "rule"),
    [
        ("{}", "schema/missing-key"),
        ("[x]", "schema/type"),
        ("{branch: x, remotes: y}", "schema/unknown-key"),
        *((f"{{branch: '{name}'}}", "schema/form") for name in ("", "-x", "a..b", "/a", "a/", "a b", "a:b")),
        *((f"{{branch: x, file: '{name}'}}", "schema/form") for name in ("", "a/b", "../x", ".x")),
        *((f"{{branch: x, remote: '{name}'}}", "schema/form") for name in ("", "--upload-pack=x", "a b")),
    ],
)
def test_what_git_could_misunderstand_is_a_fault(tmp_path: Path, state: str, rule: str) -> None:
    with pytest.raises(ProjectError) as caught:
        project(tmp_path, state)
    assert [each.rule for each in caught.value.findings] == [rule]


@pytest.mark.parametrize("address", ["https://me:s3cret@", "https://s3cret@", "ssh://git:s3cret@"])
def test_a_password_in_an_address_is_refused_and_not_shown(tmp_path: Path, address: str) -> None:
    with pytest.raises(ProjectError) as caught:
        project(tmp_path, f"{{branch: x, remote: '{address}example.org/x.git'}}")
    (finding,) = caught.value.findings
    assert finding.rule == "schema/secret"
    assert finding.location.line == 4
    assert "s3cret" not in f"{finding.problem} {finding.remedy}"
