"""What each endpoint returns for the body that Meta's page shows, and which arguments are refused unsent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.providers.threads.documented import CANARY, answer, result, run, told
from threadsync.errors import UsageError
from threadsync.providers.threads import api


def at(year: int, month: int, day: int, *clock: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC) + sum(
        (timedelta(**{unit: n}) for unit, n in zip(("hours", "minutes", "seconds"), clock, strict=False)),
        timedelta(),
    )


# Tokens.


def test_the_token_of_a_code_says_whose_it_is_to_the_last_digit() -> None:
    """The id is a number above 2^53, which languages with one kind of number round."""
    made = result("exchange_code")
    assert (made.access_token, made.user_id) == (CANARY, "17841405793187218")
    assert (made.expires_in, made.token_type) == (None, None)


@pytest.mark.parametrize("call", ["exchange_token", "refresh_token"])
def test_a_long_lived_token_says_how_long_it_lives(call: str) -> None:
    made = result(call)
    assert (made.access_token, made.token_type, made.expires_in) == (CANARY, "bearer", 5183944)


def test_the_token_of_an_app_lives_on() -> None:
    made = result("app_token")
    assert (made.access_token, made.token_type, made.expires_in, made.user_id) == (
        CANARY,
        "bearer",
        None,
        None,
    )


def test_what_threads_knows_of_a_token() -> None:
    made = result("debug_token")
    assert (made.is_valid, made.type, made.application) == (True, "USER", "Threads API Test App")
    assert made.user_id == "1234567890123456"
    assert "threads_location_tagging" in made.scopes
    assert len(made.scopes) == 8
    assert (made.issued_at, made.expires_at) == (at(2025, 5, 12, 17, 15, 32), at(2025, 7, 11, 17, 15, 32))
    assert (made.data_access_expires_at, made.endless) == (at(2025, 8, 10, 17, 14, 49), False)


# The account.


def test_a_profile() -> None:
    made = result("me")
    assert (made.id, made.username, made.name) == ("1234567", "threadsapitestuser", "Threads API Test User")
    assert (made.threads_biography, made.is_verified) == ("This is my Threads bio.", False)
    assert made.threads_profile_picture_url.endswith("/on/threads/")
    assert (made.is_eligible_for_geo_gating, made.recently_searched_keywords) == (None, None)


def test_what_was_searched_lately_has_its_time_in_milliseconds() -> None:
    first, second = result("me_searched").recently_searched_keywords
    assert (first.query, first.timestamp) == ("some keyword", at(2025, 1, 1, 5))
    assert second.query == "some other keyword"


def test_the_allowances() -> None:
    made = result("publishing_limit")
    totals = (made.posts.total, made.replies.total, made.deletes.total, made.location_searches.total)
    assert totals == (250, 1000, 100, 500)
    assert (made.posts.used, made.posts.duration_seconds) == (0, 86_400)


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({}, "quota_usage,config,reply_quota_usage,reply_config,delete_quota_usage,delete_config"),
        ({"replies": False, "deletes": False}, "quota_usage,config"),
        ({"posts": False, "replies": False}, "delete_quota_usage,delete_config"),
    ],
)
def test_only_the_allowances_that_are_wanted_are_asked_for(asked: dict[str, bool], fields: str) -> None:
    """Each needs a scope of its own, and a missing one fails the whole call."""
    _, request = run(api.publishing_limit(**asked), answer({"data": []}))
    assert request.params == {"fields": fields}


# Publishing.


def test_what_publishing_returns() -> None:
    assert result("create_container").id == "1234567"
    assert (result("publish_container").id, result("publish_container").crossreshare_to_ig_status) == (
        "1234567",
        None,
    )
    assert result("publish_container_story").crossreshare_to_ig_status == "SUCCESS"
    assert result("repost_media").id == "1234567"
    assert (result("delete_media").deleted_id, result("delete_media").success) == ("1234567", True)


def test_a_container_that_failed_is_an_answer_and_no_error() -> None:
    assert (result("container_status").status, result("container_status").error_message) == ("FINISHED", None)
    failed = result("container_status_error")
    assert (failed.status, failed.error_message) == ("ERROR", "FAILED_DOWNLOADING_VIDEO")


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


# Reading.


def test_a_post() -> None:
    made = result("media_object")
    assert (made.id, made.media_type, made.text) == ("1234567", "TEXT_POST", "Today Is Monday")
    assert (made.media_product_type, made.owner, made.username) == ("THREADS", "1234567", "meta")
    assert (made.timestamp, made.shortcode) == (at(2023, 10, 9, 23, 18, 27), "abcdefg")
    assert (made.topic_tag, made.is_quote_post, made.quoted_post) == ("Mondays", False, None)
    assert made.permalink == "https://www.threads.net/@threadsapitestuser/post/abcdefg"


def test_a_poll() -> None:
    poll = result("media_object_poll").poll_attachment
    assert poll.options == ("first option", "second option", "third option", "fourth option")
    assert poll.votes_percentage == (0.10, 0.20, 0.15, 0.55)
    assert (poll.total_votes, poll.expiration_timestamp) == (100, at(2025, 1, 1, 23))


def test_a_poll_of_two_options_has_two() -> None:
    body = {"id": "1", "poll_attachment": {"option_a": "a", "option_b": "b", "option_b_votes_percentage": 1}}
    poll = run(api.media_object("1"), answer(body))[0].poll_attachment
    assert poll is not None
    assert (poll.options, poll.votes_percentage, poll.total_votes) == (("a", "b"), (None, 1.0), None)


def test_a_post_with_its_place() -> None:
    made = result("media_object_location")
    place = made.location
    assert (made.location_id, place.id, place.name) == ("12345", "12345", "Facebook Headquarters")
    assert (place.latitude, place.longitude) == (37.48375115774628, -122.14892131843617)


def test_a_repost_names_its_original() -> None:
    made = result("media_object_repost")
    assert (made.media_type, made.reposted_post) == ("REPOST_FACADE", "22312312312123")


def test_a_post_with_all_that_may_hang_on_it() -> None:
    """docs/threads/reference/media-retrieval names these fields; its pages show no sample of them."""
    body = {
        "id": "1",
        "children": {"data": [{"id": "2", "media_type": "IMAGE", "alt_text": "A door"}, {"id": "3"}]},
        "text_entities": [{"entity_type": "SPOILER", "offset": 1, "length": 2}],
        "text_attachment": {
            "plaintext": "long",
            "link_attachment_url": "https://a.org",
            "text_with_styling_info": [{"offset": 0, "length": 4, "styling_info": ["bold"]}],
        },
        "allowlisted_country_codes": ["AT"],
        "is_spoiler_media": True,
    }
    made, _ = run(api.media_object("1"), answer(body))
    assert made.children is not None
    assert [(each.id, each.alt_text) for each in made.children] == [("2", "A door"), ("3", None)]
    assert made.text_entities == (api.TextEntity("SPOILER", 1, 2),)
    styled = (api.StyledText(0, 4, ("bold",)),)
    assert made.text_attachment == api.TextAttachment("long", "https://a.org", styled)
    assert (made.allowlisted_country_codes, made.is_spoiler_media, dict(made.more)) == (("AT",), True, {})


def test_a_page_of_posts_has_its_cursors() -> None:
    made = result("own_threads")
    assert [(each.id, each.timestamp) for each in made.data] == [("1234567", at(2023, 10, 17, 5, 42, 3))]
    assert (made.before, made.after) == ("BEFORE_CURSOR", "AFTER_CURSOR")
    assert result("profile_posts").data[0].username == "meta"
    assert result("mentions").data[0].text == "Hello @threadsapitestuser"


def test_own_replies_and_ghost_posts_say_what_they_are() -> None:
    (reply,) = result("own_replies").data
    assert (reply.is_reply, reply.is_reply_owned_by_me, reply.replied_to) == (True, True, "1234567890")
    assert reply.reply_audience == "EVERYONE"
    (ghost,) = result("own_ghost_posts").data
    assert ghost.ghost_post_status == "ARCHIVED"
    assert ghost.ghost_post_expiration_timestamp - ghost.timestamp == timedelta(hours=24)


def test_the_replies_to_a_post() -> None:
    made = result("replies")
    assert [each.hide_status for each in made.data] == ["NOT_HUSHED", "HIDDEN", "UNHUSHED"]
    assert [each.has_replies for each in made.data] == [True, False, False]
    assert {each.root_post for each in made.data} == {"1234567890"}
    assert [each.text for each in result("conversation").data][3:] == ["Nested Reply"]
    waiting = result("pending_replies").data
    assert [each.reply_approval_status for each in waiting] == ["ignored", "pending"]


def test_both_kinds_of_pending_replies_are_there_unless_one_is_asked_for() -> None:
    _, request = run(api.pending_replies("1", fields="id"), answer({"data": []}))
    assert request.params == {"fields": "id", "reverse": "true"}
    _, request = run(api.pending_replies("1", approval_status="ignored", fields="id"), answer({"data": []}))
    assert request.params == {"fields": "id", "reverse": "true", "approval_status": "ignored"}


@pytest.mark.parametrize("call", ["manage_reply", "manage_pending_reply"])
def test_a_managed_reply(call: str) -> None:
    assert result(call).success is True


@pytest.mark.parametrize(
    ("flow", "form"),
    [
        (api.manage_reply("1", hide=False), {"hide": "false"}),
        (api.manage_pending_reply("1", approve=True), {"approve": "true"}),
    ],
)
def test_what_was_hidden_or_ignored_is_let_out_again(flow: Any, form: dict[str, str]) -> None:
    assert told(run(flow, answer({"success": True}))[1])["form"] == form


# Insights.


def test_what_readers_made_of_a_post() -> None:
    made = result("media_insights")
    assert made.counts == {"likes": 100, "replies": 10}
    assert (made.data[0].period, made.data[0].title) == ("lifetime", "Likes")
    assert made.data[0].id == "<media_id>/insights/likes/lifetime"


def test_a_series_has_a_number_a_day_and_no_total() -> None:
    (views,) = result("user_insights").data
    assert [value.value for value in views.values] == [10, 20, 30]
    assert views.values[0].end_time == at(2024, 7, 12, 8)
    assert (views.count, result("user_insights").counts) == (None, {})


def test_a_total_is_one_number() -> None:
    assert result("user_insights_total").counts == {"views": 1}


def test_clicks_are_told_by_link() -> None:
    (clicks,) = result("user_insights_clicks").data
    assert clicks.link_total_values == (api.LinkClicks(11, "https://ai.meta.com/blog/"),)
    assert clicks.count is None


def test_followers_are_told_by_kind() -> None:
    (followers,) = result("user_insights_demographics").data
    (by_country,) = followers.breakdowns
    assert by_country.dimension_keys == ("country",)
    assert [(each.dimension_values, each.value) for each in by_country.results] == [
        (("AT",), 61),
        (("DE",), 12),
    ]


# Finding.


def test_what_a_search_finds() -> None:
    (found,) = result("keyword_search").data
    assert (found.text, found.media_type, found.is_reply) == ("first thread", "TEXT", False)
    assert result("keyword_search").after is None
    assert result("keyword_search_tag").data[0].text == "second thread"
    assert result("keyword_search_all").data == ()


def test_a_public_profile() -> None:
    made = result("profile_lookup")
    assert (made.username, made.name, made.is_verified) == ("meta", "Meta", True)
    counts = (made.follower_count, made.likes_count, made.quotes_count, made.replies_count)
    assert {*counts, made.reposts_count, made.views_count} == {1234567}


@pytest.mark.parametrize("call", ["location_search", "location_search_coordinates"])
def test_a_place_that_was_found_has_its_id_as_text(call: str) -> None:
    """The page shows a number there, and text in the post that names the place."""
    (place,) = result(call).data
    assert (place.id, place.postal_code) == ("12345", "94025")
    assert result(call).after is None


def test_a_place() -> None:
    made = result("location")
    assert (made.id, made.address, made.city, made.country) == ("12345", "1 Hacker Way", "Menlo Park", "USA")


def test_an_embedded_post() -> None:
    made = result("oembed")
    assert (made.type, made.version, made.width, made.provider_name) == ("rich", "1.0", 658, "Threads")
    assert made.html.startswith('<blockquote class="text-post-media"')
    _, request = run(api.oembed("https://www.threads.com/t/abc"), answer({}))
    assert (dict(request.params), request.auth) == ({"url": "https://www.threads.com/t/abc"}, None)


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
