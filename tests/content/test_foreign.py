"""A network that the schemas do not know has its block of options in posts, wherever a known one has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.content.support import load_files, published
from threadsync.config import load_project
from threadsync.content.foreign import foreign_networks, without
from threadsync.content.loader import Content
from threadsync.errors import ProjectError
from threadsync.model.ids import Json, TargetName

TOY = TargetName("toy/main")
PROJECT = "version: 1\nid: p\ntargets:\n  toy/main: {}\n  threads/main: {}\n"


def loaded(root: Path, post: str, project: str = PROJECT) -> Content:
    return load_files(root, {"threadsync.yaml": project, "posts/post.md": post})


def faults(content: Content) -> list[tuple[str, int, str]]:
    return [(each.rule, each.location.line, each.problem) for each in content.findings]


def test_only_networks_without_a_block_of_their_own_are_foreign() -> None:
    assert foreign_networks(["toy/main", "threads/main", "bluesky/a", "text/x"]) == {"toy"}


def test_a_block_of_options_reaches_the_network_it_is_for(tmp_path: Path) -> None:
    content = loaded(tmp_path, "---\ntargets: [toy/main, threads/main]\ntoy: {pinned: true}\n---\nHello.\n")
    post = published(content, target=TOY)
    assert post.options == {"pinned": True}
    assert post.key_locations["toy"].line == 3
    assert published(content, target=TargetName("threads/main")).options == {}


def test_a_segment_an_override_and_the_defaults_may_have_one(tmp_path: Path) -> None:
    post = (
        "---\ntargets: [toy/main]\noverrides: {toy/main: {toy: {colour: red}}}\n---\nOne.\n\n---\n\n"
        "```yaml segment\ntoy: {pinned: true}\n```\n\nTwo.\n"
    )
    found = published(loaded(tmp_path, post, f"{PROJECT}defaults: {{toy: {{size: 3}}}}\n"), target=TOY)
    assert found.options == {"size": 3, "colour": "red"}
    assert [each.options for each in found.segments] == [{}, {"pinned": True}]
    entries = "---\ntargets: [toy/main]\nsegments: [{text: One., toy: {pinned: true}}, Two.]\n---\n"
    found = published(loaded(tmp_path, entries), target=TOY)
    assert found.segments[0].options == {"pinned": True}


def test_it_is_content_so_that_a_change_to_it_is_a_change(tmp_path: Path) -> None:
    def digest(options: str) -> str:
        return published(
            loaded(tmp_path, f"---\ntargets: [toy/main]\ntoy: {options}\n---\nHello.\n"), target=TOY
        ).digest

    assert digest("{pinned: true}") != digest("{pinned: false}")
    assert digest("{a: 1, b: 2}") == digest("{b: 2, a: 1}")


@pytest.mark.parametrize("value", ["loud", "[a]", "7"])
def test_a_block_is_a_mapping(tmp_path: Path, value: str) -> None:
    content = loaded(tmp_path, f"---\ntargets: [toy/main]\ntoy: {value}\n---\nHello.\n")
    ((rule, line, problem),) = faults(content)
    assert (rule, line) == ("schema/type", 3)
    assert problem.startswith("toy must be a mapping, and is ")


def test_a_network_that_no_target_is_on_is_an_unknown_key(tmp_path: Path) -> None:
    content = loaded(tmp_path, "---\ntargets: [toy/main]\ntoi: {pinned: true}\n---\nHello.\n")
    assert [rule for rule, _, _ in faults(content)] == ["schema/unknown-key"]


def test_the_project_file_has_such_blocks_among_its_defaults_alone(tmp_path: Path) -> None:
    (tmp_path / "threadsync.yaml").write_text(f"{PROJECT}toy: {{pinned: true}}\n")
    with pytest.raises(ProjectError) as caught:
        load_project(tmp_path, exact=True)
    assert [each.rule for each in caught.value.findings] == ["schema/unknown-key"]


def test_a_target_may_have_settings_of_its_networks_own(tmp_path: Path) -> None:
    text = "version: 1\nid: p\ntargets:\n  toy/main: {account: a, toy: {signature: x, size: 3}}\n"
    (tmp_path / "threadsync.yaml").write_text(text)
    assert load_project(tmp_path, exact=True).targets[TOY].settings == {"signature": "x", "size": 3}
    for wrong in ("toi: {signature: x}", "threads: {signature: x}", "toy: loud", "signature: x"):
        (tmp_path / "threadsync.yaml").write_text(text.replace("toy: {signature: x, size: 3}", wrong))
        with pytest.raises(ProjectError) as caught:
            load_project(tmp_path, exact=True)
        assert [each.location.line for each in caught.value.findings] == [4], wrong


def test_nothing_else_is_set_aside() -> None:
    foreign = frozenset({"toy"})
    post: Json = {
        "text": "a",
        "toy": {"x": 1},
        "segments": ["b", {"toy": None, "text": "c"}, {"toy": {}}, {}],
        "overrides": {"a/b": 7, "toy/main": {"toy": {"x": 2}}, "c/d": {}},
    }
    assert without(post, foreign) == {
        "text": "a",
        "segments": ["b", {"text": "c"}, {"link": None}, {}],
        "overrides": {"a/b": 7, "c/d": {}},
    }
    assert without({"overrides": {"toy/main": {"toy": {}}}}, foreign) == {}
    assert without({"overrides": {}}, foreign) == {"overrides": {}}
    assert without("toy", foreign) == "toy"


def test_an_empty_override_is_a_slip_as_ever(tmp_path: Path) -> None:
    content = loaded(tmp_path, "---\ntargets: [toy/main]\noverrides: {toy/main: {}}\n---\nHello.\n")
    assert [rule for rule, _, _ in faults(content)] == ["schema/size"]
