"""How our client gets tokens, reads the account, finds things and is told of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from tests.contract import setting_up
from tests.contract.stage import Json, Play, Stage
from threadsync import Credentials
from threadsync.model.secret import SecretText
from threadsync.providers.threads import api as threads
from threadsync.providers.threads import webhooks

OF_REPLIES = "has_replies,reply_audience"
"""Fields that are not among those that ours asks for by itself, as they need a scope more; others ask."""


def day(stage: Stage, name: Literal["before", "since", "until"]) -> datetime:
    """Return the midnight with which a day begins."""
    return datetime.fromisoformat(stage.given[name]).replace(tzinfo=UTC)


def authorize(stage: Stage) -> Json:
    """Window, code, short-lived token, long-lived token; then the token is used."""
    given = stage.given
    scope = ["threads_basic", "threads_content_publish"]
    url = threads.authorize_url(
        client_id=given["app"], redirect_uri=given["back"], scope=scope, state=given["state"]
    )
    code = threads.complete_authorization(stage.visit(url), given["state"])
    secret = stage.secrets["app_secret"]
    window = stage.other(secrets={"app_secret": secret, "code": code})
    short = window.run(threads.exchange_code(client_id=given["app"], redirect_uri=given["back"]))
    renewing = stage.other(token=short.access_token, secrets={"app_secret": secret})
    long = renewing.run(threads.exchange_token())
    return [short.user_id, stage.other(token=long.access_token).run(threads.me()).username]


def long_lived_token(stage: Stage) -> Json:
    client = stage.other(token=stage.secrets["short"], secrets={"app_secret": stage.secrets["app_secret"]})
    return client.run(threads.exchange_token()).expires_in


def refresh(stage: Stage) -> Json:
    return stage.client.run(threads.refresh_token()).expires_in


def credentials(_: Stage) -> Json:
    """To text and back, of a token that has ended and of one that has not."""
    found = []
    for year in (2020, 2100):
        held = Credentials("4711", "of-no-use", ["threads_basic"], datetime(year, 1, 1, tzinfo=UTC))
        again = Credentials.from_json(held.to_json())
        found.append([again.user_id, sorted(again.scopes), again.expired(datetime(2026, 9, 21, tzinfo=UTC))])
    return found


def app_token(stage: Stage) -> Json:
    client = stage.other(secrets={"app_secret": stage.secrets["app_secret"]})
    return client.run(threads.app_token(client_id=stage.given["app"])).token_type


def debug_token(stage: Stage) -> Json:
    facts = stage.client.run(threads.debug_token())
    return [facts.is_valid, facts.user_id, sorted(facts.scopes)]


def profile(stage: Stage) -> Json:
    found = stage.client.run(threads.me())
    return [found.username, found.threads_biography]


def may_choose_countries(stage: Stage) -> Json:
    return stage.client.run(threads.me()).is_eligible_for_geo_gating


def limits(stage: Stage) -> Json:
    found = stage.client.run(threads.publishing_limit(location_searches=True))
    assert found.posts is not None
    return [found.posts.used, found.posts.total]


def own_posts(stage: Stage) -> Json:
    asked = threads.own_threads(limit=2, fields=f"{threads.MEDIA_FIELDS},{OF_REPLIES}")
    return [post.id for post in stage.client.run(asked).data]


def own_posts_of_a_time(stage: Stage) -> Json:
    asked = threads.own_threads(since=day(stage, "since"), until=day(stage, "until"))
    return [post.id for post in stage.client.run(asked).data]


def all_pages(stage: Stage) -> Json:
    return [post.id for post in stage.client.items(lambda after: threads.own_threads(after=after, limit=1))]


def page_before(stage: Stage) -> Json:
    first = stage.client.run(threads.own_threads(limit=1))
    second = stage.client.run(threads.own_threads(limit=1, after=first.after))
    back = stage.client.run(threads.own_threads(limit=1, before=second.before))
    return [post.id for page in (first, second, back) for post in page.data]


def one_post(stage: Stage) -> Json:
    fields = f"{threads.MEDIA_FIELDS},{OF_REPLIES}"
    found = stage.client.run(threads.media_object(stage.given["post"], fields=fields))
    return [found.id, found.media_type, found.text, found.username]


def own_replies(stage: Stage) -> Json:
    fields = f"{threads.OWN_REPLY_FIELDS},hide_status"
    asked = threads.own_replies(since=day(stage, "before"), until=day(stage, "until"), fields=fields)
    return [reply.id for reply in stage.client.run(asked).data]


def own_ghosts(stage: Stage) -> Json:
    return [post.id for post in stage.client.run(threads.own_ghost_posts()).data]


def replies(stage: Stage) -> Json:
    asked = threads.replies(stage.given["post"], fields=f"{threads.REPLY_FIELDS},owner")
    return sorted(reply.id for reply in stage.client.run(asked).data)


def replies_newest_first(stage: Stage) -> Json:
    """One way, and the other."""
    orders = [threads.replies(stage.given["post"], reverse=reverse) for reverse in (True, False)]
    return [[reply.id for reply in stage.client.run(order).data] for order in orders]


def conversation(stage: Stage) -> Json:
    asked = threads.conversation(stage.given["post"], fields=f"{threads.REPLY_FIELDS},owner")
    return sorted(reply.id for reply in stage.client.run(asked).data)


def hide(stage: Stage) -> Json:
    """Two are hidden, and one of them shown again."""
    first, second = stage.given["first"], stage.given["second"]
    steps = [(first, True), (second, True), (first, False)]
    return [stage.client.run(threads.manage_reply(reply, hide=hidden)).success for reply, hidden in steps]


def approve(stage: Stage) -> Json:
    """One is let through, the other ignored; then a post of one's own asks for approvals too."""
    post = stage.given["post"]
    waiting = stage.client.run(threads.pending_replies(post, approval_status="pending", reverse=False))
    first, second = (reply.id for reply in waiting.data)
    stage.client.run(threads.manage_pending_reply(first, approve=True))
    stage.client.run(threads.manage_pending_reply(second, approve=False))
    made = threads.create_container("TEXT", text="Lifts.", enable_reply_approvals=True)
    container = stage.client.run(made)
    stage.client.run(threads.publish_container(container.id))
    return [reply.id for reply in stage.client.run(threads.replies(post)).data]


def post_insights(stage: Stage) -> Json:
    counts = stage.client.run(threads.media_insights(stage.given["post"])).counts
    return [counts["views"], counts["likes"]]


def account_insights(stage: Stage) -> Json:
    asked = threads.user_insights(("views",), since=day(stage, "before"), until=day(stage, "since"))
    (metric,) = stage.client.run(asked).data
    return [value.value for value in metric.values or ()]


def followers(stage: Stage) -> Json:
    asked = threads.user_insights(("follower_demographics",), breakdown="country")
    (metric,) = stage.client.run(asked).data
    (by_country,) = metric.breakdowns or ()
    return {share.dimension_values[0]: share.value for share in by_country.results if share.dimension_values}


def mentions(stage: Stage) -> Json:
    return [post.id for post in stage.client.run(threads.mentions()).data]


def search(stage: Stage) -> Json:
    since = day(stage, "before")
    asked = threads.keyword_search("lift", search_type="RECENT", media_type="TEXT", since=since)
    return [post.id for post in stage.client.run(asked).data]


def search_topic(stage: Stage) -> Json:
    asked = threads.keyword_search("transit", search_mode="TAG", author_username="harbour_desk")
    return [post.id for post in stage.client.run(asked).data]


def profile_of_others(stage: Stage) -> Json:
    found = stage.client.run(threads.profile_lookup("harbour_desk"))
    return [found.username, found.follower_count]


def posts_of_others(stage: Stage) -> Json:
    return [post.text for post in stage.client.run(threads.profile_posts("harbour_desk", limit=5)).data]


def search_place(stage: Stage) -> Json:
    by_name = stage.client.run(threads.location_search(q="Facebook"))
    near = stage.client.run(threads.location_search(latitude=37.48, longitude=-122.15))
    return [place.name for page in (by_name, near) for place in page.data]


def read_place(stage: Stage) -> Json:
    found = stage.client.run(threads.location("12345"))
    return [found.name, found.postal_code]


def embed(stage: Stage) -> Json:
    permalink = stage.client.run(threads.media_object(stage.given["post"])).permalink
    assert permalink is not None
    address = permalink.replace("threads.invalid", "threads.com")
    found = stage.client.run(threads.oembed(address, maxwidth=400))
    return [found.type, found.width]


def intents(_: Stage) -> Json:
    """What the links say, by where they lead; the host moved from threads.net to threads.com."""
    links = [
        threads.post_intent(text="Lifts & doors", url="https://example.org/?a=1&b=2"),
        threads.follow_intent("lift_report"),
    ]
    return [[urlsplit(link).path, parse_qs(urlsplit(link).query)] for link in links]


def webhook(stage: Stage) -> Json:
    """The challenge of a subscription; then a reply, signed."""
    question = {"hub.mode": "subscribe", "hub.challenge": "4711", "hub.verify_token": "desk"}
    body = stage.given["body"].encode()
    secrets = [SecretText(stage.secrets["app_secret"])]
    told = webhooks.notification(body)
    assert isinstance(told.event, webhooks.Replied)
    return [
        webhooks.challenge(question, SecretText("desk")),
        webhooks.is_signed(body, stage.given["signature"], secrets),
        told.event.media.text,
        json.loads(body)["values"]["value"]["text"],
    ]


PLAYS: Mapping[str, Play] = MappingProxyType(
    {
        "authorize": Play(authorize),
        "long-lived-token": Play(long_lived_token, setting_up.a_short_lived_token),
        "refresh": Play(refresh, setting_up.a_token_of_a_day),
        "credentials": Play(credentials),
        "app-token": Play(app_token),
        "debug-token": Play(debug_token),
        "profile": Play(profile),
        "may-choose-countries": Play(may_choose_countries),
        "limits": Play(limits, setting_up.a_post),
        "own-posts": Play(own_posts, setting_up.posts_of_three_days),
        "own-posts-of-a-time": Play(own_posts_of_a_time, setting_up.posts_of_three_days),
        "all-pages": Play(all_pages, setting_up.posts_of_three_days),
        "page-before": Play(page_before, setting_up.posts_of_three_days),
        "one-post": Play(one_post, setting_up.a_post),
        "own-replies": Play(own_replies, setting_up.a_post_answered_long_ago),
        "own-ghosts": Play(own_ghosts, setting_up.ghosts),
        "replies": Play(replies, setting_up.an_answered_post),
        "replies-newest-first": Play(replies_newest_first, setting_up.an_answered_post),
        "conversation": Play(conversation, setting_up.an_answered_post),
        "hide": Play(hide, setting_up.an_answered_post),
        "approve": Play(approve, setting_up.an_answered_post_with_approvals),
        "post-insights": Play(post_insights, setting_up.a_read_post),
        "account-insights": Play(account_insights, setting_up.a_read_post),
        "followers": Play(followers),
        "mentions": Play(mentions, setting_up.a_mention),
        "search": Play(search, setting_up.a_post_of_another),
        "search-topic": Play(search_topic, setting_up.a_post_of_another),
        "profile-of-others": Play(profile_of_others),
        "posts-of-others": Play(posts_of_others, setting_up.a_post_of_another),
        "search-place": Play(search_place),
        "read-place": Play(read_place),
        "embed": Play(embed, setting_up.a_post),
        "intents": Play(intents),
        "webhook": Play(webhook, setting_up.a_subscribed_app),
    }
)
