"""What ``watch`` prints: each change in full, and of a branch switch with a thousand no thousand lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.operations.world import World
from threadsync.operations.preview import Preview, preview
from threadsync.views.watch_text import first_text, news_text
from threadsync.watch.seen import News, news


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.post("a", "Hello")
    return made


def look(world: World) -> Preview:
    return preview(world.workspace, None)


def text_of(found: News, after: Preview) -> str:
    return news_text(
        after.prepared,
        after.drafts,
        findings=found.findings,
        standing=found.standing,
        fewer=found.fewer,
        mended=found.mended,
        actions=found.actions,
        changed=found.drafts,
        gone=found.gone,
        at=after.prepared.plan.at,
        width=80,
        color=False,
    )


def test_of_a_thousand_changed_posts_some_are_named_and_all_are_counted(world: World) -> None:
    before = look(world)
    for number in range(1000):
        world.post(f"many/{number:03}", "One of many")
    after = look(world)
    text = text_of(news(before, after), after)
    assert text.count("\n") < 30
    assert "+ create  many/000@threads/main  (new)" in text
    assert "… and 980 more. threadsync plan shows each with its text." in text
    assert "Plan: 1001 to create." in text
    text = text_of(news(after, before), before)
    assert text.count("\n") < 30
    assert "… and 980 more." in text


def test_of_a_thousand_findings_some_are_told_and_all_are_counted(world: World) -> None:
    before = look(world)
    for number in range(1000):
        world.post(f"many/{number:03}", "One of many", publish="nonsense")
    after = look(world)
    text = text_of(news(before, after), after)
    assert text.count("error:") == 10
    assert "… and 990 more problems; threadsync validate shows all." in text
    first = first_text(after.prepared, after.drafts, width=80, color=False)
    assert first.count("error:") == 10


def test_problems_that_were_there_before_are_counted(world: World) -> None:
    world.post("b", "Another", publish="nonsense")
    before = look(world)
    world.post("c", "A third", publish="nonsense")
    worse = look(world)
    text = text_of(news(before, worse), worse)
    assert "posts/c.md:4:10: error" in text
    assert "posts/b.md" not in text
    assert "1 problem as before; threadsync validate shows all." in text
    world.post("c", "A third")
    text = text_of(news(worse, look(world)), look(world))
    assert "1 problem left; threadsync validate shows all." in text
