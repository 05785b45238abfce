"""A reply to a declared post that takes none is told before anything goes out."""

from __future__ import annotations

from pathlib import Path

from tests.operations.world import World


def test_a_reply_to_a_ghost_post_is_an_error(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.post("b", "gone tomorrow", threads="{ghost: true}")
    world.post("a", "an answer", reply_to="b")
    declared = world.workspace.declared(None, world.clock.now())
    (found,) = [each for each in declared.findings if each.is_error]
    where = (found.location.file, found.location.line)
    assert (found.rule, *where) == ("reference/no-replies", "posts/a.md", 4)
    assert found.problem == "reply_to: names b@threads/main, which is a ghost post and takes no replies."
