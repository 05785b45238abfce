"""What is new between two looks: what changed, what is wrong now, what is gone; and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.operations.world import World
from threadsync.model.diagnostic import Diagnostic, Location
from threadsync.operations.preview import Preview, preview
from threadsync.watch.seen import news


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.post("a", "Hello")
    made.post("b", "Another")
    return made


def look(world: World) -> Preview:
    workspace = world.workspace
    return preview(workspace, workspace.store.read().state)


def test_saving_a_file_as_it_was_is_no_news(world: World) -> None:
    before = look(world)
    world.post("a", "Hello")
    assert not news(before, look(world))


def test_only_what_changed_is_told(world: World) -> None:
    before = look(world)
    world.post("a", "Hello there")
    found = news(before, look(world))
    assert [str(action.address) for action in found.actions] == ["a@threads/main"]
    assert not found.drafts


def test_a_draft_is_told_with_the_text_its_network_would_get(world: World) -> None:
    before = look(world)
    world.post("c", "Words to come", draft="true")
    (draft,) = news(before, look(world)).drafts
    assert [(view.text, view.count) for view in draft.segments] == [("Words to come", 13)]


def test_a_file_that_breaks_is_told_by_its_finding_and_is_not_gone(world: World) -> None:
    before = look(world)
    world.post("a", "Hello", targets="threads/mian")
    broken = look(world)
    found = news(before, broken)
    assert [finding.rule for finding in found.findings] == ["post/unknown-target"]
    assert found.gone == ()
    world.post("a", "Hello")
    mended = news(broken, look(world))
    assert mended.mended
    assert [str(action.address) for action in mended.actions] == ["a@threads/main"]


def test_a_file_that_was_never_published_and_is_removed_is_gone(world: World) -> None:
    before = look(world)
    world.remove("b")
    found = news(before, look(world))
    assert [str(address) for address in found.gone] == ["b@threads/main"]
    assert found.actions == ()


def test_an_apply_elsewhere_is_news(world: World) -> None:
    before = look(world)
    world.applied()
    assert {action.word for action in news(before, look(world)).actions} == {"no-op"}


def test_what_is_in_a_folder_that_cannot_be_read_is_not_gone(world: World) -> None:
    before = look(world)
    posts = world.root / "posts"
    for post in posts.iterdir():
        post.unlink()
    seen = look(world)
    location = Location("posts")
    unreadable = Diagnostic(location, "file/unreadable", "the folder cannot be read.", "")
    after = replace(seen, prepared=replace(seen.prepared, findings=(unreadable,)))
    assert [str(address) for address in news(before, seen).gone] == ["a@threads/main", "b@threads/main"]
    assert news(before, after).gone == ()


def test_findings_that_stay_are_counted_and_not_told_again(world: World) -> None:
    world.post("a", "Hello", targets="threads/mian")
    before = look(world)
    world.post("b", "Another", targets="threads/brnad")
    worse = look(world)
    found = news(before, worse)
    assert [finding.location.file for finding in found.findings] == ["posts/b.md"]
    assert (found.standing, found.fewer) == (1, False)
    world.post("b", "Another")
    found = news(worse, look(world))
    assert (found.findings, found.standing, found.fewer, found.mended) == ((), 1, True, False)


def test_what_two_targets_of_one_network_find_is_told_once(world: World) -> None:
    world.post("a", "word " * 200, targets="threads/main, threads/brand", draft="true")
    assert [finding.rule for finding in look(world).prepared.findings] == ["threads/text-too-long"]
