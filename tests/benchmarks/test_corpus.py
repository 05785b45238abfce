"""The corpus: the same every time, of the size that the figures are said of, and a project without faults."""

from __future__ import annotations

from pathlib import Path
from statistics import mean

import pytest

from benchmarks.corpus import LIVE_SINCE, PICTURE_BYTES, POSTS, beginning, picture, write_posts
from threadsync.operations.workspace import open_project

COUNT = 500


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("corpus") / "project"
    write_posts(root, COUNT)
    return root


def files(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def test_it_is_the_same_every_time(corpus: Path, tmp_path: Path) -> None:
    write_posts(tmp_path / "again", COUNT)
    assert files(tmp_path / "again") == {
        name: content for name, content in files(corpus).items() if not name.startswith(".threadsync")
    }


def test_its_posts_are_as_long_as_is_said(corpus: Path) -> None:
    posts = [path.read_text() for path in (corpus / POSTS).rglob("*.md")]
    assert len(posts) == COUNT
    assert 640 <= mean(len(text) for text in posts) <= 710
    assert 16 <= mean(text.count("\n") for text in posts) <= 19


def test_its_pictures_are_all_different_and_of_one_size() -> None:
    pictures = {picture(number) for number in range(300)}
    assert {len(each) for each in pictures} == {PICTURE_BYTES}
    assert len(pictures) == 300


def test_it_has_no_faults_and_every_kind_of_post_on_both_targets(corpus: Path) -> None:
    declared = open_project(corpus, exact=True).declared(None, LIVE_SINCE)
    assert declared.findings == ()
    shapes = [wanted.segments for wanted in declared.desired.publications.values()]
    assert len(shapes) == 2 * COUNT
    assert {len(segments) for segments in shapes} == {1, 3}
    assert {len(segments[0].media) for segments in shapes} == {0, 1, 4}


def test_a_changed_beginning_is_the_first_thing_a_post_says(corpus: Path) -> None:
    post = next((corpus / POSTS).rglob("*.md")).read_text()
    changed = beginning(post, "New words.")
    assert changed.replace("New words. ", "") == post
    assert changed.split("---\n")[2].startswith("New words. ")
