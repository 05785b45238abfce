"""An upgrade of threadsync changes nothing: digests are pinned, and only content moves them (law 11)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.operations.world import World, picture
from threadsync.model.digest import DIGEST_VERSION
from threadsync.model.ids import Address

PINNED = Path(__file__).parents[1] / "data" / "digests.json"
"""Digests by rule version, made by the first release that had the rule. A change to an entry would make
every published post of that kind look changed: it needs a new ``DIGEST_VERSION`` that reads the old one."""


def every_kind(world: World) -> None:
    world.post("text", "Plain text with a link https://example.org and a #tag, @somebody and **style**")
    world.post("chain", "One\n\n---\n\nTwo, see {{ links['text@threads/main'] }}")
    world.post("reply", "Me too", reply_to="text")
    world.post("audience", "For some", who_can_reply="followers", langs="[de]", tags="[a, b]")
    world.post("options", "With options", threads="{topic: transit}")
    world.post("override", "Long", overrides="{threads/main: {text: Short}}")
    world.write(
        "posts/poll.yaml", "key: poll\ntargets: [threads/main]\ntext: Which?\npoll: {options: [A, B]}\n"
    )


def digests(world: World) -> dict[str, list[str]]:
    declared = world.workspace.declared(None, world.clock.now())
    found = declared.desired.publications
    return {str(address.key): list(wanted.digests) for address, wanted in sorted(found.items())}


def test_the_digests_of_every_kind_of_post_are_those_of_the_first_release(world: World) -> None:
    every_kind(world)
    assert digests(world) == json.loads(PINNED.read_text())[str(DIGEST_VERSION)]


def one(world: World) -> list[str]:
    address = Address.parse("a@threads/main")
    declared = world.workspace.declared(None, world.clock.now())
    return list(declared.desired.publications[address].digests)


BASE = """\
---
key: a
targets: [threads/main]
who_can_reply: everyone
langs: [de, en]
---
Hello

![red](p.jpg)
"""


@pytest.mark.parametrize(
    "same",
    [
        BASE.replace("\n", "\r\n"),
        BASE.replace("Hello", "Hello   "),
        BASE.replace("key: a\ntargets: [threads/main]", "targets:\n  - 'threads/main'\nkey: \"a\""),
        BASE.replace("p.jpg", "renamed.jpg"),
        BASE.replace("langs", "notes: for reviewers\nprotect: true\non_change: keep\nlangs"),
        BASE.replace("langs", "publish: 2027-01-01 10:00\nlangs"),
        "\ufeff" + BASE,
    ],
    ids=["crlf", "line-end space", "order and quoting", "renamed picture", "controls", "time", "bom"],
)
def test_what_is_not_content_does_not_move_the_digest(world: World, same: str) -> None:
    world.write("posts/p.jpg", picture())
    world.write("posts/renamed.jpg", picture())
    world.write("posts/a.md", BASE)
    before = one(world)
    world.write("posts/a.md", same)
    assert one(world) == before


@pytest.mark.parametrize(
    "other",
    [
        BASE.replace("Hello", "Hullo"),
        BASE.replace("everyone", "followers"),
        BASE.replace("![red]", "![blue]"),
        BASE.replace("[de, en]", "[en]"),
        BASE.replace("p.jpg", "other.jpg"),
    ],
    ids=["text", "audience", "alt", "langs", "picture"],
)
def test_what_is_content_moves_it(world: World, other: str) -> None:
    world.write("posts/p.jpg", picture())
    world.write("posts/other.jpg", picture("blue"))
    world.write("posts/a.md", BASE)
    before = one(world)
    world.write("posts/a.md", other)
    assert one(world) != before
