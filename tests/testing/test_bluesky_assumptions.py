"""What the promise assumes of Bluesky: within each assumption it holds, and beyond it this is what happens.

The assumptions are those of docs/guarantees.md. The sandbox breaks them by a switch or a fault; what happens
then is stated, not hoped for.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.testing.test_assumptions import lost_answer, problems, run, shape
from threadsync.planning.actions import Blocked, Reason
from threadsync.testing.desk import Desk
from threadsync.testing.exhaustive import Stage, stage
from threadsync.testing.networks_bluesky import BlueskyNetwork
from threadsync.testing.troubles import Death, NetworkFault, Trouble
from threadsync.testing.world import World


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def told(name: str, desk: Desk, **switches: object) -> Stage:
    ready = stage(shape(name), desk)
    switch(ready.world, **switches)
    return ready


def switch(world: World, **switches: object) -> None:
    assert isinstance(world.network, BlueskyNetwork)
    world.network.switch(**switches)


def fault(name: str) -> Callable[[Trouble], bool]:
    return lambda trouble: isinstance(trouble, NetworkFault) and trouble.name == name


def dies(trouble: Trouble) -> bool:
    return isinstance(trouble, Death) and not trouble.older


# What was written is read at once.


@pytest.mark.parametrize("name", ["bluesky-text", "bluesky-gated-chain"])
def test_reads_that_are_late_double_nothing_as_long_as_the_file_stays(desk: Desk, name: str) -> None:
    """The same is sent under the same key once more, which harms nobody."""
    assert not run(told(name, desk, reading_lag_seconds=600.0), only=lost_answer).wrong


def test_reads_that_are_later_than_the_doubt_and_an_edit_leave_the_old_post_up(desk: Desk) -> None:
    late = run(told("bluesky-edited", desk, reading_lag_seconds=2000.0), only=dies)
    assert problems(late) == {"stays up"}


# A write that acts at all acts within publish_doubt_seconds.


def test_a_write_that_acts_later_than_the_doubt_is_harmless_while_the_post_stays(desk: Desk) -> None:
    for name in ("bluesky-text", "bluesky-gated-chain"):
        assert not run(told(name, desk), only=fault("acts-late"), seconds=5000.0).wrong


def test_a_write_that_acts_later_than_the_doubt_makes_anew_what_was_edited_away(desk: Desk) -> None:
    late = run(told("bluesky-edited", desk), only=fault("acts-late"), seconds=1500.0)
    assert "stays up" in problems(late)
    assert "lost" not in problems(late)


# A put that may only make a record makes none where one is.


def test_a_swap_that_is_ignored_overwrites_what_another_program_wrote(desk: Desk) -> None:
    """Ours is there once; the other's, under the very key, is lost."""
    tally = run(told("bluesky-key-taken", desk, swap_checked=False), only=fault("slow"))
    assert {found.partition(":")[0] for each in tally.wrong for found in each.problems} == {"lost"}


# Several records are written together, or none of them is.


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_a_batch_of_which_a_part_is_kept_stays_uncertain(desk: Desk, kept: int) -> None:
    """It is neither taken for done nor sent again: a person looks."""
    world = told("bluesky-gated-chain", desk, batch_writes_max=kept).world
    for _ in range(3):
        ran = world.apply()
        assert ran.outcome is not None
        world.clock.sleep(900)
    state = world.state
    assert state is not None
    assert [str(address) for address in state.open] == ["a@bluesky/main"]
    texts = [post.text for post in world.network.live()]
    assert len(texts) == len(set(texts))
    blocked = [each for each in world.plan().plan.actions if isinstance(each, Blocked)]
    assert [each.reason for each in blocked] in ([], [Reason.UNCERTAIN])


# A record is stored as it was sent.


def test_a_record_that_the_server_adds_to_is_known_by_its_time(desk: Desk) -> None:
    for name in ("bluesky-text", "bluesky-chain"):
        assert not run(told(name, desk, records_rewritten="words"), only=lost_answer).wrong


def test_a_record_of_which_the_server_changes_the_time_too_is_a_duplicate(desk: Desk) -> None:
    """It is taken for another's, and the next key is used: after a lost answer alone."""
    ready = told("bluesky-text", desk, records_rewritten="dates")
    assert "duplicate" in problems(run(ready, only=lost_answer))
    assert not run(ready, only=fault("slow")).wrong


# A file that no record refers to is kept for a while.


@pytest.mark.parametrize("name", ["bluesky-image", "bluesky-carousel"])
def test_files_that_were_thrown_away_are_sent_again(desk: Desk, name: str) -> None:
    assert not run(told(name, desk, temporary_blob_seconds=100.0), only=dies).wrong


# Own records can be listed.


def test_where_own_records_cannot_be_listed_nothing_is_published(desk: Desk) -> None:
    world = told("bluesky-text", desk).world
    world.script = lambda m: NetworkFault("server-error") if m.what.endswith("listRecords") else None
    world.apply()
    state = world.state
    assert state is not None
    assert "a@bluesky/main" not in map(str, state.bindings)
    assert world.shown is not None
    reasons = [each.reason for each in world.shown.plan.actions if isinstance(each, Blocked)]
    assert reasons == [Reason.READ_BACK_FAILED]


# A session is over when the server says so, and the password opens another.


def test_a_session_that_ends_at_every_request_delays_and_doubles_nothing(desk: Desk) -> None:
    ready = told("bluesky-gated-chain", desk, access_life_seconds=1.0)
    assert not run(ready, only=lost_answer).wrong
