"""meta-threads-sdk, driven; nothing of it is changed but the addresses that it talks to."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from orders import TEXT, Order, serve

request = httpx.Client.request
base_url = ""


def mapped(client: httpx.Client, method: str, url: Any, **named: Any) -> Any:
    return request(client, method, str(url).replace("https://graph.threads.net", base_url), **named)


httpx.Client.request = mapped
from threads import ThreadsClient  # noqa: E402  (what is changed above, it would take)
from threads.constants import MediaType, MetricType, ReplyControl, Scope  # noqa: E402
from threads.exceptions import ThreadsAPIError  # noqa: E402


def by_client(steps: Callable[[ThreadsClient, Order], Any]) -> Callable[[Order], Any]:
    """Run *steps* with an open client."""

    def play(order: Order) -> Any:
        global base_url  # noqa: PLW0603 - where requests go, which are a module's own
        base_url = order.base_url
        with ThreadsClient(order.token, base_url=order.base_url) as client:
            return steps(client, order)

    return play


def authorize(client: ThreadsClient, order: Order) -> Any:
    given, secret = order.given, order.secrets["app_secret"]
    scopes = [Scope.BASIC, Scope.CONTENT_PUBLISH]
    url = client.auth.get_authorization_url(given["app"], given["back"], scopes, given["state"])
    sent = httpx.get(url.replace("https://threads.net", order.base_url))
    code = parse_qs(urlsplit(sent.headers["Location"]).query)["code"][0]
    short = client.auth.exchange_code(given["app"], secret, given["back"], code)
    long = client.auth.get_long_lived_token(secret, short.access_token)
    with ThreadsClient(long.access_token, base_url=order.base_url) as api:
        return [short.user_id, api.users.get_me().username]


def long_lived_token(client: ThreadsClient, order: Order) -> Any:
    return client.auth.get_long_lived_token(order.secrets["app_secret"], order.secrets["short"]).expires_in


def refresh(client: ThreadsClient, order: Order) -> Any:
    return client.auth.refresh_token(order.token).expires_in


def text(client: ThreadsClient, _: Order) -> Any:
    return client.posts.create_and_publish("me", text=TEXT).id


def picture(client: ThreadsClient, order: Order) -> Any:
    return client.posts.create_and_publish("me", text=TEXT, image_url=order.given["picture"]).id


def video(client: ThreadsClient, order: Order) -> Any:
    return client.posts.create_and_publish("me", text=TEXT, video_url=order.given["film"], poll_interval=0).id


def _carousel(client: ThreadsClient, children: list[str]) -> Any:
    made = client.media.create_carousel_container("me", children, text=TEXT)
    return client.posts.publish("me", made.id).id


def carousel(client: ThreadsClient, order: Order) -> Any:
    first = client.media.create_image_container("me", order.given["picture"], is_carousel_item=True)
    second = client.media.create_video_container("me", order.given["film"], is_carousel_item=True)
    return _carousel(client, [first.id, second.id])


def carousel_of_20(client: ThreadsClient, order: Order) -> Any:
    url = order.given["picture"]
    children = [client.media.create_image_container("me", url, is_carousel_item=True) for _ in range(20)]
    return _carousel(client, [child.id for child in children])


def reply(client: ThreadsClient, order: Order) -> Any:
    return client.posts.create_and_publish("me", text=TEXT, reply_to_id=order.given["post"]).id


def chain(client: ThreadsClient, _: Order) -> Any:
    posts: list[str] = []
    for part in ("One.", "Two.", "Three."):
        parent = posts[-1] if posts else None
        posts.append(client.posts.create_and_publish("me", text=part, reply_to_id=parent).id)
    return posts


def reply_control(client: ThreadsClient, _: Order) -> Any:
    chosen = ReplyControl.ACCOUNTS_YOU_FOLLOW
    return client.posts.create_and_publish("me", text=TEXT, reply_control=chosen).id


def container_status(client: ThreadsClient, _: Order) -> Any:
    container = client.media.create_container("me", MediaType.TEXT, text=TEXT)
    return [client.media.get_container_status(container.id).status.value]


def delete(client: ThreadsClient, order: Order) -> Any:
    return client.posts.delete(order.given["post"])


def refusal(client: ThreadsClient, _: Order) -> Any:
    client.access_token = "nobody"
    try:
        client.media.create_container("me", MediaType.TEXT, text=TEXT)
    except ThreadsAPIError as error:
        return [error.error_code, error.error_subcode]
    raise RuntimeError("it was not refused")


def profile(client: ThreadsClient, _: Order) -> Any:
    found = client.users.get_me()
    return [found.username, found.threads_biography]


def may_choose_countries(client: ThreadsClient, _: Order) -> Any:
    return client.users.get_me(fields=["id", "is_eligible_for_geo_gating"]).is_eligible_for_geo_gating


def limits(client: ThreadsClient, _: Order) -> Any:
    found = client.posts.get_publishing_limit("me")
    return [found.quota_usage, found.quota_total]


def own_posts(client: ThreadsClient, _: Order) -> Any:
    return [post.id for post in client.posts.get_user_posts("me", limit=2)]


def own_posts_of_a_time(client: ThreadsClient, order: Order) -> Any:
    since, until = order.given["since"], order.given["until"]
    return [post.id for post in client.posts.get_user_posts("me", since=since, until=until)]


def one_post(client: ThreadsClient, order: Order) -> Any:
    found = client.posts.get(order.given["post"])
    return [found.id, found.media_type.value, found.text, found.username]


def own_replies(client: ThreadsClient, _: Order) -> Any:
    return [reply.id for reply in client.replies.get_user_replies("me")]


def replies(client: ThreadsClient, order: Order) -> Any:
    return sorted(reply.id for reply in client.replies.get_replies(order.given["post"]))


def replies_newest_first(client: ThreadsClient, order: Order) -> Any:
    post = order.given["post"]
    # Without the parameter, which it leaves out for the other order, Threads begins with the newest.
    orders = [client.replies.get_replies(post, reverse=reverse) for reverse in (True, False)]
    return [[reply.id for reply in found] for found in orders]


def conversation(client: ThreadsClient, order: Order) -> Any:
    return sorted(reply.id for reply in client.replies.get_conversation(order.given["post"]))


def hide(client: ThreadsClient, order: Order) -> Any:
    first, second = order.given["first"], order.given["second"]
    hidden = [client.replies.hide(first), client.replies.hide(second)]
    return [*hidden, client.replies.unhide(first)]


def post_insights(client: ThreadsClient, order: Order) -> Any:
    found = client.insights.get_media_insights(order.given["post"], [MetricType.VIEWS, MetricType.LIKES])
    return [found.views, found.likes]


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def account_insights(client: ThreadsClient, order: Order) -> Any:
    since, until = seconds(order.given["before"]), seconds(order.given["since"])
    found = client.insights.get_user_insights("me", [MetricType.VIEWS], since=since, until=until)
    return [each["value"] for each in found.data[0].values or ()]


serve(
    {
        "authorize": by_client(authorize),
        "long-lived-token": by_client(long_lived_token),
        "refresh": by_client(refresh),
        "text": by_client(text),
        "picture": by_client(picture),
        "video": by_client(video),
        "carousel": by_client(carousel),
        "carousel-of-20": by_client(carousel_of_20),
        "reply": by_client(reply),
        "chain": by_client(chain),
        "reply-control": by_client(reply_control),
        "container-status": by_client(container_status),
        "delete": by_client(delete),
        "refusal": by_client(refusal),
        "profile": by_client(profile),
        "may-choose-countries": by_client(may_choose_countries),
        "limits": by_client(limits),
        "own-posts": by_client(own_posts),
        "own-posts-of-a-time": by_client(own_posts_of_a_time),
        "one-post": by_client(one_post),
        "own-replies": by_client(own_replies),
        "replies": by_client(replies),
        "replies-newest-first": by_client(replies_newest_first),
        "conversation": by_client(conversation),
        "hide": by_client(hide),
        "post-insights": by_client(post_insights),
        "account-insights": by_client(account_insights),
    }
)
