"""A burst of changes is looked at once: when it is quiet, or when it has lasted long enough."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from threadsync.watch.debounce import (
    BURST_SECONDS_MAX,
    LOOK_SECONDS,
    POLL_LOOKS,
    POLL_SECONDS,
    QUIET_SECONDS,
    Burst,
    grown,
    pause_seconds,
)


def test_one_change_is_looked_at_after_a_moment_of_quiet() -> None:
    assert grown(None, 5.0).over_at_seconds == 5.0 + QUIET_SECONDS


def test_each_further_change_puts_the_look_off() -> None:
    burst = grown(grown(None, 5.0), 5.05)
    assert burst == Burst(5.0, 5.05)
    assert burst.over_at_seconds == 5.05 + QUIET_SECONDS


@given(st.lists(st.floats(0.0, QUIET_SECONDS), min_size=1, max_size=200))
def test_however_long_it_goes_on_the_look_is_never_put_off_for_longer_than_the_bound(
    gaps: list[float],
) -> None:
    at = 0.0
    burst = grown(None, at)
    for gap in gaps:
        at += gap
        burst = grown(burst, at)
        assert burst.over_at_seconds <= BURST_SECONDS_MAX
        assert burst.first_seconds == 0.0


def test_where_changes_may_not_be_heard_of_it_looks_often_and_leaves_the_machine_free() -> None:
    assert pause_seconds(0.1, hears_all=True) == LOOK_SECONDS
    assert pause_seconds(0.1, hears_all=False) == POLL_SECONDS
    assert pause_seconds(3.0, hears_all=False) == 3.0 * POLL_LOOKS
