"""Which pull request a CI job is about: what the forges' own variables say, and what options say instead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from threadsync.errors import UsageError
from threadsync.forges.base import ForgeName
from threadsync.forges.forgejo import Forgejo
from threadsync.forges.github import GitHub
from threadsync.forges.gitlab import GitLab
from threadsync.operations.commenting import no_token
from threadsync.operations.forge_place import Given, place_of

TOKEN = "canary-4f1c"
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_API_URL": "https://api.github.com",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "lift/posts",
    "GITHUB_REF": "refs/pull/17/merge",
    "GITHUB_SHA": "merge-sha",
    "GITHUB_EVENT_NAME": "pull_request",
    "GITHUB_TOKEN": TOKEN,
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_API_V4_URL": "https://gitlab.example/api/v4",
    "CI_SERVER_URL": "https://gitlab.example",
    "CI_PROJECT_PATH": "lift/desk/posts",
    "CI_MERGE_REQUEST_IID": "17",
    "CI_MERGE_REQUEST_PROJECT_PATH": "lift/desk/posts",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "lift/desk/posts",
    "CI_COMMIT_SHA": "head-sha",
    "CI_PIPELINE_SOURCE": "merge_request_event",
    "CI_JOB_TOKEN": "of the job",
    "GITLAB_TOKEN": TOKEN,
}
FORGEJO = {
    **GITHUB,
    "FORGEJO_ACTIONS": "true",
    "GITEA_ACTIONS": "true",
    "GITHUB_API_URL": "https://forge.example/api/v1",
    "GITHUB_SERVER_URL": "https://forge.example",
    "GITHUB_REF": "refs/pull/17/head",
}
NOTHING = Given()


def event(path: Path, head: str = "lift/posts") -> str:
    pull = {"number": 17, "head": {"sha": "head-sha", "repo": {"full_name": head}}}
    path.write_text(json.dumps({"pull_request": pull}))
    return str(path)


def test_a_job_of_github(tmp_path: Path) -> None:
    place = place_of({**GITHUB, "GITHUB_EVENT_PATH": event(tmp_path / "event.json")}, NOTHING)
    assert place.forge == GitHub("lift/posts", "https://github.com")
    assert (place.api_url, place.number, place.commit) == ("https://api.github.com", 17, "head-sha")
    assert (place.is_fork, place.is_push, place.token_name) == (False, False, "GITHUB_TOKEN")


def test_the_commit_of_the_pull_request_and_not_of_githubs_trial_merge_is_shown(tmp_path: Path) -> None:
    """The trial merge is gone by tomorrow."""
    with_event = {**GITHUB, "GITHUB_EVENT_PATH": event(tmp_path / "event.json")}
    assert place_of(with_event, NOTHING).commit == "head-sha"
    assert place_of(GITHUB, NOTHING).commit == "merge-sha"


def test_a_fork_s_pull_request_is_known_and_its_pictures_are_in_the_fork(tmp_path: Path) -> None:
    path = event(tmp_path / "event.json", "mallory/posts")
    place = place_of({**GITHUB, "GITHUB_EVENT_PATH": path}, NOTHING)
    assert place.is_fork
    assert place.forge == GitHub("lift/posts", "https://github.com")
    seen = place.picture_url("desk/")
    assert seen("posts/a b.png") == (
        "https://github.com/mallory/posts/blob/head-sha/desk/posts/a%20b.png?raw=true"
    )
    assert seen("../shared/x.png").endswith("/blob/head-sha/shared/x.png?raw=true")
    assert seen("../../outside.png") == ""


def test_a_job_of_gitlab() -> None:
    place = place_of(GITLAB, NOTHING)
    assert place.forge == GitLab("lift/desk/posts", "https://gitlab.example")
    assert (place.api_url, place.number) == ("https://gitlab.example/api/v4", 17)
    assert (place.commit, place.is_fork, place.summary) == ("head-sha", False, None)
    merged_result = place_of({**GITLAB, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "branch-sha"}, NOTHING)
    assert merged_result.commit == "branch-sha"


def test_gitlab_runs_the_job_of_a_fork_in_the_fork() -> None:
    """The comment belongs to the project that the merge request goes to."""
    fork = {
        **GITLAB,
        "CI_PROJECT_PATH": "mallory/posts",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "mallory/posts",
    }
    place = place_of({name: value for name, value in fork.items() if name != "GITLAB_TOKEN"}, NOTHING)
    assert place.forge == GitLab("lift/desk/posts", "https://gitlab.example")
    assert (place.is_fork, place.token) == (True, None)


def test_the_token_of_a_gitlab_job_is_not_used() -> None:
    """It may not write notes: docs.gitlab.com/ci/jobs/ci_job_token."""
    without = {name: value for name, value in GITLAB.items() if name != "GITLAB_TOKEN"}
    assert place_of(without, NOTHING).token is None


@pytest.mark.parametrize("own", [{}, {"FORGEJO_TOKEN": "its own", "FORGEJO_REPOSITORY": "lift/own"}])
def test_a_job_of_forgejo_is_none_of_github(own: dict[str, str]) -> None:
    """It has the variables of GitHub, for actions that know no other; its own win."""
    place = place_of({**FORGEJO, **own}, NOTHING)
    assert place.forge == Forgejo(own.get("FORGEJO_REPOSITORY", "lift/posts"), "https://forge.example")
    assert (place.api_url, place.number) == ("https://forge.example/api/v1", 17)
    assert place.token is not None
    assert place.token.reveal() == own.get("FORGEJO_TOKEN", TOKEN)


def test_a_forgejo_that_tells_no_address_of_its_api_has_the_usual_one() -> None:
    environ = {name: value for name, value in FORGEJO.items() if name != "GITHUB_API_URL"}
    assert place_of(environ, NOTHING).api_url == "https://forge.example/api/v1"


def test_options_win_and_a_token_is_named_never_given() -> None:
    given = Given(None, "lift/other", 3, "https://ghe.example/api/v3", "MY_TOKEN")
    place = place_of({**GITHUB, "MY_TOKEN": " mine\n"}, given)
    assert place.forge == GitHub("lift/other", "https://github.com")
    assert (place.number, place.api_url, place.token_name) == (3, "https://ghe.example/api/v3", "MY_TOKEN")
    assert place.token is not None
    assert place.token.reveal() == "mine"
    assert "mine" not in repr(place)


def test_at_a_desk_all_is_said_by_options() -> None:
    given = Given(ForgeName.GITHUB, "lift/posts", 3)
    place = place_of({"GH_TOKEN": TOKEN}, given)
    assert (place.forge, place.number) == (GitHub("lift/posts", "https://github.com"), 3)
    assert (place.token_name, place.commit) == ("GH_TOKEN", "")
    assert place.picture_url("")("posts/a.png") == ""


def test_a_job_of_one_forge_says_nothing_of_another() -> None:
    """Above all no token of the one goes to the other."""
    place = place_of(FORGEJO, Given(ForgeName.GITHUB, "lift/posts", 3))
    assert (place.token, place.api_url, place.commit) == (None, "https://api.github.com", "")


def test_at_a_desk_a_token_of_github_does_not_go_to_another_forge() -> None:
    """Law 12: GITHUB_TOKEN is Forgejo's only in a job of Forgejo."""
    given = Given(ForgeName.FORGEJO, "lift/posts", 3, "https://forge.example/api/v1")
    place = place_of({"GITHUB_TOKEN": TOKEN}, given)
    assert (place.token, place.token_name) == (None, "FORGEJO_TOKEN")
    named = Given(ForgeName.FORGEJO, "lift/posts", 3, "https://forge.example/api/v1", "GITHUB_TOKEN")
    assert place_of({"GITHUB_TOKEN": TOKEN}, named).token is not None, "unless somebody says so"


@pytest.mark.parametrize(
    ("environ", "given"),
    [
        ({}, NOTHING),
        ({}, Given(ForgeName.GITHUB)),
        (GITHUB, Given(repository="posts")),
        (GITHUB, Given(repository="lift/posts?x=1")),
        (GITHUB, Given(api_url="http://api.github.com")),
        (GITHUB, Given(api_url="ftp://api.github.com")),
        (GITHUB, Given(api_url="https://[")),
        ({}, Given(ForgeName.FORGEJO, "lift/posts")),
    ],
)
def test_what_is_missing_or_unsafe_is_said(environ: dict[str, str], given: Given) -> None:
    with pytest.raises(UsageError) as caught:
        place_of(environ, given)
    assert "--" in caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"[]", b'{"pull_request": 7}', b"\xff", b"[" * 100_000])
def test_an_event_that_says_nothing_is_passed_over(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "event.json"
    path.write_bytes(content)
    assert place_of({**GITHUB, "GITHUB_EVENT_PATH": str(path)}, NOTHING).number == 17
    missing = place_of({**GITHUB, "GITHUB_EVENT_PATH": str(tmp_path / "none"), "GITHUB_REF": "x"}, NOTHING)
    assert missing.number is None


@pytest.mark.parametrize(
    ("forge", "path"),
    [(ForgeName.GITHUB, "/api/v3"), (ForgeName.GITLAB, "/api/v4"), (ForgeName.FORGEJO, "/api/v1")],
)
def test_an_unsafe_address_is_answered_with_that_forge_s_own(forge: ForgeName, path: str) -> None:
    with pytest.raises(UsageError) as refused:
        place_of({}, Given(forge, "lift/posts", 3, "http://forge.example"))
    assert f"--api https://HOST{path} " in refused.value.remedy


def test_a_token_that_is_not_there_is_asked_for_by_the_name_it_was_given() -> None:
    usual = place_of({}, Given(ForgeName.GITHUB, "lift/posts", 3))
    assert "GITHUB_TOKEN: ${{ github.token }}" in no_token(usual).remedy
    named = place_of({}, Given(ForgeName.GITHUB, "lift/posts", 3, token_name="MINE"))
    assert "has no MINE" in no_token(named).problem
    assert no_token(named).remedy == "Put a token into MINE, or correct --token-from."
