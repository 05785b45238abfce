"""What can be told from looks at posts: weeks of a zone, sums that hide nothing, a median that is one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from threadsync.model.facts import Account
from threadsync.model.ids import Address, RemoteId, TargetName
from threadsync.model.insights import (
    COMPARED_MIN,
    CountedPost,
    Look,
    Subject,
    TargetInsights,
    Untold,
    account_name,
    insights_of,
    merged,
    week_name,
    week_of,
)

MAIN = TargetName("threads/main")
METRICS = ("views", "likes")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
"""A Saturday, in week 47."""
DAY = timedelta(days=1)


def look(
    name: str, at: datetime, *, published: datetime = NOW - 20 * DAY, index: int = 0, **counts: int
) -> Look:
    address = Address.parse(f"{name.partition('.')[0]}@{MAIN}")
    return Look(address, "178@threads.net", index, RemoteId(f"id-{name}"), published, at, counts)


def subject(name: str, *, published: datetime = NOW - 20 * DAY, parts: tuple[str, ...] = ()) -> Subject:
    posts = [CountedPost(n, RemoteId(f"id-{each}"), published) for n, each in enumerate(parts or (name,))]
    return Subject(Address.parse(f"{name}@{MAIN}"), tuple(posts))


def told(
    subjects: list[Subject], looks: list[Look], *chosen: str, metrics: tuple[str, ...] = METRICS
) -> TargetInsights:
    names = chosen or tuple(each.address.key for each in subjects)
    addresses = frozenset(Address.parse(f"{name}@{MAIN}") for name in names)
    return insights_of(
        MAIN, metrics, subjects, looks, chosen=addresses, since=NOW - 200 * DAY, now=NOW, zone=UTC
    )


# Weeks, and the table.


@pytest.mark.parametrize(
    ("at", "zone", "name"),
    [
        (datetime(2026, 11, 22, 23, 30, tzinfo=UTC), "UTC", "2026-W47"),
        (datetime(2026, 11, 22, 23, 30, tzinfo=UTC), "Europe/Vienna", "2026-W48"),
        (datetime(2027, 1, 3, 12, tzinfo=UTC), "UTC", "2026-W53"),
        (datetime(2027, 1, 4, 0, tzinfo=UTC), "America/New_York", "2026-W53"),
    ],
)
def test_a_week_is_the_iso_week_of_the_zone(at: datetime, zone: str, name: str) -> None:
    assert week_name(week_of(at, ZoneInfo(zone))) == name


def test_of_a_post_the_last_look_of_each_week_is_kept() -> None:
    monday, sunday, later = NOW - 5 * DAY, NOW + DAY, NOW + 2 * DAY
    looks = [look("a", sunday, views=3), look("a", monday, views=1), look("a", later, views=4)]
    assert [each.counts["views"] for each in merged(looks, UTC)] == [3, 4]


def test_a_post_is_the_same_whatever_it_is_called_now() -> None:
    renamed = replace(look("a", NOW, views=5), address=Address.parse("b@threads/brand"))
    assert merged([look("a", NOW - DAY, views=1), renamed], UTC) == (renamed,)
    other = replace(renamed, address=Address.parse("b@bluesky/main"))
    assert len(merged([look("a", NOW, views=1), other], UTC)) == 2, "another network's ids are its own"


def test_an_account_is_told_from_all_others() -> None:
    sandbox, real = Account("sandbox:a", "178", "main"), Account("threads.net", "178", "main")
    assert (account_name(sandbox), account_name(real)) == ("178@sandbox:a", "178@threads.net")
    assert account_name(replace(real, channel="town")) != account_name(replace(real, channel="news"))


LOOKS = st.lists(
    st.builds(
        lambda name, hours, views: look(name, NOW + timedelta(hours=hours), views=views),
        st.sampled_from("abc"),
        st.integers(-400, 400),
        st.integers(0, 3),
    )
)


@given(LOOKS, LOOKS, LOOKS)
def test_tables_merge_alike_in_any_order_and_any_number_of_times(
    one: list[Look], two: list[Look], three: list[Look]
) -> None:
    whole = merged([*one, *two, *three], UTC)
    assert whole == merged([*merged([*three, *two], UTC), *one, *two], UTC)
    assert merged(whole, UTC) == whole


# Numbers.


def test_a_chain_is_the_sum_of_its_segments() -> None:
    looks = [look("a", NOW, views=10, likes=1), look("a.2", NOW - DAY, index=1, views=4, likes=2)]
    (found,) = told([subject("a", parts=("a", "a.2"))], looks).publications
    assert found.counts == {"views": 14, "likes": 3}
    assert found.looked_at == NOW - DAY, "a sum is as old as its oldest part"


def test_a_sum_of_which_a_part_is_unknown_is_unknown() -> None:
    chain = subject("a", parts=("a", "a.2"))
    (half,) = told([chain], [look("a", NOW, views=10, likes=1)]).publications
    assert (half.counts, half.looked_at, half.untold) == ({}, None, Untold.UNCOUNTED)
    looks = [look("a", NOW, views=10, likes=1), look("a.2", NOW, index=1, likes=2)]
    (found,) = told([chain], looks).publications
    assert found.counts == {"likes": 3}, "the views of one segment were withheld"


def test_totals_say_over_how_many_they_are() -> None:
    found = told([subject("a"), subject("b")], [look("a", NOW, views=0)])
    assert (found.totals.publications, found.totals.counted, found.totals.counts) == (2, 1, {"views": 0})


def test_a_total_is_over_all_that_are_counted_or_it_is_unknown() -> None:
    """A network may leave one number out; the others of that publication are known all the same."""
    looks = [look("a", NOW, views=10, likes=1), look("b", NOW, likes=2)]
    found = told([subject("a"), subject("b")], looks)
    assert (found.totals.counted, found.totals.counts) == (2, {"likes": 3})
    assert found.weeks[0].published == found.totals


def test_only_what_the_network_is_known_to_count_is_told() -> None:
    (found,) = told([subject("a")], [look("a", NOW, views=1, smiles=7)]).publications
    assert found.counts == {"views": 1}


def test_a_network_without_numbers_tells_of_nothing() -> None:
    assert told([subject("a")], [], metrics=()) == TargetInsights(MAIN, ())


# The median.


def account(
    number: int, *, age: timedelta = 20 * DAY, looked: timedelta = timedelta(0)
) -> tuple[list[Subject], list[Look]]:
    """Publications with 10, 20, 30 … views."""
    names = [f"p{n}" for n in range(1, number + 1)]
    subjects = [subject(name, published=NOW - age) for name in names]
    looks = [
        look(name, NOW - looked, published=NOW - age, views=10 * n) for n, name in enumerate(names, start=1)
    ]
    return subjects, looks


def test_the_trend_is_a_multiple_of_the_account_s_own_median_whatever_was_chosen() -> None:
    subjects, looks = account(COMPARED_MIN)
    whole = told(subjects, looks)
    assert (whole.median, whole.compared) == (30.0, 5)
    assert {each.address.key: each.trend for each in whole.publications}["p4"] == 1.33
    (one,) = told(subjects, looks, "p4").publications
    assert one.trend == 1.33


def test_few_publications_have_no_median() -> None:
    found = told(*account(COMPARED_MIN - 1))
    assert (found.median, found.compared) == (None, 4)
    assert {(each.trend, each.untold) for each in found.publications} == {(None, Untold.FEW)}


def test_a_median_of_nothing_compares_nothing() -> None:
    subjects, looks = account(COMPARED_MIN)
    found = told(subjects, [replace(each, counts={"views": 0}) for each in looks])
    assert (found.median, found.publications[0].untold) == (0.0, Untold.FEW)


def test_the_young_and_the_old_are_not_in_the_median() -> None:
    subjects, looks = account(COMPARED_MIN)
    young = subject("young", published=NOW - timedelta(hours=23))
    old = subject("old", published=NOW - 91 * DAY)
    more = [
        look("young", NOW, published=young.published_at, views=9000),
        look("old", NOW, published=old.published_at, views=9000),
    ]
    found = told([*subjects, young, old], [*looks, *more])
    assert (found.median, found.compared) == (30.0, 5)
    trends = {each.address.key: (each.trend, each.untold) for each in found.publications}
    assert trends["young"] == (None, Untold.YOUNG)
    assert trends["old"] == (300.0, Untold.NONE)


def test_young_is_who_was_young_when_looked_at() -> None:
    subjects, looks = account(COMPARED_MIN, age=3 * DAY, looked=2 * DAY + timedelta(hours=1))
    assert told(subjects, looks).compared == 0


# Weeks of a target.


def test_every_week_from_the_first_publication_to_now_is_told() -> None:
    first, last = NOW - 14 * DAY, NOW - DAY
    looks = [look("a", NOW, published=first, views=5), look("b", NOW, published=last, views=2)]
    weeks = told([subject("a", published=first), subject("b", published=last)], looks).weeks
    assert [(week_name(each.week), each.published.counts) for each in weeks] == [
        ("2026-W45", {"views": 5}),
        ("2026-W46", {}),
        ("2026-W47", {"views": 2}),
    ]


def test_what_is_gained_between_two_looks_counts_in_the_week_of_the_later() -> None:
    published = NOW - 14 * DAY
    looks = [
        look("a", NOW - 13 * DAY, published=published, views=40),
        look("a", NOW - 7 * DAY, published=published, views=60),
        look("a", NOW, published=published, views=55),
    ]
    gained = {
        week_name(each.week): each.gained for each in told([subject("a", published=published)], looks).weeks
    }
    assert gained == {"2026-W45": {"views": 40}, "2026-W46": {"views": 20}, "2026-W47": {"views": -5}}


def test_what_one_look_did_not_tell_is_gained_by_the_next_that_does() -> None:
    published = NOW - 14 * DAY
    looks = [
        look("a", NOW - 13 * DAY, published=published, views=40, likes=1),
        look("a", NOW - 7 * DAY, published=published, likes=3),
        look("a", NOW, published=published, views=55, likes=4),
    ]
    weeks = told([subject("a", published=published)], looks).weeks
    assert [each.gained for each in weeks] == [
        {"views": 40, "likes": 1},
        {"likes": 2},
        {"views": 15, "likes": 1},
    ]


def test_a_first_look_long_after_publishing_tells_nothing_of_its_week() -> None:
    weeks = told([subject("a")], [look("a", NOW, views=40)]).weeks
    assert [each.gained for each in weeks] == [{}, {}, {}, {}]
    assert weeks[0].week == date(2026, 10, 26)
