"""The tour's pieces that need no process: what it copies, and what it says where something did not hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from threadsync.cli.demo_tour import BOUNDS, EXAMPLES, Tour, copy_examples, point_at
from threadsync.config import load_project
from threadsync.errors import ProjectError
from threadsync.sandbox.server import Sandbox, running


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    with running() as found:
        return found


def test_the_copy_has_posts_and_pictures_and_no_state(tmp_path: Path) -> None:
    copy_examples(tmp_path)
    assert (tmp_path / "threadsync.yaml").is_file()
    assert list((tmp_path / "examples" / "posts").rglob("*.md"))
    assert not (tmp_path / "state").exists()


def test_the_first_place_that_has_the_examples_is_taken(tmp_path: Path) -> None:
    nowhere = (tmp_path / "threadsync.yaml", tmp_path / "posts")
    into = tmp_path / "copy"
    into.mkdir()
    copy_examples(into, [nowhere, EXAMPLES[1]])
    assert (into / "threadsync.yaml").is_file()
    with pytest.raises(ProjectError, match="missing from this installation"):
        copy_examples(into, [nowhere])


def test_the_copy_speaks_to_the_sandbox_with_short_waits_and_its_tokens(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    copy_examples(tmp_path)
    point_at(tmp_path, sandbox)
    targets = load_project(tmp_path, exact=True).targets
    assert targets
    for target in targets.values():
        assert target.base_url == sandbox.base_url
        assert {name: target.bounds[name] for name in BOUNDS} == BOUNDS
        token = (
            tmp_path / target.credentials[next(iter(target.credentials))].removeprefix("file:")
        ).read_text()
        assert token == sandbox.token(target.account or "")


def test_a_tour_on_which_something_did_not_hold_says_so_and_fails(tmp_path: Path, sandbox: Sandbox) -> None:
    said: list[str] = []
    tour = Tour(tmp_path, sandbox, said.append, held=[("the sky is blue", True), ("pigs fly", False)])
    assert tour.end(8471) is False
    assert "  NO   pigs fly" in said
    assert "  yes  the sky is blue" in said
