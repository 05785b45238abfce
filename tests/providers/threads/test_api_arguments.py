"""What a caller says, as it is sent: all that a post may carry, bounds, and what is refused unsent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.providers.threads.documented import answer, run, told
from threadsync.errors import UsageError
from threadsync.providers.threads import api


def at(year: int, month: int, day: int, *clock: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC) + sum(
        (timedelta(**{unit: n}) for unit, n in zip(("hours", "minutes", "seconds"), clock, strict=False)),
        timedelta(),
    )


# What a post carries.

STYLED = (api.Styled(0, 3, ("bold", "italic")),)
EVERYTHING: list[tuple[api.Carries, dict[str, str]]] = [
    ({"reply_control": "followers_only"}, {"reply_control": "followers_only"}),
    ({"allowlisted_country_codes": ("AT", "DE")}, {"allowlisted_country_codes": "AT,DE"}),
    ({"link_attachment": "https://a.org"}, {"link_attachment": "https://a.org"}),
    ({"quote_post_id": "7"}, {"quote_post_id": "7"}),
    (
        {"poll_attachment": ("a", "b", "ö")},
        {"poll_attachment": '{"option_a":"a","option_b":"b","option_c":"ö"}'},
    ),
    ({"topic_tag": "lifts"}, {"topic_tag": "lifts"}),
    ({"location_id": "12345"}, {"location_id": "12345"}),
    (
        {"text_entities": (api.Styled(0, 5),)},
        {"text_entities": '[{"entity_type":"SPOILER","offset":0,"length":5}]'},
    ),
    ({"is_spoiler_media": True}, {"is_spoiler_media": "true"}),
    ({"text_attachment": "long"}, {"text_attachment": '{"plaintext":"long"}'}),
    (
        {
            "text_attachment": "long",
            "text_attachment_link": "https://a.org",
            "text_attachment_styles": STYLED,
        },
        {
            "text_attachment": '{"plaintext":"long","link_attachment_url":"https://a.org",'
            '"text_with_styling_info":[{"offset":0,"length":3,"styling_info":["bold","italic"]}]}'
        },
    ),
    ({"gif_id": "abc"}, {"gif_attachment": '{"gif_id":"abc","provider":"GIPHY"}'}),
    ({"is_ghost_post": True}, {"is_ghost_post": "true"}),
    ({"enable_reply_approvals": True}, {"enable_reply_approvals": "true"}),
    ({"crossreshare_to_ig": True}, {"crossreshare_to_ig": "true"}),
    ({"crossreshare_to_ig_dark_mode": True}, {"crossreshare_to_ig_dark_mode": "true"}),
    ({"is_ghost_post": False, "topic_tag": "", "poll_attachment": (), "text_attachment": ""}, {}),
]


@pytest.mark.parametrize(("carries", "sent"), EVERYTHING)
def test_what_a_post_carries_is_sent_under_metas_names(carries: api.Carries, sent: dict[str, str]) -> None:
    """docs/threads/reference/publishing and docs/threads/create-posts; what is empty is not sent."""
    _, request = run(api.create_container("TEXT", text="x", **carries), answer({"id": "1"}))
    assert told(request)["form"] == {"media_type": "TEXT", "text": "x", **sent}


def test_everything_that_a_post_may_carry_is_tested() -> None:
    assert set(api.Carries.__annotations__) == {name for carries, _ in EVERYTHING for name in carries}


def test_a_carousel_and_its_children() -> None:
    """docs/threads/posts, carousel posts."""
    child = api.create_container(
        "IMAGE", image_url="https://a.org/a.jpg", alt_text="A", is_carousel_item=True
    )
    _, request = run(child, answer({"id": "1"}))
    assert told(request)["form"] == {
        "media_type": "IMAGE",
        "image_url": "https://a.org/a.jpg",
        "alt_text": "A",
        "is_carousel_item": "true",
    }
    _, request = run(
        api.create_container("CAROUSEL", children=("1", "2"), reply_to_id="9"), answer({"id": "3"})
    )
    assert told(request)["form"] == {"media_type": "CAROUSEL", "children": "1,2", "reply_to_id": "9"}
    _, request = run(api.create_container("VIDEO", video_url="https://a.org/a.mp4"), answer({"id": "3"}))
    assert told(request)["form"] == {"media_type": "VIDEO", "video_url": "https://a.org/a.mp4"}


# What Threads would refuse is refused before it is sent.

EARLY, LATE = at(2026, 11, 1), at(2026, 11, 2)


@pytest.mark.parametrize(
    "make",
    [
        lambda: api.own_threads(since=at(2023, 7, 5) - timedelta(seconds=1)),
        lambda: api.own_replies(since=LATE, until=EARLY),
        lambda: api.mentions(since=EARLY, until=EARLY),
        lambda: api.own_threads(until=datetime(2026, 11, 1)),  # noqa: DTZ001
        lambda: api.own_threads(limit=0),
        lambda: api.profile_posts("meta", limit=101),
        lambda: api.own_ghost_posts(before="a", after="b"),
        lambda: api.replies("1", before="a", after="b"),
        lambda: api.keyword_search("lift", limit=101),
        api.location_search,
        lambda: api.location_search(latitude=1.0),
        lambda: api.location_search(q="park", longitude=1.0),
        lambda: api.oembed("u", maxwidth=319),
        lambda: api.oembed("u", maxwidth=659),
        lambda: api.user_insights(since=at(2024, 4, 13, 6)),
        lambda: api.user_insights(until=at(2024, 4, 13, 6)),
        lambda: api.user_insights(("followers_count",), since=EARLY),
        lambda: api.user_insights(("follower_demographics",), until=LATE, breakdown="age"),
        lambda: api.user_insights(("follower_demographics",)),
        lambda: api.user_insights(("views",), breakdown="age"),
    ],
)
def test_what_threads_would_refuse_is_not_sent(make: Callable[[], Any]) -> None:
    with pytest.raises(UsageError) as caught:
        next(make())
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("flow", "params"),
    [
        (api.own_threads(since=at(2023, 7, 5, 7), fields="id"), {"since": "1688540400", "limit": "100"}),
        (api.own_threads(limit=100, before="b", fields="id"), {"before": "b", "limit": "100"}),
        (api.own_replies(limit=1, after="a", fields="id"), {"after": "a", "limit": "1"}),
        (api.conversation("1", before="b", fields="id"), {"before": "b", "reverse": "true"}),
        (
            api.location_search(q="a", latitude=1, longitude=2, fields="id"),
            {"q": "a", "latitude": "1", "longitude": "2"},
        ),
    ],
)
def test_the_bounds_themselves_are_sent(flow: Any, params: dict[str, str]) -> None:
    assert run(flow, answer({"data": []}))[1].params == {"fields": "id", **params}


def test_without_a_choice_threads_own_defaults_hold() -> None:
    _, request = run(api.keyword_search("lift"), answer({"data": []}))
    assert set(request.params) == {"q", "fields", "limit"}
    _, request = run(api.user_insights(), answer({"data": []}))
    assert request.params == {"metric": "views,likes,replies,reposts,quotes,clicks"}
    _, request = run(api.user_insights(api.TIMELESS_METRICS, breakdown="city"), answer({"data": []}))
    assert request.params == {"metric": "followers_count,follower_demographics", "breakdown": "city"}
