"""What a transition writes into the journal: the same few bytes, whatever the size of the state."""

from __future__ import annotations

from itertools import pairwise

from tests.statefile.worlds import JOURNAL, World, published, publishing

NOTE_BYTES_MAX = 400
"""Of one note about a post with a short text."""


def bytes_written(world: World, number: int) -> list[int]:
    """Record one publication and return how much longer each barrier made the journal."""
    sizes: list[int] = []
    with world.session() as session:
        for group in publishing(number):
            assert session.append(group) is None
            session.barrier()
            sizes.append(len(world.disk.files()[JOURNAL]))
    return [after - before for before, after in pairwise(sizes)]


def test_a_transition_costs_the_same_bytes_in_a_state_of_any_size() -> None:
    small, large = World(), World()
    large.record(*(note for number in range(1000, 1500) for note in published(number)))
    small.record(*published(1000))
    # The notes count upwards, so the state with more of them writes a longer number into each.
    digits = len(str(3 * 501)) - len(str(3 * 2))
    assert [each - digits for each in bytes_written(large, 2000)] == bytes_written(small, 2000)


def test_a_transition_is_short() -> None:
    world = World()
    world.record(*published(1))
    assert all(0 < each <= NOTE_BYTES_MAX for each in bytes_written(world, 2))
