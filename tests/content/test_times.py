"""Times as people write them: a gap is an error, a fold the first one, a zone is needed (law 15)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadsync.content.controls import schedule_of
from threadsync.content.times import TimeProblem, moment, window_of, zone_named
from threadsync.model.post import IfLate, Schedule
from threadsync.model.target import Policies

VIENNA = "Europe/Vienna"


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("2026-12-03 08:30", VIENNA, "2026-12-03 07:30:00"),
        ("2026-07-03 08:30", VIENNA, "2026-07-03 06:30:00"),
        ("2026-12-03T08:30:15", VIENNA, "2026-12-03 07:30:15"),
        ("2026-12-03 08:30Z", None, "2026-12-03 08:30:00"),
        ("2026-12-03T08:30:00Z", VIENNA, "2026-12-03 08:30:00"),
        ("2026-12-03 08:30+01:00", None, "2026-12-03 07:30:00"),
        ("2026-12-03 08:30 -0530", None, "2026-12-03 14:00:00"),
        ("2026-11-01", VIENNA, "2026-10-31 23:00:00"),
        ("2026-12-03 08:30", "UTC", "2026-12-03 08:30:00"),
        # The clock goes back at 3:00 on 25 October: 2:30 comes twice, and the first one is meant.
        ("2026-10-25 02:30", VIENNA, "2026-10-25 00:30:00"),
        ("2026-10-25 02:30+01:00", VIENNA, "2026-10-25 01:30:00"),
        ("2026-03-29 03:00", VIENNA, "2026-03-29 01:00:00"),
    ],
)
def test_a_time_is_one_moment(text: str, zone: str | None, utc: str) -> None:
    assert moment(text, zone) == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert moment(text, zone).tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "zone", "rule"),
    [
        ("2026-03-29 02:30", VIENNA, "time/gap"),
        ("2026-03-29 02:00", VIENNA, "time/gap"),
        ("2026-12-03 08:30", None, "time/zone-missing"),
        ("2026-02-30 08:30", VIENNA, "time/form"),
        ("2026-13-01 08:30", VIENNA, "time/form"),
        ("2026-12-03 24:00", VIENNA, "time/form"),
        ("2026-12-03 08:60", VIENNA, "time/form"),
        ("0000-12-03 08:30", VIENNA, "time/form"),
        ("0001-01-01 00:00+14:00", None, "time/form"),
        ("9999-12-31 23:59-12:00", None, "time/form"),
        ("2026-12-03 08:30+99:00", None, "time/form"),
        ("tomorrow", VIENNA, "time/form"),
        ("2026-12-03 08:30\n", VIENNA, "time/form"),
        ("٢٠٢٦-12-03 08:30", VIENNA, "time/form"),
    ],
)
def test_a_time_that_cannot_be_told_is_refused(text: str, zone: str | None, rule: str) -> None:
    with pytest.raises(TimeProblem) as caught:
        moment(text, zone)
    assert caught.value.rule == rule


def test_a_time_in_a_gap_is_answered_with_the_moment_it_would_be() -> None:
    with pytest.raises(TimeProblem) as caught:
        moment("2026-03-29 02:30", VIENNA)
    assert "2026-03-29 03:30" in str(caught.value.remedy)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("Europe/Wien", "Europe/"),
        ("Europe/Viena", "Europe/Vienna"),
        ("vienna", "Europe/Vienna"),
        ("Europe", "Europe/"),
        ("/etc/passwd", "IANA"),
        ("../x", "IANA"),
        ("x" * 5000, "IANA"),
        ("a\x00b", "IANA"),
    ],
)
def test_an_unknown_zone_is_refused_with_a_suggestion(name: str, remedy: str) -> None:
    with pytest.raises(TimeProblem) as caught:
        zone_named(name)
    assert caught.value.rule == "time/zone"
    assert remedy in str(caught.value.remedy)


@pytest.mark.parametrize(
    ("text", "minutes"), [("90m", 90), ("1h", 60), ("2d", 2880), ("366d", 527_040), ("1m", 1)]
)
def test_a_window_is_minutes_hours_or_days(text: str, minutes: int) -> None:
    assert window_of(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["0h", "367d", "999999d", "1w", "1", "-1h", "1.5h", "9" * 30 + "d", ""])
def test_a_window_is_longer_than_nothing_and_at_most_a_year(text: str) -> None:
    with pytest.raises(TimeProblem):
        window_of(text)


def test_a_schedule_is_filled_up_from_project_and_policies() -> None:
    at = datetime(2026, 12, 3, 7, 30, tzinfo=UTC)
    assert schedule_of("2026-12-03 08:30", Policies(), VIENNA) == Schedule(at, VIENNA)
    assert schedule_of("2026-12-03 07:30Z", Policies(if_late="skip"), None) == Schedule(
        at, "UTC", if_late=IfLate.SKIP
    )
    own = {"at": "2026-12-03 02:30", "zone": "America/New_York", "window": "2h", "if_late": "publish"}
    assert schedule_of(own, Policies(if_late="skip"), VIENNA) == Schedule(
        at, "America/New_York", timedelta(hours=2), IfLate.PUBLISH
    )


@given(
    st.datetimes(datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2037-12-31")),
    st.sampled_from([VIENNA, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
)
def test_a_moment_read_back_in_its_zone_is_the_time_that_was_written(local: datetime, zone: str) -> None:
    local = local.replace(microsecond=0)
    try:
        at = moment(f"{local:%Y-%m-%d %H:%M:%S}", zone)
    except TimeProblem as error:
        gap = error.rule == "time/gap"
        assert gap
        return
    assert at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local
    assert at.astimezone(ZoneInfo(zone)).fold == 0
