"""How many calls an apply makes: the same on every machine, so that a call too many is seen at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.operations.world import World, picture

PREFLIGHT = 5
"""The account, its quotas, the life of its token, own posts and own replies."""
COLORS = ("red", "blue", "green", "gold")
TEXT, PICTURE = 4, 4
"""Calls: make it, look at it, publish it, read its permalink."""
CAROUSEL = 2 * len(COLORS) + 4
"""Every picture is made and looked at; then the carousel goes the way of a text."""


def mixed(world: World, texts: int, pictures: int, carousels: int) -> None:
    """Write so many posts of each kind."""
    for color in COLORS:
        world.write(f"posts/{color}.jpg", picture(color))
    shown = [f"![{color}]({color}.jpg)" for color in COLORS]
    bodies = ["", *shown[:1], "\n\n".join(shown)]
    for kind, (many, body) in enumerate(zip((texts, pictures, carousels), bodies, strict=True)):
        for number in range(many):
            world.post(f"post-{kind}-{number}", f"Kind {kind}, number {number}\n\n{body}".strip())


@pytest.mark.parametrize(
    ("delay_seconds", "looks"),
    [(1.4, 0), (1.9, 1), (2.6, 2)],
    ids=["at the first look", "at the second", "at the third"],
)
def test_an_apply_makes_no_call_too_many(tmp_path: Path, delay_seconds: float, looks: int) -> None:
    """While media are in progress, each pause costs a picture one call.

    A carousel is first looked at when a picture is looked at for the second time, and each pause after
    that costs one call too.
    """
    world = World(tmp_path)
    world.switch(image_delay_seconds=delay_seconds, carousel_delay_seconds=0)
    mixed(world, texts=12, pictures=6, carousels=2)
    assert set(world.applied(max_creates=20).values()) == {"applied"}
    calls = 12 * TEXT + 6 * (PICTURE + looks) + 2 * (CAROUSEL + max(0, looks - 1))
    assert len(world.sent) == PREFLIGHT + calls
