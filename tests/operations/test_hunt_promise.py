"""What an adversary found: each test is one way in which the promise broke, and states the law that holds."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest

from tests.operations.someone import no_op, words_of
from tests.operations.world import Killed, World, words
from threadsync.errors import UsageError
from threadsync.operations.importing import import_post
from threadsync.operations.surgery import state_accept, state_move, state_resolve
from threadsync.sandbox.threads import Fault, FaultKind

A = "a@threads/main"


def died_until(world: World, reached: str) -> None:
    """Apply and die at the first request after which *reached* is live."""
    request = 0
    while reached not in world.live():
        request += 1
        assert world.died(request)


def passes(world: World, applies: int = 3, seconds: float = 3600) -> None:
    for _ in range(applies):
        world.apply()
        world.clock.sleep(seconds)


# A state that is older than the account (law 8).


def with_an_older_state(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    kept = (world.root / "state/threadsync.json").read_bytes()
    world.clock.sleep(3600)
    world.post("b", "More of it")
    world.post("c", "And even more of it")
    world.applied()
    world.clock.sleep(3600)
    (world.root / "state/threadsync.json").write_bytes(kept)


def test_what_an_older_state_forgot_stays_blocked_after_it_is_written_to(world: World) -> None:
    """Publishing something else moves the last write on; the backlog must not come back behind it."""
    with_an_older_state(world)
    world.post("d", "Some other thing to say")
    passes(world)
    assert sorted(world.live()) == ["And even more of it", "Hello", "More of it", "Some other thing to say"]


def test_a_time_that_was_moved_does_not_let_it_out(world: World) -> None:
    with_an_older_state(world)
    later = (world.clock.now() + timedelta(hours=2)).strftime("%Y-%m-%d %H:%M")
    world.post("b", "More of it", publish=later)
    world.post("d", "Some other thing to say")
    world.apply()
    world.clock.sleep(2 * 3600 + 60)
    assert words_of(world)["b@threads/main"] == "blocked looks-published"


def test_an_import_does_not_let_the_rest_of_the_backlog_out(world: World) -> None:
    with_an_older_state(world)
    world.apply()
    (remote,) = [post.id for post in world.posts() if post.content.text == "More of it"]
    import_post(world.workspace, "b@threads/main", remote)
    world.clock.sleep(3600)
    passes(world)
    assert sorted(world.live()) == ["And even more of it", "Hello", "More of it"]


def test_a_further_segment_that_is_there_already_blocks_the_chain(world: World) -> None:
    """Any wanted segment counts, not the first alone: that one may be edited or deleted by now."""
    world.post("a", "One is first\n\n---\n\nTwo is second")
    world.applied()
    (world.root / "state/threadsync.json").unlink()
    world.post("a", "One is edited\n\n---\n\nTwo is second")
    assert words_of(world) == {A: "blocked looks-published"}


def test_a_dependent_of_a_moved_post_is_looked_for_too(world: World) -> None:
    world.post("a", "Hello there")
    world.applied()
    kept = (world.root / "state/threadsync.json").read_bytes()
    world.post("b", "An answer to it", reply_to="a")
    world.applied()
    (world.root / "state/threadsync.json").write_bytes(kept)
    state_move(world.workspace, A, "old@threads/main")
    assert words_of(world) == {A: "move renamed", "b@threads/main": "blocked looks-published"}


def test_what_was_recorded_as_taken_down_but_is_there_is_not_published_beside_itself(world: World) -> None:
    """One segment of a chain is gone; accepting that gives the whole up, and the rest is still there."""
    world.post("a", "One is here\n\n---\n\nTwo is gone")
    world.applied()
    world.delete_by_hand("Two is gone")
    state_accept(world.workspace, [A])
    world.post("a", "One is here\n\n---\n\nTwo is gone", republish="true")
    assert words_of(world) == {A: "blocked looks-published"}


def test_an_interrupted_create_is_looked_for_unless_it_is_in_doubt(world: World) -> None:
    """Two clones: one dies before its intent, the other publishes; the first must look before it goes on."""
    world.post("a", "Hello")
    assert world.died(6)
    assert not world.state.open[next(iter(world.state.open))].in_doubt
    shutil.copytree(world.root / "state", world.root / "clone")
    world.applied()
    shutil.rmtree(world.root / "state")
    shutil.copytree(world.root / "clone", world.root / "state")
    assert words_of(world) == {A: "blocked looks-published"}


def test_what_becomes_due_while_the_accounts_are_read_waits_for_the_next_run(world: World) -> None:
    """It was not looked for on the account, so it may not be created."""
    world.post("a", "Hello", on_remove="delete")
    world.post("q", "Another")
    world.applied()
    world.clock.sleep(7200)
    world.post(
        "b", "Look", publish=(world.clock.now() + timedelta(seconds=5)).strftime('"%Y-%m-%d %H:%M:%S"')
    )
    world.post_by_hand("Look")
    world.remove("a")
    world.arm(Fault("profile", FaultKind.SLOW, seconds=10.0))
    world.apply()
    assert words_of(world)["b@threads/main"] == "blocked looks-published"
    assert world.live().count("Look") == 1


# Links and replies (laws 6 and 10).


@pytest.mark.parametrize("earlier", [False, True])
def test_a_link_whose_permalink_cannot_be_read_is_not_left_out(world: World, earlier: bool) -> None:
    world.post("a", "Hello")
    if earlier:
        world.arm(Fault("read", FaultKind.SERVER_ERROR, times=5))
        world.applied()
    world.post("b", "See {{ links['a@threads/main'] }}", targets="threads/brand")
    world.arm(Fault("read", FaultKind.SERVER_ERROR, times=40))
    assert world.applied()["b@threads/brand"] == "refused"
    assert world.live("brand") == []
    world.network.armed.clear()
    world.applied()
    assert world.live("brand")[0].startswith("See http")


def test_what_names_a_post_that_this_plan_takes_down_is_blocked(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    world.post("a", "Hello", withdraw="true")
    world.post("b", "See {{ links['a@threads/main'] }}")
    assert words(world.plan())["b@threads/main"] == "blocked depends-on-blocked"


def test_what_hangs_on_a_post_that_is_gone_is_blocked(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    world.delete_by_hand("Hello")
    world.post("b", "Answer", reply_to="a")
    world.post("c", "See {{ links['a@threads/main'] }}")
    found = words_of(world)
    assert (found["b@threads/main"], found["c@threads/main"]) == ("blocked gone", "blocked gone")


# Time (law 15).


def test_a_republished_post_waits_for_its_time(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    world.post("a", "Hello", withdraw="true")
    world.applied()
    world.post("a", "Hello", republish="true", publish="2026-11-25 09:00")
    assert words(world.plan()) == {A: "wait not-due"}


@pytest.mark.parametrize("fault", [None, Fault("publish", FaultKind.REQUEST_LOST)])
def test_an_interrupted_post_waits_for_its_new_time(world: World, fault: Fault | None) -> None:
    world.post("a", "Hello")
    world.arm(*([fault] if fault is not None else []))
    assert world.died(6 if fault is None else 8)
    world.post("a", "Hello", publish="2026-11-25 09:00")
    passes(world)
    assert words(world.plan()) == {A: "wait not-due"}
    assert world.live() == []


def test_an_interrupted_post_is_not_published_days_late_without_a_question(world: World) -> None:
    world.post("a", "Hello", publish="2026-11-21 12:00")
    assert world.died(6)
    world.clock.sleep(5 * 24 * 3600)
    assert words_of(world) == {A: "blocked late"}


# Renaming (law 4).


def renamed(world: World, **front: str) -> None:
    world.post("old", "Hello there my friends")
    world.applied()
    world.remove("old")
    world.post("new", "Hello there my friends", targets="threads/main", **front)
    world.clock.sleep(3600)


def test_a_moved_from_that_names_nothing_does_not_publish_again(world: World) -> None:
    renamed(world, moved_from="odl")
    passes(world)
    assert world.live() == ["Hello there my friends"]


def test_moved_from_does_not_bring_back_what_was_taken_down(world: World) -> None:
    world.post("old", "Hello there my friends")
    world.applied()
    world.post("old", "Hello there my friends", withdraw="true")
    world.applied()
    world.remove("old")
    world.post("new", "Hello there my friends", moved_from="old")
    assert words_of(world) == {"new@threads/main": "blocked was-taken-down"}


def test_moved_from_a_post_that_has_a_file_is_blocked(world: World) -> None:
    world.post("old", "Hello there my friends")
    world.applied()
    world.post("old", "Another text is now in this file")
    world.post("new", "Hello there my friends", moved_from="old")
    world.clock.sleep(3600)
    assert words_of(world)["new@threads/main"] == "blocked same-as-published"


def test_one_publication_cannot_move_to_two_files(world: World) -> None:
    renamed(world)
    world.post("other", "Hello there my friends")
    blocked = "blocked same-as-published"
    found = words(world.plan())
    assert (found["new@threads/main"], found["other@threads/main"]) == (blocked, blocked)
    world.post("new", "Hello there my friends", moved_from="old")
    found = words(world.plan())
    assert (found["new@threads/main"], found["other@threads/main"]) == ("move moved-from", blocked)


def test_a_chain_that_was_interrupted_and_renamed_is_not_begun_again(world: World) -> None:
    text = "One is what comes first\n\n---\n\nTwo is what follows it here\n\n---\n\nThree"
    world.post("old", text)
    died_until(world, "One is what comes first")
    world.remove("old")
    world.post("new", text)
    passes(world)
    assert world.live() == ["One is what comes first"]
    world.post("new", text, moved_from="old")
    passes(world)
    assert len(world.live()) == 3
    assert no_op(world)


def test_a_chain_of_which_half_was_published_under_another_key_is_blocked(world: World) -> None:
    world.post("old", "One\n\n---\n\nTwo\n\n---\n\nThree\n\n---\n\nFour")
    world.applied()
    world.remove("old")
    long = "A much longer beginning than there was before, so that few words are the same"
    world.post("new", f"{long}\n\n---\n\nThree\n\n---\n\nFour")
    assert words(world.plan())["new@threads/main"] == "blocked similar-to-published"


# Replacing and deleting (law 6).


def test_the_consent_to_a_replace_is_for_what_its_plan_showed(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    world.post("a", "Hallo")
    world.kill_at_request = len(world.sent) + 10
    with pytest.raises(Killed):
        world.apply(allow_replace=(A,))
    world.kill_at_request = None
    shutil.rmtree(world.root / "state")
    shutil.copytree(world.root / "at-kill", world.root / "state")
    (world.root / "state/threadsync.json.lock").unlink()
    assert [each.job.verb for each in world.state.open.values()] == ["replace"]
    assert words(world.plan()) == {A: "replace resume"}
    world.post("a", "Something else that nobody agreed to")
    assert words_of(world) == {A: "blocked needs-consent"}


def test_what_was_replaced_already_may_be_deleted_by_hand(world: World) -> None:
    """The chain that takes its place goes on; nothing is blocked for ever."""
    world.post("a", "Old")
    world.applied()
    world.post("a", "New one\n\n---\n\nNew two", on_change="replace")
    died_until(world, "New one")
    world.delete_by_hand("Old")
    passes(world)
    assert world.live() == ["New one", "New two"]
    assert no_op(world)


def test_a_withdrawal_takes_an_extension_in_doubt_down_too(world: World) -> None:
    world.post("a", "One")
    world.applied()
    world.post("a", "One\n\n---\n\nTwo")
    world.arm(Fault("publish", FaultKind.ANSWER_LOST))
    died_until(world, "Two")
    world.post("a", "One\n\n---\n\nTwo", withdraw="true")
    passes(world)
    assert world.live() == []


def test_a_withdrawal_that_was_taken_back_deletes_nothing(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    world.post("a", "Hello", withdraw="true")
    world.arm(Fault("delete", FaultKind.REQUEST_LOST))
    request = 0
    while not world.state.open:
        request += 1
        assert world.died(request)
    world.post("a", "Hello")
    passes(world)
    assert world.live() == ["Hello"]
    assert no_op(world)


def test_a_refusal_after_a_delete_that_acted_does_not_hide_it(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    world.post("a", "Hello", withdraw="true")
    request = 0
    while world.live():
        request += 1
        assert world.died(request)
    world.arm(Fault("delete", FaultKind.RESTRICTED))
    assert world.applied() == {A: "applied"}
    world.post("a", "Hello")
    assert words(world.plan()) == {A: "blocked was-taken-down"}


def test_a_passing_not_found_is_not_taken_for_a_deletion(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    world.post("a", "Hello", withdraw="true")
    world.arm(Fault("delete", FaultKind.SERVER_ERROR), Fault("read", FaultKind.MEDIA_NOT_FOUND, skip=1))
    passes(world, 2)
    assert world.live() == []


# Surgery.


def test_a_deletion_in_doubt_cannot_be_resolved_as_a_publish(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    remote = world.post_by_hand("By hand")
    world.post("a", "Hello", withdraw="true")
    request = 0
    while not any(each.in_doubt for each in world.state.open.values()):
        request += 1
        assert world.died(request)
    with pytest.raises(UsageError, match="deletion"):
        state_resolve(world.workspace, A, published=remote, not_published=False)


def test_confirming_an_import_does_not_lose_a_segment_in_doubt(world: World) -> None:
    world.post("a", "One\n\n---\n\nTwo")
    world.arm(Fault("publish", FaultKind.ANSWER_LOST, skip=1))
    died_until(world, "Two")
    import_post(world.workspace, A, world.posts()[0].id)
    passes(world)
    assert world.live() == ["One", "Two"]
    assert [len(each.segments) for each in world.state.bindings.values()] == [2]
    assert no_op(world)
