"""Who did it: a person, or a CI job and who started it."""

from __future__ import annotations

import os

import pytest

from threadsync.operations.provenance import Surroundings

GITHUB = {
    "GITHUB_SERVER_URL": "https://github.test",
    "GITHUB_REPOSITORY": "ana/posts",
    "GITHUB_RUN_ID": "4711",
    "GITHUB_ACTOR": "ana",
}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (GITHUB, "ana in https://github.test/ana/posts/actions/runs/4711"),
        ({**GITHUB, "FORGEJO_ACTOR": "ana"}, "ana in 4711"),
        ({**GITHUB, "GITEA_ACTIONS": "true"}, "ana in 4711"),
        (
            {"CI_JOB_URL": "https://gitlab.test/-/jobs/1", "GITLAB_USER_LOGIN": "bo"},
            "bo in https://gitlab.test/-/jobs/1",
        ),
    ],
)
def test_a_job_is_told_by_its_address_and_by_who_started_it(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], said: str
) -> None:
    for name in tuple(os.environ):
        if name.startswith(("GITHUB_", "FORGEJO_", "GITEA_", "GITLAB_", "CI_")):
            monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Surroundings().who() == said


def test_at_a_desk_it_is_the_user() -> None:
    assert Surroundings(user=lambda: "robin", ci_run=lambda: "").who() == "robin"
