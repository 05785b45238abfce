"""Media lie inside the project; what is wrong with one is told where it is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.content.support import load_files, published, write
from threadsync.model.diagnostic import Diagnostic


def found(root: Path, src: str) -> Diagnostic:
    text = f"---\ntargets: [threads/main]\n---\nHello.\n\n![a map]({src})\n"
    content = load_files(root, {"posts/launch/index.md": text})
    (diagnostic,) = content.findings
    assert (diagnostic.location.file, diagnostic.location.line) == ("posts/launch/index.md", 6)
    return diagnostic


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a few files beside the post, and a secret outside."""
    (tmp_path / "secret.png").write_text("secret")
    (tmp_path / "project-two").mkdir()
    (tmp_path / "project-two" / "map.png").write_text("other")
    project = tmp_path / "project"
    write(
        project,
        {
            "posts/launch/Map.png": "m",
            "posts/launch/folder/x.png": "x",
            "posts/launch/pointer.png": "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            "shared/logo.png": "logo",
        },
    )
    (project / "posts" / "launch" / "out.png").symlink_to("../../../secret.png")
    (project / "shared" / "away").symlink_to("../../project-two")
    (project / "posts" / "launch" / "in.png").symlink_to("../../shared/logo.png")
    (project / "posts" / "launch" / "dangling.png").symlink_to("gone.png")
    return project


@pytest.mark.parametrize(
    ("src", "path"),
    [
        ("Map.png", "posts/launch/Map.png"),
        ("./Map.png", "posts/launch/Map.png"),
        ("folder/../Map.png", "posts/launch/Map.png"),
        ("folder/x.png", "posts/launch/folder/x.png"),
        ("../../shared/logo.png", "shared/logo.png"),
        ("/shared/logo.png", "shared/logo.png"),
        ("in.png", "posts/launch/in.png"),
    ],
)
def test_a_path_is_relative_to_the_post_or_to_the_project(src: str, path: str, root: Path) -> None:
    text = f"---\ntargets: [threads/main]\n---\n![a map]({src})\n"
    content = load_files(root, {"posts/launch/index.md": text})
    assert [item.path for item in published(content, "launch").segments[0].media] == [path]


@pytest.mark.parametrize(
    ("src", "rule", "said"),
    [
        ("gone.png", "media/missing", "posts/launch/gone.png"),
        ("dangling.png", "media/missing", "is a link that leads nowhere"),
        ("Map.png/x.png", "media/missing", "does not exist"),
        ("nowhere/map.png", "media/missing", "does not exist"),
        ("n" * 300 + ".png", "media/unusable", "too long"),
        ("../../../secret.png", "media/outside-project", "leaves the project"),
        ("/../secret.png", "media/outside-project", "leaves the project"),
        ("out.png", "media/outside-project", "link"),
        ("/shared/away/map.png", "media/outside-project", "link"),
        ("folder", "media/not-a-file", "a folder"),
        (".", "media/not-a-file", "a folder"),
        ("pointer.png", "media/unusable", "Git LFS"),
        ("https://example.org/map.png", "media/address", "address"),
        ("file:///etc/passwd", "media/address", "address"),
        ("data:image/png;base64,AAAA", "media/address", "address"),
        ("//example.org/map.png", "media/address", "address"),
    ],
)
def test_what_is_no_file_of_the_project_is_refused(src: str, rule: str, said: str, root: Path) -> None:
    diagnostic = found(root, src)
    assert diagnostic.rule == rule
    assert said in diagnostic.problem


@pytest.mark.parametrize(
    ("src", "near"), [("map.png", "Map.png"), ("Mapp.png", "Map.png"), ("Map.jpg", "Map.png")]
)
def test_a_missing_file_is_answered_with_a_similar_one(src: str, near: str, root: Path) -> None:
    assert near in found(root, src).remedy


def test_a_pipe_is_no_picture_and_holds_nothing_up(root: Path) -> None:
    os.mkfifo(root / "posts" / "launch" / "pipe.png")
    assert found(root, "pipe.png").rule == "media/not-a-file"


def test_each_place_that_names_a_bad_file_is_told(root: Path) -> None:
    keys = "targets: [threads/main]\nmedia:\n  - gone.png\n  - {alt: x, src: gone.png}"
    text = f"---\n{keys}\n---\n![y](gone.png)\n"
    content = load_files(root, {"posts/launch/index.md": text})
    assert [str(each.location).partition(".md:")[2] for each in content.findings] == ["4:5", "5:5", "7:1"]


def test_an_empty_alternative_text_is_empty(root: Path) -> None:
    text = "---\ntargets: [threads/main]\nmedia: [Map.png]\n---\n![](Map.png)\n"
    content = load_files(root, {"posts/launch/index.md": text})
    assert [item.alt for item in published(content, "launch").segments[0].media] == ["", ""]
