"""What has a time is shown in the order of the times on each target, and staged ahead of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.operations.world import World, picture
from threadsync.sandbox.threads import Fault, FaultKind

PICTURE = "\n\n![red](red.jpg)"
MADE, SHOWN = "POST /me/threads", "POST /me/threads_publish"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.write("posts/red.jpg", picture())
    made.switch(image_delay_seconds=5.0)
    return made


def timed(world: World, minute: int, text: str, **more: object) -> None:
    """Declare a post of 11 o'clock and so many minutes; its key comes the later, the earlier its time."""
    world.post(f"p{99 - minute}", text, publish=f"2026-11-21 11:{minute}", **more)


def test_posts_come_out_in_the_order_of_their_times_however_long_each_takes(world: World) -> None:
    timed(world, 20, "Second")
    timed(world, 10, f"First{PICTURE}")
    timed(world, 40, "Fourth")
    timed(world, 30, f"Third{PICTURE}")
    assert set(world.applied().values()) == {"applied"}
    assert world.live() == ["First", "Second", "Third", "Fourth"]


def test_all_of_them_are_staged_while_the_first_is_waited_for(world: World) -> None:
    timed(world, 10, f"First{PICTURE}")
    for minute in range(11, 30):
        timed(world, minute, f"At {minute}")
    world.applied(max_creates=20)
    assert world.sent.index(SHOWN) > max(n for n, each in enumerate(world.sent) if each == MADE)


def test_what_has_no_time_waits_for_nothing_that_has_one(world: World) -> None:
    timed(world, 10, f"First{PICTURE}")
    world.post("a", "At once")
    assert set(world.applied().values()) == {"applied"}
    assert world.live() == ["At once", "First"]


def test_what_has_the_same_time_comes_as_it_is_ready(world: World) -> None:
    world.post("a", f"A picture{PICTURE}", publish="2026-11-21 11:10")
    world.post("b", "A text", publish="2026-11-21 11:10")
    timed(world, 20, "Later")
    assert set(world.applied().values()) == {"applied"}
    assert world.live() == ["A text", "A picture", "Later"]


def test_a_chain_is_whole_before_the_next_post_comes(world: World) -> None:
    timed(world, 10, "One\n\n---\n\nTwo\n\n---\n\nThree")
    timed(world, 20, "After it")
    assert set(world.applied().values()) == {"applied"}
    assert world.live() == ["One", "Two", "Three", "After it"]


def test_a_post_that_is_refused_holds_back_none(world: World) -> None:
    timed(world, 10, "See https://example.org/1")
    timed(world, 20, "Second")
    world.arm(Fault("create", FaultKind.LINK_REFUSED, times=None))
    assert sorted(world.applied().values()) == ["applied", "refused"]
    assert world.live() == ["Second"]


def lost_and_done(world: World) -> None:
    world.arm(Fault("publish", FaultKind.ANSWER_LOST))


def lost(world: World) -> None:
    world.arm(Fault("publish", FaultKind.REQUEST_LOST))


@pytest.mark.parametrize("trouble", [lost_and_done, lost])
def test_a_post_in_doubt_is_settled_before_the_next_comes(
    world: World, trouble: Callable[[World], None]
) -> None:
    timed(world, 10, "First")
    timed(world, 20, "Second")
    trouble(world)
    assert set(world.applied().values()) == {"applied"}
    assert world.live() == ["First", "Second"]


@pytest.mark.parametrize("at_first", [1, 2, 16])
def test_what_names_a_later_post_comes_after_that_and_nothing_waits_in_a_circle(
    world: World, at_first: int
) -> None:
    """Also where no more than one may begin at a time, and that one waits for its turn."""
    project = (world.root / "threadsync.yaml").read_text()
    bounds = f"bounds: {{actions_at_first_max: {at_first}}}, media_host: local}}"
    world.write("threadsync.yaml", project.replace("media_host: local}", bounds))
    timed(world, 10, "Names a later one: {{ links['p69@threads/main'] }}")
    timed(world, 20, f"Second{PICTURE}")
    timed(world, 30, "Third")
    timed(world, 40, "Fourth")
    assert set(world.applied().values()) == {"applied"}
    assert [text.partition(":")[0] for text in world.live()] == [
        "Second",
        "Third",
        "Names a later one",
        "Fourth",
    ]


def test_the_order_of_one_target_holds_back_nothing_on_another(world: World) -> None:
    timed(world, 10, f"First{PICTURE}")
    timed(world, 20, "Second", targets="threads/brand", backfill="true")
    assert set(world.applied().values()) == {"applied"}
    first, second = world.posts()[0], world.posts("brand")[0]
    assert second.created < first.created
