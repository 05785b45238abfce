"""What readers made of a post and of a profile: docs/threads/insights."""

from __future__ import annotations

import pytest

from threadsync.sandbox.threads import About, Profile, Read, add_profile, apply

INVALID = (400, 100, None)
DAY = 86_400
LINK = "https://example.org/lifts"


@pytest.fixture
def read(net):
    def happen(post="", profile="", **counts):
        apply(net.state, Read(profile=profile, post_id=post, **counts), net.now)

    return happen


def rows(net, metric, **params):
    return net.get("/me/threads_insights", metric=metric, **params)["data"]


def total(net, metric, **params):
    (row,) = rows(net, metric, **params)
    return row["total_value"]["value"]


def test_what_readers_did_with_a_post_adds_up(net, read):
    """Views, likes and shares over the whole life of the post, in the shape of the page's sample."""
    media = net.post()
    read(media, views=10, likes=2)
    net.now += DAY
    read(media, views=5, shares=1)
    found = net.get(f"/{media}/insights", metric="views,likes,shares")["data"]
    assert {row["name"]: row["values"] for row in found} == {
        "views": [{"value": 15}],
        "likes": [{"value": 2}],
        "shares": [{"value": 1}],
    }
    assert found[0]["id"] == f"{media}/insights/views/lifetime"
    assert found[0]["title"] == "Views"


def test_replies_of_a_root_count_at_every_depth_and_of_a_reply_the_direct_ones(net):
    """The page's note on the metric `replies`."""
    root = net.post()
    first = net.post(reply_to_id=root)
    second = net.post(reply_to_id=first)
    net.post(reply_to_id=second)
    for media, count in ((root, 3), (first, 1), (second, 1)):
        (row,) = net.get(f"/{media}/insights", metric="replies")["data"]
        assert row["values"] == [{"value": count}]


def test_views_of_the_profile_come_day_by_day(net, read):
    """A time series; views of posts are not in it."""
    read(net.post(), views=100)
    for count in (1, 2, 4):
        read(profile="lift_report", views=count)
        net.now += DAY
    since = str(int(net.now) - 4 * DAY)
    (row,) = rows(net, "views", since=since, until=str(int(net.now)))
    assert row["period"] == "day"
    assert row["id"].endswith("/insights/views/day")
    assert [each["value"] for each in row["values"]] == [1, 2, 4]
    assert [each["end_time"] for each in row["values"]] == [
        "2026-09-22T08:00:00+0000",
        "2026-09-23T08:00:00+0000",
        "2026-09-24T08:00:00+0000",
    ]


def test_totals_are_of_yesterday_and_today_unless_told_otherwise(net, read):
    media = net.post(LINK)
    read(media, likes=1)
    net.now += 3 * DAY
    read(media, likes=2)
    net.now += DAY
    read(media, likes=4)
    assert total(net, "likes") == 6
    start = int(net.now) - 4 * DAY
    assert total(net, "likes", since=str(start), until=str(start + DAY)) == 1
    assert total(net, "likes", since=str(start)) == 7


def test_replies_reposts_quotes_of_own_posts(net):
    """Replies to root posts alone; what others do among themselves is theirs."""
    root = net.post()
    reply = net.post(who="harbour_desk", reply_to_id=root)
    net.post(reply_to_id=reply)
    net.post(who="harbour_desk", quote_post_id=root)
    net.call("POST", f"/{root}/repost", "harbour_desk")
    net.post(who="harbour_desk", quote_post_id=reply)
    found = {row["name"]: row["total_value"]["value"] for row in rows(net, "replies,reposts,quotes")}
    assert found == {"replies": 1, "reposts": 1, "quotes": 1}


def test_clicks_are_counted_by_link(net, read):
    first, second = net.post(LINK), net.post("x", link_attachment="https://b.org/")
    plain = net.post()
    for media, clicks in ((first, 1), (second, 5), (first, 2), (plain, 7)):
        read(media, clicks=clicks)
    (row,) = rows(net, "clicks")
    assert row["link_total_values"] == [
        {"value": 5, "link_url": "https://b.org/"},
        {"value": 3, "link_url": LINK},
    ]


def followers(net, count, **demographics):
    about = About(follower_count=count, demographics=demographics)
    apply(net.state, add_profile(Profile("lift_report", about=about)), net.now)


def test_followers(net):
    followers(net, 120, country={"CH": 70, "AT": 50})
    assert total(net, "followers_count") == 120
    (row,) = rows(net, "follower_demographics", breakdown="country")
    assert row["total_value"] == {
        "breakdowns": [
            {
                "dimension_keys": ["country"],
                "results": [
                    {"dimension_values": ["CH"], "value": 70},
                    {"dimension_values": ["AT"], "value": 50},
                ],
            }
        ]
    }


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"metric": "shares"},
        {"metric": "likes", "since": "1712991599"},
        {"metric": "likes", "until": "1712991599"},
        {"metric": "likes", "since": "yesterday"},
        {"metric": "likes", "since": "1789990000", "until": "1789990000"},
        {"metric": "followers_count", "since": "1789990000"},
        {"metric": "likes,follower_demographics", "breakdown": "age", "until": "1789990000"},
        {"metric": "follower_demographics"},
        {"metric": "follower_demographics", "breakdown": "age,city"},
    ],
    ids=str,
)
def test_what_cannot_be_asked(net, fault, bad):
    """From 13 April 2024 on; followers without times; exactly one breakdown."""
    followers(net, 100)
    assert fault(net.call("GET", "/me/threads_insights", **bad)) == INVALID


def test_demographics_need_a_hundred_followers(net, fault):
    followers(net, 99)
    asked = {"metric": "follower_demographics", "breakdown": "age"}
    assert fault(net.call("GET", "/me/threads_insights", **asked)) == INVALID
    followers(net, 100)
    assert net.call("GET", "/me/threads_insights", **asked).status == 200


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"post_id": "1", "profile": "a"},
        {"profile": "a", "likes": 1},
        {"post_id": "1", "views": -1},
    ],
    ids=str,
)
def test_readers_do_what_can_be_done(bad):
    with pytest.raises(ValueError, match=r"read|profile"):
        Read(**bad)


@pytest.mark.parametrize("missing", [{"post_id": "18000000000000000"}, {"profile": "nobody"}])
def test_readers_read_what_is_there(net, missing):
    with pytest.raises(ValueError, match=r"no (live post|profile)"):
        apply(net.state, Read(views=1, **missing), net.now)
