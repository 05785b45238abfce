"""A post's record key follows from what it is: whoever asks again, gets the same."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadsync.model.ids import Address
from threadsync.providers.bluesky.tids import chosen, encoded, time_of

AT = datetime(2026, 12, 3, 8, 30, tzinfo=UTC)
LIFTS = Address.parse("lifts@bluesky/brand")
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
SYNTAX = re.compile("[2-7a-j][2-7a-z]{12}")  # https://atproto.com/specs/tid


def test_the_first_tid_is_the_zero_of_the_specification():
    assert encoded(datetime(1970, 1, 1, tzinfo=UTC), 0) == "2222222222222"


@given(TIMES, st.integers(0, 1023))
def test_a_tid_has_the_syntax_of_the_specification_and_tells_its_time(at: datetime, clock_id: int):
    tid = encoded(at, clock_id)
    assert SYNTAX.fullmatch(tid)
    assert time_of(tid) == at


@given(TIMES, TIMES)
def test_tids_sort_as_their_times_do(one: datetime, other: datetime):
    assert (encoded(one, 0) < encoded(other, 0)) == (one < other)


def test_the_same_publication_gets_the_same_key_wherever_its_time_is_written():
    elsewhere = AT.astimezone(timezone(timedelta(hours=9)))
    assert chosen("p", LIFTS, 0, 0, AT) == chosen("p", LIFTS, 0, 0, elsewhere)


def test_another_project_publication_generation_segment_or_second_gets_another_key():
    keys = [
        chosen("p", LIFTS, 0, 0, AT)[0],
        chosen("q", LIFTS, 0, 0, AT)[0],
        chosen("p", Address.parse("doors@bluesky/brand"), 0, 0, AT)[0],
        chosen("p", LIFTS, 1, 0, AT)[0],
        chosen("p", LIFTS, 0, 1, AT)[0],
        chosen("p", LIFTS, 0, 0, AT + timedelta(seconds=1))[0],
    ]
    assert len({*keys}) == len(keys)


def test_a_key_tells_the_very_time_of_its_record_and_lies_within_the_planned_second():
    for index in range(200):
        tid, at = chosen("p", LIFTS, 0, index, AT)
        assert time_of(tid) == at
        assert AT <= at < AT + timedelta(seconds=1)


def test_segments_follow_each_other_a_millisecond_apart():
    first, second = (chosen("p", LIFTS, 0, index, AT)[1] for index in (0, 1))
    assert second - first == timedelta(milliseconds=1)


@pytest.mark.parametrize("wrong", ["", "222222222222", "z222222222222", "2222222222221"])
def test_what_is_no_tid_tells_no_time(wrong: str):
    with pytest.raises(ValueError, match=r"TID|substring"):
        time_of(wrong)
