"""Projects on Bluesky: what apply, refresh and import make of a network whose posts are records with keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.operations.both import BRAND, Both
from threadsync.sandbox.bluesky.state import Record


@pytest.fixture
def world(tmp_path: Path) -> Both:
    return Both(tmp_path)


def replies(records: list[Record]) -> list[tuple[object, ...]]:
    """Each post with the texts of its root and its parent, where it is a reply."""
    texts = {each.uri: each.value["text"] for each in records}
    found: list[tuple[object, ...]] = []
    for each in records:
        reply: Any = each.value.get("reply", {})
        found.append((each.value["text"], *(texts.get(reply[name]["uri"], "(gone)") for name in reply)))
    return found


# Replacing.


@pytest.mark.parametrize("publish", [{}, {"publish": "2026-11-21 12:00"}], ids=["at once", "planned"])
def test_what_is_replaced_within_its_own_second_or_planned_hour_is_live_in_its_new_words(
    world: Both, publish: dict[str, str]
) -> None:
    """A key follows from the planned second: the new post must not be taken for the old one there."""
    world.post("a", "Old", targets="bluesky/brand", **publish)
    assert world.applied() == {"a@bluesky/brand": "applied"}
    if publish:
        world.clock.sleep(600)
    world.post("a", "New", targets="bluesky/brand", on_change="replace", **publish)
    assert world.applied() == {"a@bluesky/brand": "applied"}
    (live,) = world.sky.records(BRAND)
    assert live.value["text"] == "New"
    (bound,) = world.state.bindings.values()
    assert bound.remote_ids == (live.uri,)
    assert world.applied() == {}


def test_a_post_that_is_replaced_is_no_reply_to_the_one_before_it(world: Both) -> None:
    world.post("a", "Old", targets="bluesky/brand")
    world.applied()
    world.clock.sleep(60)
    world.post("a", "New", targets="bluesky/brand", on_change="replace")
    world.applied()
    assert replies(world.sky.records(BRAND)) == [("New",)]


def test_a_chain_is_replaced_from_where_it_changed_under_the_segment_before_that(world: Both) -> None:
    world.post("a", "One\n\n---\n\nTwo\n\n---\n\nThree", targets="bluesky/brand")
    world.applied()
    world.clock.sleep(60)
    world.post("a", "One\n\n---\n\nTwo, anew\n\n---\n\nThree", targets="bluesky/brand", on_change="replace")
    assert world.applied() == {"a@bluesky/brand": "applied"}
    assert replies(world.sky.records(BRAND)) == [
        ("One",),
        ("Two, anew", "One", "One"),
        ("Three", "One", "Two, anew"),
    ]
