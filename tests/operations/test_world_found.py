"""What the random simulation found: each test is one way in which the promise broke."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from threadsync.errors import UsageError
from threadsync.operations.importing import import_post
from threadsync.operations.surgery import state_accept, state_remove, state_resolve
from threadsync.testing.desk import Desk
from threadsync.testing.disk import MemoryDisk, When
from threadsync.testing.networks import Seen
from threadsync.testing.shape import chain
from threadsync.testing.troubles import Death, Moment, NetworkFault, Place, Script, Trouble, Unreachable
from threadsync.testing.world import World

A = "a@threads/main"
HOUR = 3600.0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(desk=Desk(tmp_path)) as made:
        yield made


def applied(world: World, **options: object) -> dict[str, str]:
    """Apply; return what the plan that was shown said of each address."""
    ran = world.apply(**options)
    assert ran.outcome is not None, ran.error
    world.clock.sleep(HOUR)
    return {str(a.address): f"{a.word} {a.reason}" for a in ran.outcome.prepared.plan.actions}


def died(world: World, script: Script) -> None:
    world.script = script
    assert world.apply().died
    world.calm()
    world.clock.sleep(HOUR)


def after_staging(number: int) -> Script:
    """Die once the container with this number, counted from 1, is on record, and before it is published."""
    staged = 0

    def script(moment: Moment) -> Trouble | None:
        nonlocal staged
        if moment.place is Place.REQUEST and staged == number:
            return Death(When.BEFORE)
        staged += moment.what.endswith(" POST /v1.0/me/threads")
        return None

    return script


def live(world: World) -> list[str]:
    return [post.text for post in world.network.live()]


def one(world: World, text: str) -> Seen:
    (post,) = [post for post in world.network.live() if post.text == text]
    return post


# A container goes live under the post it was made for (law 3).


def test_a_container_made_under_a_replaced_segment_is_not_used_under_the_new_one(world: World) -> None:
    world.post("a", chain("Top was wrong", "Second stays"))
    died(world, after_staging(2))
    world.post("a", chain("Top is right", "Second stays"), on_change="replace")
    applied(world)
    assert live(world) == ["Top is right", "Second stays"]
    assert one(world, "Second stays").parent == one(world, "Top is right").remote_id


# An unbound post that says what a wanted segment says blocks it, whatever else changed (law 8).


def test_a_further_segment_that_has_become_the_first_is_recognised(world: World) -> None:
    world.post("a", chain("One comes first", "Two follows"))
    applied(world)
    state_remove(world.workspace, [A])
    world.post("a", "Two follows")
    assert applied(world) == {A: "blocked looks-published"}


def test_a_link_still_to_be_made_does_not_hide_the_other_segments(world: World) -> None:
    world.post("b", "What is linked to")
    world.post("a", chain("One comes first", "See {{ links['b@threads/main'] }}"))
    applied(world)
    world.disk = MemoryDisk()
    world.post("b", "What is linked to is another text now")
    assert applied(world)[A] == "blocked looks-published"


def test_a_reply_is_recognised_though_what_it_replies_to_is_new(world: World) -> None:
    world.post("b", "What is replied to")
    world.post("a", "An answer", reply_to="b")
    applied(world)
    world.disk = MemoryDisk()
    world.post("b", "What is replied to is another text now")
    assert applied(world)[A] == "blocked looks-published"
    assert live(world).count("An answer") == 1


def test_a_further_segment_is_not_imported_as_the_first(world: World) -> None:
    """Bound as the first, it would be published again as what it is."""
    world.post("a", chain("One comes first", "Two follows"))
    applied(world)
    state_remove(world.workspace, [A])
    two = one(world, "Two follows").remote_id
    world.post("a", chain("One is new", "Two follows"))
    with pytest.raises(UsageError, match="says what segment 2 of a@threads/main says"):
        import_post(world.workspace, A, two)


def test_a_further_segment_is_not_imported_as_the_next_one(world: World) -> None:
    """What a deleted segment leaves up of its chain; the remedy is one that works."""
    world.post("a", chain("One comes first", "Two was deleted", "Three is still up"))
    applied(world)
    state_remove(world.workspace, [A])
    first, three = one(world, "One comes first").remote_id, one(world, "Three is still up").remote_id
    world.network.delete_by_hand(one(world, "Two was deleted").remote_id, world.clock.true())
    import_post(world.workspace, A, first)
    with pytest.raises(
        UsageError, match="says what segment 3 of a@threads/main says, not segment 2"
    ) as refused:
        import_post(world.workspace, A, three)
    assert refused.value.remedy is not None
    assert f"publish the rest of it anew with --allow-duplicate={A}" in refused.value.remedy


def test_what_a_replace_would_say_is_looked_for_before_the_post_that_it_replaces(world: World) -> None:
    """Two clones: one published the new text, the state was lost, and the other published the old one."""
    world.post("a", "The newer text")
    applied(world)
    world.disk = MemoryDisk()
    world.post("a", "An older version, as another clone has it", on_change="replace")
    applied(world)
    world.post("a", "The newer text", on_change="replace")
    assert applied(world) == {A: "blocked looks-published"}
    assert live(world).count("The newer text") == 1


# A rename is not a new post (law 4).


def test_republish_counts_once_whatever_the_file_is_called_next(world: World) -> None:
    world.post("a", "Say it twice")
    applied(world)
    world.remove("a")
    world.post("b", "Say it twice", republish="true")
    assert applied(world)["b@threads/main"] == "create new"
    world.remove("b")
    world.post("c", "Say it twice", republish="true")
    assert applied(world)["c@threads/main"] == "blocked same-as-published"
    world.post("c", "Say it twice", republish="true", moved_from="b")
    assert applied(world)["c@threads/main"] == "move moved-from"
    assert live(world) == ["Say it twice"] * 2


def test_a_post_that_was_given_up_is_not_taken_for_the_new_one(world: World) -> None:
    """They say the same, and were made in the same second."""
    world.post("a", "Say it twice")
    world.apply()
    (first,) = world.network.live()
    world.remove("a")
    world.post("b", "Say it twice", republish="true")
    world.script = lambda moment: (
        NetworkFault("answer-lost+late-listing", 20.0) if moment.what.endswith("threads_publish") else None
    )
    applied(world)
    world.calm()
    applied(world)
    state = world.state
    assert state is not None
    (binding,) = state.bindings.values()
    (second,) = [post for post in world.network.live() if post.remote_id != first.remote_id]
    assert binding.remote_ids == (second.remote_id,)


def test_a_renamed_post_with_a_renamed_link_is_still_much_like_it(world: World) -> None:
    world.post("b", "What is linked to")
    world.post("a", "See {{ links['b@threads/main'] }} for the rest of it")
    applied(world)
    for key in ("a", "b"):
        world.remove(key)
    world.post("bb", "What is linked to")
    world.post("aa", "See {{ links['bb@threads/main'] }} for the rest of it")
    assert applied(world)["aa@threads/main"] == "blocked similar-to-published"


def test_a_post_in_doubt_is_not_published_under_a_new_name(world: World) -> None:
    world.post("a", chain("Hello there, all of you", "And more of it"))

    def lost_and_unlisted(moment: Moment) -> Trouble | None:
        if moment.what.endswith("threads_publish"):
            return NetworkFault("answer-lost+late-listing", HOUR)
        return None

    world.script = lost_and_unlisted
    ran = world.apply()
    assert ran.outcome is not None
    world.calm()
    world.remove("a")
    world.post("b", chain("Hello there, all of you", "And more of it"), moved_from="a")
    ran = world.apply()
    assert ran.outcome is not None
    assert [f"{a.address} {a.word} {a.reason}" for a in ran.outcome.prepared.plan.actions] == [
        "a@threads/main wait unsettled",
        "b@threads/main blocked uncertain",
    ]
    world.clock.sleep(HOUR)
    applied(world)
    applied(world)
    assert live(world) == ["Hello there, all of you", "And more of it"]


def test_a_rename_takes_today_s_controls_along(world: World) -> None:
    """What the file says of its removal counts from the apply on that reads it, under whatever name."""
    world.post("a", "Not to be taken down", on_remove="delete")
    applied(world)
    world.remove("a")
    world.post("b", "Not to be taken down")
    world.post("c", "Another one")
    applied(world)
    world.remove("b")
    assert applied(world)["b@threads/main"] == "forget file-removed"
    assert "Not to be taken down" in live(world)


# What is said.


def test_what_waits_in_vain_is_not_told_as_an_account_that_cannot_be_read(world: World) -> None:
    """Nothing was to be done on its account, so nobody looked."""
    world.post("a", "Not any more")
    died(world, after_staging(1))
    world.post("a", "Not any more", withdraw="true")
    world.post("b", "An answer", reply_to="a")
    ran = world.apply()
    assert ran.outcome is not None
    assert not ran.outcome.unreadable
    assert {a.reason for a in ran.outcome.prepared.plan.actions} == {
        "already-withdrawn",
        "depends-on-blocked",
    }


def test_who_resolves_with_a_post_of_another_name_is_told_how_to_let_go(world: World) -> None:
    world.post("a", "Hello there, all of you")

    def dies_at_publish(moment: Moment) -> Trouble | None:
        return Death(When.AFTER) if moment.what.endswith("threads_publish") else None

    died(world, dies_at_publish)
    (post,) = world.network.live()
    world.post("b", "Hello there, all of you")
    import_post(world.workspace, "b@threads/main", post.remote_id)
    with pytest.raises(UsageError, match="threadsync state rm a@threads/main"):
        state_resolve(world.workspace, A, published=post.remote_id, not_published=False)


def test_surgery_on_a_target_that_the_project_does_not_have_says_so(world: World) -> None:
    world.post("a", "Hello there, all of you")
    applied(world)
    world.project = world.project.replace("threads/main:", "threads/first:")
    world.post("a", "Hello there, all of you", targets="threads/first")
    with pytest.raises(UsageError, match="the project has no target threads/main"):
        state_accept(world.workspace, [A])


def test_a_delete_that_may_still_act_stays_in_doubt_until_it_cannot(world: World) -> None:
    """It acted after the run had given up, and the withdrawal was taken back: nothing may stay bound."""
    world.post("a", "Hello")
    world.apply()
    world.clock.sleep(3600)
    world.post("a", "Hello", withdraw="true")
    deletes: list[Moment] = []

    def late(moment: Moment) -> Trouble | None:
        if " DELETE " not in moment.what:
            return None
        deletes.append(moment)
        return NetworkFault("acts-late", 250.0) if len(deletes) == 1 else Unreachable()

    world.script = late
    ran = world.apply()
    assert ran.outcome is not None
    assert ran.outcome.report is not None
    assert [str(each.became) for each in ran.outcome.report.actions] == ["uncertain"]
    world.calm()
    world.post("a", "Hello")
    world.apply()
    assert world.network.live() == []
    assert [f"{a.word} {a.reason}" for a in world.plan().plan.actions] == ["blocked was-taken-down"]
