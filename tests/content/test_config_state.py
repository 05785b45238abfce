"""Where the state lives, as the project file says it: a path in the project, a git branch, or a bucket."""

from __future__ import annotations

from pathlib import Path

import pytest

from threadsync.config import load_project
from threadsync.content.project import PROJECT_FILE, Project, StateBranch, StateBucket
from threadsync.errors import ProjectError
from threadsync.model.ids import Role

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


@pytest.mark.parametrize("address", ["s3://ours/social", "az://ours/social", "https://example.org/x.git"])
def test_an_address_is_no_path(tmp_path: Path, address: str) -> None:
    """As a path, it would be a file that every runner of a CI loses."""
    with pytest.raises(ProjectError) as caught:
        project(tmp_path, address)
    (finding,) = caught.value.findings
    assert (finding.rule, address in finding.problem) == ("schema/form", True)
    assert "`bucket:` below it" in str(finding.remedy)


@pytest.mark.parametrize(
    ("state", "rule"),
    [
        ("{}", "project/state"),
        ("{file: x.json}", "project/state"),
        ("{branch: x, region: eu}", "project/state"),
        ("{branch: x, credentials: {access_key: env:A}}", "project/state"),
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


KEYS = "credentials: {access_key: env:A, secret_key: env:B}"
S3 = f"bucket: s3://our.bucket/social/brand, region: eu-central-1, {KEYS}"


def test_a_bucket_of_s3(tmp_path: Path) -> None:
    found = project(tmp_path, f"{{{S3}}}")
    assert found.state == StateBucket(
        "s3",
        {"bucket": "our.bucket", "region": "eu-central-1"},
        "social/brand",
        {Role("access_key"): "env:A", Role("secret_key"): "env:B"},
    )
    assert found.state_name == "s3://our.bucket/social/brand"


def test_a_bucket_elsewhere_with_temporary_keys_and_no_folder(tmp_path: Path) -> None:
    keys = "credentials: {access_key: env:A, secret_key: env:B, session_token: env:C}"
    state = f"{{bucket: s3://ours, region: auto, endpoint: 'https://store.example', file: b.json, {keys}}}"
    found = project(tmp_path, state).state
    assert isinstance(found, StateBucket)
    assert (found.prefix, found.file, str(found)) == ("", "b.json", "s3://ours")
    assert found.settings["endpoint"] == "https://store.example"
    assert found.credentials[Role("session_token")] == "env:C"


def test_a_container_of_azure(tmp_path: Path) -> None:
    state = "{bucket: az://ours/social, account: acme, credentials: {account_key: 'file:key'}}"
    found = project(tmp_path, state)
    assert found.state == StateBucket(
        "azure", {"container": "ours", "account": "acme"}, "social", {Role("account_key"): "file:key"}
    )
    assert found.state_name == "az://ours/social"


@pytest.mark.parametrize(
    ("state", "rule", "problem"),
    [
        (f"bucket: s3://ours, {KEYS}", "project/state", "has no region"),
        ("bucket: s3://ours, region: r", "project/state", "names no access_key"),
        (f"{S3}, branch: x", "project/state", "names a branch and a bucket"),
        (f"{S3}, remote: origin", "project/state", "has no key remote"),
        (f"{S3}, account: acme", "project/state", "has no key account"),
        (f"bucket: az://ours, account: acme, {KEYS}", "project/state", "names no account_key"),
        ("bucket: az://ours, credentials: {account_key: env:A}", "project/state", "has no account"),
        (
            f"{S3}, endpoint: 'http://store.example'",
            "project/plain-http",
            "endpoint of state is not https",
        ),
        *(
            (f"bucket: '{name}', region: r, {KEYS}", "schema/form", "")
            for name in ("ours", "gs://ours", "s3://", "s3://a/../b", "s3://a//b", "s3://a/b/", "s3://a?x")
        ),
    ],
)
def test_what_a_bucket_lacks_or_cannot_mean_is_a_fault(
    tmp_path: Path, state: str, rule: str, problem: str
) -> None:
    with pytest.raises(ProjectError) as caught:
        project(tmp_path, f"{{{state}}}")
    assert rule in {each.rule for each in caught.value.findings}
    assert any(problem in each.problem for each in caught.value.findings)


def test_a_secret_where_its_place_belongs_is_refused_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        project(tmp_path, "{bucket: s3://ours, region: r, credentials: {access_key: AKIAs3cret}}")
    assert "schema/secret" in {each.rule for each in caught.value.findings}
    assert "s3cret" not in "".join(f"{each.problem} {each.remedy}" for each in caught.value.findings)
