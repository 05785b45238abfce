"""What a person does to the state by hand never lets a post go out twice, and says what is left where."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from threadsync.errors import UsageError
from threadsync.model.ids import Address
from threadsync.operations.importing import import_post
from threadsync.operations.surgery import state_accept, state_remove
from threadsync.testing.desk import Desk
from threadsync.testing.shape import chain
from threadsync.testing.troubles import Moment, Trouble, Unreachable
from threadsync.testing.world import World

A, B = "a@threads/main", "b@threads/main"
HOUR = 3600.0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(desk=Desk(tmp_path)) as made:
        yield made


def words(world: World) -> dict[str, str]:
    """Apply; return what was shown of each address."""
    ran = world.apply()
    assert ran.outcome is not None, ran.error
    world.clock.sleep(HOUR)
    return {str(a.address): f"{a.word} {a.reason}" for a in ran.outcome.prepared.plan.actions}


def remote_id(world: World, text: str) -> str:
    (post,) = [each for each in world.network.live() if each.text == text]
    return post.remote_id


def with_a_lost_b(world: World, text: str = "What b says") -> None:
    """Publish ``b``, and let the state know nothing of it."""
    world.post("b", text)
    words(world)
    state_remove(world.workspace, [B])
    world.post("a", "What a says")


def test_a_post_that_another_file_waits_to_publish_is_not_bound_to_this_one(world: World) -> None:
    """Bound to ``a`` it would not be looked for on the account, and ``b`` would publish it again."""
    with_a_lost_b(world)
    with pytest.raises(UsageError, match=f"says what {B} says") as refused:
        import_post(world.workspace, A, remote_id(world, "What b says"))
    assert f"threadsync import {B} https://" in refused.value.remedy


def test_a_further_segment_that_another_chain_waits_to_publish_is_not_bound_either(world: World) -> None:
    with_a_lost_b(world, chain("What b says", "More of b"))
    with pytest.raises(UsageError, match=f"says what {B} says"):
        import_post(world.workspace, A, remote_id(world, "More of b"))


def test_a_post_of_other_words_is_bound_where_nobody_else_waits_for_it(world: World) -> None:
    with_a_lost_b(world)
    import_post(world.workspace, B, remote_id(world, "What b says"))
    world.network.post_by_hand("main", "By hand", world.clock.true())
    done = import_post(world.workspace, A, remote_id(world, "By hand"))
    assert "Its text differs from the file's first segment; the file counts as what is live." in done.lines


def test_accepting_a_chain_of_which_a_part_is_gone_names_what_is_still_up(world: World) -> None:
    world.post("a", chain("One", "Two", "Three"))
    words(world)
    world.network.delete_by_hand(remote_id(world, "Two"), world.clock.true())
    assert world.state is not None
    bound = world.state.bindings[Address.parse(A)].segments
    left = [post.permalink for post in bound if post.text != "Two"]
    (line,) = state_accept(world.workspace, [A]).lines
    assert line == (
        f"{A} is recorded as taken down: the network no longer has 1 of its 3 posts. The others are still "
        f"up, and threadsync lets go of them: {', '.join(left)}."
    )


def test_a_draft_that_is_half_taken_down_is_said_to_stay_so(world: World) -> None:
    """The consent was given for all of it: as a draft it waits, and the plan says for what."""
    world.post("a", chain("One", "Two"))
    words(world)

    def midway(moment: Moment) -> Trouble | None:
        return Unreachable() if " DELETE " in moment.what and len(world.network.live()) == 1 else None

    world.post("a", chain("One", "Two"), withdraw="true")
    world.script = midway
    words(world)
    world.calm()
    world.post("a", chain("One", "Two"), withdraw="true", draft="true")
    words(world)  # settles the deletion that was not answered
    (action,) = world.plan().plan.actions
    assert (action.word, action.reason) == ("no-op", "draft-published")
    assert "half taken down" in getattr(action, "note", "")
    words(world)
    assert [post.text for post in world.network.live()] == ["One"]
    world.post("a", chain("One", "Two"), withdraw="true")
    assert words(world) == {A: "delete resume"}
    assert world.network.live() == []
